/* SPDX-License-Identifier: Apache-2.0 */
/* test_vec.c -- arrays that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/vec.h"

static void test_push_and_pop(void **state)
{
    td_vec v = TD_VEC(int);

    (void)state;
    for (int i = 0; i < 1000; i++)
        *(int *)td_vec_push(&v) = i;
    assert_int_equal(v.size, 1000);
    assert_int_equal(*TD_VEC_AT(&v, int, 999), 999);
    assert_int_equal(TD_VEC_DATA(&v, int)[5], 5);
    assert_int_equal(*(int *)td_vec_pop(&v), 999);
    assert_int_equal(*(int *)td_vec_push(&v), 0); /* zeroed, whatever was there */
    int *const data = td_vec_take(&v);
    assert_int_equal(v.size, 0);
    assert_int_equal(data[3], 3);
    td_free(data);
    *(int *)td_vec_push(&v) = 7; /* still usable */
    td_vec_fini(&v);
    td_vec_fini(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_push_and_pop) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
