/* SPDX-License-Identifier: Apache-2.0 */
/* test_lane.c -- who gets a core, who waits for one and for how long, who is next, and who gets the team. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/thread.h"
#include "device/stop.h"
#include "exec/lane.h"

enum { CORES = 2, WAITERS = 4, LONG = 50000000, SHORT = 200000 };

static const int64_t second = 1000000000;
static td_share anybody;

static td_lane enter(int64_t expected_ns)
{
    td_lane lane;

    assert_ok(td_lane_enter(&anybody, expected_ns, &lane));
    return lane;
}

static bool may_enter(int64_t expected_ns)
{
    td_lane lane;

    if (!td_lane_try(&anybody, expected_ns, &lane)) return false;
    td_lane_leave(&lane, 1);
    return true;
}

/* ---------------------------------------------------------------- cores and the team */

static void test_team_is_one(void **state)
{
    (void)state;
    assert_int_equal(td_lanes_cores(), CORES);
    td_lane a = enter(LONG), b = enter(LONG);

    assert_non_null(a.team);
    assert_null(b.team); /* the other core, alone */
    td_team *const team = a.team;
    td_lane_leave(&a, 1);
    td_lane_leave(&b, 1);
    td_lane again = enter(LONG);
    assert_ptr_equal(again.team, team);
    td_lane_leave(&again, 1);
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
    (void)state;
    td_lane a = enter(LONG);
    assert_int_equal(threads_seen(a.team), 3); /* both */
    td_lane b = enter(LONG);
    assert_int_equal(threads_seen(a.team), 1); /* the caller: b has the other core */
    td_lane_leave(&b, 1);
    assert_int_equal(threads_seen(a.team), 3);
    td_lane_leave(&a, 1);
}

/* ---------------------------------------------------------------- no core */

static bool always(void *ctx)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
    return true;
}

static int64_t retry_ns; /* of who was refused last */

static td_code enter_as(td_share *share, int64_t expected_ns, td_stop *stop)
{
    td_lane lane;
    td_stop *const before = td_stop_swap(stop);
    const td_status s = td_lane_enter(share, expected_ns, &lane);
    const td_code code = td_status_code(s);

    (void)td_stop_swap(before);
    if (!s) td_lane_leave(&lane, 1);
    assert_int_equal(td_status_is_overload(s, &retry_ns), code == TD_RESOURCE_EXHAUSTED);
    td_status_free(s);
    return code;
}

static td_code enter_with(td_stop *stop)
{
    return enter_as(&anybody, LONG, stop);
}

static void test_who_is_stopped_waits_no_more(void **state)
{
    atomic_int asked = 0;
    td_stop soon = { 0 }, late = { .deadline_ns = 1 },
            gone = { .cancelled = always, .cancelled_ctx = &asked };

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);
    const int64_t start = td_now_ns();

    soon.deadline_ns = start + second / 20;
    assert_int_equal(enter_with(&soon), TD_DEADLINE_EXCEEDED);
    assert_true(td_now_ns() - start >= second / 20);
    assert_int_equal(enter_with(&late), TD_DEADLINE_EXCEEDED);
    assert_int_equal(enter_with(&gone), TD_CANCELLED);
    assert_true(td_now_ns() - start < 10 * second);
    assert_int_equal(atomic_load(&asked), 1);
    td_lane_leave(&a, 1);
    /* a core is free: nobody counted the ones that left */
    td_lane c = enter(LONG);
    td_lane_leave(&b, 1);
    td_lane_leave(&c, 1);
}

static void test_try_never_waits(void **state)
{
    (void)state;
    assert_true(may_enter(LONG));
    td_lane a = enter(LONG), b = enter(LONG);

    assert_false(may_enter(LONG));
    assert_false(may_enter(0)); /* who knows */
    td_lane_leave(&a, 1);
    assert_true(may_enter(0));
    td_lane_leave(&b, 1);
}

/* ---------------------------------------------------------------- short runs */

static void test_short_runs_pass_long_ones(void **state)
{
    td_lane extra[CORES];

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);

    for (int i = 0; i < CORES; i++)
        extra[i] = enter(SHORT);
    assert_null(extra[0].team);
    assert_false(may_enter(SHORT)); /* there is an end to it */
    td_lane_leave(&extra[0], 1);
    assert_false(may_enter(LONG)); /* what it left is no core */
    assert_true(may_enter(SHORT));
    td_lane_leave(&a, 1);
    assert_true(may_enter(LONG));
    td_lane_leave(&b, 1);
    for (int i = 1; i < CORES; i++)
        td_lane_leave(&extra[i], 1);
    assert_true(may_enter(SHORT));
}

/* ---------------------------------------------------------------- waiting in order */

static atomic_int arrivals; /* how many have been let in */

typedef struct waiter {
    pthread_t thread;
    td_share *share;
    int64_t expected_ns, takes_ns;
    atomic_int place; /* 1: the first to be let in; 0: not yet */
    int64_t waited;
} waiter;

