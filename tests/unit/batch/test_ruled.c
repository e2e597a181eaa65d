/* SPDX-License-Identifier: Apache-2.0 */
/* test_ruled.c -- batches by TensorFlow Serving's rules, with threads and a clock. Batches wait for a minute where
 * a test is about what ends that wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/mem.h"
#include "batch/threads.h"
#include "exec/lane.h"
#include "fake_session.h"

enum { MANY = 12 };
static const int64_t MINUTE = INT64_C(60) * 1000000000, MS = 1000000;

/* A batcher, and the threads that it has for itself. */
typedef struct ruled {
    td_batch_threads *threads;
    td_batcher *b;
} ruled;

static td_batching rules(size_t rows, int64_t timeout_ns)
{
    return (td_batching){ .max_batch_size = rows,
                          .max_execution_batch_size = rows,
                          .batch_timeout_ns = timeout_ns,
                          .max_enqueued_batches = 100 };
}

static ruled begin(const td_batching *r)
{
    td_batching copy = *r;
    ruled made = { .threads = td_batch_threads_make("batch", r->num_batch_threads) };

    copy.thread_pool_name = td_strdup("batch_threads");
    made.b = td_batcher_make(NULL, &(td_batch_options){ .rules = &copy, .threads = made.threads });
    td_free(copy.thread_pool_name);
    atomic_store(&runs, 0);
    atomic_store(&largest, 0);
    atomic_store(&most_at_once, 0);
    return made;
}

static void end(ruled r)
{
    td_batcher_free(r.b);
    td_batch_threads_free(r.threads);
    assert_int_equal(atomic_load(&results), 0);
}

static void expect_error(call *c, td_code code, const char *text)
{
    assert_status(await_end(c), code, text);
    close_call(c);
}

static void test_full_batch(void **state)
{
    const td_batching four = rules(4, MINUTE);
    const ruled r = begin(&four);
    call c[8];

    (void)state;
    assert_true(td_batcher_is_strict(r.b));
    for (size_t i = 0; i < 8; i++) {
        fill(&c[i], 1, 2, (float)i);
        submit(&c[i], r.b);
    }
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), 2);
    assert_int_equal(atomic_load(&largest), 4);
    end(r);
}

/* Even where nobody else is there. */
static void test_waits_for_its_time(void **state)
{
    const td_batching soon = rules(100, 30 * MS);
    const ruled r = begin(&soon);
    call c[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const int64_t start = td_now_ns();
        fill(&c[i], 1, 2, 1.0f);
        submit(&c[i], r.b);
        assert_int_equal(finish(&c[i]), TD_OK);
        assert_true(td_now_ns() - start >= 30 * MS);
    }
    assert_int_equal(atomic_load(&runs), 2);
    end(r);
}

/* An earlier time than the one that is waited for, of another signature. */
static void test_times_of_signatures(void **state)
{
    const td_batching soon = rules(2, 50 * MS);
    const ruled r = begin(&soon);
    call a, b[2], c;

    (void)state;
    fill(&a, 1, 2, 1.0f);
    submit(&a, r.b);
    await_in(&a, 1);
    for (size_t i = 0; i < 2; i++) {
        fill(&b[i], 1, 2, 2.0f);
        b[i].c.sig = &signatures[SINGLE];
        submit(&b[i], r.b);
    }
    fill(&c, 1, 2, 1.0f);
    c.c.sig = &signatures[PAIRS];
    submit(&c, r.b);
    assert_int_equal(finish(&b[0]), TD_OK);
    assert_int_equal(finish(&b[1]), TD_OK);
    assert_int_equal(finish(&a), TD_OK);
    assert_int_equal(finish(&c), TD_OK);
    assert_int_equal(atomic_load(&runs), 3);
    end(r);
}

static void test_threads_bound_runs(void **state)
{
    td_batching one = rules(1, 0);
    call c[MANY];

    (void)state;
    for (one.num_batch_threads = 1; one.num_batch_threads < 4; one.num_batch_threads += 2) {
        const ruled r = begin(&one);

        for (size_t i = 0; i < MANY; i++) {
            fill(&c[i], 1, 1, (float)SLOW);
            submit(&c[i], r.b);
        }
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(finish(&c[i]), TD_OK);
        assert_int_equal(atomic_load(&runs), MANY);
        assert_true((size_t)atomic_load(&most_at_once) <= one.num_batch_threads);
        if (one.num_batch_threads > 1) assert_true(atomic_load(&most_at_once) > 1);
        end(r);
    }
}

