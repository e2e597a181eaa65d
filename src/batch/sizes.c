/* SPDX-License-Identifier: Apache-2.0 */
/* sizes.c -- see sizes.h. */
#include "batch/sizes.h"

#include "base/macros.h"

enum { TRY_AGAIN = 256 }; /* choices between two looks at what was given up */
static const double better = 0.97,
                    share = 1.0 / 4; /* gain that is worth a larger run; weight of the last run */

/* The largest k with 2^k <= n. */
static int log_of(size_t n)
{
    int k = 0;

    while (k + 1 < TD_BATCH_SIZES && (size_t)2 << k <= n)
        k++;
    return k;
}

/* The cheapest of sizes low to top, as far as they are known. */
static int best_of(const td_batch_sizes *s, int low, int top)
{
    int best = low;

    for (int k = low + 1; k <= top && s->row_ns[k] > 0.0; k++)
        if (s->row_ns[k] < better * s->row_ns[best]) best = k;
    return best;
}

/* What a run of size k may take. Of one larger than any that was run: what the last ones say if rows cost the same there,
 * and twice the last one at most. */
static double may_take(const td_batch_sizes *s, int k)
{
    if (s->slow_ns[k] > 0.0 || k == 0) return s->slow_ns[k];
    const double last = s->slow_ns[k - 1], before = k > 1 ? s->slow_ns[k - 2] : 0.0;

    return TD_MAX(last, TD_MIN(2.0 * last, last + 2.0 * (last - before)));
}

static bool is_short(const td_batch_sizes *s, double ns)
{
    return s->slo_ns <= 0.0 || ns <= s->slo_ns / 2.0;
}

/* The largest that is short enough. */
static int cap_of(const td_batch_sizes *s, int low, int top, bool tries_again)
{
    int k = low;

    while (k < top && is_short(s, may_take(s, k + 1)))
        k++;
    /* It may have been slow for a while only: by its usual time it is worth another look. */
    if (tries_again && k < top && s->row_ns[k + 1] > 0.0 &&
        is_short(s, s->row_ns[k + 1] * (double)((size_t)2 << k)))
        k++;
    return k;
}

/* Are all that wait, filled up to size k, cheaper than in runs of size than? */
static bool pays_to_fill(const td_batch_sizes *s, int k, int than, size_t waiting)
{
    const double whole = s->row_ns[k] * (double)((size_t)1 << k);

    return whole > 0.0 && s->row_ns[than] > 0.0 && is_short(s, may_take(s, k)) &&
           whole < better * s->row_ns[than] * (double)waiting;
}

size_t td_batch_sizes_choose(td_batch_sizes *s, size_t least, size_t waiting, size_t most)
{
    const bool tries_again = ++s->asked % TRY_AGAIN == 0;
    const int low = log_of(least), high = TD_MAX(log_of(TD_MIN(waiting, most)), low),
              top = cap_of(s, low, high, tries_again);
    int known = low;

    while (known <= top && s->row_ns[known] > 0.0)
        known++;
    int k = best_of(s, low, top);
    /* The next unknown one, unless the last two have not been worth it. */
    if (known <= top && k >= known - 2) k = known;
    if (tries_again && k < top) k++;
    const size_t next = (size_t)2 << high;
    const bool is_between =
        waiting > least && waiting > next / 2 && next <= most && high + 1 < TD_BATCH_SIZES;
    if (is_between && pays_to_fill(s, high + 1, k, waiting)) return next;
    return TD_MAX((size_t)1 << k, least);
}

/* Rises by what one run in a hundred exceeds, as much as it falls by what 99 do not. */
static void learn_slow(double *slow, double ns)
{
    const double up = 1.2, down = 0.998;

    if (*slow <= 0.0)
        *slow = ns;
    else if (ns > *slow)
        *slow = TD_MIN(ns, up * *slow);
    else
        *slow = TD_MAX(ns, down * *slow);
}

void td_batch_sizes_learn(td_batch_sizes *s, size_t rows, int64_t ns)
{
    const int k = log_of(rows);
    const double now = (double)TD_MAX(ns, 1) / (double)rows, old = s->row_ns[k];

    if (s->is_warm[k])
        learn_slow(&s->slow_ns[k], (double)TD_MAX(ns, 1) * (double)((size_t)1 << k) / (double)rows);
    if (!s->is_warm[k])
        s->is_warm[k] = true; /* most of it went into the plan */
    else if (old > 0.0)
        s->row_ns[k] += share * (TD_MIN(now, 2.0 * old) - old); /* it may have lost its core for a while */
    else
        s->row_ns[k] = now;
}

double td_batch_sizes_row_ns(const td_batch_sizes *s)
{
    return s->row_ns[best_of(s, 0, TD_BATCH_SIZES - 1)];
}

void td_batch_sizes_learn_stopped(td_batch_sizes *s, size_t rows, int64_t ns)
{
    if (td_batch_sizes_run_ns(s, rows) < (double)ns) td_batch_sizes_learn(s, rows, ns);
}

double td_batch_sizes_run_ns(const td_batch_sizes *s, size_t rows)
{
    int k = log_of(rows);

    while (k > 0 && s->row_ns[k] <= 0.0)
        k--;
    return s->row_ns[k] * (double)rows;
}
