/* SPDX-License-Identifier: Apache-2.0 */
/* special.h -- the special functions that libm lacks, one number at a time, in double.
 *
 * Accurate to about 1e-12, relative, away from zeros and poles. Outside of a function's domain the result is
 * NaN, at a pole infinite. */
#ifndef TD_KERNELS_SPECIAL_SPECIAL_H
#define TD_KERNELS_SPECIAL_SPECIAL_H

/* gamma.c */
double td_lgamma(double x); /* log |gamma(x)|; unlike lgamma() it touches no global */
double td_digamma(double x);
double td_zeta(double x, double q);          /* Hurwitz: the sum of (q + k)^-x */
double td_polygamma(double n, double x);     /* the n-th derivative of digamma; n = 0, 1, 2, ... */
double td_igamma(double a, double x);        /* lower incomplete gamma, regularised: P(a, x) */
double td_igammac(double a, double x);       /* 1 - P(a, x) */
double td_igamma_grad_a(double a, double x); /* the derivative of P by a */
double td_betainc(double a, double b, double x);

/* bessel.c: modified functions of the first kind, of the second (x > 0),
 * and those scaled by exp(-|x|) and exp(x) */
double td_bessel_i0(double x);
double td_bessel_i1(double x);
double td_bessel_i0e(double x);
double td_bessel_i1e(double x);
double td_bessel_k0(double x);
double td_bessel_k1(double x);
double td_bessel_k0e(double x);
double td_bessel_k1e(double x);

/* integral.c */
double td_erfinv(double x);
double td_ndtri(double p); /* the quantile of the normal distribution */
double td_dawson(double x);
double td_expint(double x); /* Ei, for x >= 0 */
double td_fresnel_sin(double x);
double td_fresnel_cos(double x);
double td_spence(double x); /* minus the integral of log t / (t - 1) from 1 to x */

#endif
