/* SPDX-License-Identifier: Apache-2.0 */
/* draw.c -- gamma, Poisson, binomial and multinomial numbers, and permutations; see draw.h. */
#include "kernels/random/draw.h"

#include <math.h>

#include "base/macros.h"

static double next_uniform(td_draws *d)
{
    uint32_t x[4];

    if (d->n_uniform == 0) {
        td_philox_next(&d->gen, x);
        d->uniform[0] = td_uniform_f64(x[0], x[1]);
        d->uniform[1] = td_uniform_f64(x[2], x[3]);
        d->n_uniform = 2;
    }
    return d->uniform[--d->n_uniform];
}

static double next_normal(td_draws *d)
{
    uint32_t x[4];

    if (d->n_normal == 0) {
        td_philox_next(&d->gen, x);
        td_normal_f64(x, d->normal);
        d->n_normal = 2;
    }
    return d->normal[--d->n_normal];
}

/* Marsaglia and Tsang, A simple method for generating gamma variables: a cubed normal number, mostly accepted without
 * a logarithm. Below 1, alpha + 1 is drawn and scaled down. */
double td_draw_gamma(td_draws *d, double alpha)
{
    const double below = alpha + (alpha < 1 ? 2.0 / 3 : -1.0 / 3), c = 1.0 / 3 / sqrt(below);

    if (alpha == 1) return -log1p(-next_uniform(d));
    if (!(below > 0)) return NAN;
    for (;;) {
        const double x = next_normal(d);
        double v = 1 + c * x;

        if (v <= 0) continue;
        v = v * v * v;
        const double u = next_uniform(d);

        if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + below * (1 - v + log(v)))
            return alpha < 1 ? below * v * pow(next_uniform(d), 1 / alpha) : below * v;
    }
}

/* Knuth: how many uniform numbers can be multiplied before the product falls under exp(-rate). */
static double count_poisson(td_draws *d, double rate)
{
    const double least = exp(-rate);
    double product = 1, k = 0;

    for (;; k++) {
        product *= next_uniform(d);
        if (product <= least) return k;
    }
}

/* Hörmann, The transformed rejection method for generating Poisson random variables. */
double td_draw_poisson(td_draws *d, double rate)
{
    const double log_rate = log(rate), b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b;
    const double inv_alpha = 1.1239 + 1.1328 / (b - 3.4);

    if (!(rate >= 0) || rate > 1e300) return rate >= 0 ? rate : NAN;
    if (rate < 10) return count_poisson(d, rate);
    for (;;) {
        const double u = next_uniform(d) - 0.5, v = next_uniform(d), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + rate + 0.43);

        if (us >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (log(v * inv_alpha / (a / (us * us) + b)) <= -rate + k * log_rate - lgamma(k + 1)) return k;
    }
}

/* ---------------------------------------------------------------- binomial */

/* Sums numbers of a geometric distribution until they exceed count. */
static double count_binomial(td_draws *d, double count, double prob)
{
    double sum = 0, n = 0;

    for (;; n++) {
        sum += ceil(log(next_uniform(d)) / log1p(-prob));
        if (sum > count) return n;
    }
}

