/* SPDX-License-Identifier: Apache-2.0 */
/* loss.c -- see loss.h. Graves (2012), section 7.4: sums over all ways forwards (alpha) and backwards (beta), of logarithms,
 * along the labels with blanks around each: place u of 2 n + 1 is a blank when u is even.
 *
 * TensorFlow adds logarithms by way of floats, for doubles, too. */
#include "kernels/ctc/loss.h"

#include <math.h>

#include "base/macros.h"

/* log(exp(x) + exp(y)) */
static double log_sum(double x, double y)
{
    if (x == -INFINITY) return y;
    if (y == -INFINITY) return x;
    return fmax(x, y) + (double)log1pf(expf((float)(fmin(x, y) - fmax(x, y))));
}

static size_t places(const td_ctc_target *t)
{
    return 2 * t->n + 1;
}

static size_t class_at(const td_ctc_target *t, size_t u)
{
    return u % 2 ? (size_t)t->labels[u / 2] : t->classes - 1;
}

static double log_y(const td_ctc_target *t, const double *y, size_t time, size_t u)
{
    return log(y[time * t->classes + class_at(t, u)]);
}

/* May a way stay at place u? May it go from u to u + 2, without the blank between? */
static bool may_stay(const td_ctc_target *t, size_t u)
{
    return t->merges || u % 2 == 0;
}

static bool may_skip(const td_ctc_target *t, size_t u)
{
    return u % 2 && u + 2 < places(t) && !(t->merges && class_at(t, u) == class_at(t, u + 2));
}

/* Places that can be reached in time, with time left for the rest. */
static size_t first_place(const td_ctc_target *t, size_t time)
{
    const size_t reach = 2 * (t->times - time);
    return places(t) > reach ? places(t) - reach : 0;
}

static size_t end_place(const td_ctc_target *t, size_t time)
{
    return TD_MIN(places(t), 2 * (time + 1));
}

static void clear(const td_ctc_target *t, double *x)
{
    for (size_t i = 0; i < places(t) * t->times; i++)
        x[i] = -INFINITY;
}

static void go_forwards(const td_ctc_target *t, const double *y, double *alpha)
{
    const size_t n = places(t);

    clear(t, alpha);
    for (size_t u = 0; u < TD_MIN(n, 2); u++)
        alpha[u] = log_y(t, y, 0, u);
    for (size_t time = 1; time < t->times; time++)
        for (size_t u = first_place(t, time); u < end_place(t, time); u++) {
            const double *const before = alpha + (time - 1) * n;
            double sum = may_stay(t, u) ? before[u] : -INFINITY;

            if (u > 0) sum = log_sum(sum, before[u - 1]);
            if (u > 1 && may_skip(t, u - 2)) sum = log_sum(sum, before[u - 2]);
            alpha[time * n + u] = log_y(t, y, time, u) + sum;
        }
}

static void go_backwards(const td_ctc_target *t, const double *y, double *beta)
{
    const size_t n = places(t);

    clear(t, beta);
    for (size_t u = n > 1 ? n - 2 : 0; u < n; u++)
        beta[(t->times - 1) * n + u] = 0.0;
    for (size_t time = t->times - 1; time-- > 0;)
        for (size_t u = first_place(t, time); u < end_place(t, time); u++) {
            const double *const after = beta + (time + 1) * n;
            double sum = -INFINITY;

            if (may_stay(t, u)) sum = log_sum(sum, after[u] + log_y(t, y, time + 1, u));
            if (u + 1 < n) sum = log_sum(sum, after[u + 1] + log_y(t, y, time + 1, u + 1));
            if (may_skip(t, u)) sum = log_sum(sum, after[u + 2] + log_y(t, y, time + 1, u + 2));
            beta[time * n + u] = sum;
        }
}

/* Without any way, as if nothing were wanted. */
static void put_gradient(const td_ctc_target *t, const double *y, const double *alpha, const double *beta,
                         double all, double *gradient)
{
    const size_t n = places(t);

    for (size_t time = 0; time < t->times; time++, y += t->classes, gradient += t->classes) {
        for (size_t c = 0; c < t->classes; c++)
            gradient[c] = -INFINITY;
        for (size_t u = 0; u < n; u++) {
            double *const sum = &gradient[class_at(t, u)];
            *sum = log_sum(*sum, alpha[time * n + u] + beta[time * n + u]);
        }
        for (size_t c = 0; c < t->classes; c++)
            gradient[c] = all == -INFINITY ? y[c] : y[c] - (double)expf((float)(gradient[c] - all));
    }
}

size_t td_ctc_loss_work(const td_ctc_target *t)
{
    return 2 * places(t) * t->times;
}

double td_ctc_loss(const td_ctc_target *t, const double *y, double *gradient, double *work)
{
    double *const alpha = work, *const beta = work + places(t) * t->times;
    double all = -INFINITY;

    go_forwards(t, y, alpha);
    go_backwards(t, y, beta);
    for (size_t u = 0; u < places(t); u++)
        all = log_sum(all, alpha[u] + beta[u]);
    put_gradient(t, y, alpha, beta, all, gradient);
    return -all;
}
