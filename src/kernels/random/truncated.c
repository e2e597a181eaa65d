/* SPDX-License-Identifier: Apache-2.0 */
/* truncated.c -- normal numbers between two bounds; see draw.h.
 *
 * Bounds are seen in standard deviations from the mean, turned so that a single one is the lower. Where much of the
 * distribution lies between them, normal numbers are drawn until they fit; else uniform numbers between narrow bounds,
 * or exponential ones from the lower bound on (Robert, Simulation of truncated normal variables). */
#include <math.h>

#include "base/macros.h"
#include "kernels/random/draw.h"

enum { MOST_TRIES = 1000 };

typedef struct bounds {
    td_philox *gen;
    bool is_double;
    double mean, stddev, low, high;
    size_t n, stride; /* numbers to make */
    void *out;
    size_t done;
    int tries;
} bounds;

bool td_truncated_is_valid(const td_truncated *t)
{
    return t->stddev > 0 && t->low < t->high && (isfinite(t->low) || isfinite(t->high));
}

static int draw_uniform(bounds *b, double u[4])
{
    uint32_t x[4];

    td_philox_next(b->gen, x);
    for (int i = 0; i < 4; i++)
        u[i] =
            b->is_double ? td_uniform_f64(x[2 * (i & 1)], x[2 * (i & 1) + 1]) : (double)td_uniform_f32(x[i]);
    return b->is_double ? 2 : 4;
}

static int draw_normal(bounds *b, double u[4])
{
    uint32_t x[4];
    float f[4];

    td_philox_next(b->gen, x);
    if (b->is_double) {
        td_normal_f64(x, u);
        return 2;
    }
    td_normal_f32(x, f);
    td_normal_f32(x + 2, f + 2);
    for (int i = 0; i < 4; i++)
        u[i] = (double)f[i];
    return 4;
}

static void take(bounds *b, bool is_accepted, double z)
{
    const size_t at = b->done * b->stride;
    const double v = z * b->stddev + b->mean;

    b->tries = is_accepted ? 0 : b->tries + 1;
    if (!is_accepted) return;
    if (b->is_double)
        ((double *)b->out)[at] = v;
    else
        ((float *)b->out)[at] = (float)v;
    b->done++;
}

static bool wants_more(const bounds *b)
{
    return b->done < b->n && b->tries < MOST_TRIES;
}

static void by_normal(bounds *b)
{
    double z[4];

    while (wants_more(b)) {
        const int n = draw_normal(b, z);

        for (int i = 0; i < n && wants_more(b); i++)
            take(b, z[i] >= b->low && z[i] <= b->high, z[i]);
    }
}

static void by_uniform(bounds *b)
{
    const double plus = b->low < 0 ? 0 : b->low * b->low;
    double z[4], u[4];

    while (wants_more(b)) {
        const int n = draw_uniform(b, z);

        (void)draw_uniform(b, u);
        for (int i = 0; i < n && wants_more(b); i++) {
            z[i] = z[i] * (b->high - b->low) + b->low;
            take(b, u[i] <= exp((plus - z[i] * z[i]) / 2), z[i]);
        }
    }
}

static void by_exponential(bounds *b)
{
    const double alpha = (b->low + sqrt(b->low * b->low + 4)) / 2;
    double u[4];

    while (wants_more(b)) {
        const int n = draw_uniform(b, u);

        for (int i = 0; i < n && wants_more(b); i += 2) {
            const double z = -log(u[i]) / alpha + b->low, x = b->low < alpha ? alpha - z : b->low - alpha;

            take(b, u[i + 1] <= exp(-x * x / 2) && z < b->high, z);
        }
    }
}

bool td_draw_truncated(td_philox *g, td_dtype dtype, const td_truncated *t, size_t n, void *out,
                       size_t stride)
{
    const bool turn = (isinf(t->low) && t->low < 0) || t->high < t->mean;
    const double stddev = turn ? -t->stddev : t->stddev;
    bounds b = { .gen = g,
                 .is_double = dtype == TD_F64,
                 .mean = t->mean,
                 .stddev = stddev,
                 .n = n,
                 .stride = stride,
                 .out = out };

    b.low = ((turn ? t->high : t->low) - t->mean) / stddev;
    b.high = ((turn ? t->low : t->high) - t->mean) / stddev;
    const double root = sqrt(b.low * b.low + 4);
    const double cutoff = 2 * exp(0.5 + b.low * (b.low - root) / 4) / (b.low + root);

    if ((b.low < -1.3 && b.high >= 0) || (b.high > 1.3 && b.low <= 0))
        by_normal(&b);
    else if (b.high - b.low < cutoff)
        by_uniform(&b);
    else
        by_exponential(&b);
    return b.done == n;
}
