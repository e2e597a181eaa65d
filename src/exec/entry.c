/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c -- see entry.h. */
#include "exec/entry.h"

#include "base/clock.h"
#include "base/macros.h"
#include "device/stop.h"
#include "exec/lane.h"

/* Where a run computes, by the time that earlier ones took. Below ALONE_NS: on the caller's thread and one
 * core, without a lane. Up to LONG_NS: on the caller's thread, in a lane. Above, a caller that others wait
 * for hands it to another thread, which costs about 10 us. */
enum { ALONE_NS = 60000, LONG_NS = 200000 };

static int64_t expected_ns(const td_entry *e)
{
    return atomic_load_explicit(&e->expected_ns, memory_order_relaxed);
}

bool td_entry_is_long(const td_entry *e)
{
    return expected_ns(e) > LONG_NS;
}

/* A moving average that forgets quickly: the last run counts for a quarter. Lost updates do no harm. A run that
 * lost its core for a time slice must not make a model of a microsecond look like one of milliseconds. */
static void learn(td_entry *e, int64_t ns)
{
    const int64_t old = expected_ns(e);
    const int64_t seen = TD_MIN(ns, 8 * old + 20000);

    atomic_store_explicit(&e->expected_ns, old ? old + (seen - old) / 4 : ns, memory_order_relaxed);
}

td_status td_entry_run(td_entry *e, td_frame *f, const td_run_options *opts)
{
    const int64_t expected = expected_ns(e);
    const bool is_alone = expected > 0 && expected < ALONE_NS;
    td_lane lane = { 0 };
    td_stop stop = { 0 };

    if (opts) stop = (td_stop){ opts->deadline_ns, opts->cancelled, opts->cancelled_ctx, TD_OK };
    if (!is_alone) TD_TRY(td_lane_enter(stop.deadline_ns, &lane));
    const td_run_context run = { lane.team, NULL };
    td_stop *const before = td_stop_swap(stop.deadline_ns || stop.cancelled ? &stop : NULL);
    const int64_t start = td_now_ns();
    const td_status s = td_frame_run(f, &run);

    if (!s) learn(e, td_now_ns() - start);
    (void)td_stop_swap(before);
    if (!is_alone) td_lane_leave(&lane);
    return s;
}