static void *wait_for_core(void *ctx)
{
    waiter *const w = ctx;
    const int64_t start = td_now_ns();
    td_lane lane;

    assert_null(td_lane_enter(w->share, w->expected_ns, &lane));
    w->waited = td_now_ns() - start;
    atomic_store(&w->place, atomic_fetch_add(&arrivals, 1) + 1);
    td_lane_leave(&lane, w->takes_ns);
    return NULL;
}

/* They come one after the other. */
static void start_waiters(waiter *w, int n)
{
    atomic_store(&arrivals, 0);
    for (int i = 0; i < n; i++) {
        assert_ok(td_thread_start(&w[i].thread, "waiter", wait_for_core, &w[i]));
        while (td_lanes_waiting() <= i)
            td_sleep_ns(second / 1000);
    }
}

static void join_waiters(waiter *w, int n)
{
    for (int i = 0; i < n; i++) {
        (void)pthread_join(w[i].thread, NULL);
        assert_true(w[i].waited < 15 * second); /* each leave wakes somebody */
    }
}

static void test_first_come_first_served(void **state)
{
    waiter w[WAITERS] = { 0 };

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);
    for (int i = 0; i < WAITERS; i++)
        w[i] = (waiter){ .share = &anybody, .expected_ns = i % 2 ? LONG : 0, .takes_ns = LONG };
    start_waiters(w, WAITERS);
    td_lane_leave(&a, 1);
    join_waiters(w, WAITERS);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(atomic_load(&w[i].place), i + 1);
    td_lane_leave(&b, 1);
}

/* One session with many runs does not shut out another with few. */
static void test_shares_take_turns(void **state)
{
    td_share greedy = { 0 }, modest = { 0 };
    waiter w[6] = { 0 };

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);
    for (int i = 0; i < 6; i++)
        w[i] = (waiter){ .share = i < 4 ? &greedy : &modest, .expected_ns = LONG, .takes_ns = LONG };
    start_waiters(w, 6);
    td_lane_leave(&a, 1);
    join_waiters(w, 6);
    assert_int_equal(atomic_load(&w[0].place), 1); /* both are new: who came first */
    assert_int_equal(atomic_load(&w[4].place), 2);
    assert_int_equal(atomic_load(&w[1].place), 3);
    assert_int_equal(atomic_load(&w[5].place), 4);
    assert_int_equal(atomic_load(&w[2].place), 5);
    assert_int_equal(atomic_load(&w[3].place), 6);
    td_lane_leave(&b, 1);
}

/* Three times the weight, three turns of four. */
static void test_weights(void **state)
{
    td_share heavy = { .weight = 3 }, light = { 0 };
    waiter w[8] = { 0 };
    int early = 0;

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);
    for (int i = 0; i < 8; i++)
        w[i] = (waiter){ .share = i % 2 ? &heavy : &light, .expected_ns = LONG, .takes_ns = LONG };
    start_waiters(w, 8);
    td_lane_leave(&a, 1);
    join_waiters(w, 8);
    for (int i = 0; i < 8; i++) /* of the first four */
        early += i % 2 && atomic_load(&w[i].place) <= 4;
    assert_int_equal(early, 3);
    td_lane_leave(&b, 1);
}

/* What counts is what runs took, not what they were expected to take. */
static void test_shares_pay_what_they_took(void **state)
{
    td_share liar = { 0 }, honest = { 0 };
    waiter w[4] = { 0 };
    td_lane lane;

    (void)state;
    assert_ok(td_lane_enter(&liar, SHORT, &lane));
    td_lane_leave(&lane, 10 * (int64_t)LONG);
    td_lane a = enter(LONG), b = enter(LONG);
    for (int i = 0; i < 4; i++)
        w[i] = (waiter){ .share = i < 2 ? &liar : &honest, .expected_ns = LONG, .takes_ns = LONG };
    start_waiters(w, 4);
    td_lane_leave(&a, 1);
    join_waiters(w, 4);
    assert_int_equal(atomic_load(&w[2].place), 1);
    assert_int_equal(atomic_load(&w[3].place), 2);
    td_lane_leave(&b, 1);
}

/* Who did nothing for long has no claim to make up for it. */
static void test_idle_shares_save_nothing(void **state)
{
    td_share busy = { 0 }, idle = { 0 };
    waiter w[4] = { 0 };
    td_lane lane;

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_ok(td_lane_enter(&busy, LONG, &lane));
        td_lane_leave(&lane, LONG);
    }
    td_lane a = enter(LONG), b = enter(LONG);
    for (int i = 0; i < 4; i++)
        w[i] = (waiter){ .share = i < 2 ? &idle : &busy, .expected_ns = LONG, .takes_ns = LONG };
    start_waiters(w, 4);
    td_lane_leave(&a, 1);
    join_waiters(w, 4);
    assert_true(atomic_load(&w[2].place) < 4 || atomic_load(&w[3].place) < 4);
    td_lane_leave(&b, 1);
}

