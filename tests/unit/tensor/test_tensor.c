/* SPDX-License-Identifier: Apache-2.0 */
/* test_tensor.c -- dtypes, shapes, buffers, tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "assert_status.h"
#include "base/account.h"
#include "base/spare.h"
#include "tensor/object.h"
#include "tensord/tensor.h"

static void test_dtypes(void **state)
{
    (void)state;
    assert_int_equal(td_dtype_size(TD_F32), 4);
    assert_int_equal(td_dtype_size(TD_STRING), sizeof(td_string));
    assert_int_equal(td_dtype_size(TD_DTYPE_NONE), 0);
    assert_string_equal(td_dtype_name(TD_F16), "half");
    assert_string_equal(td_dtype_pb_name(TD_F8E4M3FN), "DT_FLOAT8_E4M3FN");
    assert_string_equal(td_dtype_name((td_dtype)31), "invalid");
    assert_string_equal(td_dtype_pb_name((td_dtype)-1), "DT_INVALID");
    assert_false(td_dtype_is_valid(0));
    assert_false(td_dtype_is_valid(101));
    assert_false(td_dtype_is_valid(INT64_MIN));
    assert_false(td_dtype_is_valid((INT64_C(1) << 32) + 1));
    assert_true(td_dtype_is_valid(25));
}

static void assert_refused(int64_t rank, const int64_t *dims)
{
    td_shape s = { .rank = 77 };
    const td_status error = td_shape_make(rank, dims, &s);

    assert_int_equal(td_status_code(error), TD_INVALID_ARGUMENT);
    assert_int_equal(s.rank, 77); /* untouched */
    td_status_free(error);
}

static void test_shapes(void **state)
{
    const int64_t dims[] = { 2, 3, 0, 5 }, huge[] = { INT64_C(1) << 30, INT64_C(1) << 30 };
    const int64_t hidden[] = { 0, INT64_C(1) << 40, INT64_C(1) << 40 }, negative[] = { 1, -1 };
    const int64_t edge[] = { INT64_C(1) << 58 };
    td_shape s, t;

    (void)state;
    assert_null(td_shape_make(0, NULL, &s));
    assert_int_equal(td_shape_count(&s), 1);
    assert_null(td_shape_make(2, dims, &t));
    assert_int_equal(td_shape_count(&t), 6);
    assert_false(td_shape_equal(&s, &t));
    assert_null(td_shape_make(4, dims, &s));
    assert_int_equal(td_shape_count(&s), 0);
    assert_null(td_shape_make(1, edge, &s));
    assert_refused(2, huge);
    assert_refused(3, hidden);
    assert_refused(2, negative);
    assert_refused(TD_MAX_RANK + 1, dims);
    assert_refused(-1, dims);
}

static void test_shape_text(void **state)
{
    td_shape s = { 2, { -1, 3 } };
    char buf[TD_SHAPE_TEXT];

    (void)state;
    assert_string_equal(td_shape_text(&s, buf, sizeof buf), "[?,3]");
    assert_false(td_shape_is_known(&s));
    assert_string_equal(td_shape_text(&s, buf, 4), "[?,");
    s.rank = 0;
    assert_string_equal(td_shape_text(&s, buf, sizeof buf), "[]");
    assert_true(td_shape_is_known(&s));
    s.rank = -1;
    assert_string_equal(td_shape_text(&s, buf, sizeof buf), "<unknown>");
    s.rank = TD_MAX_RANK;
    for (int i = 0; i < TD_MAX_RANK; i++)
        s.dims[i] = INT64_MAX;
    assert_int_equal(strlen(td_shape_text(&s, buf, sizeof buf)), TD_MAX_RANK * 20 + 1);
}

static void test_references(void **state)
{
    const td_shape shape = { 2, { 3, 5 } };
    td_tensor a;

    (void)state;
    assert_null(td_tensor_make(TD_F32, &shape, &a));
    assert_int_equal((uintptr_t)a.data % TD_ALIGN, 0);
    assert_int_equal(td_tensor_bytes(&a), 60);
    td_tensor b = td_tensor_ref(&a);
    td_tensor_unref(&a);
    assert_null(a.data);
    td_tensor_unref(&b);
    td_tensor_unref(&b);
    td_tensor_unref(NULL);

    const td_shape impossible = { 1, { INT64_C(1) << 57 } };
    const td_status error = td_tensor_make(TD_F32, &impossible, &a);
    assert_int_equal(td_status_code(error), TD_RESOURCE_EXHAUSTED);
    td_status_free(error);
}

