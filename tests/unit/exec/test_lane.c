/* SPDX-License-Identifier: Apache-2.0 */
/* test_lane.c -- who gets a core, who waits for one and for how long, and who gets the team. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdbool.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/thread.h"
#include "exec/lane.h"

enum { CORES = 2, WAITERS = 4 };

static const int64_t second = 1000000000;

static void test_team_is_one(void **state)
{
    td_lane a, b, again;

    (void)state;
    assert_int_equal(td_lanes_cores(), CORES);
    assert_ok(td_lane_enter(0, &a));
    assert_non_null(a.team);
    assert_ok(td_lane_enter(0, &b)); /* the other core, alone */
    assert_null(b.team);
    td_team *const team = a.team;
    td_lane_leave(&a);
    td_lane_leave(&b);
    assert_ok(td_lane_enter(0, &again));
    assert_ptr_equal(again.team, team);
    td_lane_leave(&again);
}

static void test_no_core_before_the_deadline(void **state)
{
    td_lane a, b, c = { NULL };

    (void)state;
    assert_ok(td_lane_enter(0, &a));
    assert_ok(td_lane_enter(0, &b));
    const int64_t start = td_now_ns();

    assert_status_like(td_lane_enter(start + second / 20, &c), TD_DEADLINE_EXCEEDED, "Timed out");
    assert_true(td_now_ns() - start >= second / 20);
    assert_status_like(td_lane_enter(1, &c), TD_DEADLINE_EXCEEDED, "Timed out");
    td_lane_leave(&a);
    /* a core is free: nobody counted the ones that left */
    assert_ok(td_lane_enter(td_now_ns() + second, &c));
    td_lane_leave(&b);
    td_lane_leave(&c);
}

typedef struct waiter {
    pthread_t thread;
    atomic_bool is_in;
    int64_t took;
} waiter;

/* The deadline is far: only a wake-up lets it in sooner. */
static void *wait_for_core(void *ctx)
{
    waiter *const w = ctx;
    const int64_t start = td_now_ns();
    td_lane lane;

    assert_null(td_lane_enter(start + 30 * second, &lane));
    w->took = td_now_ns() - start;
    atomic_store(&w->is_in, true);
    td_lane_leave(&lane);
    return NULL;
}

static void test_each_leave_wakes_one(void **state)
{
    waiter w[WAITERS] = { 0 };
    td_lane a, b;

    (void)state;
    assert_ok(td_lane_enter(0, &a));
    assert_ok(td_lane_enter(0, &b));
    for (int i = 0; i < WAITERS; i++)
        assert_ok(td_thread_start(&w[i].thread, "waiter", wait_for_core, &w[i]));
    td_sleep_ns(second / 20);
    for (int i = 0; i < WAITERS; i++)
        assert_false(atomic_load(&w[i].is_in));
    td_lane_leave(&a);
    for (int i = 0; i < WAITERS; i++) {
        (void)pthread_join(w[i].thread, NULL);
        assert_true(atomic_load(&w[i].is_in));
        assert_true(w[i].took < 15 * second);
    }
    td_lane_leave(&b);
}

/* Shards that sleep: whoever may work gets some. */
static void note_thread(void *ctx, size_t shard, int thread)
{
    atomic_int *const seen = ctx;

    (void)shard;
    atomic_fetch_or(seen, 1 << thread);
    td_sleep_ns(500000);
}

static int threads_seen(td_team *team)
{
    atomic_int seen = 0;

    td_team_run(team, 60, note_thread, &seen);
    return atomic_load(&seen);
}

static void test_others_take_cores_from_the_team(void **state)
{
    td_lane a, b;

    (void)state;
    assert_ok(td_lane_enter(0, &a));
    assert_int_equal(threads_seen(a.team), 3); /* both */
    assert_ok(td_lane_enter(0, &b));
    assert_int_equal(threads_seen(a.team), 1); /* the caller: b has the other core */
    td_lane_leave(&b);
    assert_int_equal(threads_seen(a.team), 3);
    td_lane_leave(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_team_is_one),
                                        cmocka_unit_test(test_no_core_before_the_deadline),
                                        cmocka_unit_test(test_each_leave_wakes_one),
                                        cmocka_unit_test(test_others_take_cores_from_the_team) };

    td_lanes_configure(CORES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
