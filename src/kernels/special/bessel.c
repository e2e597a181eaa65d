/* SPDX-License-Identifier: Apache-2.0 */
/* bessel.c -- modified Bessel functions: a series of positive terms where it is short, the asymptotic series
 * beyond, and for the second kind the integral itself, which the trapezoidal rule gets to all digits. */
#include "kernels/special/special.h"

#include <math.h>
#include <stddef.h>

enum { FAR = 25 }; /* from here on the asymptotic series has 20 digits before it diverges */

/* I(order, x) for |x| <= FAR: the sum of (x/2)^(2k + order) / (k! (k + order)!). */
static double first_by_series(int order, double x)
{
    const double z = x * x / 4;
    double term = order ? x / 2 : 1, sum = term;

    for (double k = 1; k < 500; k++) {
        term *= z / (k * (k + order));
        sum += term;
        if (fabs(term) <= 1e-18 * fabs(sum)) break;
    }
    return sum;
}

/* I(order, x) exp(-x) for large x. */
static double first_far_scaled(int order, double x)
{
    const double mu = 4.0 * order;
    double term = 1, sum = 1;

    for (double k = 1; k < 40; k++) {
        const double next = -term * (mu - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
        if (fabs(next) > fabs(term)) break;
        term = next;
        sum += term;
        if (fabs(term) < 1e-18) break;
    }
    return sum / sqrt(2 * M_PI * x);
}

static double first(int order, double x, int is_scaled)
{
    const double a = fabs(x);

    if (x != x) return x;
    if (a <= FAR) return first_by_series(order, x) * (is_scaled ? exp(-a) : 1);
    const double scaled = isinf(a) ? 0 : first_far_scaled(order, a);
    const double y = is_scaled ? scaled : isinf(a) ? a : scaled * exp(a / 2) * exp(a / 2);
    return order && x < 0 ? -y : y;
}

double td_bessel_i0(double x)
{
    return first(0, x, 0);
}

double td_bessel_i1(double x)
{
    return first(1, x, 0);
}

double td_bessel_i0e(double x)
{
    return first(0, x, 1);
}

double td_bessel_i1e(double x)
{
    return first(1, x, 1);
}

/* K(order, x) exp(x): the integral of exp(-x (cosh t - 1)) cosh(order t) over t > 0. The
 * rule's error is exp(-pi^2 / step), and exp(-2 pi^2 / (x step^2)) where the integrand is a narrow bell. */
static double second_scaled(int order, double x)
{
    const double step = x > 23 ? 0.6 / sqrt(x) : 0.125;
    double sum = 0.5;

    if (x != x) return x;
    if (x <= 0) return INFINITY; /* as TensorFlow has it, also below 0 */
    if (isinf(x)) return 0;
    for (int i = 1; i < 8000; i++) {
        const double t = step * i, half = sinh(t / 2);
        const double term = exp(-2 * x * half * half) * (order ? cosh(t) : 1);
        sum += term;
        if (term < 1e-18 * sum && x * cosh(t) > 1) break;
    }
    return sum * step;
}

double td_bessel_k0e(double x)
{
    return second_scaled(0, x);
}

double td_bessel_k1e(double x)
{
    return second_scaled(1, x);
}

double td_bessel_k0(double x)
{
    return second_scaled(0, x) * exp(-x);
}

double td_bessel_k1(double x)
{
    return second_scaled(1, x) * exp(-x);
}
