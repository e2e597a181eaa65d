/* SPDX-License-Identifier: Apache-2.0 */
/* test_stop.c -- who is asked to stop, why, and what a team leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/clock.h"
#include "device/stop.h"
#include "device/team.h"

static bool yes(void *ctx)
{
    (void)ctx;
    return true;
}

/* The code that thread's stop gives once it was asked. */
static td_code code_of(td_stop *s, bool *asked)
{
    assert_null(td_stop_swap(s));
    *asked = td_stop_asked();
    assert_ptr_equal(td_stop_swap(NULL), s);
    const td_status st = td_stop_status(s);
    const td_code code = td_status_code(st);

    td_status_free(st);
    return code;
}

static void test_reasons(void **state)
{
    td_stop never = { 0 }, later = { .deadline_ns = td_now_ns() + INT64_C(3600000000000) };
    td_stop late = { .deadline_ns = 1 }, gone = { .cancelled = yes }, both = { 1, yes, NULL, TD_OK };
    bool asked;

    (void)state;
    assert_false(td_stop_asked()); /* nothing stops this thread */
    assert_null(td_stop_status(NULL));
    assert_int_equal(code_of(&never, &asked), TD_OK);
    assert_false(asked);
    assert_int_equal(code_of(&later, &asked), TD_OK);
    assert_false(asked);
    assert_int_equal(code_of(&late, &asked), TD_DEADLINE_EXCEEDED);
    assert_true(asked);
    assert_int_equal(code_of(&gone, &asked), TD_CANCELLED);
    assert_true(asked);
    assert_int_equal(code_of(&both, &asked), TD_CANCELLED); /* nobody is there to hear of a deadline */
    gone.cancelled = NULL;
    assert_int_equal(code_of(&gone, &asked), TD_CANCELLED); /* the first reason stays */
    assert_true(asked);
}

typedef struct job {
    atomic_int done, foreign; /* shards; those whose thread had another stop */
    int enough;
    int64_t nap_ns; /* of a shard: long enough for workers to have a part */
    td_stop stop;
} job;

static bool has_enough(void *ctx)
{
    job *const j = ctx;

    return atomic_load(&j->done) >= j->enough;
}

static void count_shard(void *ctx, size_t shard, int thread)
{
    job *const j = ctx;

    (void)shard, (void)thread;
    atomic_fetch_add(&j->done, 1);
    if (j->nap_ns) td_sleep_ns(j->nap_ns);
    if (td_stop_here() != &j->stop) atomic_fetch_add(&j->foreign, 1);
}

/* Workers ask, too: at most one shard a thread comes after the answer was yes. */
static void test_team_leaves_out_the_rest(void **state)
{
    enum { SHARDS = 500, ENOUGH = 10 };

    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        td_team *const team = td_team_make(threads);

        for (int round = 0; round < 50; round++) {
            job j = { .enough = ENOUGH };

            j.stop = (td_stop){ .cancelled = has_enough, .cancelled_ctx = &j };
            (void)td_stop_swap(&j.stop);
            td_team_run(team, SHARDS, count_shard, &j);
            (void)td_stop_swap(NULL);
            assert_in_range(j.done, ENOUGH, ENOUGH + threads - 1);
            assert_int_equal(j.foreign, 0);
            assert_status_like(td_stop_status(&j.stop), TD_CANCELLED, "cancelled");

            j = (job){ .enough = SHARDS + 1, .nap_ns = round ? 0 : 200000 }; /* the next run is whole again */
            (void)td_stop_swap(&j.stop);
            td_team_run(team, SHARDS, count_shard, &j);
            (void)td_stop_swap(NULL);
            assert_int_equal(j.done, SHARDS);
            assert_null(td_stop_status(&j.stop));
        }
        td_team_free(team);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_reasons),
                                        cmocka_unit_test(test_team_leaves_out_the_rest) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
