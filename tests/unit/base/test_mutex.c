/* SPDX-License-Identifier: Apache-2.0 */
/* test_mutex.c -- locks, conditions, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

typedef struct shared {
    td_mutex mu;
    td_cond changed;
    int count;
} shared;

static void *add_thousand(void *arg)
{
    shared *const s = arg;

    for (int i = 0; i < 1000; i++) {
        td_mutex_lock(&s->mu);
        td_mutex_assert_held(&s->mu);
        s->count++;
        td_cond_signal(&s->changed);
        td_mutex_unlock(&s->mu);
    }
    return NULL;
}

static void test_count_together(void **state)
{
    shared s = { .count = 0 };
    pthread_t threads[3];

    (void)state;
    td_mutex_init(&s.mu, TD_LOCK_leaf);
    td_cond_init(&s.changed);
    for (int i = 0; i < 3; i++)
        assert_null(td_thread_start(&threads[i], "a name that is too long", add_thousand, &s));
    td_mutex_lock(&s.mu);
    while (s.count < 3000)
        td_cond_wait(&s.changed, &s.mu);
    td_mutex_unlock(&s.mu);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(s.count, 3000);
    td_cond_fini(&s.changed);
    td_mutex_fini(&s.mu);
}

static void test_deadline(void **state)
{
    td_mutex outer, inner;
    td_cond never;

    (void)state;
    td_mutex_init(&outer, TD_LOCK_serve_table);
    td_mutex_init(&inner, TD_LOCK_leaf);
    td_cond_init(&never);
    td_mutex_lock(&outer);
    td_mutex_lock(&inner);
    const int64_t deadline = td_now_ns() + 3000000;
    while (td_cond_wait_until(&never, &inner, deadline))
        ;
    assert_true(td_now_ns() >= deadline);
    assert_false(td_cond_wait_until(&never, &inner, -1));
    td_mutex_unlock(&outer); /* in any order */
    td_mutex_unlock(&inner);
    td_cond_broadcast(&never);
    td_cond_fini(&never);
    td_mutex_fini(&inner);
    td_mutex_fini(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_together),
        cmocka_unit_test(test_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
