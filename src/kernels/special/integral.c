/* SPDX-License-Identifier: Apache-2.0 */
/* integral.c -- the error function's relatives, Fresnel's integrals, exponential integral, dilogarithm. */
#include "kernels/special/special.h"

#include <complex.h>
#include <math.h>
#include <stddef.h>

#include "base/macros.h"

/* The y > 0 with erf(y) = x, where rest = 1 - x is known better than x says. Winitzki's guess has three
 * digits; each of Halley's steps makes three of one. */
static double erfinv_positive(double x, double rest)
{
    const double l = log(rest * (1 + x)), t = 2 / (M_PI * 0.147) + l / 2;
    double y = sqrt(sqrt(t * t - l / 0.147) - t);

    for (int i = 0; i < 3; i++) {
        const double miss = x > 0.5 ? rest - erfc(y) : erf(y) - x;
        const double step = miss / (M_2_SQRTPI * exp(-y * y));
        y -= step / (1 + y * step);
    }
    return y;
}

double td_erfinv(double x)
{
    if (!(fabs(x) <= 1)) return NAN;
    if (fabs(x) == 1) return copysign(INFINITY, x);
    if (x == 0) return x;
    return copysign(erfinv_positive(fabs(x), 1 - fabs(x)), x);
}

double td_ndtri(double p)
{
    if (!(p >= 0) || !(p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    if (p == 0.5) return 0;
    const double tail = p < 0.5 ? p : 1 - p;
    return copysign(M_SQRT2 * erfinv_positive(1 - 2 * tail, 2 * tail), p - 0.5);
}

/* Rybicki: exp(-(x - nh)^2) / n over odd n, h = 0.2, has an error of exp(-61). */
double td_dawson(double x)
{
    const double h = 0.2, a = fabs(x);
    double sum = 0;

    if (x != x) return x;
    if (a < 0.2) {
        double term = x;
        for (double k = 1; k < 12; k++) {
            sum += term;
            term *= -2 * x * x / (2 * k + 1);
        }
        return sum + term;
    }
    if (a > 1e8) return 0.5 / x;
    const double n0 = 2 * floor(0.5 * a / h + 0.5), at = a - n0 * h;
    for (double n = -33; n <= 33; n += 2)
        sum += exp(-(at - n * h) * (at - n * h)) / (n0 + n);
    return copysign(sum / sqrt(M_PI), x);
}

static const double euler_gamma = 0.57721566490153286061;

/* Ei for x in (0, 40]. */
static double ei_by_series(double x)
{
    double term = 1, sum = 0;

    for (double k = 1; k < 500; k++) {
        term *= x / k;
        sum += term / k;
        if (fabs(term / k) < 1e-18 * fabs(sum)) break;
    }
    return euler_gamma + log(x) + sum;
}

double td_expint(double x)
{
    if (!(x >= 0)) return NAN; /* as TensorFlow has it */
    if (x == 0) return -INFINITY;
    if (x <= 40) return ei_by_series(x);
    double term = 1, sum = 1;
    for (double k = 1; k < x; k++) {
        term *= k / x;
        sum += term;
        if (term < 1e-18) break;
    }
    return isinf(x) ? x : exp(x) / x * sum;
}

/* C(x) + i S(x) for x >= 0, C and S being the integrals of cos and sin of (pi/2) t^2. Near: a power series.
 * Far: the continued fraction of the complementary error function at a complex point. */
static double complex fresnel(double x)
{
    const double complex i = I;

    if (x < 1.6) {
        const double complex z = i * (M_PI / 2 * x * x);
        double complex term = x, sum = x;
        for (double k = 1; k < 60; k++) {
            term *= z / k;
            sum += term / (2 * k + 1);
        }
        return sum;
    }
    if (x > 1e8) return 0.5 + 0.5 * i;
    const double pix2 = M_PI * x * x;
    double complex b = 1 - i * pix2, c = 1e300, d = 1 / b, h = d;
    double n = -1;
    for (int k = 2; k < 500; k++) {
        n += 2;
        const double a = -n * (n + 1);
        b += 4;
        d = 1 / (a * d + b);
        c = b + a / c;
        const double complex change = c * d;
        h *= change;
        if (fabs(creal(change) - 1) + fabs(cimag(change)) < 1e-16) break;
    }
    h *= x - i * x;
    return (0.5 + 0.5 * i) * (1 - (cos(0.5 * pix2) + i * sin(0.5 * pix2)) * h);
}

double td_fresnel_cos(double x)
{
    return x != x ? x : copysign(creal(fresnel(fabs(x))), x);
}

double td_fresnel_sin(double x)
{
    return x != x ? x : copysign(cimag(fresnel(fabs(x))), x);
}

/* Li2(z) for z in [-1, 1/2]: with u = -log(1 - z), the sum of B(n) u^(n+1) / (n+1)!. */
static double dilog_near(double z)
{
    static const double c[] = { 1.0 / 36,
                                -1.0 / 3600,
                                1.0 / 211680,
                                -1.0 / 10886400,
                                1.0 / 526901760,
                                -691.0 / 16999766784000.0,
                                1.0 / 1120863744000.0,
                                -3617.0 / 181400588328960000.0 };
    const double u = -log1p(-z);
    double power = u, sum = u - u * u / 4;

    for (size_t k = 0; k < TD_COUNT(c); k++) {
        power *= u * u;
        sum += c[k] * power;
    }
    return sum;
}

double td_spence(double x)
{
    const double sixth = M_PI * M_PI / 6, z = 1 - x;

    if (!(x >= 0)) return NAN;
    if (x == 0) return sixth;
    if (x < 0.5) return sixth - log(x) * log1p(-x) - dilog_near(x);
    if (x <= 2) return dilog_near(z);
    const double l = log(x - 1);
    return -sixth - l * l / 2 - dilog_near(1 / z);
}
