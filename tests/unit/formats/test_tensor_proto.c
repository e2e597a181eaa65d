/* SPDX-License-Identifier: Apache-2.0 */
/* test_tensor_proto.c -- TensorProto in every encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "tensorflow/core/framework/tensor.pb-c.h"

#include "base/macros.h"
#include "config/textproto.h"
#include "formats/tensor_proto.h"

/* What a test has read, until drop(). */
static td_strbuf bytes;
static td_arena *arena;
static td_tensor tensor;

static td_status read_text(const char *text)
{
    bytes = (td_strbuf){ NULL, 0, 0 };
    arena = td_arena_make();
    assert_null(td_textproto_encode(text, strlen(text), &tensorflow__tensor_proto__descriptor, NULL, &bytes));
    return td_tensor_proto_read((const uint8_t *)td_strbuf_text(&bytes), bytes.size, arena, &tensor);
}

static void drop(void)
{
    td_arena_free(arena);
    td_strbuf_fini(&bytes);
}

/* The elements of `text` are these. */
static void expect(const char *text, td_dtype dtype, const void *elements, size_t size)
{
    assert_null(read_text(text));
    assert_int_equal(tensor.dtype, dtype);
    assert_int_equal(td_tensor_bytes(&tensor), size);
    assert_memory_equal(tensor.data, elements, size);
    drop();
}

#define EXPECT(text, dtype, type, ...)                                                                       \
    do {                                                                                                     \
        const type elements_[] = { __VA_ARGS__ };                                                            \
        expect(text, dtype, elements_, sizeof elements_);                                                    \
    } while (0)

#define SHAPE(n) " tensor_shape { dim { size: " #n " } } "

static void typed_lists(void **state)
{
    (void)state;
    EXPECT("dtype: DT_FLOAT" SHAPE(2) "float_val: [1.5, -2]", TD_F32, float, 1.5f, -2);
    EXPECT("dtype: DT_DOUBLE double_val: 3", TD_F64, double, 3);
    EXPECT("dtype: DT_INT32" SHAPE(2) "int_val: [-1, 7]", TD_I32, int32_t, -1, 7);
    EXPECT("dtype: DT_INT8" SHAPE(2) "int_val: [-1, 7]", TD_I8, int8_t, -1, 7);
    EXPECT("dtype: DT_UINT8" SHAPE(2) "int_val: [255, 300]", TD_U8, uint8_t, 255, 44);
    EXPECT("dtype: DT_INT16" SHAPE(1) "int_val: -300", TD_I16, int16_t, -300);
    EXPECT("dtype: DT_UINT16" SHAPE(1) "int_val: 65535", TD_U16, uint16_t, 65535);
    EXPECT("dtype: DT_INT64" SHAPE(1) "int64_val: -9223372036854775808", TD_I64, int64_t, INT64_MIN);
    EXPECT("dtype: DT_UINT32" SHAPE(1) "uint32_val: 4294967295", TD_U32, uint32_t, UINT32_MAX);
    EXPECT("dtype: DT_UINT64" SHAPE(1) "uint64_val: 18446744073709551615", TD_U64, uint64_t, UINT64_MAX);
    EXPECT("dtype: DT_BOOL" SHAPE(3) "bool_val: [true, false, true]", TD_BOOL, uint8_t, 1, 0, 1);
    EXPECT("dtype: DT_HALF" SHAPE(2) "half_val: [15360, 48128]", TD_F16, uint16_t, 0x3c00, 0xbc00);
    EXPECT("dtype: DT_BFLOAT16" SHAPE(1) "half_val: 16256", TD_BF16, uint16_t, 0x3f80);
    EXPECT("dtype: DT_COMPLEX64" SHAPE(2) "scomplex_val: [1, 2, 3, 4]", TD_C64, float, 1, 2, 3, 4);
    EXPECT("dtype: DT_COMPLEX128 dcomplex_val: [1, 2]", TD_C128, double, 1, 2);
    EXPECT("dtype: DT_FLOAT8_E5M2" SHAPE(2) "float8_val: '\\1\\2'", TD_F8E5M2, uint8_t, 1, 2);
}

