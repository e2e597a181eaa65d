/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c -- all series, by group, sorted by their labels: few enough, and looked for seldom enough, that a list
 * does. */
#include "obs/metrics.h"

#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "obs/labels.h"

static const int64_t KEEP_NS = INT64_C(600000000000);
enum { KEEP_MOST = 1000, MOST_BOUNDS = 52, BITS = 64 };

struct td_series {
    td_group_id group;
    char *labels;
    td_counts counts;
    unsigned refs;     /* guarded by mu */
    int64_t closed_ns; /* when refs became 0; likewise */
};

typedef struct group {
    const char *labels;
    size_t size;
    td_vec series; /* td_series * */
} group;

static td_mutex mu = TD_MUTEX_INIT(leaf);
static group groups[TD_GROUP_COUNT] = {
/* their series are guarded by mu */
#define TD_GROUP(name, page, label_names)                                                                    \
    { .labels = (label_names), .size = TD_SIZE_##name, .series = { .elem = sizeof(td_series *) } },
#include "obs/metrics.inc"
};
static size_t n_closed; /* series without a reference; guarded by mu */

static atomic_bool counts_tf;

/* ---- buckets ---- */

typedef struct buckets {
    double unit, bounds[MOST_BOUNDS];
    size_t n;
    uint64_t limits[MOST_BOUNDS]; /* bounds in units, rounded down: what is observed is whole */
    uint8_t first[BITS + 1];      /* by the length of a value in bits: the first bucket it may belong to */
} buckets;

#define TD_BUCKETS(name, one, count, ...)     _Static_assert((count) <= MOST_BOUNDS, #name);
#define TD_BUCKETS_EXP(name, one, count, ...) _Static_assert((count) <= MOST_BOUNDS, #name);
#include "obs/metrics.inc"

static buckets all_buckets[TD_BUCKETS_COUNT] = {
#define TD_BUCKETS(name, one, count, ...)                                                                    \
    [TD_BUCKETS_##name] = { .unit = (one), .n = (count), .bounds = { __VA_ARGS__ } },
#define TD_BUCKETS_EXP(name, one, count, start, growth)                                                      \
    [TD_BUCKETS_##name] = { .unit = (one), .n = (count), .bounds = { (start), (growth) } },
#include "obs/metrics.inc"
};

static const bool is_exponential[TD_BUCKETS_COUNT] = {
#define TD_BUCKETS_EXP(name, ...) [TD_BUCKETS_##name] = true,
#include "obs/metrics.inc"
};

static void fill_bounds(buckets *b)
{
    const double growth = b->bounds[1];

    for (size_t i = 1; i < b->n; i++)
        b->bounds[i] = b->bounds[i - 1] * growth;
}

static void fill_limits(buckets *b)
{
    const double slack = 1 + 1e-12; /* for bounds that binary fractions only come near */

    for (size_t i = 0; i < b->n; i++)
        b->limits[i] = (uint64_t)floor(b->bounds[i] * b->unit * slack);
    for (size_t bits = 0, i = 0; bits <= BITS; bits++) {
        const uint64_t least = bits ? UINT64_C(1) << (bits - 1) : 0;

        while (i < b->n && b->limits[i] < least)
            i++;
        b->first[bits] = (uint8_t)i;
    }
}

static void fill_buckets(void)
{
    for (size_t i = 0; i < TD_BUCKETS_COUNT; i++) {
        if (is_exponential[i]) fill_bounds(&all_buckets[i]);
        fill_limits(&all_buckets[i]);
    }
}

/* Before the first series, so before anything is observed. */
static void need_buckets(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, fill_buckets);
}

const double *td_buckets_bounds(td_buckets_id id, size_t *n, double *unit)
{
    need_buckets();
    *n = all_buckets[id].n;
    *unit = all_buckets[id].unit;
    return all_buckets[id].bounds;
}

/* ---- series ---- */

/* Where these labels stand, or would. */
static size_t find_place(const group *g, const char *labels)
{
    size_t low = 0, high = g->series.size;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (strcmp((*TD_VEC_AT(&g->series, td_series *, middle))->labels, labels) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static td_series *insert(group *g, td_group_id id, size_t place, td_strbuf *labels)
{
    td_series *const s = TD_NEW(td_series);

    *s = (td_series){ .group = id, .labels = td_strbuf_take(labels) };
    td_counts_init(&s->counts, g->size);
    (void)td_vec_push(&g->series);
    td_series **const at = TD_VEC_AT(&g->series, td_series *, place);
    memmove(at + 1, at, (g->series.size - 1 - place) * sizeof(td_series *));
    *at = s;
    return s;
}

static void remove_series(group *g, size_t place)
{
    td_series **const at = TD_VEC_AT(&g->series, td_series *, place);
    td_series *const s = *at;

    memmove(at, at + 1, (g->series.size - 1 - place) * sizeof(td_series *));
    (void)td_vec_pop(&g->series);
    td_counts_fini(&s->counts);
    td_free(s->labels);
    td_free(s);
    n_closed--;
}

/* Those that were closed at that time or before it. */
static void forget_locked(int64_t until_ns)
{
    for (size_t id = 0; id < TD_GROUP_COUNT; id++)
        for (size_t i = groups[id].series.size; i-- > 0;) {
            const td_series *const s = *TD_VEC_AT(&groups[id].series, td_series *, i);

            if (!s->refs && s->closed_ns <= until_ns) remove_series(&groups[id], i);
        }
}

static int64_t oldest_closed(void)
{
    int64_t oldest = INT64_MAX;

    for (size_t id = 0; id < TD_GROUP_COUNT; id++)
        for (size_t i = 0; i < groups[id].series.size; i++) {
            const td_series *const s = *TD_VEC_AT(&groups[id].series, td_series *, i);

            if (!s->refs) oldest = TD_MIN(oldest, s->closed_ns);
        }
    return oldest;
}

td_series *td_series_open(td_group_id id, const char *const *values)
{
    group *const g = &groups[id];
    td_strbuf labels = { 0 };

    need_buckets();
    td_labels_put(&labels, g->labels, values);
    const char *const text = td_strbuf_text(&labels);

    td_mutex_lock(&mu);
    const size_t place = find_place(g, text);
    td_series *s = place < g->series.size ? *TD_VEC_AT(&g->series, td_series *, place) : NULL;
    if (s && strcmp(s->labels, text) == 0)
        n_closed -= !s->refs;
    else
        s = insert(g, id, place, &labels);
    s->refs++;
    td_mutex_unlock(&mu);
    td_strbuf_fini(&labels);
    return s;
}

void td_series_close(td_series *s)
{
    if (!s) return;
    td_mutex_lock(&mu);
    if (--s->refs == 0) {
        s->closed_ns = td_now_ns();
        if (++n_closed > KEEP_MOST) forget_locked(oldest_closed());
    }
    td_mutex_unlock(&mu);
}

td_tally td_series_tally(td_series *s)
{
    const td_stripe mine = td_stripe_mine();

    return (td_tally){ td_counts_mine(&s->counts, mine), mine.is_own };
}

void td_tally_observe(td_tally t, size_t at, td_buckets_id id, uint64_t value)
{
    const buckets *const b = &all_buckets[id];
    size_t i = b->first[value ? BITS - __builtin_clzll(value) : 0];

    while (i < b->n && value > b->limits[i])
        i++;
    td_tally_add(t, at + i, 1);
    td_tally_add(t, at + b->n + 1, value);
}

void td_series_add(td_series *s, size_t cell, int64_t n)
{
    td_tally_add(td_series_tally(s), cell, (uint64_t)n); /* sums wrap as they should */
}

void td_metrics_count_tf(void)
{
    atomic_store_explicit(&counts_tf, true, memory_order_relaxed);
}

bool td_metrics_counts_tf(void)
{
    return atomic_load_explicit(&counts_tf, memory_order_relaxed);
}

/* ---- copies ---- */

static td_series_copy copy_series(const td_series *s)
{
    const td_series_copy copy = { td_strdup(s->labels), TD_NEW_N(uint64_t, s->counts.n) };

    for (size_t i = 0; i < s->counts.n; i++)
        copy.cells[i] = td_counts_sum(&s->counts, i);
    return copy;
}

void td_metrics_forget(int64_t now_ns)
{
    td_mutex_lock(&mu);
    if (n_closed) forget_locked(now_ns - KEEP_NS);
    td_mutex_unlock(&mu);
}

void td_metrics_copy(td_group_id id, td_vec *out)
{
    td_metrics_forget(td_now_ns());
    td_mutex_lock(&mu);
    for (size_t i = 0; i < groups[id].series.size; i++)
        *(td_series_copy *)td_vec_push(out) = copy_series(*TD_VEC_AT(&groups[id].series, td_series *, i));
    td_mutex_unlock(&mu);
}