/* What Stirling's formula leaves of log k!. */
static double stirling_tail(double k)
{
    static const double tails[] = { 0.0810614667953272,  0.0413406959554092, 0.0276779256849983,
                                    0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
                                    0.0118967099458917,  0.0104112652619720, 0.00925546218271273,
                                    0.00833056343336287 };
    const double square = (k + 1) * (k + 1);

    if (k >= 0 && k <= 9) return tails[(int)k];
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

/* Hörmann, The generation of binomial random variates: algorithm BTRS. */
double td_draw_binomial(td_draws *d, double count, double prob, bool is_large)
{
    if (!is_large) return count_binomial(d, count, prob);
    const double stddev = sqrt(count * prob * (1 - prob)), b = 1.15 + 2.53 * stddev;
    const double a = -0.0873 + 0.0248 * b + 0.01 * prob, r = prob / (1 - prob);
    const double alpha = (2.83 + 5.1 / b) * stddev, m = floor((count + 1) * prob);

    for (;;) {
        const double u = next_uniform(d), v = next_uniform(d), us = 0.5 - fabs(u - 0.5);
        const double k = floor((2 * a / us + b) * (u - 0.5) + count * prob + 0.5);

        if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k;
        if (k < 0 || k > count) continue;
        const double bound = (m + 0.5) * log((m + 1) / (r * (count - m + 1))) +
                             (count + 1) * log((count - m + 1) / (count - k + 1)) +
                             (k + 0.5) * log(r * (count - k + 1) / (k + 1)) + stirling_tail(m) +
                             stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k);

        if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
    }
}

/* ---------------------------------------------------------------- classes */

void td_class_weights(const double *logits, size_t n, double *cdf)
{
    double most = -INFINITY, total = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(logits[i])) most = fmax(most, logits[i]);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(logits[i])) total += exp(logits[i] - most);
        cdf[i] = total;
    }
}

size_t td_class_find(const double *cdf, size_t n, double u)
{
    const double find = u * cdf[n - 1];
    size_t begin = 0, end = n;

    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;

        if (cdf[middle] > find)
            end = middle;
        else
            begin = middle + 1;
    }
    return begin;
}

/* ---------------------------------------------------------------- permutations */

void td_permute(td_philox *g, uint32_t *perm, size_t n)
{
    uint32_t x[4];

    for (size_t i = 0; i < n; i++)
        perm[i] = (uint32_t)i;
    for (size_t i = 0; i + 1 < n; i++) {
        if (i % 4 == 0) td_philox_next(g, x);
        const size_t with = i + x[i % 4] % (uint32_t)(n - i);
        const uint32_t was = perm[i];

        perm[i] = perm[with];
        perm[with] = was;
    }
}

static uint64_t rotate(uint64_t x, int by, int width)
{
    return (x << by | x >> (width - by)) & (UINT64_MAX >> (64 - width));
}

static uint64_t simon(uint64_t x, int width)
{
    return (rotate(x, 1, width) & rotate(x, 8, width)) ^ rotate(x, 2, width);
}

enum { MOST_ROUNDS = 64 };

static void simon_keys(const uint32_t key[3], int width, int rounds, uint64_t *k)
{
    const uint64_t mask = UINT64_MAX >> (64 - width);
    uint64_t z = UINT64_C(0x7369f885192c0ef5) & mask;

    for (int i = 0; i<rounds; i++, z >>= i> 3) {
        k[i] = i < 3 ? key[i] & mask
                     : (UINT64_C(0xfffffffc) & mask) ^ (z & 1) ^ k[i - 3] ^
                           rotate(k[i - 1], width - 3, width) ^ rotate(k[i - 1], width - 4, width);
    }
}

/* The cipher Simon over just enough bits, applied until the result is no more than `most`. */
bool td_shuffle_index(uint64_t index, const uint32_t key[3], uint64_t most, int rounds, uint64_t *out)
{
    const int bits = most ? (int)ceil(log2((double)most)) : 0;
    const int width = TD_MIN(TD_MAX(bits + bits % 2, 16), 64) / 2;
    const uint64_t mask = UINT64_MAX >> (64 - width);
    uint64_t k[MOST_ROUNDS];

    *out = 0;
    if (!most) return true;
    if (index > most || rounds > MOST_ROUNDS) return false;
    simon_keys(key, width, rounds, k);
    do {
        uint64_t left = index >> width & mask, right = index & mask;

        for (int i = 0; i < rounds; i += 2) {
            left ^= simon(right, width) ^ k[i];
            right ^= simon(left, width) ^ k[i + 1];
        }
        index = left << width | right;
    } while (index > most);
    *out = index;
    return true;
}