static void lists_of_another_length(void **state)
{
    (void)state;
    EXPECT("dtype: DT_FLOAT" SHAPE(3) "float_val: [1, 2]", TD_F32, float, 1, 2, 2);
    EXPECT("dtype: DT_FLOAT" SHAPE(3), TD_F32, float, 0, 0, 0);
    EXPECT("dtype: DT_FLOAT" SHAPE(1) "float_val: [1, 2]", TD_F32, float, 1);
    EXPECT("dtype: DT_COMPLEX64" SHAPE(2) "scomplex_val: [1, 2, 3]", TD_C64, float, 1, 2, 1, 2);
    EXPECT("dtype: DT_COMPLEX64" SHAPE(2) "scomplex_val: 1", TD_C64, float, 0, 0, 0, 0);
    EXPECT("dtype: DT_INT64" SHAPE(2) "int_val: 5", TD_I64, int64_t, 0, 0); /* another type's list */
    assert_null(read_text("dtype: DT_FLOAT" SHAPE(0) "float_val: 1"));
    assert_int_equal(td_shape_count(&tensor.shape), 0);
    drop();
}

static void contents(void **state)
{
    (void)state;
    EXPECT("dtype: DT_INT16" SHAPE(2) "tensor_content: '\\1\\0\\2\\0' int_val: 9", TD_I16, int16_t, 1, 2);
    EXPECT("dtype: DT_BOOL" SHAPE(2) "tensor_content: '\\0\\7'", TD_BOOL, uint8_t, 0, 1);
    assert_null(read_text("dtype: DT_STRING" SHAPE(2) "tensor_content: '\\1\\2abb'"));
    const td_string *const s = tensor.data;
    assert_int_equal(s[0].size, 1);
    assert_memory_equal(s[1].data, "bb", 2);
    drop();
}

static void strings_repeat(void **state)
{
    (void)state;
    assert_null(read_text("dtype: DT_STRING" SHAPE(3) "string_val: ['a', 'bc']"));
    const td_string *const s = tensor.data;
    assert_memory_equal(s[0].data, "a", 1);
    assert_int_equal(s[2].size, 2);
    assert_memory_equal(s[2].data, "bc", 2);
    drop();
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *text, *part;
        td_code code;
    } cases[] = {
        { "", "invalid tensor type 0", TD_INVALID_ARGUMENT },
        { "dtype: DT_FLOAT_REF", "invalid tensor type 101", TD_INVALID_ARGUMENT },
        { "dtype: DT_VARIANT", "variant", TD_UNIMPLEMENTED },
        { "dtype: DT_RESOURCE", "resource", TD_UNIMPLEMENTED },
        { "dtype: DT_FLOAT" SHAPE(-1), "not fully defined", TD_INVALID_ARGUMENT },
        { "dtype: DT_FLOAT" SHAPE(-2), "-2", TD_INVALID_ARGUMENT },
        { "dtype: DT_FLOAT tensor_shape { unknown_rank: true }", "not fully defined", TD_INVALID_ARGUMENT },
        { "dtype: DT_FLOAT" SHAPE(4611686018427387904), "", TD_INVALID_ARGUMENT },
        { "dtype: DT_FLOAT" SHAPE(2) "tensor_content: 'abc'", "3 bytes", TD_INVALID_ARGUMENT },
        { "dtype: DT_STRING" SHAPE(2) "tensor_content: '\\1\\5ab'", "strings", TD_INVALID_ARGUMENT },
        { "dtype: DT_STRING" SHAPE(2) "tensor_content: '\\1'", "lengths", TD_INVALID_ARGUMENT },
        { "dtype: DT_STRING" SHAPE(1) "tensor_content: '\\1ab'", "after", TD_INVALID_ARGUMENT },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        assert_status_like(read_text(cases[i].text), cases[i].code, cases[i].part);
        drop();
    }
}

static void ranks_have_a_limit(void **state)
{
    td_strbuf text = { NULL, 0, 0 };

    (void)state;
    td_strbuf_puts(&text, "dtype: DT_FLOAT tensor_shape {");
    for (int i = 0; i < TD_MAX_RANK + 1; i++)
        td_strbuf_puts(&text, " dim { size: 1 }");
    td_strbuf_puts(&text, " }");
    const td_status status = read_text(td_strbuf_text(&text));
    assert_int_equal(td_status_code(status), TD_INVALID_ARGUMENT);
    td_status_free(status);
    drop();
    td_strbuf_fini(&text);
}

static void every_cut_is_safe(void **state)
{
    (void)state;
    assert_null(read_text("dtype: DT_COMPLEX64" SHAPE(2) "scomplex_val: [1, 2, 3, 4]"));
    for (size_t size = 0; size < bytes.size; size++) {
        td_tensor t;
        td_status_free(td_tensor_proto_read((const uint8_t *)td_strbuf_text(&bytes), size, arena, &t));
    }
    drop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_lists),       cmocka_unit_test(lists_of_another_length),
        cmocka_unit_test(contents),          cmocka_unit_test(strings_repeat),
        cmocka_unit_test(what_is_wrong),     cmocka_unit_test(ranks_have_a_limit),
        cmocka_unit_test(every_cut_is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
