/* SPDX-License-Identifier: Apache-2.0 */
/* test_stripe.c -- no count is lost, however many threads there are and however they come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/stripe.h"

enum { COUNTERS = 20, ADDS = 1000, THREADS = TD_STRIPES_OWNED + 40, ROUNDS = 3 };

static td_counts counts;
static pthread_barrier_t all_here, all_done;
static td_stripe stripes[THREADS];

static void *add(void *arg)
{
    td_stripe *const mine = arg;

    *mine = td_stripe_mine();
    pthread_barrier_wait(&all_here); /* all alive at the same time */
    for (int i = 0; i < ADDS; i++) {
        const td_stripe now = td_stripe_mine();

        assert_true(now.index == mine->index && now.is_own == mine->is_own);
        td_count_add(&td_counts_mine(&counts, now)[i % COUNTERS], (uint64_t)i, now.is_own);
    }
    pthread_barrier_wait(&all_done);
    return NULL;
}

static void check_stripes(void)
{
    unsigned users[TD_STRIPES] = { 0 }, n_own = 0;

    for (size_t i = 0; i < THREADS; i++) {
        assert_true(stripes[i].index < TD_STRIPES);
        assert_true(stripes[i].is_own == (stripes[i].index < TD_STRIPES_OWNED));
        users[stripes[i].index]++;
        n_own += stripes[i].is_own;
    }
    for (size_t i = 0; i < TD_STRIPES_OWNED; i++)
        assert_true(users[i] <= 1);
    assert_true(n_own >= TD_STRIPES_OWNED - 1); /* the test's own thread may have one */
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    td_counts_init(&counts, COUNTERS);
    pthread_barrier_init(&all_here, NULL, THREADS);
    pthread_barrier_init(&all_done, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) { /* stripes of those before are taken again */
        pthread_t threads[THREADS];

        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, add, &stripes[i]), 0);
        for (size_t i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        check_stripes();
    }
    for (size_t i = 0; i < COUNTERS; i++) {
        uint64_t want = 0;

        for (size_t k = i; k < ADDS; k += COUNTERS)
            want += k;
        assert_true(td_counts_sum(&counts, i) == want * THREADS * ROUNDS);
    }
    pthread_barrier_destroy(&all_here);
    pthread_barrier_destroy(&all_done);
    td_counts_fini(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_lost) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
