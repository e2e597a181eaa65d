/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c -- see entry.h. */
#include "exec/entry.h"

#include "base/account.h"
#include "base/clock.h"
#include "base/macros.h"
#include "device/stop.h"

/* A plan whose runs take less computes on the caller's thread and one core, without a lane: to get one would
 * take longer. Never one that has not run. */
enum { ALONE_NS = 60000 };

/* A moving average that sooner believes what is quick: a first run finds nothing ready, and one that lost its core for a
 * time slice must not make a model of microseconds look like one of milliseconds. Lost updates do no harm. */
static void learn(td_plan *p, int64_t ns)
{
    const int64_t old = td_plan_expected(p);
    const int64_t more = TD_MIN(ns, 2 * old + 20000) - old;
    const int64_t now = old ? old + more / (more > 0 ? 8 : 2) : ns;

    /* relaxed: it publishes nothing but itself */
    atomic_store_explicit(&p->expected_ns, TD_MAX(now, 1), memory_order_relaxed);
}

static td_status run(td_frame *f, td_team *team, td_trace *trace, int64_t *took)
{
    const td_run_context context = { .team = team, .trace = trace };
    const int64_t start = td_now_ns();
    const td_status s = td_frame_run(f, &context);

    *took = td_now_ns() - start;
    if (!s) learn(f->plan, *took);
    return s;
}

static td_status enter(td_share *share, int64_t expected, td_trace *trace, td_lane *lane)
{
    const int64_t start = trace ? td_now_ns() : 0;

    TD_TRY(td_lane_enter(share, expected, lane));
    if (trace) trace->core_ns = td_now_ns() - start;
    return NULL;
}

static td_status run_in_lane(td_frame *f, td_share *share, const td_run_options *opts, bool *must_wait)
{
    const int64_t known = td_plan_expected(f->plan), expected = known > 0 ? known : f->plan->guess_ns;
    td_lane lane;
    int64_t took;

    if (known > 0 && known < ALONE_NS) return run(f, NULL, opts->trace, &took);
    if (opts->never_waits) {
        *must_wait = !td_lane_try(share, expected, &lane);
        if (*must_wait) return NULL;
    } else {
        TD_TRY(enter(share, expected, opts->trace, &lane));
    }
    const td_status s = run(f, lane.team, opts->trace, &took);

    td_lane_leave(&lane, took);
    return s;
}

td_status td_entry_run(td_frame *f, td_share *share, const td_run_options *opts, bool *must_wait)
{
    static const td_run_options none = { 0 };
    const td_run_options *const o = opts ? opts : &none;
    td_stop stop = { o->deadline_ns, o->cancelled, o->cancelled_ctx, TD_OK };

    td_stop *const before = td_stop_swap(stop.deadline_ns || stop.cancelled ? &stop : NULL);
    const bool was_in_run = td_account_run_swap(true);
    const td_status s = run_in_lane(f, share, o, must_wait);

    (void)td_account_run_swap(was_in_run);
    (void)td_stop_swap(before);
    return s;
}