/* A short one that waits takes the place that a short one leaves, past long ones that came before. */
static void test_short_ones_wait_for_short_ones_only(void **state)
{
    waiter w[2] = { { .share = &anybody, .expected_ns = LONG, .takes_ns = 1 },
                    { .share = &anybody, .expected_ns = SHORT, .takes_ns = 1 } };

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG), c = enter(SHORT), d = enter(SHORT);
    start_waiters(w, 2);
    td_lane_leave(&c, 1);
    (void)pthread_join(w[1].thread, NULL);
    assert_int_equal(atomic_load(&w[1].place), 1);
    assert_int_equal(atomic_load(&w[0].place), 0);
    td_lane_leave(&a, 1);
    (void)pthread_join(w[0].thread, NULL);
    td_lane_leave(&b, 1);
    td_lane_leave(&d, 1);
}

/* ---------------------------------------------------------------- no use in waiting */

/* The deadline may have passed by the time that it is looked at. */
static bool is_turned_away(td_share *share, int64_t expected_ns, int64_t left_ns)
{
    td_stop stop = { .deadline_ns = td_now_ns() + left_ns };
    const td_code code = enter_as(share, expected_ns, &stop);

    assert_true(code == TD_RESOURCE_EXHAUSTED || code == TD_DEADLINE_EXCEEDED);
    return code == TD_RESOURCE_EXHAUSTED;
}

/* Two cores, and four runs of a minute that wait for them: 120 s of one share, 120 s of another. */
static void test_refuses_what_would_be_late(void **state)
{
    const int64_t minute = 60 * second;
    td_share other = { 0 }, third = { 0 }, heavy = { .weight = 9 };
    waiter w[4];
    td_stop past = { .deadline_ns = 1 }, soon = { .deadline_ns = td_now_ns() + minute };

    (void)state;
    td_lane a = enter(LONG), b = enter(LONG);
    assert_false(is_turned_away(&anybody, minute, second / 20)); /* nobody waits: it may go well */
    for (int i = 0; i < 4; i++)
        w[i] = (waiter){ .share = i < 2 ? &anybody : &other, .expected_ns = minute, .takes_ns = 1 };
    start_waiters(w, 4);
    assert_true(is_turned_away(&anybody, minute, 100 * second));
    assert_int_equal(retry_ns, 150 * second); /* 60 + 120 s for each half of two cores: all there is */
    assert_true(is_turned_away(&third, minute, 59 * second));      /* its own run, at the least */
    assert_true(is_turned_away(&third, second, second * 14 / 10)); /* a third of two cores */
    assert_int_equal(retry_ns, second * 3 / 2);
    assert_false(is_turned_away(&heavy, second / 20, second / 5));
    assert_int_equal(enter_as(&anybody, SHORT, &soon), TD_OK); /* goes past them */
    assert_int_equal(enter_with(&past), TD_DEADLINE_EXCEEDED);
    td_lane_leave(&a, 1);
    td_lane_leave(&b, 1);
    join_waiters(w, 4);
}

/* ---------------------------------------------------------------- a crowd */

static atomic_int inside, most_inside;

static bool sometimes(void *ctx)
{
    return atomic_fetch_add((atomic_int *)ctx, 1) % 3 == 2;
}

/* Runs of all lengths; some give up. None may hang, and never are there too many. */
static void *come_and_go(void *ctx)
{
    td_share *const share = ctx;
    atomic_int asked = 0;

    for (int i = 0; i < 300; i++) {
        td_stop stop = { .deadline_ns = i % 3 ? td_now_ns() + second / 1000 * (i % 7) : 0,
                         .cancelled = i % 5 ? NULL : sometimes,
                         .cancelled_ctx = &asked };
        td_lane lane;

        (void)td_stop_swap(&stop);
        const td_status s = td_lane_enter(share, i % 4 ? LONG : SHORT, &lane);
        (void)td_stop_swap(NULL);
        td_status_free(s);
        if (s) continue;
        const int now = atomic_fetch_add(&inside, 1) + 1;

        if (now > atomic_load(&most_inside)) atomic_store(&most_inside, now);
        td_sleep_ns(i % 4 ? 300000 : 50000);
        atomic_fetch_sub(&inside, 1);
        td_lane_leave(&lane, i % 4 ? 300000 : 50000);
    }
    return NULL;
}

static void test_crowd(void **state)
{
    td_share shares[3] = { 0 };
    pthread_t threads[12];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_ok(td_thread_start(&threads[i], "crowd", come_and_go, &shares[i % 3]));
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&inside), 0);
    assert_true(atomic_load(&most_inside) <= 2 * CORES);
    td_lane a = enter(LONG), b = enter(LONG); /* all cores came back */
    assert_false(may_enter(LONG));
    td_lane_leave(&a, 1);
    td_lane_leave(&b, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_team_is_one),
        cmocka_unit_test(test_others_take_cores_from_the_team),
        cmocka_unit_test(test_who_is_stopped_waits_no_more),
        cmocka_unit_test(test_try_never_waits),
        cmocka_unit_test(test_short_runs_pass_long_ones),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_shares_take_turns),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_shares_pay_what_they_took),
        cmocka_unit_test(test_idle_shares_save_nothing),
        cmocka_unit_test(test_short_ones_wait_for_short_ones_only),
        cmocka_unit_test(test_refuses_what_would_be_late),
        cmocka_unit_test(test_crowd),
    };

    td_lanes_configure(CORES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
