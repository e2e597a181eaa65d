/* SPDX-License-Identifier: Apache-2.0 */
/* test_waiting.c -- when batches are due, told by a clock that the test sets; and when there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "batch/waiting.h"

enum { CALLS = 16, WAIT = 1000 };

static const td_tensor_info info = { .alias = "x", .dtype = TD_F32 };
static const td_signature sig = { .name = "one", .inputs = &info, .n_inputs = 1 };

static float elements[1000];
static td_tensor in[CALLS];
static td_batch_call calls[CALLS];
static int ended[CALLS];

static void end(td_batch_call *c, td_status error)
{
    assert_ok(error);
    ended[c - calls]++;
}

/* Call i, of rows x cols. */
static td_batch_call *call(int i, size_t rows, int64_t cols)
{
    in[i] = (td_tensor){ TD_F32, { 2, { (int64_t)rows, cols } }, elements, NULL };
    calls[i] = (td_batch_call){ .sig = &sig, .in = &in[i], .rows = rows, .done = end };
    ended[i] = 0;
    return &calls[i];
}

/* Batches of 8 rows, WAIT ns, 3 batches. */
static td_batching usual(void)
{
    return (td_batching){ .max_batch_size = 8,
                          .max_execution_batch_size = 8,
                          .batch_timeout_ns = WAIT,
                          .max_enqueued_batches = 3 };
}

/* What is due: its rows, or 0. */
static size_t take(td_batch_waiting *w, int64_t now)
{
    td_batch_group over;

    td_group_init(&over);
    td_batch_group *const g = td_waiting_take(w, now, &over);
    const size_t rows = g ? g->rows : 0;

    assert_int_equal(over.n, 0);
    td_free(g);
    return rows;
}

static void test_due_by_time(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_int_equal(td_waiting_due(&w), INT64_MAX);
    assert_int_equal(take(&w, 5), 0);
    assert_ok(td_waiting_push(&w, call(0, 2, 1), 10));
    assert_ok(td_waiting_push(&w, call(1, 3, 1), 700)); /* the oldest call counts */
    assert_int_equal(td_waiting_due(&w), 10 + WAIT);
    assert_int_equal(take(&w, 10 + WAIT - 1), 0);
    assert_int_equal(take(&w, 10 + WAIT), 5);
    assert_int_equal(td_waiting_due(&w), INT64_MAX);
    assert_ok(td_waiting_push(&w, call(0, 2, 1), 5000));
    assert_int_equal(td_waiting_due(&w), 5000 + WAIT);
    assert_int_equal(take(&w, 6000), 2);
}

static void test_due_when_full(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 5, 1), 0));
    assert_int_equal(take(&w, 1), 0);
    assert_ok(td_waiting_push(&w, call(1, 3, 1), 0));
    assert_true(td_waiting_due(&w) <= 0);
    assert_int_equal(take(&w, 1), 8);
}

/* What does not fit begins the next: two batches wait, and the first is due. */
static void test_due_when_two_wait(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 5, 1), 0));
    assert_ok(td_waiting_push(&w, call(1, 4, 1), 100));
    assert_int_equal(take(&w, 100), 5);
    assert_int_equal(take(&w, 100), 0);
    assert_int_equal(td_waiting_due(&w), 100 + WAIT);
    assert_int_equal(take(&w, 100 + WAIT), 4);
}

static void test_no_timeout(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    rules.batch_timeout_ns = 0;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 1, 1), 50));
    assert_ok(td_waiting_push(&w, call(1, 1, 1), 50)); /* no thread was free: it joins */
    assert_int_equal(take(&w, 50), 2);
}

/* Each shape fills a batch of its own, and waits its own time. */
static void test_unlike_shapes(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 1, 1), 0));
    assert_ok(td_waiting_push(&w, call(1, 2, 7), 100));
    assert_ok(td_waiting_push(&w, call(2, 3, 1), 200));
    assert_ok(td_waiting_push(&w, call(3, 1, 7), 300));
    assert_int_equal(take(&w, 300), 0);
    assert_int_equal(take(&w, WAIT), 4);
    assert_int_equal(take(&w, WAIT), 0);
    assert_int_equal(take(&w, WAIT + 100), 3);
}

