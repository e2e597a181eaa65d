/* SPDX-License-Identifier: Apache-2.0 */
/* test_array.c -- bytes of one tensor to an input, in place where they are aligned; one output to bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fake_session.h"
#include "assert_status.h"
#include "codec/array/array.h"
#include "serve/table.h"

static float one = 1;
static const td_tensor default_b = { .dtype = TD_F32, .data = &one };
static const td_tensor_info inputs[] = {
    { .alias = "a", .tensor = "a:0", .dtype = TD_F32 },
    { .alias = "b", .tensor = "b:0", .dtype = TD_F32, .default_value = &default_b },
};
static const td_tensor_info outputs[] = { { .alias = "y", .tensor = "y:0", .dtype = TD_F32 },
                                          { .alias = "z", .tensor = "z:0", .dtype = TD_F32 } };
const td_signature fake_signature = { "serving_default", "", inputs, outputs, 2, 2 };

static td_arena *arena;
static td_predict p;
static _Alignas(64) unsigned char bytes[256];

static td_status fill(td_array_form form, const char *text, const void *data, size_t size)
{
    td_array_note note = { 0 };

    td_predict_close(&p);
    if (text) TD_TRY(td_array_note_parse(text, arena, &note));
    TD_TRY(td_predict_open(td_servable_make("m", 1, NULL, td_servable_free, NULL), (td_string){ 0 },
                           TD_WORDING_REST, arena, &p));
    return td_array_fill(form, &note, data, size, &p);
}

static void test_in_place(void **state)
{
    (void)state;
    assert_ok(fill(TD_ARRAY_RAW, "float32 [3]", bytes + 8, 12));
    assert_ptr_equal(p.inputs[0].data, bytes + 8);
    assert_ok(fill(TD_ARRAY_RAW, "float32 [3]", bytes + 4, 12));
    assert_ptr_not_equal(p.inputs[0].data, bytes + 4);
    assert_memory_equal(p.inputs[0].data, bytes + 4, 12);
    assert_int_equal((uintptr_t)p.inputs[0].data % TD_ALIGN, 0);
    assert_ok(fill(TD_ARRAY_RAW, "float32 [0,3]", bytes + 1, 0));
}

static void test_which_input(void **state)
{
    (void)state;
    assert_ok(fill(TD_ARRAY_RAW, "float32 []; name=b", bytes, 4));
    assert_int_equal(p.inputs[0].dtype, TD_DTYPE_NONE);
    assert_int_equal(p.inputs[1].dtype, TD_F32);
    assert_status_like(fill(TD_ARRAY_RAW, "float32 []; name=c", bytes, 4), TD_INVALID_ARGUMENT,
                       "no input c. The inputs are: ");
}

static void test_sizes(void **state)
{
    (void)state;
    for (size_t size = 0; size < 20; size++)
        if (size != 12)
            assert_status_like(fill(TD_ARRAY_RAW, "float32 [3]", bytes, size), TD_INVALID_ARGUMENT,
                               "says 12 bytes");
    assert_status_like(fill(TD_ARRAY_RAW, NULL, bytes, 4), TD_INVALID_ARGUMENT,
                       "type and shape are not known");
    assert_status_like(fill(TD_ARRAY_NPY, NULL, bytes, 4), TD_INVALID_ARGUMENT, "no .npy");
}

static void test_bools(void **state)
{
    (void)state;
    bytes[1] = 1;
    assert_ok(fill(TD_ARRAY_RAW, "bool [2]", bytes, 2));
    bytes[1] = 2;
    assert_status_like(fill(TD_ARRAY_RAW, "bool [2]", bytes, 2), TD_INVALID_ARGUMENT, "0 and 1");
    bytes[1] = 0;
}

static void test_there_and_back(void **state)
{
    static const td_string y = { "y", 1 };
    const float three[] = { 1, 2, 5 };
    td_json_out out = { 0 };

    (void)state;
    memcpy(bytes, three, sizeof three);
    assert_ok(fill(TD_ARRAY_RAW, "float32 [3]", bytes, 12));
    assert_status_like(td_array_check_output(&p), TD_INVALID_ARGUMENT, "The outputs are: y, z.");
    assert_ok(td_predict_filter(&p, &y, 1));
    assert_ok(td_array_check_output(&p));
    assert_ok(td_predict_run(&p, 0));
    assert_ok(td_array_put(TD_ARRAY_RAW, &p, &out));
    assert_int_equal(out.size, 12);
    assert_memory_equal(out.data, three, 12);
    out.size = 0;
    assert_ok(td_array_put(TD_ARRAY_NPY, &p, &out));
    assert_true(td_array_is_npy(out.data, out.size));
    assert_int_equal(out.size, 128 + 12);
    assert_ok(fill(TD_ARRAY_NPY, "name=a", out.data, out.size));
    assert_ptr_equal(p.inputs[0].data, out.data + 128); /* numpy's heads are made for it */
    assert_memory_equal(p.inputs[0].data, three, 12);
    td_predict_close(&p);
    td_json_out_fini(&out);
}

static int setup(void **state)
{
    (void)state;
    arena = td_arena_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    td_predict_close(&p);
    td_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_place), cmocka_unit_test(test_which_input),    cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bools),    cmocka_unit_test(test_there_and_back),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
