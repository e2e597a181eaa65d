/* SPDX-License-Identifier: Apache-2.0 */
/* gamma.c -- the gamma function's relatives. Formulas: DLMF 5.11, 25.11, 8.7, 8.9, 8.17. */
#include "kernels/special/special.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

#define EPSILON 1e-17 /* series end where a term no longer matters */

double td_lgamma(double x)
{
    int sign;

    return lgamma_r(x, &sign);
}

/* B(2k) / (2k), k = 1, 2, ... */
static const double bernoulli_over_2k[] = { 1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                                            1.0 / 132, -691.0 / 32760, 1.0 / 12 };

double td_digamma(double x)
{
    double shift = 0, reflected = 0;

    if (x == floor(x) && x <= 0) return NAN;
    if (x < 0) {
        reflected = -M_PI / tan(M_PI * x);
        x = 1 - x;
    }
    for (; x < 12; x += 1)
        shift += 1 / x;
    double tail = 0, power = 1;
    for (size_t k = 0; k < TD_COUNT(bernoulli_over_2k); k++) {
        power /= x * x;
        tail += bernoulli_over_2k[k] * power;
    }
    return log(x) - 0.5 / x - tail - shift + reflected;
}

/* Euler and Maclaurin: ten terms, then the integral and its corrections by B(2k) / (2k)!. */
double td_zeta(double x, double q)
{
    static const double bernoulli[] = { 1.0 / 12,
                                        -1.0 / 720,
                                        1.0 / 30240,
                                        -1.0 / 1209600,
                                        1.0 / 47900160,
                                        -691.0 / 1307674368000.0,
                                        1.0 / 74724249600.0,
                                        -3617.0 / 10670622842880000.0 };
    double sum = 0;

    if (x == 1) return INFINITY;
    if (x < 1 || x != x || q != q) return NAN;
    if (q <= 0) {
        if (q == floor(q)) return fmod(x, 2) == 0 ? INFINITY : NAN;
        if (x != floor(x)) return NAN;
    }
    int terms = 0;
    for (; terms < 10 || (q <= 9 && terms < 100000); terms++, q += 1)
        sum += pow(q, -x);
    const double at = pow(q, -x);
    sum += at * q / (x - 1) + 0.5 * at;
    double factor = x * at / q; /* x (x+1) ... / q^(x + 2k - 1) */
    for (size_t k = 0; k < TD_COUNT(bernoulli); k++) {
        sum += bernoulli[k] * factor;
        factor *= (x + 2 * (double)k + 1) * (x + 2 * (double)k + 2) / (q * q);
    }
    return sum;
}

double td_polygamma(double n, double x)
{
    if (n != floor(n) || n < 0) return NAN;
    if (n == 0) return td_digamma(x);
    const double sign = fmod(n, 2) == 0 ? -1 : 1;
    return sign * exp(td_lgamma(n + 1)) * td_zeta(n + 1, x);
}

/* x^a exp(-x) / gamma(a) */
static double gamma_front(double a, double x)
{
    return exp(a * log(x) - x - td_lgamma(a));
}

static double lower_by_series(double a, double x)
{
    double sum = 1 / a, term = sum;

    for (double n = 1; n < 100000; n++) {
        term *= x / (a + n);
        sum += term;
        if (term < EPSILON * sum) break;
    }
    return sum * gamma_front(a, x);
}

/* A continued fraction b0 + a1/(b1 + a2/(b2 + ...)) the way of Lentz: one more a and b. */
typedef struct lentz {
    double value, c, d;
} lentz;

static double not_zero(double v)
{
    return v == 0 ? 1e-300 : v;
}

static void lentz_start(lentz *l, double b0)
{
    l->value = l->c = not_zero(b0);
    l->d = 0;
}

/* False when it no longer changes. */
static bool lentz_step(lentz *l, double a, double b)
{
    l->d = 1 / not_zero(b + a * l->d);
    l->c = not_zero(b + a / l->c);
    const double change = l->c * l->d;
    l->value *= change;
    return fabs(change - 1) > 1e-16;
}

static double upper_by_fraction(double a, double x)
{
    lentz l;

    lentz_start(&l, x + 1 - a);
    for (double n = 1; n < 100000; n++)
        if (!lentz_step(&l, -n * (n - a), x + 1 - a + 2 * n)) break;
    return gamma_front(a, x) / l.value;
}

double td_igamma(double a, double x)
{
    if (!(a > 0) || !(x >= 0)) return NAN;
    if (x == 0) return 0;
    if (isinf(x)) return isinf(a) ? NAN : 1;
    if (isinf(a)) return 0;
    return x < a + 1 ? lower_by_series(a, x) : 1 - upper_by_fraction(a, x);
}

double td_igammac(double a, double x)
{
    if (!(a > 0) || !(x >= 0)) return NAN;
    if (x == 0) return 1;
    if (isinf(x)) return isinf(a) ? NAN : 0;
    if (isinf(a)) return 1;
    return x < a + 1 ? 1 - lower_by_series(a, x) : upper_by_fraction(a, x);
}

/* P(a, x) is the sum of x^(a+n) exp(-x) / gamma(a+n+1); here each term times the derivative of its log. */
double td_igamma_grad_a(double a, double x)
{
    if (!(a > 0) || !(x >= 0)) return NAN;
    if (x == 0 || isinf(x)) return 0;
    double term = gamma_front(a, x) / a, slope = log(x) - td_digamma(a + 1), sum = term * slope;
    for (double n = 1; n < 100000; n++) {
        term *= x / (a + n);
        slope -= 1 / (a + n);
        sum += term * slope;
        if (n > x && fabs(term * slope) <= EPSILON * fabs(sum)) break;
    }
    return sum;
}

static double beta_fraction(double a, double b, double x)
{
    lentz l;

    lentz_start(&l, 1);
    for (double m = 0; m < 100000; m++) {
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double even = (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2));
        (void)lentz_step(&l, odd, 1);
        if (!lentz_step(&l, even, 1)) break;
    }
    return 1 / l.value;
}

double td_betainc(double a, double b, double x)
{
    if (!(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1)) return NAN;
    if (x == 0 || x == 1) return x;
    const double front = exp(td_lgamma(a + b) - td_lgamma(a) - td_lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}
