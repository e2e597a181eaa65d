/* SPDX-License-Identifier: Apache-2.0 */
/* test_team.c -- every shard once, whatever the threads do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "device/team.h"

enum { MAX_SHARDS = 200 };

typedef struct job {
    int plain[MAX_SHARDS]; /* not atomic: the team itself must order the accesses */
    int threads;
    atomic_int bad_thread;
} job;

static void count_shard(void *ctx, size_t shard, int thread)
{
    job *const j = ctx;

    j->plain[shard]++;
    if (thread < 0 || thread >= j->threads) atomic_store(&j->bad_thread, 1);
}

static void run_and_check(td_team *t, size_t shards)
{
    job j = { .threads = td_team_threads(t) };

    td_team_run(t, shards, count_shard, &j);
    for (size_t i = 0; i < MAX_SHARDS; i++)
        assert_int_equal(j.plain[i], i < shards);
    assert_int_equal(j.bad_thread, 0);
}

static void test_every_shard_once(void **state)
{
    static const int sizes[] = { 1, 2, 3, 5 };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        td_team *const t = td_team_make(sizes[i]);

        assert_int_equal(td_team_threads(t), sizes[i]);
        for (int round = 0; round < 300; round++)
            run_and_check(t, (size_t)(round * 7 % (MAX_SHARDS + 1)));
        td_team_free(t);
    }
}

static void test_no_team(void **state)
{
    (void)state;
    assert_int_equal(td_team_threads(NULL), 1);
    run_and_check(NULL, 0);
    run_and_check(NULL, 5);
    td_team_free(NULL);
}

static void sleep_in_shard(void *ctx, size_t shard, int thread)
{
    (void)thread;
    if (shard == 1) td_sleep_ns(1000000); /* longer than anybody spins */
    ((int *)ctx)[shard]++;
}

/* Workers and caller fall asleep, and wake up again. */
static void test_after_sleep(void **state)
{
    td_team *const t = td_team_make(3);
    int done[4] = { 0 };

    (void)state;
    for (int round = 1; round <= 20; round++) {
        td_sleep_ns(300000);
        td_team_run(t, 4, sleep_in_shard, done);
        for (int i = 0; i < 4; i++)
            assert_int_equal(done[i], round);
    }
    td_team_free(t);
}

static void test_make_and_free_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        td_team_free(td_team_make(3));
}

/* Shards that sleep: whoever may work gets some. */
static void note_thread(void *ctx, size_t shard, int thread)
{
    (void)shard;
    atomic_fetch_or((atomic_int *)ctx, 1 << thread);
    td_sleep_ns(500000);
}

static void test_limit(void **state)
{
    static const int limits[] = { 3, 2, 1, 0, 2, 3 };
    td_team *const t = td_team_make(3);

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        atomic_int seen = 0;

        td_team_set_limit(t, limits[i]);
        const int all = limits[i] > 0 ? (1 << limits[i]) - 1 : 1; /* never without the caller */
        for (int k = 0; k < 1000 && seen != all; k++) {           /* a busy machine wakes threads late */
            td_team_run(t, 60, note_thread, &seen);
            assert_int_equal(seen & ~all, 0);
        }
        assert_int_equal(seen, all);
    }
    td_team_free(t);
}

/* Who did which shard; slow enough that nobody needs to help. */
static void note_shard(void *ctx, size_t shard, int thread)
{
    ((int *)ctx)[shard] = thread;
    td_sleep_ns(200000);
}

/* What a thread wrote in one run it finds in its own cache in the next. */
static void test_own_part_first(void **state)
{
    td_team *const t = td_team_make(2);
    int apart = 0;

    (void)state;
    for (int round = 0; round < 1000 && apart < 3; round++) { /* a busy machine starts threads late */
        int by[8];
        bool is_apart = true;

        td_team_run(t, 8, note_shard, by);
        for (int i = 0; i < 8; i++)
            if (by[i] != (i >= 4)) is_apart = false;
        apart += is_apart;
    }
    assert_int_equal(apart, 3);
    td_team_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shard_once),
        cmocka_unit_test(test_no_team),
        cmocka_unit_test(test_after_sleep),
        cmocka_unit_test(test_make_and_free_at_once),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_own_part_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
