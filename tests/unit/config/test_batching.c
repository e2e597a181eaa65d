/* SPDX-License-Identifier: Apache-2.0 */
/* test_batching.c -- every field of BatchingParameters, what it is when it is not there, and every mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "assert_status.h"
#include "config/batching.h"
#include "temp_dir.h"

static td_status parse(const char *text, td_batching **out)
{
    return td_batching_parse(text, strlen(text), "batching.txt", out);
}

static td_batching *parsed(const char *text)
{
    td_batching *b;

    assert_ok(parse(text, &b));
    return b;
}

static void expect_defaults(const td_batching *b, const char *name)
{
    assert_int_equal(b->max_batch_size, 1000);
    assert_int_equal(b->max_execution_batch_size, 1000);
    assert_int_equal(b->batch_timeout_ns, 0);
    assert_int_equal(b->max_enqueued_batches, 10);
    assert_int_equal(b->num_batch_threads, 0);
    assert_string_equal(b->thread_pool_name, name);
    assert_int_equal(b->n_allowed, 0);
    assert_false(b->pads_variable_length_inputs);
    assert_false(b->splits_large_batches);
}

static void test_defaults(void **state)
{
    td_batching *const empty = parsed(""), *const none = td_batching_default();

    (void)state;
    expect_defaults(empty, "batch_threads");
    expect_defaults(none, "model_server_batch_threads");
    td_batching_free(empty);
    td_batching_free(none);
    td_batching_free(NULL);
}

static void test_all_fields(void **state)
{
    td_batching *const b = parsed("max_batch_size { value: 128 }\n"
                                  "batch_timeout_micros { value: 2500 }\n"
                                  "max_enqueued_batches { value: 1000000 }\n"
                                  "num_batch_threads { value: 8 }\n"
                                  "thread_pool_name { value: 'pool' }\n"
                                  "allowed_batch_sizes: 8 allowed_batch_sizes: [32, 128]\n"
                                  "pad_variable_length_inputs: true\n"
                                  "enable_large_batch_splitting { value: true }\n"
                                  "max_execution_batch_size { value: 32 }\n");
    td_batching *const copy = td_batching_copy(b);

    (void)state;
    td_batching_free(b);
    assert_int_equal(copy->max_batch_size, 128);
    assert_int_equal(copy->max_execution_batch_size, 32);
    assert_int_equal(copy->batch_timeout_ns, 2500000);
    assert_int_equal(copy->max_enqueued_batches, 1000000);
    assert_int_equal(copy->num_batch_threads, 8);
    assert_string_equal(copy->thread_pool_name, "pool");
    assert_int_equal(copy->n_allowed, 3);
    assert_int_equal(copy->allowed_batch_sizes[0], 8);
    assert_int_equal(copy->allowed_batch_sizes[2], 128);
    assert_true(copy->pads_variable_length_inputs);
    assert_true(copy->splits_large_batches);
    td_batching_free(copy);
}

static void test_what_follows(void **state)
{
    td_batching *b = parsed("max_batch_size { value: 64 } max_execution_batch_size { value: 8 }");

    (void)state;
    assert_int_equal(b->max_execution_batch_size, 64); /* runs are not split */
    td_batching_free(b);
    b = parsed("max_batch_size { value: 64 } enable_large_batch_splitting { value: true }");
    assert_int_equal(b->max_execution_batch_size, 64);
    td_batching_free(b);
    b = parsed("max_enqueued_batches { value: 0 } batch_timeout_micros { value: 9000000000000000000 }");
    assert_int_equal(b->max_enqueued_batches, 1);
    assert_true(b->batch_timeout_ns > INT64_C(1000000000000000));
    td_batching_free(b);
    b = parsed("allowed_batch_sizes: 1000");
    td_batching_free(b);
}

static void refuse(const char *text, const char *head)
{
    td_batching *b;

    assert_status_begins(parse(text, &b), TD_INVALID_ARGUMENT, head);
}

static void test_mistakes(void **state)
{
    (void)state;
    refuse("max_batch_size: 128", "Invalid protobuf file: 'batching.txt'");
    refuse("max_batch { value: 128 }", "Invalid protobuf file: 'batching.txt'");
    refuse("max_batch_size { value: 64 } allowed_batch_sizes: 8 allowed_batch_sizes: 32",
           "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 32; expected 64");
    refuse("allowed_batch_sizes: -1",
           "Last entry in allowed_batch_sizes must match max_batch_size; last entry was -1; expected 1000");
    refuse("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0");
    refuse("num_batch_threads { value: -3 }", "num_batch_threads must be positive; was -3");
    refuse("max_batch_size { value: 0 }", "input_batch_size_limit must be positive; was 0");
    refuse("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1");
    refuse("max_enqueued_batches { value: -1 }", "max_enqueued_batches must be positive; was -1");
    refuse("max_enqueued_batches { value: 0 } enable_large_batch_splitting { value: true }",
           "max_enqueued_batches must be positive; was 0");
    refuse("max_execution_batch_size { value: 0 } enable_large_batch_splitting { value: true }",
           "max_execution_batch_size must be positive; was 0");
    refuse(
        "max_batch_size { value: 8 } max_execution_batch_size { value: 9 } "
        "enable_large_batch_splitting { value: true }",
        "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
        "max_execution_batch_size.");
}

static void test_files(void **state)
{
    static const char text[] = "max_batch_size { value: 2 }";
    char path[300];
    td_batching *b;

    (void)state;
    temp_dir_write("b.txt", text, sizeof text - 1);
    snprintf(path, sizeof path, "%s/b.txt", temp_dir);
    assert_ok(td_batching_read(path, &b));
    assert_int_equal(b->max_batch_size, 2);
    td_batching_free(b);
    assert_status_begins(td_batching_read("/nowhere/b.txt", &b), TD_NOT_FOUND, "/nowhere/b.txt");
}

static void test_slo(void **state)
{
    (void)state;
    assert_int_equal(td_batch_slo_ns(0.0f), 0);
    assert_int_equal(td_batch_slo_ns(2.5f), 2500000);
    assert_true(td_batch_slo_ns(3e38f) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_what_follows), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_files),        cmocka_unit_test(test_slo),
    };

    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