static void test_no_room(void **state)
{
    td_batching one = rules(1, 0);
    call busy, c[2];

    (void)state;
    one.num_batch_threads = one.max_enqueued_batches = 1;
    const ruled r = begin(&one);
    fill(&busy, 1, 50, (float)SLOW); /* a second */
    submit(&busy, r.b);
    while (!atomic_load(&runs))
        td_sleep_ns(MS);
    for (size_t i = 0; i < 2; i++) {
        fill(&c[i], 1, 50, 1.0f);
        submit(&c[i], r.b);
        await_in(&c[i], 1);
    }
    expect_error(&c[1], TD_UNAVAILABLE,
                 "The batch scheduling queue to which this task was submitted is full; currently 1 batches "
                 "enqueued and max_enqueued_batches is 1");
    assert_int_equal(finish(&c[0]), TD_OK);
    assert_int_equal(finish(&busy), TD_OK);
    end(r);
}

static void test_refused_by_rules(void **state)
{
    const td_batching four = rules(4, 0);
    const ruled r = begin(&four);
    call large, scalar, none;

    (void)state;
    fill(&large, 5, 1, 1.0f);
    submit(&large, r.b);
    expect_error(&large, TD_INVALID_ARGUMENT, "Task size 5 is larger than maximum input batch size 4");
    fill(&scalar, 1, 0, 1.0f);
    scalar.in.shape.rank = 0;
    submit(&scalar, r.b);
    expect_error(&scalar, TD_INVALID_ARGUMENT,
                 "Batching Run() input tensors must have at least one dimension");
    fill(&none, 1, 1, 1.0f);
    none.c.sig = &signatures[NONE];
    submit(&none, r.b);
    expect_error(&none, TD_INVALID_ARGUMENT, "Batching Run() must have at least one input tensor");
    assert_int_equal(atomic_load(&runs), 0);
    end(r);
}

/* To the sizes that are allowed, with the first row of the last call. */
static void test_allowed_sizes(void **state)
{
    td_batching sized = rules(16, 20 * MS);
    int64_t sizes[] = { 8, 16 };
    call c[3];

    (void)state;
    sized.allowed_batch_sizes = sizes;
    sized.n_allowed = 2;
    const ruled r = begin(&sized);
    fill(&c[0], 1, 2, 7.0f); /* alone, too */
    submit(&c[0], r.b);
    assert_int_equal(finish(&c[0]), TD_OK);
    assert_int_equal(seen_shape.dims[0], 8);
    assert_true(seen_x[14] == 7.0f && seen_x[15] == 7.0f);
    for (size_t i = 0; i < 3; i++) {
        fill(&c[i], 2, 2, (float)i);
        c[i].x[3] = 50.0f + (float)i; /* in its second row */
        submit(&c[i], r.b);
        await_in(&c[i], 1);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), 2);
    assert_int_equal(seen_shape.dims[0], 8);
    assert_true(seen_x[11] == 52.0f && seen_x[12] == 2.0f && seen_x[15] == 2.0f);
    end(r);
}

/* Without sizes, only where rows are known to keep apart. */
static void test_other_sizes(void **state)
{
    static const size_t sigs[] = { JOINED, SINGLE }, rows[] = { 4, 3 };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const td_batching eight = rules(8, 20 * MS);
        const ruled r = begin(&eight);
        call c[3];

        for (size_t i = 0; i < 3; i++) {
            fill(&c[i], 1, 2, (float)i);
            c[i].c.sig = &signatures[sigs[k]];
            submit(&c[i], r.b);
        }
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(finish(&c[i]), TD_OK);
        if (atomic_load(&runs) == 1)
            assert_int_equal(atomic_load(&largest), rows[k]); /* else it was slow here */
        end(r);
    }
}

static void test_unlike_shapes_go_apart(void **state)
{
    const td_batching two = rules(2, MINUTE);
    const ruled r = begin(&two);
    call c[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        fill(&c[i], 1, i % 3, (float)i);
        submit(&c[i], r.b);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), MANY / 2);
    end(r);
}

