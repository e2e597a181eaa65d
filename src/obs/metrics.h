/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h -- what the process counts: metrics.inc lists it, page.h shows it.
 *
 * A series is one group of metrics under one set of label values. Whoever counts opens it once, keeps it, and adds to
 * its cells by offsets that the compiler knows: a nanosecond or two each (base/stripe.h), no name is looked up.
 *
 * A series that nobody has open stays for ten minutes, so that its last numbers are read, and goes on where it was when
 * it is opened again; then it is forgotten, or sooner where more than a thousand have come to that. A series never
 * falls while it is there; one that comes back later begins at zero, which Prometheus takes for a restart.
 *
 * Any thread.
 */
#ifndef TD_OBS_METRICS_H
#define TD_OBS_METRICS_H

#include "base/stripe.h"
#include "base/vec.h"
#include "tensord/status.h"

typedef enum td_stage {
    TD_STAGE_PARSE,
    TD_STAGE_QUEUE,
    TD_STAGE_RUN,
    TD_STAGE_WRITE,
    TD_STAGE_COUNT
} td_stage;
typedef enum td_outcome { TD_OUTCOME_SUCCESS, TD_OUTCOME_FAIL, TD_OUTCOME_COUNT } td_outcome;

enum { TD_CODE_COUNT = TD_UNAUTHENTICATED + 1 };

/* How many cells `by` and `kind` ask for. */
enum {
    TD_BY_NOTHING_COUNT = 1,
    TD_BY_CODE_COUNT = TD_CODE_COUNT,
    TD_BY_STATUS_COUNT = TD_CODE_COUNT,
    TD_BY_STATUS_CODE_COUNT = TD_CODE_COUNT,
    TD_BY_STAGE_COUNT = TD_STAGE_COUNT,
    TD_BY_OUTCOME_COUNT = TD_OUTCOME_COUNT,
#define TD_BUCKETS(name, unit, n, ...)      TD_BOUNDS_##name = (n),
#define TD_BUCKETS_EXP(name, unit, n, s, g) TD_BOUNDS_##name = (n),
#include "obs/metrics.inc"
};
#define TD_CELLS_COUNTER(buckets)   1
#define TD_CELLS_GAUGE(buckets)     1
#define TD_CELLS_HISTOGRAM(buckets) (TD_BOUNDS_##buckets + 2) /* the buckets, the one above, the sum */

typedef enum td_buckets_id {
    TD_BUCKETS_NONE,
#define TD_BUCKETS(name, ...)     TD_BUCKETS_##name,
#define TD_BUCKETS_EXP(name, ...) TD_BUCKETS_##name,
#include "obs/metrics.inc"
    TD_BUCKETS_COUNT,
} td_buckets_id;

typedef enum td_group_id {
#define TD_GROUP(name, page, labels) TD_GROUP_##name,
#include "obs/metrics.inc"
    TD_GROUP_COUNT,
} td_group_id;

typedef enum td_reading_id {
#define TD_READING(id, ...) TD_READING_##id,
#include "obs/metrics.inc"
    TD_READING_COUNT,
} td_reading_id;

/* TD_AT_requests: where a metric begins among its series' cells; + the code, the stage, ... for one that is told apart
 * by them. TD_SIZE_request: how many cells a group has. */
enum {
#define TD_GROUP(name, page, labels) TD_BEFORE_##name = -1,
#define TD_METRIC(id, kind, name, by, buckets, help)                                                         \
    TD_AT_##id, TD_LAST_##id = TD_AT_##id + TD_BY_##by##_COUNT * TD_CELLS_##kind(buckets) - 1,
#define TD_GROUP_END(name) TD_SIZE_##name,
#include "obs/metrics.inc"
};

typedef struct td_series td_series;

/* values: one for each label of the group. Finds or makes the series; td_series_close() it. */
td_series *td_series_open(td_group_id group, const char *const *values);
void td_series_close(td_series *s); /* NULL is fine */

/* This thread's cells of a series; no longer than it is open. */
typedef struct td_tally {
    td_count *cells;
    bool is_own;
} td_tally;

td_tally td_series_tally(td_series *s);

static inline void td_tally_add(td_tally t, size_t cell, uint64_t n)
{
    td_count_add(&t.cells[cell], n, t.is_own);
}

/* at: of the histogram, or of one of those that a metric is told apart into. */
void td_tally_observe(td_tally t, size_t at, td_buckets_id buckets, uint64_t value);

void td_series_add(td_series *s, size_t cell, int64_t n); /* the same for one number; n < 0 for gauges */

/* Turns TensorFlow Serving's metrics on, before anything is counted. */
void td_metrics_count_tf(void);
bool td_metrics_counts_tf(void);

/* ---- for page.c ---- */

typedef struct td_series_copy {
    char *labels;    /* td_free() it */
    uint64_t *cells; /* and it */
} td_series_copy;

/* Adds the group's series as they are now, by their labels. */
void td_metrics_copy(td_group_id id, td_vec *out);
/* Upper bounds, as a page shows them, and the unit. */
const double *td_buckets_bounds(td_buckets_id id, size_t *n, double *unit);
/* Forgets what has been closed for ten minutes at `now_ns` (td_now_ns() time). td_metrics_copy() does it. */
void td_metrics_forget(int64_t now_ns);

#endif