static void test_no_room(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    for (int i = 0; i < 3; i++)
        assert_ok(td_waiting_push(&w, call(i, 8, 1), 0));
    assert_status(td_waiting_push(&w, call(3, 1, 1), 0), TD_UNAVAILABLE,
                  "The batch scheduling queue to which this task was submitted is full; currently 3 batches "
                  "enqueued and max_enqueued_batches is 3");
    assert_int_equal(take(&w, 0), 8);
    assert_ok(td_waiting_push(&w, call(3, 1, 1), 0));
    for (int i = 0; i < 2; i++)
        assert_int_equal(take(&w, 0), 8);
    assert_int_equal(take(&w, WAIT), 1);
}

static void test_room_for_one(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    rules.max_enqueued_batches = 1;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 5, 1), 0));
    assert_ok(td_waiting_push(&w, call(1, 3, 1), 0));
    assert_status_begins(td_waiting_push(&w, call(2, 1, 1), 0), TD_UNAVAILABLE, "The batch scheduling queue");
    assert_int_equal(take(&w, 0), 8);
}

/* Beyond the limit a new shape makes the oldest open batch due, as long as there is room for those that are. */
static void test_room_for_shapes(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;
    size_t rows = 0;

    (void)state;
    td_waiting_init(&w, &rules);
    for (int i = 0; i < 6; i++)
        assert_ok(td_waiting_push(&w, call(i, 1, i), 0));
    assert_status_begins(td_waiting_push(&w, call(6, 1, 6), 0), TD_UNAVAILABLE, "The batch scheduling queue");
    assert_ok(td_waiting_push(&w, call(7, 1, 5), 0)); /* has a batch */
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&w, 0), 1);
    assert_int_equal(take(&w, 0), 0);
    for (int i = 0; i < 3; i++)
        rows += take(&w, WAIT);
    assert_int_equal(rows, 4);
}

/* Calls without rows have batches of their own, due at once. */
static void test_without_rows(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;
    td_batch_group over;

    (void)state;
    td_waiting_init(&w, &rules);
    td_group_init(&over);
    for (int i = 0; i < 3; i++)
        assert_ok(td_waiting_push(&w, call(i, 0, 1), 0));
    assert_status_begins(td_waiting_push(&w, call(3, 0, 1), 0), TD_UNAVAILABLE, "The batch scheduling queue");
    for (int i = 0; i < 3; i++) {
        td_batch_group *const g = td_waiting_take(&w, 0, &over);

        assert_int_equal(g->n, 1);
        td_free(g);
    }
}

static td_batching splitting(void)
{
    td_batching rules = usual();

    rules.max_batch_size = 100;
    rules.splits_large_batches = true;
    return rules;
}

/* Rows 0 1 2 ... of the calls in g, by their elements; ends its calls. */
static void expect_rows(td_batch_waiting *w, const float *first_elements, size_t n)
{
    td_batch_group over;

    td_group_init(&over);
    td_batch_group *const g = td_waiting_take(w, 0, &over);

    assert_non_null(g);
    assert_int_equal(g->n, n);
    for (td_batch_call *c = g->first, *next; c; c = next, first_elements++) {
        next = c->next;
        assert_true(*(const float *)c->in[0].data == *first_elements);
        assert_int_equal(c->rows, c->in[0].shape.dims[0]);
        c->done(c, NULL);
    }
    td_free(g);
}

/* The open batch is filled first. */
static void test_splits(void **state)
{
    td_batching rules = splitting();
    td_batch_waiting w;

    (void)state;
    for (int i = 0; i < 1000; i++)
        elements[i] = (float)i;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 3, 2), 0));
    calls[1].n_want = 0;
    assert_ok(td_waiting_push(&w, call(1, 14, 2), 0)); /* 5, 8, 1 */
    expect_rows(&w, (float[]){ 0, 0 }, 2);
    expect_rows(&w, (float[]){ 10 }, 1);
    assert_int_equal(ended[1], 0);
    td_waiting_flush(&w);
    expect_rows(&w, (float[]){ 26 }, 1);
    assert_int_equal(ended[0], 1);
    assert_int_equal(ended[1], 1);
    td_batch_call_close(&calls[1]);
}

/* A full open batch takes no part; what fits into a run is not split. */
static void test_splits_no_more_than_needed(void **state)
{
    td_batching rules = splitting();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 8, 1), 0));
    assert_ok(td_waiting_push(&w, call(1, 8, 1), 0));
    assert_null(calls[1].split);
    assert_int_equal(take(&w, 0), 8);
    assert_int_equal(take(&w, 0), 8);
}