static void test_padded_inputs(void **state)
{
    td_batching two = rules(2, MINUTE);
    call c[2];

    (void)state;
    two.pads_variable_length_inputs = true;
    const ruled r = begin(&two);
    for (size_t i = 0; i < 2; i++) {
        fill(&c[i], 1, 1 + 2 * i, 5.0f + (float)i);
        submit(&c[i], r.b);
        await_in(&c[i], 1);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_ok(await_end(&c[i]));
        assert_int_equal(c[i].out[0].shape.dims[1], 3);
        for (size_t k = 0; k < 3; k++)
            assert_true(((const float *)c[i].out[0].data)[k] == 2.0f * (5.0f + (float)i));
        close_call(&c[i]);
    }
    end(r);
}

static void test_splits(void **state)
{
    td_batching split = rules(100, 10 * MS);
    call c[2];

    (void)state;
    split.splits_large_batches = true;
    split.max_execution_batch_size = 4;
    const ruled r = begin(&split);
    fill(&c[0], 3, 2, 3.0f);
    fill(&c[1], 11, 2, 4.0f); /* 1, 4, 4, 2 */
    for (size_t i = 0; i < 22; i++)
        c[1].x[i] = 20.0f + (float)i;
    c[1].c.is_traced = true;
    for (size_t i = 0; i < 2; i++) {
        submit(&c[i], r.b);
        await_in(&c[i], 1);
    }
    assert_ok(await_end(&c[1]));
    assert_int_equal(td_batch_call_trace(&c[1].c)->segments.size, 1); /* of one part */
    close_call(&c[1]);
    assert_int_equal(finish(&c[0]), TD_OK);
    assert_int_equal(atomic_load(&largest), 4);
    assert_true(atomic_load(&runs) <= 5);
    end(r);
}

static void test_a_part_fails(void **state)
{
    td_batching split = rules(100, 0);
    call bad, good, unwanted;

    (void)state;
    split.splits_large_batches = true;
    split.max_execution_batch_size = 4;
    const ruled r = begin(&split);
    fill(&bad, 13, 2, 1.0f);
    bad.x[20] = (float)BAD;
    fill(&good, 13, 2, 1.0f);
    fill(&unwanted, 13, 2, 1.0f);
    atomic_store(&unwanted.is_unwanted, true);
    submit(&bad, r.b);
    submit(&good, r.b);
    submit(&unwanted, r.b);
    assert_int_equal(finish(&bad), TD_OUT_OF_RANGE);
    assert_int_equal(finish(&good), TD_OK);
    assert_int_equal(finish(&unwanted), TD_CANCELLED);
    end(r);
}

static void test_a_bad_one_fails_alone(void **state)
{
    const td_batching all = rules(MANY, MINUTE);
    const ruled r = begin(&all);
    call c[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        fill(&c[i], 1, 2, i == 5 ? (float)BAD : 1.0f);
        submit(&c[i], r.b);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(finish(&c[i]), i == 5 ? TD_OUT_OF_RANGE : TD_OK);
    end(r);
}

static void test_outputs_without_rows(void **state)
{
    static const struct {
        size_t sig;
        const char *text;
    } cases[] = {
        { SCALAR, "Batched output tensor has 0 dimensions" },
        { MORE, "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of "
                "the input tensors" }
    };
    const td_batching two = rules(2, 5 * MS);
    const ruled r = begin(&two);
    call c[3];

    (void)state;
    for (size_t k = 0; k < TD_COUNT(cases); k++) {
        for (size_t i = 0; i < 3; i++) { /* two together, one alone */
            fill(&c[i], 1, 2, 1.0f);
            c[i].c.sig = &signatures[cases[k].sig];
            submit(&c[i], r.b);
        }
        for (size_t i = 0; i < 3; i++)
            expect_error(&c[i], TD_FAILED_PRECONDITION, cases[k].text);
    }
    end(r);
}

/* What is not given is left to its default, in company of the same. */
static void test_defaults(void **state)
{
    const td_batching two = rules(2, MINUTE);
    const ruled r = begin(&two);
    call c[4];
    td_tensor in[4][2];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fill(&c[i], 1, 2, (float)i);
        in[i][0] = c[i].in;
        in[i][1] = i % 2 ? c[i].in : (td_tensor){ 0 };
        c[i].c.in = in[i];
        c[i].c.sig = &signatures[TWO];
        submit(&c[i], r.b);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), 2);
    end(r);
}

