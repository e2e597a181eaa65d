/* SPDX-License-Identifier: Apache-2.0 */
/* test_tensor.c -- tensors of every type to TensorProto and back, in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "codec/pb/tensor.h"
#include "formats/tensor_proto.h"

static td_arena *arena;

/* The message, in memory of exactly the planned size, so that a sanitizer sees a byte too much. */
static uint8_t *encode(const td_tensor *t, bool as_content, size_t *size)
{
    td_grpc_tensor plan;

    assert_null(td_grpc_tensor_plan(t, as_content, &plan));
    uint8_t *const bytes = malloc(plan.size ? plan.size : 1);
    assert_ptr_equal(td_grpc_tensor_put(bytes, &plan), bytes + plan.size);
    *size = plan.size;
    return bytes;
}

static void assert_same(const td_tensor *a, const td_tensor *b)
{
    const size_t n = (size_t)td_shape_count(&a->shape);

    assert_int_equal(a->dtype, b->dtype);
    assert_true(td_shape_equal(&a->shape, &b->shape));
    if (a->dtype != TD_STRING) {
        if (n) assert_memory_equal(a->data, b->data, td_tensor_bytes(a));
        return;
    }
    const td_string *const x = a->data, *const y = b->data;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(x[i].size, y[i].size);
        if (x[i].size) assert_memory_equal(x[i].data, y[i].data, x[i].size);
    }
}

static void assert_round_trip(const td_tensor *t)
{
    for (int as_content = 0; as_content < 2; as_content++) {
        size_t size;
        uint8_t *const bytes = encode(t, as_content, &size);
        td_tensor back;
        td_tensor_proto head;

        assert_null(td_tensor_proto_parse(bytes, size, &head));
        if (td_shape_count(&t->shape) > 0) assert_int_equal(head.content != NULL, as_content);
        assert_null(td_tensor_proto_read(bytes, size, arena, &back));
        assert_same(t, &back);
        free(bytes);
    }
}

static void every_type_comes_back(void **state)
{
    static const int64_t dims[][3] = { { 0 }, { 5, 3, 0 }, { 1, 1, 1 }, { 2, 3, 4 }, { 7, 1, 29 } };

    (void)state;
    for (int dtype = 1; dtype < TD_DTYPE_COUNT; dtype++) {
        if (!td_dtype_is_valid(dtype) || dtype == TD_STRING || dtype == TD_RESOURCE || dtype == TD_VARIANT)
            continue;
        for (size_t d = 0; d < TD_COUNT(dims); d++) {
            td_tensor t;
            td_shape shape;
            const int64_t rank = d ? 3 : 0;

            assert_null(td_shape_make(rank, dims[d], &shape));
            assert_null(td_tensor_make((td_dtype)dtype, &shape, &t));
            /* Every bit pattern but for bool, where only 0 and 1 come back; ends with the extremes. */
            uint8_t *const p = t.data;
            const size_t size = td_tensor_bytes(&t);
            for (size_t i = 0; i < size; i++)
                p[i] = dtype == TD_BOOL ? i % 3 == 1 : (uint8_t)(i * 151 + (i >> 4) * 7);
            if (dtype != TD_BOOL && size >= 32) {
                memset(p, 0xff, 16);
                memset(p + 16, 0, 16);
            }
            assert_round_trip(&t);
            td_tensor_unref(&t);
        }
    }
}

static void strings_come_back(void **state)
{
    char *const long_text = calloc(1, 100000);
    td_string texts[] = { { "a", 1 }, { NULL, 0 }, { "b\0c", 3 }, { long_text, 100000 }, { "\xff\xfe", 2 } };
    td_tensor t = { .dtype = TD_STRING, .data = texts };

    (void)state;
    assert_null(td_shape_make(2, (int64_t[]){ 5, 1 }, &t.shape));
    assert_round_trip(&t);
    assert_null(td_shape_make(0, NULL, &t.shape));
    assert_round_trip(&t);
    assert_null(td_shape_make(1, (int64_t[]){ 0 }, &t.shape));
    assert_round_trip(&t);
    free(long_text);
}

static void bytes_are_tensorflows(void **state)
{
    /* tf.make_tensor_proto's fields, but with every element written: dtype, shape, float_val. */
    static const uint8_t floats[] =
        "\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x08\x00\x00\x80\x3f\x00\x00\x00\x40";
    static const uint8_t int_scalar[] = "\x08\x03\x12\x00\x3a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    float two[] = { 1, 2 };
    int32_t minus_one = -1;
    td_tensor t = { .dtype = TD_F32, .data = two };
    size_t size;

    (void)state;
    assert_null(td_shape_make(1, (int64_t[]){ 2 }, &t.shape));
    uint8_t *bytes = encode(&t, false, &size);
    assert_int_equal(size, sizeof floats - 1);
    assert_memory_equal(bytes, floats, size);
    free(bytes);

    t = (td_tensor){ .dtype = TD_I32, .data = &minus_one };
    bytes = encode(&t, false, &size);
    assert_int_equal(size, sizeof int_scalar - 1);
    assert_memory_equal(bytes, int_scalar, size);
    free(bytes);
}

static void odd_bools_become_true(void **state)
{
    uint8_t bools[] = { 0, 1, 2, 0xff };
    td_tensor t = { .dtype = TD_BOOL, .data = bools };
    size_t size;

    (void)state;
    assert_null(td_shape_make(1, (int64_t[]){ 4 }, &t.shape));
    uint8_t *const bytes = encode(&t, false, &size);
    assert_memory_equal(bytes + size - 4, "\x00\x01\x01\x01", 4);
    free(bytes);
}

static void handles_have_no_wire_form(void **state)
{
    td_grpc_tensor plan;
    void *handle = NULL;
    const td_tensor t = { .dtype = TD_RESOURCE, .data = &handle };
    const td_status error = td_grpc_tensor_plan(&t, false, &plan);

    (void)state;
    assert_int_equal(td_status_code(error), TD_UNIMPLEMENTED);
    td_status_free(error);
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
    td_arena_free(arena);
    return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_type_comes_back), CASE(strings_come_back),         CASE(bytes_are_tensorflows),
        CASE(odd_bools_become_true), CASE(handles_have_no_wire_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
