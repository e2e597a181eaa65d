/* SPDX-License-Identifier: Apache-2.0 */
/* figures.c -- see figures.h. */
#include "batch/figures.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/macros.h"
#include "batch/batch.h"

void td_figures_open(td_figures *f)
{
    *f = (td_figures){ 0 };
    if (!td_metrics_counts_tf()) return;
    f->input = td_series_open(TD_GROUP_tf_batch_input, NULL);
    f->rows = td_series_open(TD_GROUP_tf_batch_rows, NULL);
    f->queue = td_series_open(TD_GROUP_tf_batch_queue, (const char *const[]){ "" });
    f->runs = td_series_open(TD_GROUP_tf_batch_runs, NULL);
}

void td_figures_close(td_figures *f)
{
    td_series_close(f->input);
    td_series_close(f->rows);
    td_series_close(f->queue);
    td_series_close(f->runs);
}

void td_figures_call(const td_figures *f, const td_batch_call *c)
{
    if (!f->runs) return;
    for (size_t i = 0; i < c->sig->n_inputs; i++)
        if (td_batch_is_given(&c->in[i]))
            td_tally_observe(td_series_tally(f->input), TD_AT_tf_batch_input, TD_BUCKETS_tf_sizes, c->rows);
}

/* A series for each size of run, as there: sizes are few where padding is asked for. */
static void count_padding(size_t rows, size_t full)
{
    char size[24];

    snprintf(size, sizeof size, "%zu", full);
    td_series *const s = td_series_open(TD_GROUP_tf_batch_padding, (const char *const[]){ size });
    td_tally_observe(td_series_tally(s), TD_AT_tf_batch_padding, TD_BUCKETS_tf_sizes, full - rows);
    td_series_close(s);
}

void td_figures_run(const td_figures *f, const td_batch_call *first, size_t n, size_t rows, size_t full)
{
    const int64_t now = td_now_ns();

    if (!f->runs) return;
    td_series_add(f->runs, TD_AT_tf_batch_runs, 1);
    td_tally_observe(td_series_tally(f->rows), TD_AT_tf_batch_rows, TD_BUCKETS_tf_sizes, full);
    for (; n--; first = first->next)
        td_tally_observe(td_series_tally(f->queue), TD_AT_tf_batch_queue, TD_BUCKETS_tf_queuing,
                         (uint64_t)TD_MAX(now - first->came_ns, 0));
    count_padding(rows, full);
}