static void test_no_room_for_parts(void **state)
{
    td_batching rules = splitting();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 3, 1), 0));
    assert_status(td_waiting_push(&w, call(1, 22, 1), 0), TD_UNAVAILABLE,
                  "The batch scheduling queue to which this task was submitted is full; task size is 22 but "
                  "scheduling capacity is only 21 (num_enqueued_batches=1, max_enqueued_batches=3, "
                  "open_batch_size=3, max_execution_batch_size=8)");
    assert_null(calls[1].split);
    assert_ok(td_waiting_push(&w, call(1, 21, 1), 0));
    assert_status_begins(td_waiting_push(&w, call(2, 1, 1), 0), TD_UNAVAILABLE, "The batch scheduling queue");
    expect_rows(&w, (float[]){ 0, 0 }, 2);
    expect_rows(&w, (float[]){ 5 }, 1);
    expect_rows(&w, (float[]){ 13 }, 1);
    assert_int_equal(ended[1], 1);
    td_batch_call_close(&calls[1]);
}

static bool yes(void *ctx)
{
    (void)ctx;
    return true;
}

/* They leave by themselves at their deadlines, others go on waiting. */
static void test_late_and_unwanted(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;
    td_batch_group over;

    (void)state;
    td_waiting_init(&w, &rules);
    td_group_init(&over);
    for (int i = 0; i < 4; i++)
        (void)call(i, 1, 1);
    calls[0].options.deadline_ns = 300;
    calls[1].options.deadline_ns = 200;
    calls[2].options.deadline_ns = 2 * WAIT;
    calls[3].options.cancelled = yes;
    for (int i = 0; i < 3; i++)
        assert_ok(td_waiting_push(&w, &calls[i], 100));
    assert_int_equal(td_waiting_due(&w), 200);
    assert_null(td_waiting_take(&w, 199, &over));
    assert_int_equal(over.n, 0);
    assert_null(td_waiting_take(&w, 200, &over));
    assert_ptr_equal(over.first, &calls[1]);
    assert_int_equal(td_waiting_due(&w), 300);
    assert_null(td_waiting_take(&w, 301, &over));
    assert_int_equal(over.n, 2);
    assert_int_equal(td_waiting_due(&w), 100 + WAIT);
    assert_ok(td_waiting_push(&w, &calls[3], 500));
    td_batch_group *const g = td_waiting_take(&w, 100 + WAIT, &over);
    assert_int_equal(g->n, 1);
    assert_ptr_equal(g->first, &calls[2]);
    assert_int_equal(over.n, 3);
    td_free(g);
    /* Nobody is left: no batch. */
    assert_ok(td_waiting_push(&w, &calls[3], 5000));
    td_group_init(&over);
    assert_null(td_waiting_take(&w, 5000 + WAIT, &over));
    assert_int_equal(over.n, 1);
    assert_int_equal(td_waiting_due(&w), INT64_MAX);
}

static void test_padded_shapes_join(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    rules.pads_variable_length_inputs = true;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 2, 3), 0));
    assert_ok(td_waiting_push(&w, call(1, 2, 5), 0));
    assert_ok(td_waiting_push(&w, call(2, 2, 0), 0)); /* nothing to pad it with */
    assert_ok(td_waiting_push(&w, call(3, 1, 0), 0));
    assert_int_equal(take(&w, WAIT), 4);
    assert_int_equal(take(&w, WAIT), 3);
    /* A million columns would make a million of the one of 8 rows. */
    assert_ok(td_waiting_push(&w, call(0, 6, 1), 0));
    assert_ok(td_waiting_push(&w, call(1, 1, INT64_C(100000000)), 0));
    assert_int_equal(take(&w, WAIT), 6);
    assert_int_equal(take(&w, WAIT), 1);
}

static void test_flush(void **state)
{
    td_batching rules = usual();
    td_batch_waiting w;

    (void)state;
    td_waiting_init(&w, &rules);
    assert_ok(td_waiting_push(&w, call(0, 2, 3), 0));
    assert_ok(td_waiting_push(&w, call(1, 3, 5), 0));
    td_waiting_flush(&w);
    assert_int_equal(take(&w, 0), 2);
    assert_int_equal(take(&w, 0), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_by_time),
        cmocka_unit_test(test_due_when_full),
        cmocka_unit_test(test_due_when_two_wait),
        cmocka_unit_test(test_no_timeout),
        cmocka_unit_test(test_unlike_shapes),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_room_for_one),
        cmocka_unit_test(test_room_for_shapes),
        cmocka_unit_test(test_without_rows),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_splits_no_more_than_needed),
        cmocka_unit_test(test_no_room_for_parts),
        cmocka_unit_test(test_late_and_unwanted),
        cmocka_unit_test(test_padded_shapes_join),
        cmocka_unit_test(test_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
