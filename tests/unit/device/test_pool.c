/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c -- tasks run, in parallel, within the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "device/pool.h"

static atomic_int done;

static void count_one(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&done, 1);
}

static void test_everything_runs(void **state)
{
    td_pool *const p = td_pool_make("test", 3, 1000);

    (void)state;
    atomic_store(&done, 0);
    for (int i = 0; i < 1000; i++)
        while (!td_pool_submit(p, count_one, NULL))
            td_sleep_ns(1000);
    td_pool_free(p);
    assert_int_equal(atomic_load(&done), 1000);
    td_pool_free(NULL);
}

typedef struct gate {
    td_mutex mu;
    td_cond cond;
    int inside;
    bool is_open;
} gate;

static void pass_gate(void *ctx)
{
    gate *const g = ctx;

    td_mutex_lock(&g->mu);
    g->inside++;
    td_cond_broadcast(&g->cond);
    while (!g->is_open)
        td_cond_wait(&g->cond, &g->mu);
    td_mutex_unlock(&g->mu);
}

/* Two threads are busy, two tasks wait, a fifth is refused. */
static void test_limits(void **state)
{
    td_pool *const p = td_pool_make("test", 2, 2);
    gate g = { .inside = 0 };

    (void)state;
    td_mutex_init(&g.mu, TD_LOCK_serve_table);
    td_cond_init(&g.cond);
    assert_true(td_pool_submit(p, pass_gate, &g));
    assert_true(td_pool_submit(p, pass_gate, &g));
    td_mutex_lock(&g.mu);
    while (g.inside < 2)
        td_cond_wait(&g.cond, &g.mu);
    td_mutex_unlock(&g.mu);
    assert_true(td_pool_submit(p, pass_gate, &g));
    assert_true(td_pool_submit(p, pass_gate, &g));
    assert_false(td_pool_submit(p, pass_gate, &g));
    td_mutex_lock(&g.mu);
    g.is_open = true;
    td_cond_broadcast(&g.cond);
    td_mutex_unlock(&g.mu);
    td_pool_free(p);
    assert_int_equal(g.inside, 4);
    td_cond_fini(&g.cond);
    td_mutex_fini(&g.mu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_runs),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
