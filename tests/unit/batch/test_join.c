/* SPDX-License-Identifier: Apache-2.0 */
/* test_join.c -- rows of several calls one behind the other, widened to each other, and filled up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "batch/join.h"

static const td_tensor_info info = { .alias = "x", .dtype = TD_F32 };
static const td_signature sig = { .name = "one", .inputs = &info, .n_inputs = 1 };

static td_account account;
static td_workspace memory;

/* Links calls of these inputs; joins them in memory. */
static td_tensor join(td_tensor *in, size_t n, size_t rows)
{
    td_batch_call calls[4];
    td_tensor out;

    for (size_t i = 0; i < n; i++)
        calls[i] = (td_batch_call){ .sig = &sig,
                                    .in = &in[i],
                                    .rows = (size_t)in[i].shape.dims[0],
                                    .next = i + 1 < n ? &calls[i + 1] : NULL };
    assert_ok(td_join_input(calls, n, 0, rows, &account, &memory, &out));
    assert_true(account.used >= TD_MAX(td_tensor_bytes(&out), (size_t)1));
    return out;
}

static void expect(td_tensor got, td_shape shape, const float *want)
{
    assert_true(td_shape_equal(&got.shape, &shape));
    assert_memory_equal(got.data, want, td_tensor_bytes(&got));
    td_workspace_give(&memory);
    assert_int_equal(account.used, 0);
}

static void test_same_shapes(void **state)
{
    float a[] = { 1, 2 }, b[] = { 3, 4, 5, 6 };
    td_tensor in[] = { { TD_F32, { 2, { 1, 2 } }, a, NULL }, { TD_F32, { 2, { 2, 2 } }, b, NULL } };

    (void)state;
    expect(join(in, 2, 3), (td_shape){ 2, { 3, 2 } }, (float[]){ 1, 2, 3, 4, 5, 6 });
    /* The last call's first row, as often as needed. */
    expect(join(in, 2, 6), (td_shape){ 2, { 6, 2 } }, (float[]){ 1, 2, 3, 4, 5, 6, 3, 4, 3, 4, 3, 4 });
    expect(join(in, 1, 4), (td_shape){ 2, { 4, 2 } }, (float[]){ 1, 2, 1, 2, 1, 2, 1, 2 });
}

static void test_vectors(void **state)
{
    float a[] = { 1, 2 }, b[] = { 3 };
    td_tensor in[] = { { TD_F32, { 1, { 2 } }, a, NULL }, { TD_F32, { 1, { 1 } }, b, NULL } };

    (void)state;
    expect(join(in, 2, 5), (td_shape){ 1, { 5 } }, (float[]){ 1, 2, 3, 3, 3 });
}

/* Each is widened by its own first element. */
static void test_widened(void **state)
{
    float a[] = { 1, 2, 3, 4 }, b[] = { 5, 6, 7 };
    td_tensor in[] = { { TD_F32, { 2, { 2, 2 } }, a, NULL }, { TD_F32, { 2, { 1, 3 } }, b, NULL } };

    (void)state;
    expect(join(in, 2, 4), (td_shape){ 2, { 4, 3 } }, (float[]){ 1, 2, 1, 3, 4, 1, 5, 6, 7, 5, 6, 7 });
}

static void test_widened_in_two_dimensions(void **state)
{
    float a[] = { 1, 2, 3 }, b[] = { 4, 5 };
    td_tensor in[] = { { TD_F32, { 3, { 1, 1, 3 } }, a, NULL }, { TD_F32, { 3, { 1, 2, 1 } }, b, NULL } };

    (void)state;
    expect(join(in, 2, 2), (td_shape){ 3, { 2, 2, 3 } }, (float[]){ 1, 2, 3, 1, 1, 1, 4, 4, 4, 5, 4, 4 });
}

static void test_strings(void **state)
{
    td_string a[] = { { "x", 1 }, { "y", 1 } }, b[] = { { "z", 1 } };
    td_tensor in[] = { { TD_STRING, { 2, { 1, 2 } }, a, NULL }, { TD_STRING, { 2, { 1, 1 } }, b, NULL } };
    td_tensor got;

    (void)state;
    got = join(in, 2, 3);
    for (int i = 0; i < 6; i++)
        assert_int_equal(((const td_string *)got.data)[i].data[0], "xyzzzz"[i]);
    td_workspace_give(&memory);
    assert_int_equal(account.used, 0);
}

static void test_rows_without_elements(void **state)
{
    td_tensor in[] = { { TD_F32, { 2, { 2, 0 } }, NULL, NULL }, { TD_F32, { 2, { 1, 0 } }, NULL, NULL } };
    td_tensor got;

    (void)state;
    got = join(in, 2, 8);
    assert_int_equal(got.shape.dims[0], 8);
    td_workspace_give(&memory);
    assert_int_equal(account.used, 0);
}

static void test_too_large(void **state)
{
    float a[] = { 1 };
    td_tensor in = { TD_F32, { 2, { 1, INT64_C(1) << 50 } }, a, NULL }, out;
    const td_batch_call c = { .sig = &sig, .in = &in, .rows = 1 };

    (void)state;
    assert_status(td_join_input(&c, 1, 0, (size_t)1 << 40, &account, &memory, &out), TD_RESOURCE_EXHAUSTED,
                  "A batch is too large");
    assert_null(memory.data);
}

/* Beyond the limit there is no batch, and nothing is left behind. */
static void test_charged(void **state)
{
    float a[1000] = { 1 };
    td_tensor in = { TD_F32, { 2, { 1, 1000 } }, a, NULL }, out;
    const td_batch_call c = { .sig = &sig, .in = &in, .rows = 1 };

    (void)state;
    td_accounts_limit(10000, NULL);
    assert_status_like(td_join_input(&c, 1, 0, 3, &account, &memory, &out), TD_RESOURCE_EXHAUSTED,
                       "a batch needs 12000 bytes of memory; ");
    assert_null(memory.data);
    assert_int_equal(account.used, 0);
    assert_ok(td_join_input(&c, 1, 0, 2, &account, &memory, &out));
    assert_int_equal(account.used, 8000);
    td_workspace_give(&memory);
    assert_int_equal(td_accounts_used(), 0);
    td_accounts_limit(SIZE_MAX, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_shapes), cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_widened),     cmocka_unit_test(test_widened_in_two_dimensions),
        cmocka_unit_test(test_strings),     cmocka_unit_test(test_rows_without_elements),
        cmocka_unit_test(test_too_large),   cmocka_unit_test(test_charged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