/* Told at its deadline, not when its batch would have run. */
static void test_deadlines(void **state)
{
    const td_batching two = rules(2, MINUTE);
    const ruled r = begin(&two);
    call late, c[2];

    (void)state;
    fill(&late, 1, 2, 1.0f);
    late.c.options.deadline_ns = td_now_ns() + 20 * MS;
    submit(&late, r.b);
    expect_error(&late, TD_RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue");
    assert_int_equal(late.c.began_ns, 0);
    /* Its place is free. */
    for (size_t i = 0; i < 2; i++) {
        fill(&c[i], 1, 2, 1.0f);
        submit(&c[i], r.b);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(finish(&c[i]), TD_OK);
    assert_int_equal(atomic_load(&runs), 1);
    end(r);
}

static void test_unwanted(void **state)
{
    const td_batching two = rules(2, MINUTE);
    const ruled r = begin(&two);
    call c[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fill(&c[i], 1, 2, 1.0f);
        atomic_store(&c[i].is_unwanted, i == 0);
        submit(&c[i], r.b);
    }
    assert_int_equal(finish(&c[0]), TD_CANCELLED);
    assert_int_equal(finish(&c[1]), TD_OK);
    assert_int_equal(c[0].c.began_ns, 0);
    end(r);
}

static void test_hurry(void **state)
{
    const td_batching ten = rules(10, MINUTE);
    const ruled r = begin(&ten);
    call c[2];

    (void)state;
    fill(&c[0], 1, 2, 1.0f);
    submit(&c[0], r.b);
    await_in(&c[0], 1);
    td_batch_threads_hurry(r.threads);
    fill(&c[1], 1, 2, 1.0f); /* comes behind it */
    submit(&c[1], r.b);
    assert_int_equal(finish(&c[0]), TD_OK);
    assert_int_equal(finish(&c[1]), TD_OK);
    end(r);
}

/* Many threads, shapes, sizes, bad ones, late ones and cancelled ones: each gets its own. */
static void *storm(void *arg)
{
    td_batcher *const b = arg;
    unsigned seed = (unsigned)(uintptr_t)&seed;

    for (int i = 0; i < 150; i++) {
        call c;
        const unsigned dice = (unsigned)rand_r(&seed);
        const bool is_bad = dice % 17 == 0;

        fill(&c, 1 + dice % 9, 1 + dice / 7 % 3, is_bad ? (float)BAD : (float)(dice % 11));
        c.c.sig = &signatures[dice / 3 % 2 ? JOINED : SINGLE];
        if (dice % 13 == 0) atomic_store(&c.is_unwanted, true);
        if (dice % 5 == 0) c.c.options.deadline_ns = td_now_ns() + MS / 2;
        c.batcher = b;
        assert_int_equal(pthread_create(&c.thread, NULL, submit_it, &c), 0);
        const td_code code = finish(&c);
        if (code != TD_CANCELLED && code != TD_RESOURCE_EXHAUSTED && code != TD_DEADLINE_EXCEEDED)
            assert_int_equal(code, is_bad ? TD_OUT_OF_RANGE : TD_OK);
    }
    return NULL;
}

static void test_storm(void **state)
{
    td_batching split = rules(100, MS);
    pthread_t threads[8];

    (void)state;
    split.splits_large_batches = true;
    split.max_execution_batch_size = 4;
    split.num_batch_threads = 3;
    const ruled r = begin(&split);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm, r.b), 0);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    end(r);
}

static void test_ends_with_its_last_call(void **state)
{
    const td_batching one = rules(1, 0);
    const ruled r = begin(&one);
    call c;

    (void)state;
    fill(&c, 1, 2, 1.0f);
    c.c.done = end_and_free;
    submit(&c, r.b);
    assert_int_equal(finish(&c), TD_OK);
    end((ruled){ .threads = r.threads });
}

static int configure(void **state)
{
    (void)state;
    td_lanes_configure(2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_batch),
        cmocka_unit_test(test_waits_for_its_time),
        cmocka_unit_test(test_times_of_signatures),
        cmocka_unit_test(test_threads_bound_runs),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_refused_by_rules),
        cmocka_unit_test(test_allowed_sizes),
        cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_unlike_shapes_go_apart),
        cmocka_unit_test(test_padded_inputs),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_a_part_fails),
        cmocka_unit_test(test_a_bad_one_fails_alone),
        cmocka_unit_test(test_outputs_without_rows),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_unwanted),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_ends_with_its_last_call),
    };

    return cmocka_run_group_tests(tests, configure, NULL);
}
