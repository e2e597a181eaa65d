/* SPDX-License-Identifier: Apache-2.0 */
/* test_queue.c -- who is let in, and who is run next, by what runs take; the time is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "assert_status.h"
#include "batch/queue.h"

enum { MS = 1000000, N = 64 };

static const td_tensor_info x_info = { .alias = "x", .dtype = TD_F32, .shape.rank = -1 };
static const td_signature sig = { "s", "", &x_info, NULL, 1, 0 };

typedef struct call {
    td_batch_call c;
    td_tensor in;
} call;

static call calls[N];

/* i-th call: so many rows (0: it runs alone and takes alone_ns), and a deadline. */
static td_batch_call *make(size_t i, size_t rows, double alone_ns, int64_t deadline_ns)
{
    calls[i] = (call){ .in = { .dtype = TD_F32, .shape = { 1, { (int64_t)rows } } } };
    calls[i].c = (td_batch_call){ .sig = &sig,
                                  .in = &calls[i].in,
                                  .rows = rows,
                                  .expected_ns = alone_ns,
                                  .options.deadline_ns = deadline_ns };
    return &calls[i].c;
}

/* One that knows: runs take `each` and `row` for every row, whatever their size. */
static void knowing(td_batch_queue *q, int64_t each, int64_t row)
{
    td_queue_init(q);
    q->max_rows = 64;
    for (size_t rows = 1; rows <= 64; rows *= 2)
        for (int i = 0; i < 3; i++)
            td_batch_sizes_learn(&q->sizes, rows, each + row * (int64_t)rows);
}

static void assert_code(td_status s, td_code code)
{
    assert_int_equal(td_status_code(s), code);
    td_status_free(s);
}

static size_t take(td_batch_queue *q, int64_t now_ns, size_t *n_over)
{
    td_batch_list run, over;

    td_queue_ran(q, td_queue_take(q, now_ns, &run, &over));
    *n_over = over.n;
    return run.n;
}

static void push(td_batch_queue *q, td_batch_call *c)
{
    assert_ok(td_queue_refuse(q, c, 0));
    td_queue_push(q, c);
}

static void test_knows_nothing(void **state)
{
    td_batch_queue q;
    size_t over;

    (void)state;
    td_queue_init(&q);
    for (size_t i = 0; i < 4; i++)
        push(&q, make(i, 1, 0.0, 1)); /* a nanosecond is left */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(take(&q, 0, &over), 1);
    assert_int_equal(take(&q, 0, &over) + over, 0);
}

/* A run is 10 ms, and a quarter more is to be left: the third has to wait for two others, or has its own run and no time for more. */
static void test_refuses_who_would_be_late(void **state)
{
    td_batch_queue q;

    (void)state;
    knowing(&q, 0, 10 * MS);
    push(&q, make(0, 1, 0.0, 15 * MS));
    push(&q, make(1, 1, 0.0, 26 * MS));
    assert_code(td_queue_refuse(&q, make(2, 1, 0.0, 37 * MS), 0), TD_RESOURCE_EXHAUSTED);
    assert_code(td_queue_refuse(&q, make(2, 4, 0.0, 74 * MS), 0), TD_RESOURCE_EXHAUSTED);
    push(&q, make(2, 1, 0.0, 38 * MS));
    push(&q, make(3, 1, 0.0, 0));
    q.most_running = 2; /* two at a time: 4 wait, 20 ms, and 10 of its own */
    assert_code(td_queue_refuse(&q, make(4, 1, 0.0, 37 * MS), 0), TD_RESOURCE_EXHAUSTED);
    push(&q, make(4, 1, 0.0, 38 * MS));
}

/* What runs is half done. */
static void test_counts_what_runs(void **state)
{
    td_batch_queue q;
    td_batch_list run, over;

    (void)state;
    knowing(&q, 0, 10 * MS);
    push(&q, make(0, 1, 0.0, 0));
    const double expected = td_queue_take(&q, 0, &run, &over);
    assert_true(expected > 9.0 * MS && expected < 11.0 * MS);
    assert_code(td_queue_refuse(&q, make(1, 1, 0.0, 18 * MS), 0), TD_RESOURCE_EXHAUSTED);
    assert_ok(td_queue_refuse(&q, make(1, 1, 0.0, 19 * MS), 0));
    td_queue_ran(&q, expected);
    assert_ok(td_queue_refuse(&q, make(1, 1, 0.0, 13 * MS), 0));
}

/* Calls that are not joined: by what each of them takes. */
static void test_calls_that_run_alone(void **state)
{
    td_batch_queue q;
    size_t over;

    (void)state;
    td_queue_init(&q);
    push(&q, make(0, 0, 20.0 * MS, 0));
    push(&q, make(1, 0, 5.0 * MS, 0));
    assert_code(td_queue_refuse(&q, make(2, 0, 1.0 * MS, 32 * MS), 0), TD_RESOURCE_EXHAUSTED);
    push(&q, make(2, 0, 1.0 * MS, 33 * MS));
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&q, 0, &over), 1);
    assert_true(q.waiting_ns <= 0.0);
}

/* Together they would be late: as many as are in time. A run costs 1 ms and 1 ms a row. */
static void test_runs_no_more_than_are_in_time(void **state)
{
    td_batch_queue q;
    size_t over;

    (void)state;
    knowing(&q, 1 * MS, 1 * MS);
    for (size_t i = 0; i < 16; i++)
        td_queue_push(&q, make(i, 1, 0.0, 12 * MS));
    assert_int_equal(take(&q, 0, &over), 8);
    assert_int_equal(take(&q, 5 * MS, &over), 4);
    assert_int_equal(over, 0);
    assert_int_equal(take(&q, 11 * MS, &over),
                     1); /* the last one is tried, as the core has nothing else to do */
    assert_int_equal(over, 3);
}

/* Those without a deadline, and those of a later one, run on. */
static void test_leaves_out_only_who_is_late(void **state)
{
    td_batch_queue q;
    size_t over;

    (void)state;
    knowing(&q, 10 * MS, 1);
    for (size_t i = 0; i < 8; i++)
        td_queue_push(&q, make(i, 1, 0.0, i % 2 ? 5 * MS : i % 4 ? 100 * MS : 0));
    assert_int_equal(take(&q, 0, &over), 4);
    assert_int_equal(over, 4);
    for (size_t i = 0; i < 8; i++) {
        const td_status why = td_queue_why_over(&calls[i].c, i == 1 ? 6 * MS : 0);

        assert_code(why, i == 1 ? TD_DEADLINE_EXCEEDED : TD_RESOURCE_EXHAUSTED);
    }
}

static void test_is_full(void **state)
{
    td_batch_queue q;

    (void)state;
    td_queue_init(&q);
    q.max_waiting = 2;
    push(&q, make(0, 1, 0.0, 0));
    push(&q, make(1, 1, 0.0, 0));
    assert_code(td_queue_refuse(&q, make(2, 1, 0.0, 0), 0), TD_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knows_nothing),
        cmocka_unit_test(test_refuses_who_would_be_late),
        cmocka_unit_test(test_counts_what_runs),
        cmocka_unit_test(test_calls_that_run_alone),
        cmocka_unit_test(test_runs_no_more_than_are_in_time),
        cmocka_unit_test(test_leaves_out_only_who_is_late),
        cmocka_unit_test(test_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