static void count_release(void *data, void *ctx)
{
    assert_string_equal(data, "mine");
    ++*(int *)ctx;
}

static void test_wrapped(void **state)
{
    char mine[] = "mine";
    int released = 0;
    td_buffer *b;

    (void)state;
    assert_null(td_buffer_wrap(mine, sizeof mine, count_release, &released, &b));
    td_tensor t = { TD_U8, { 1, { 5 } }, mine, b };
    td_tensor u = td_tensor_ref(&t);
    td_tensor_unref(&t);
    assert_int_equal(released, 0);
    td_tensor_unref(&u);
    assert_int_equal(released, 1);
}

static void test_copy_of_strings(void **state)
{
    char first[] = "first";
    td_string elements[3] = { { first, 5 }, { NULL, 0 }, { "a\0b", 3 } };
    td_tensor t = { TD_STRING, { 1, { 3 } }, elements, NULL }, copy;

    (void)state;
    assert_null(td_tensor_copy(&t, &copy));
    first[0] = 'X';
    const td_string *const got = copy.data;
    assert_memory_equal(got[0].data, "first", 5);
    assert_int_equal(got[1].size, 0);
    assert_memory_equal(got[2].data, "a\0b", 3);
    td_tensor_unref(&copy);
}

typedef struct counted {
    td_object base;
    int *freed;
} counted;

static void counted_free(td_object *o)
{
    ++*((counted *)o)->freed;
}

static void test_variants_own_their_objects(void **state)
{
    static const td_object_class cls = { .name = "counted", .free = counted_free },
                                 other = { .name = "other", .free = counted_free };
    const td_shape shape = { 1, { 4 } };
    int freed = 0;
    counted c = { .freed = &freed };
    td_tensor t, copy;

    (void)state;
    td_object_init(&c.base, &cls);
    assert_ptr_equal(td_object_as(&c.base, &cls), &c);
    assert_null(td_object_as(&c.base, &other));
    assert_null(td_object_as(NULL, &cls));
    assert_null(td_tensor_make(TD_VARIANT, &shape, &t));
    td_object **const elements = t.data;
    assert_null(elements[3]);
    elements[1] = td_object_ref(&c.base);
    assert_null(td_tensor_copy(&t, &copy));
    td_tensor_unref(&t);
    td_object_unref(&c.base);
    assert_int_equal(freed, 0);
    assert_true(td_object_is_unique(&c.base));
    td_tensor_unref(&copy);
    assert_int_equal(freed, 1);
}

/* Of runs, the large ones. */
static void test_large_ones_are_charged(void **state)
{
    enum { MIB = 1 << 20 };
    const td_shape large = { 1, { 8 * MIB } }, small = { 1, { 60 << 10 } };
    const size_t real = 8 * MIB + 4096;
    td_tensor t[3] = { 0 };

    (void)state;
    td_accounts_limit(12 * (size_t)MIB, NULL);
    assert_ok(td_tensor_make(TD_U8, &large, &t[0])); /* of a load, which has a budget */
    assert_int_equal(td_accounts_used(), 0);
    assert_false(td_account_run_swap(true));
    assert_ok(td_tensor_make(TD_U8, &large, &t[1]));
    assert_int_equal(td_accounts_used(), real);
    assert_status_like(td_tensor_make(TD_U8, &large, &t[2]), TD_RESOURCE_EXHAUSTED,
                       "OOM when allocating tensor with shape[8388608] and type uint8 "
                       "(8392704 of 12582912 bytes are in use)");
    assert_ok(td_tensor_make(TD_U8, &small, &t[2]));
    assert_int_equal(td_accounts_used(), real);
    assert_true(td_account_run_swap(false));
    for (size_t i = 0; i < 3; i++)
        td_tensor_unref(&t[i]);
    (void)td_spare_tidy(true);
    assert_int_equal(td_accounts_used(), 0);
    td_accounts_limit(SIZE_MAX, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_shape_text),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_copy_of_strings),
        cmocka_unit_test(test_variants_own_their_objects),
        cmocka_unit_test(test_large_ones_are_charged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
