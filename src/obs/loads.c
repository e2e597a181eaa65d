/* SPDX-License-Identifier: Apache-2.0 */
/* loads.c -- see loads.h. */
#include "obs/loads.h"

#include "base/macros.h"

static td_series *open_series(td_load_series *s, td_group_id group, const char *path, const char *what)
{
    TD_ASSERT(s->n < TD_COUNT(s->all));
    return s->all[s->n++] = td_series_open(group, (const char *const[]){ path, what });
}

void td_load_stage_ran(td_load_series *s, const char *path, const char *stage, int64_t ns)
{
    if (!td_metrics_counts_tf()) return;
    td_series *const series = open_series(s, TD_GROUP_tf_load_stage, path, stage);

    td_tally_observe(td_series_tally(series), TD_AT_tf_load_stage_latency, TD_BUCKETS_tf_latencies,
                     (uint64_t)ns);
}

void td_load_warmed_up(td_load_series *s, const char *path, td_code code, int64_t ns, size_t records)
{
    if (!td_metrics_counts_tf()) return;
    const td_tally t = td_series_tally(open_series(s, TD_GROUP_tf_warmup, path, td_code_name(code)));

    td_tally_observe(t, TD_AT_tf_warmup_latency, TD_BUCKETS_tf_latencies, (uint64_t)ns);
    td_tally_add(t, TD_AT_tf_warmup_records, records);
}

void td_load_series_close(td_load_series *s)
{
    while (s->n)
        td_series_close(s->all[--s->n]);
}
