/* SPDX-License-Identifier: Apache-2.0 */
/* test_gate.c -- who is in, who waits, and in which order they come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/gate.h"
#include "base/macros.h"

typedef struct visitor {
    td_gate_pass pass;
    char name;
} visitor;

static td_gate gate;
static char came[16]; /* names, as they were told to go */

static void go(void *ctx)
{
    const visitor *const v = ctx;

    came[strlen(came)] = v->name;
}

static bool enter(visitor *v, char name, size_t bytes)
{
    *v = (visitor){ .name = name };
    return td_gate_enter(&gate, &v->pass, bytes, go, v);
}

static void leave(visitor *v)
{
    td_gate_leave(&gate, &v->pass);
}

static int setup(void **state)
{
    (void)state;
    td_gate_init(&gate, 100);
    memset(came, 0, sizeof came);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(gate.inside, 0);
    td_gate_fini(&gate);
    return 0;
}

static void test_room(void **state)
{
    visitor a, b, c;

    (void)state;
    assert_true(enter(&a, 'a', 60));
    assert_true(enter(&b, 'b', 40));
    assert_false(enter(&c, 'c', 1));
    assert_string_equal(came, "");
    leave(&b);
    assert_string_equal(came, "c");
    leave(&b); /* once more */
    leave(&a);
    leave(&c);
    assert_string_equal(came, "c");
}

/* A small one does not pass a large one, which would never come in otherwise. */
static void test_order(void **state)
{
    visitor a, b, c, d, e;

    (void)state;
    assert_true(enter(&a, 'a', 30));
    assert_false(enter(&b, 'b', 90));
    assert_false(enter(&c, 'c', 5));
    assert_false(enter(&d, 'd', 5));
    assert_false(enter(&e, 'e', 100));
    leave(&a);
    assert_string_equal(came, "bcd");
    leave(&b);
    leave(&c);
    assert_string_equal(came, "bcd");
    leave(&d);
    assert_string_equal(came, "bcde");
    leave(&e);
}

static void test_larger_than_the_gate(void **state)
{
    visitor a, b, c;

    (void)state;
    assert_true(enter(&a, 'a', 1000));
    assert_false(enter(&b, 'b', SIZE_MAX));
    assert_false(enter(&c, 'c', 0)); /* counts, too */
    leave(&a);
    assert_string_equal(came, "b");
    leave(&b);
    assert_string_equal(came, "bc");
    leave(&c);
}

static void test_hurry(void **state)
{
    visitor a, b, c, d;

    (void)state;
    assert_true(enter(&a, 'a', 100));
    assert_false(td_gate_hurry(&gate, &a.pass)); /* inside */
    assert_false(enter(&b, 'b', 60));
    assert_false(enter(&c, 'c', 60));
    assert_false(enter(&d, 'd', 60));
    assert_true(td_gate_hurry(&gate, &d.pass)); /* the last */
    assert_true(td_gate_hurry(&gate, &b.pass)); /* the first */
    assert_false(td_gate_hurry(&gate, &b.pass));
    leave(&a);
    assert_string_equal(came, ""); /* 120 bytes are inside */
    leave(&d);
    assert_string_equal(came, "");
    leave(&b);
    assert_string_equal(came, "c");
    assert_false(td_gate_hurry(&gate, &b.pass)); /* outside */
    assert_false(enter(&b, 'b', 60));            /* the line is whole */
    leave(&c);
    assert_string_equal(came, "cb");
    leave(&b);
}

static void test_limit_changes(void **state)
{
    visitor a, b;

    (void)state;
    assert_true(enter(&a, 'a', 80));
    td_gate_limit(&gate, 50);
    assert_false(enter(&b, 'b', 1));
    leave(&a);
    assert_string_equal(came, "b");
    leave(&b);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000 };

typedef struct worker {
    td_gate_pass pass;
    td_mutex mu;
    td_cond in;
    bool is_in;
} worker;

static atomic_int inside, most_inside;

static void tell(void *ctx)
{
    worker *const w = ctx;

    td_mutex_lock(&w->mu);
    w->is_in = true;
    td_cond_signal(&w->in);
    td_mutex_unlock(&w->mu);
}

static void pass_once(worker *w, bool hurries)
{
    w->is_in = false;
    if (td_gate_enter(&gate, &w->pass, 50, tell, w)) {
        tell(w);
    } else if (hurries && td_gate_hurry(&gate, &w->pass)) {
        td_gate_leave(&gate, &w->pass);
        return;
    }
    td_mutex_lock(&w->mu);
    while (!w->is_in)
        td_cond_wait(&w->in, &w->mu);
    td_mutex_unlock(&w->mu);

    const int now = atomic_fetch_add(&inside, 1) + 1;
    int most = atomic_load(&most_inside);
    while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
        continue;
    atomic_fetch_sub(&inside, 1);
    td_gate_leave(&gate, &w->pass);
}

static void *work(void *arg)
{
    worker *const w = arg;

    for (int i = 0; i < ROUNDS; i++)
        pass_once(w, i % 7 == 0);
    return NULL;
}

static void test_threads(void **state)
{
    static worker all[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        td_mutex_init(&all[i].mu, TD_LOCK_leaf);
        td_cond_init(&all[i].in);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &all[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        td_cond_fini(&all[i].in);
        td_mutex_fini(&all[i].mu);
    }
    assert_in_range(atomic_load(&most_inside), 1, 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_room),  CASE(test_order),         CASE(test_larger_than_the_gate),
        CASE(test_hurry), CASE(test_limit_changes), CASE(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
