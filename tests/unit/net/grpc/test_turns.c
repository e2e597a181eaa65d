/* SPDX-License-Identifier: Apache-2.0 */
/* test_turns.c -- threads that take turns at waiting, rest, and are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "net/grpc/turns.h"

enum { THREADS = 4, ROUNDS = 2000, LOOK_NS = 200000, PATIENCE_NS = 2000000000 };

typedef struct world {
    td_turns turns;
    atomic_int waiting, most_waiting; /* threads that have the turn */
    atomic_int woken;
    atomic_bool is_over;
    int left; /* guarded by the turn */
} world;

static bool becomes(atomic_int *what, int wanted)
{
    const int64_t until = td_now_ns() + PATIENCE_NS;

    while (atomic_load(what) != wanted && td_now_ns() < until)
        td_sleep_ns(LOOK_NS);
    return atomic_load(what) == wanted;
}

static void *rest_main(void *arg)
{
    world *const w = arg;

    for (;;) {
        td_turns_rest(&w->turns);
        if (atomic_load(&w->is_over)) return NULL;
        atomic_fetch_add(&w->woken, 1);
    }
}

static void *rest_once_main(void *arg)
{
    world *const w = arg;

    td_turns_rest(&w->turns);
    atomic_fetch_add(&w->woken, 1);
    return NULL;
}

static void *take_main(void *arg)
{
    world *const w = arg;
    bool is_over = false;

    while (!is_over) {
        if (!td_turns_take(&w->turns)) {
            td_turns_rest(&w->turns);
            continue;
        }
        if (atomic_fetch_add(&w->waiting, 1) > 0) atomic_store(&w->most_waiting, 2);
        is_over = !w->left || !--w->left;
        atomic_fetch_sub(&w->waiting, 1);
        td_turns_leave(&w->turns);
        td_turns_call(&w->turns);
    }
    td_turns_end(&w->turns);
    return NULL;
}

/* is_awaited: some other thread waits for events all the time. */
static void start(world *w, pthread_t *threads, void *(*main)(void *), bool is_awaited)
{
    td_turns_init(&w->turns);
    if (is_awaited) assert_true(td_turns_take(&w->turns));
    for (int i = 0; i < THREADS; i++)
        assert_null(td_thread_start(&threads[i], "turns", main, w));
}

static void end(world *w, pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    td_turns_fini(&w->turns);
}

static void one_has_the_turn(void **state)
{
    td_turns t;

    (void)state;
    td_turns_init(&t);
    assert_true(td_turns_take(&t));
    assert_false(td_turns_take(&t));
    td_turns_leave(&t);
    assert_true(td_turns_take(&t));
    td_turns_fini(&t);
}

static void a_call_wakes_one_that_rests(void **state)
{
    world w = { 0 };
    pthread_t threads[THREADS];

    (void)state;
    start(&w, threads, rest_main, true);
    assert_true(becomes(&w.turns.resting, THREADS));
    td_turns_call(&w.turns);
    assert_true(becomes(&w.woken, 1));
    assert_true(becomes(&w.turns.resting, THREADS)); /* it rests again, and the call is used up */
    for (int i = 0; i < 2; i++)
        td_turns_call(&w.turns);
    assert_true(becomes(&w.woken, 3));
    td_sleep_ns(5 * LOOK_NS);
    assert_int_equal(atomic_load(&w.woken), 3);
    atomic_store(&w.is_over, true);
    td_turns_end(&w.turns);
    end(&w, threads);
}

static void a_call_that_finds_nobody_is_not_kept(void **state)
{
    world w = { 0 };
    pthread_t threads[THREADS];

    (void)state;
    td_turns_init(&w.turns);
    td_turns_call(&w.turns);
    assert_int_equal(w.turns.calls, 0);
    td_turns_fini(&w.turns);
    start(&w, threads, rest_main, true);
    assert_true(becomes(&w.turns.resting, THREADS));
    assert_int_equal(atomic_load(&w.woken), 0);
    atomic_store(&w.is_over, true);
    td_turns_end(&w.turns);
    end(&w, threads);
}

/* Whoever left the turn does not come back to it: one comes without a call; when it stays away, too, the next one. */
static void one_comes_when_nobody_waits(void **state)
{
    world w = { 0 };
    pthread_t threads[THREADS];

    (void)state;
    start(&w, threads, rest_once_main, true);
    assert_true(becomes(&w.turns.resting, THREADS));
    td_sleep_ns(5 * LOOK_NS);
    assert_int_equal(atomic_load(&w.woken), 0); /* somebody waits */
    td_turns_leave(&w.turns);
    const bool all_came = becomes(&w.woken, THREADS);
    td_turns_end(&w.turns);
    end(&w, threads);
    assert_true(all_came);
}

static void after_the_end_nobody_rests(void **state)
{
    td_turns t;

    (void)state;
    td_turns_init(&t);
    td_turns_end(&t);
    td_turns_rest(&t); /* returns */
    td_turns_fini(&t);
}

static void threads_share_what_there_is_to_do(void **state)
{
    world w = { .left = ROUNDS };
    pthread_t threads[THREADS];

    (void)state;
    start(&w, threads, take_main, false);
    end(&w, threads);
    assert_int_equal(w.left, 0);
    assert_int_equal(atomic_load(&w.most_waiting), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_the_turn),
        cmocka_unit_test(a_call_wakes_one_that_rests),
        cmocka_unit_test(a_call_that_finds_nobody_is_not_kept),
        cmocka_unit_test(one_comes_when_nobody_waits),
        cmocka_unit_test(after_the_end_nobody_rests),
        cmocka_unit_test(threads_share_what_there_is_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
