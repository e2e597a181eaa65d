/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules.c -- which calls the rules admit, which may be padded to fit each other, and how large runs get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "batch/rules.h"

static const td_tensor_info infos[] = { { .alias = "a", .dtype = TD_F32 },
                                        { .alias = "b", .dtype = TD_F32 } };
static const td_signature two = { .name = "two", .inputs = infos, .n_inputs = 2 };
static const td_signature one = { .name = "one", .inputs = infos, .n_inputs = 1 };
static const td_signature none = { .name = "none" };

static td_tensor of(int rank, int64_t d0, int64_t d1)
{
    td_tensor t = { .dtype = TD_F32, .shape = { .rank = rank, .dims = { d0, d1 } } };

    for (int d = 2; d < rank; d++)
        t.shape.dims[d] = 1;
    return t;
}

static td_status admit(const td_batching *rules, const td_signature *sig, const td_tensor *in, size_t *rows)
{
    td_batch_call c = { .sig = sig, .in = in, .rows = 77 };
    const td_status error = td_rules_admit(rules, &c);

    *rows = c.rows;
    return error;
}

static void test_admits(void **state)
{
    const td_batching rules = { .max_batch_size = 8 };
    size_t rows;

    (void)state;
    assert_ok(admit(&rules, &two, (td_tensor[]){ of(2, 3, 5), of(1, 3, 0) }, &rows));
    assert_int_equal(rows, 3);
    assert_ok(admit(&rules, &one, (td_tensor[]){ of(1, 8, 0) }, &rows));
    assert_int_equal(rows, 8);
    assert_ok(admit(&rules, &two, (td_tensor[]){ of(2, 3, 5), { 0 } }, &rows)); /* b has a default */
    assert_int_equal(rows, 3);
    assert_ok(admit(&rules, &two, (td_tensor[]){ { 0 }, { 0 } }, &rows));
    assert_int_equal(rows, 0);
    assert_ok(admit(&rules, &one, (td_tensor[]){ of(2, 0, 5) }, &rows));
    assert_int_equal(rows, 0);
    assert_ok(admit(&rules, &one, (td_tensor[]){ of(7, 2, 5) }, &rows));
}

static void test_refuses(void **state)
{
    const td_batching rules = { .max_batch_size = 8 },
                      pads = { .max_batch_size = 8, .pads_variable_length_inputs = true };
    size_t rows;

    (void)state;
    assert_status(admit(&rules, &none, NULL, &rows), TD_INVALID_ARGUMENT,
                  "Batching Run() must have at least one input tensor");
    assert_status(admit(&rules, &two, (td_tensor[]){ of(2, 3, 5), of(0, 0, 0) }, &rows), TD_INVALID_ARGUMENT,
                  "Batching Run() input tensors must have at least one dimension");
    assert_status(admit(&rules, &two, (td_tensor[]){ of(2, 3, 5), of(2, 4, 5) }, &rows), TD_INVALID_ARGUMENT,
                  "Batching Run() input tensors must have equal 0th-dimension size");
    assert_status(admit(&rules, &one, (td_tensor[]){ of(1, 9, 0) }, &rows), TD_INVALID_ARGUMENT,
                  "Task size 9 is larger than maximum input batch size 8");
    assert_ok(admit(&pads, &one, (td_tensor[]){ of(6, 2, 5) }, &rows));
    assert_status(admit(&pads, &one, (td_tensor[]){ of(7, 2, 5) }, &rows), TD_INVALID_ARGUMENT,
                  "Only tensors with rank from 1 to 6 can be padded.");
}

static bool can_pad(bool pads, const td_tensor *a, const td_tensor *b)
{
    const td_batching rules = { .pads_variable_length_inputs = pads };

    return td_rules_can_pad(&rules, &(td_batch_call){ .sig = &two, .in = a },
                            &(td_batch_call){ .sig = &two, .in = b });
}

static void test_can_pad(void **state)
{
    const td_tensor x[] = { of(2, 3, 5), of(1, 3, 0) }, wider[] = { of(2, 1, 9), of(1, 1, 0) },
                    deeper[] = { of(3, 3, 5), of(1, 3, 0) }, empty[] = { of(2, 3, 0), of(1, 3, 0) },
                    half[] = { of(2, 3, 5), { 0 } }, other_half[] = { of(2, 3, 7), { 0 } };
    td_tensor ints[] = { of(2, 3, 5), of(1, 3, 0) };

    (void)state;
    ints[0].dtype = TD_I32;
    assert_true(can_pad(true, x, wider));
    assert_false(can_pad(false, x, wider));
    assert_false(can_pad(true, x, deeper));
    assert_false(can_pad(true, x, empty)); /* it has nothing to be padded with */
    assert_false(can_pad(true, empty, x));
    assert_false(can_pad(true, x, half));
    assert_true(can_pad(true, half, other_half));
    assert_false(can_pad(true, x, ints));
}

static void test_rounds_up(void **state)
{
    int64_t sizes[] = { 4, 8, 32 }, odd[] = { -1, 8, 2, 32 };
    const td_batching listed = { .allowed_batch_sizes = sizes, .n_allowed = TD_COUNT(sizes) },
                      unsorted = { .allowed_batch_sizes = odd, .n_allowed = TD_COUNT(odd) }, all = { 0 };

    (void)state;
    assert_int_equal(td_rules_round(&listed, 1), 4);
    assert_int_equal(td_rules_round(&listed, 4), 4);
    assert_int_equal(td_rules_round(&listed, 5), 8);
    assert_int_equal(td_rules_round(&listed, 32), 32);
    assert_int_equal(td_rules_round(&listed, 33), 33);
    assert_int_equal(td_rules_round(&unsorted, 1), 8); /* the first that is large enough */
    assert_int_equal(td_rules_round(&all, 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admits),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_can_pad),
        cmocka_unit_test(test_rounds_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
