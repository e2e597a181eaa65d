/* SPDX-License-Identifier: Apache-2.0 */
/* test_batcher.c -- who shares a run with whom, over a session that doubles x and counts its runs. Calls come from
 * threads of their own; the batcher is held until all of them wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "batch/batcher.h"
#include "exec/lane.h"
#include "fake_session.h"

/* A batcher that waits for n calls, and knows by experience that rows together are cheap. */
static td_batcher *held(size_t n)
{
    atomic_store(&runs, 0);
    atomic_store(&largest, 0);
    return td_batcher_make(NULL, &(td_batch_options){ .hold = n });
}

static void await_runs(int n)
{
    while (atomic_load(&runs) < n)
        td_sleep_ns(100000);
}

/* ---------------------------------------------------------------- tests */

enum { N = 12 };

static void test_share_runs(void **state)
{
    td_batcher *const b = held(N);
    call c[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        fill(&c[i], 1 + i % 3, 2, (float)i);
        submit(&c[i], b);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_true(atomic_load(&runs) < N);
    assert_true(atomic_load(&largest) > 1);
    assert_int_equal(atomic_load(&results), 0);
    td_batcher_free(b);
}

/* Outputs are those that each asked for. */
static void test_own_outputs(void **state)
{
    td_batcher *const b = held(3);
    call c[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fill(&c[i], 1, 2, 1.0f + (float)i);
        c[i].want[0] = i == 1;
        c[i].c.n_want = 1 + i / 2;
        submit(&c[i], b);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    td_batcher_free(b);
}

/* All that share a run have its trace when one asks, and none when nobody does. The fake's segment has as many ops as the
 * run has rows. */
static void test_traces(void **state)
{
    td_batcher *const b = held(3);
    call c[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fill(&c[i], 1, 2, i == 1 ? (float)BAD : 1.0f);
        c[i].c.is_traced = i == 0;
        if (i == 3) await_in(c, 1); /* by itself */
        submit(&c[i], b);
        for (size_t k = 0; i == 2 && k < 3; k++)
            td_status_free(await_end(&c[k]));
    }
    assert_ok(await_end(&c[3]));
    assert_null(td_batch_call_trace(&c[3].c));
    assert_null(td_batch_call_trace(&c[1].c)); /* it failed, and the others ran again, alone */
    assert_null(td_batch_call_trace(&c[2].c));
    assert_int_equal(TD_VEC_AT(&td_batch_call_trace(&c[0].c)->segments, td_trace_segment, 0)->n, 1);
    for (size_t i = 0; i < 4; i++)
        close_call(&c[i]);
    td_batcher_free(b);
}

static void test_traces_of_a_shared_run(void **state)
{
    td_batcher *const b = held(3);
    call c[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fill(&c[i], 1, 2, 1.0f);
        c[i].c.is_traced = i < 2;
        submit(&c[i], b);
    }
    for (size_t i = 0; i < 3; i++)
        assert_ok(await_end(&c[i]));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(TD_VEC_AT(&td_batch_call_trace(&c[i].c)->segments, td_trace_segment, 0)->n,
                         c[i].c.joined_rows);
    for (size_t i = 0; i < 3; i++)
        close_call(&c[i]);
    td_batcher_free(b);
}

static void test_odd_shapes_go_apart(void **state)
{
    td_batcher *const b = held(N);
    call c[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        fill(&c[i], 1, i % 3, (float)i);
        submit(&c[i], b);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_true(atomic_load(&runs) >= 3 && atomic_load(&runs) < N);
    td_batcher_free(b);
}

static void test_a_bad_one_fails_alone(void **state)
{
    td_batcher *const b = held(N);
    call c[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        fill(&c[i], 1, 2, i == 5 ? (float)BAD : 1.0f);
        submit(&c[i], b);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(finish(&c[i]), i == 5 ? TD_OUT_OF_RANGE : TD_OK);
    td_batcher_free(b);
}

static void test_late_and_unwanted_do_not_start(void **state)
{
    td_batcher *const b = held(4);
    call c[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        fill(&c[i], 1, 2, (float)SLOW);
    c[0].c.options.deadline_ns = td_now_ns() + 100000000; /* its thread has to start */
    for (size_t i = 0; i < 3; i++)
        submit(&c[i], b);
    await_in(c, 3);
    atomic_store(&c[1].is_unwanted, true);
    while (td_now_ns() <= c[0].c.options.deadline_ns)
        td_sleep_ns(5000000);
    submit(&c[3], b);
    assert_int_equal(finish(&c[0]), TD_DEADLINE_EXCEEDED);
    assert_int_equal(finish(&c[1]), TD_CANCELLED);
    assert_int_equal(finish(&c[2]), TD_OK);
    assert_int_equal(finish(&c[3]), TD_OK);
    assert_int_equal(c[0].c.began_ns, 0);
    assert_int_equal(c[1].c.began_ns, 0);
    td_batcher_free(b);
}

/* Of a shape that the signature has not, nothing is known. */
static void test_other_shapes_go_alone(void **state)
{
    td_batcher *const b = held(8);
    call c[8];

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        fill(&c[i], 1, i < 4 ? 2 : 3, 1.0f);
        c[i].c.sig = &signatures[2];
        submit(&c[i], b);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(finish(&c[i]), TD_OK);
        if (i >= 4) assert_int_equal(c[i].c.joined_rows, 0);
    }
    assert_true(atomic_load(&runs) >= 5 && atomic_load(&runs) < 8);
    td_batcher_free(b);
}

/* Rows that know of each other, calls without rows, and batching that is off. */
static void test_alone(void **state)
{
    td_batcher *const b = held(4), *off;
    call c[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fill(&c[i], 1, 2, 1.0f);
        if (i < 2) c[i].c.sig = &signatures[1];
        if (i == 2) c[i].in.shape.rank = 0;
    }
    td_batcher_free(b);
    off = td_batcher_make(NULL, &(td_batch_options){ .is_off = true });
    atomic_store(&runs, 0);
    for (size_t i = 0; i < 4; i++)
        submit(&c[i], off);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), 4);
    td_batcher_free(off);
}

/* Both cores busy, two wait: there is no room for more. */
static void test_bounds(void **state)
{
    td_batcher *const b = td_batcher_make(NULL, &(td_batch_options){ .max_waiting = 2 });
    call busy[2], c[3];

    (void)state;
    atomic_store(&runs, 0);
    for (size_t i = 0; i < 2; i++) {
        fill(&busy[i], 30, 2, (float)SLOW); /* more than a second */
        submit(&busy[i], b);
    }
    await_runs(2);
    for (size_t i = 0; i < 3; i++) {
        fill(&c[i], 1, 2, 1.0f);
        submit(&c[i], b);
        await_in(&c[i], 1);
    }
    assert_int_equal(finish(&c[2]), TD_RESOURCE_EXHAUSTED);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(finish(&c[i]), TD_OK);
        assert_int_equal(finish(&busy[i]), TD_OK);
    }
    td_batcher_free(b);
}

/* Once it is known what a row takes, who cannot make it is told at once. */
static void test_refuses_what_comes_too_late(void **state)
{
    enum { MANY = 16 };
    td_batcher *const b = held(0);
    call c[MANY], hopeless;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        fill(&c[i], 1, 1, (float)SLOW);
        submit(&c[i], b);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    const int before = atomic_load(&runs);
    /* 20 ms a row, it knows by now: those that wait take longer than the 5 ms that the last one has. */
    for (size_t i = 0; i < MANY; i++) {
        fill(&c[i], 1, 1, (float)SLOW);
        submit(&c[i], b);
    }
    await_runs(before + 2);
    fill(&hopeless, 1, 1, 1.0f);
    hopeless.c.options.deadline_ns = td_now_ns() + 5000000;
    submit(&hopeless, b);
    const td_code code = finish(&hopeless);
    assert_true(code == TD_RESOURCE_EXHAUSTED || code == TD_DEADLINE_EXCEEDED);
    assert_int_equal(hopeless.c.began_ns, 0);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    td_batcher_free(b);
}

/* Those that share no run are known by what their plan takes: half a minute, here. */
static void test_refuses_what_runs_alone(void **state)
{
    enum { MANY = 6 };
    td_batcher *const b = held(MANY);
    const int64_t second = 1000000000, before = row_ns;
    call c[MANY], late;
    int64_t retry_ns = 0;

    (void)state;
    row_ns = 30 * second;
    for (size_t i = 0; i < MANY - 1; i++) {
        fill(&c[i], 1, 1, 1.0f);
        c[i].c.sig = &signatures[SINGLE];
        submit(&c[i], b);
    }
    await_in(c, MANY - 1);
    fill(&late, 1, 1, 1.0f);
    late.c.sig = &signatures[SINGLE];
    late.c.options.deadline_ns = td_now_ns() + 80 * second;
    submit(&late, b);
    assert_int_equal(td_status_code(await_end(&late)), TD_RESOURCE_EXHAUSTED);
    assert_true(td_status_is_overload(late.error, &retry_ns));
    assert_int_equal(retry_ns, (MANY - 1) * 30 * second / 2); /* on two cores */
    td_status_free(late.error);
    close_call(&late);
    fill(&c[MANY - 1], 1, 1, 1.0f);
    c[MANY - 1].c.sig = &signatures[SINGLE];
    c[MANY - 1].c.options.deadline_ns = td_now_ns() + 200 * second;
    submit(&c[MANY - 1], b);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    row_ns = before;
    td_batcher_free(b);
}

/* Many threads, shapes, bad ones and cancelled ones: each gets its own. */
static void *storm(void *arg)
{
    td_batcher *const b = arg;
    unsigned seed = (unsigned)(uintptr_t)&b;

    for (int i = 0; i < 200; i++) {
        call c;
        const unsigned dice = (unsigned)rand_r(&seed);
        const bool is_bad = dice % 17 == 0;
        fill(&c, 1 + dice % 5, 1 + dice / 7 % 3, is_bad ? (float)BAD : (float)(dice % 11));
        if (dice % 13 == 0) atomic_store(&c.is_unwanted, true);
        c.batcher = b;
        assert_int_equal(pthread_create(&c.thread, NULL, submit_it, &c), 0);
        const td_code code = finish(&c);
        if (code != TD_CANCELLED) assert_int_equal(code, is_bad ? TD_OUT_OF_RANGE : TD_OK);
    }
    return NULL;
}

static void test_storm(void **state)
{
    td_batcher *const b = held(0);
    pthread_t threads[8];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm, b), 0);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&results), 0);
    td_batcher_free(b);
}

static void test_ends_with_its_last_call(void **state)
{
    td_batcher *const b = held(0);
    call c;

    (void)state;
    fill(&c, 1, 2, 1.0f);
    c.c.done = end_and_free;
    submit(&c, b);
    assert_int_equal(finish(&c), TD_OK);
}

static int configure(void **state)
{
    (void)state;
    td_lanes_configure(2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share_runs),
        cmocka_unit_test(test_own_outputs),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_traces_of_a_shared_run),
        cmocka_unit_test(test_odd_shapes_go_apart),
        cmocka_unit_test(test_a_bad_one_fails_alone),
        cmocka_unit_test(test_late_and_unwanted_do_not_start),
        cmocka_unit_test(test_other_shapes_go_alone),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_refuses_what_comes_too_late),
        cmocka_unit_test(test_refuses_what_runs_alone),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_ends_with_its_last_call),
    };

    return cmocka_run_group_tests(tests, configure, NULL);
}
