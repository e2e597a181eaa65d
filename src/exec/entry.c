/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c -- see entry.h. */
#include "exec/entry.h"

#include "base/clock.h"
#include "base/macros.h"
#include "device/stop.h"
#include "exec/lane.h"

/* A plan whose runs take less computes on the caller's thread and one core, without a lane: to get one would
 * take longer. Never one that has not run. */
enum { ALONE_NS = 60000 };

/* A moving average that forgets quickly: the last run counts for a quarter. Lost updates do no harm. A run that
 * lost its core for a time slice must not make a model of a microsecond look like one of milliseconds. */
static void learn(td_plan *p, int64_t ns)
{
    const int64_t old = td_plan_expected(p);
    const int64_t seen = TD_MIN(ns, 8 * old + 20000);

    /* relaxed: it publishes nothing but itself */
    atomic_store_explicit(&p->expected_ns, old ? old + (seen - old) / 4 : TD_MAX(ns, 1),
                          memory_order_relaxed);
}

td_status td_entry_run(td_frame *f, const td_run_options *opts)
{
    const int64_t expected = td_plan_expected(f->plan);
    const bool is_alone = expected > 0 && expected < ALONE_NS;
    td_lane lane = { 0 };
    td_stop stop = { 0 };

    if (opts) stop = (td_stop){ opts->deadline_ns, opts->cancelled, opts->cancelled_ctx, TD_OK };
    if (!is_alone) TD_TRY(td_lane_enter(stop.deadline_ns, &lane));
    const td_run_context run = { lane.team, NULL };
    td_stop *const before = td_stop_swap(stop.deadline_ns || stop.cancelled ? &stop : NULL);
    const int64_t start = td_now_ns();
    const td_status s = td_frame_run(f, &run);

    if (!s) learn(f->plan, td_now_ns() - start);
    (void)td_stop_swap(before);
    if (!is_alone) td_lane_leave(&lane);
    return s;
}
