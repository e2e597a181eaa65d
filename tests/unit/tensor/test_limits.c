/* SPDX-License-Identifier: Apache-2.0 */
/* test_limits.c -- limits of clients' tensors: none at first, then those that are set, to the last element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "tensor/limits.h"

static td_shape shape(int rank, int64_t each)
{
    td_shape s;
    int64_t dims[TD_MAX_RANK];

    for (int i = 0; i < rank; i++)
        dims[i] = each;
    assert_ok(td_shape_make(rank, dims, &s));
    return s;
}

static void assert_fits(int rank, int64_t each)
{
    const td_shape s = shape(rank, each);

    assert_ok(td_limits_check("x", &s));
}

static void assert_does_not(int rank, int64_t each, const char *says)
{
    const td_shape s = shape(rank, each);

    assert_status_like(td_limits_check("x", &s), TD_INVALID_ARGUMENT, says);
}

static void test_limits(void **state)
{
    (void)state;
    assert_fits(TD_MAX_RANK, 2);
    assert_fits(1, INT64_C(1) << 50);
    td_limits_set(2, 9);
    assert_fits(0, 0);
    assert_fits(2, 3);
    assert_fits(1, 9);
    assert_fits(2, 0);
    assert_does_not(1, 10, "Input x has 10 elements; there may be 9 (--max_tensor_elements)");
    assert_does_not(2, 4, "Input x has 16 elements");
    assert_does_not(3, 1, "Input x has 3 dimensions; there may be 2 (--max_tensor_rank)");
    assert_does_not(3, 0, "Input x has 3 dimensions");
    assert_int_equal(td_limits_elements(), 9);
    assert_status_like(td_limits_too_many(), TD_INVALID_ARGUMENT, "more than 9 elements");
    td_limits_set(TD_MAX_RANK, 0);
    assert_fits(3, 100);
    td_limits_set(TD_MAX_RANK, -1);
    assert_fits(3, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_limits) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
