/* SPDX-License-Identifier: Apache-2.0 */
/* test_rcu.c -- nobody ever sees freed memory, however fast the pointer is swapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/rcu.h"

enum { READERS = 6, WRITERS = 2, SWAPS = 1000 };

typedef struct box {
    int a, b; /* equal while it lives */
} box;

static td_rcu rcu;
static _Atomic(box *) shared;
static atomic_bool is_over;
static atomic_int torn;

static void *read_loop(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over)) {
        const td_rcu_ticket ticket = td_rcu_enter(&rcu);
        const box *const b = atomic_load_explicit(&shared, memory_order_seq_cst);

        if (b->a != b->b) atomic_fetch_add(&torn, 1);
        td_rcu_leave(ticket);
    }
    return NULL;
}

static void *write_loop(void *arg)
{
    (void)arg;
    for (int i = 0; i < SWAPS; i++) {
        box *const b = TD_NEW(box);

        b->a = b->b = i;
        box *const old = atomic_exchange_explicit(&shared, b, memory_order_seq_cst);

        td_rcu_synchronize(&rcu);
        old->a = -1; /* a reader that is still there gets caught */
        old->b = -2;
        td_free(old);
    }
    return NULL;
}

static void test_swaps(void **state)
{
    pthread_t readers[READERS], writers[WRITERS];

    (void)state;
    td_rcu_init(&rcu);
    atomic_init(&shared, TD_NEW(box));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_loop, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_loop, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&torn), 0);
    td_free(atomic_load(&shared));
    td_rcu_fini(&rcu);
}

static void *synchronize_once(void *arg)
{
    td_rcu_synchronize(&rcu);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

/* A reader that saw the phase, lost its core, and counts itself in the phase of before: what the scheme is for,
 * and what no schedule brings about at will. */
static void test_stragglers_are_awaited(void **state)
{
    (void)state;
    td_rcu_init(&rcu);
    for (unsigned round = 0; round < 8;
         round++) { /* each phase as the one of before, and as the one of now */
        const unsigned phase = (atomic_load(&rcu.phase) ^ round / 4) & 1;
        const td_rcu_ticket late = &rcu.stripes[3].inside[phase ^ 1];
        atomic_bool is_done = false;
        pthread_t writer;

        atomic_fetch_add(late, 1);
        assert_int_equal(pthread_create(&writer, NULL, synchronize_once, &is_done), 0);
        td_sleep_ns(20000000);
        assert_false(atomic_load(&is_done));
        td_rcu_leave(late);
        (void)pthread_join(writer, NULL);
        assert_true(atomic_load(&is_done));
    }
    td_rcu_fini(&rcu);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_swaps),
                                        cmocka_unit_test(test_stragglers_are_awaited) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
