/* SPDX-License-Identifier: Apache-2.0 */
/* test_note.c -- what X-Tensord-Tensor says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "codec/array/note.h"

static td_arena *arena;
static td_array_note note;

static void read_note(const char *text)
{
    assert_ok(td_array_note_parse(text, arena, &note));
}

static void assert_text(td_string got, const char *want)
{
    assert_int_equal(got.size, strlen(want));
    if (got.size) assert_memory_equal(got.data, want, got.size);
}

static void test_tensors(void **state)
{
    static const struct {
        const char *text;
        td_dtype dtype;
        int rank;
        int64_t first;
    } cases[] = {
        { "float32 [8,224,224,3]", TD_F32, 4, 8 },
        { "float[8]", TD_F32, 1, 8 },
        { " DT_FLOAT [ 8 , 2 ] ", TD_F32, 2, 8 },
        { "half []", TD_F16, 0, 0 },
        { "float16\t[\t]", TD_F16, 0, 0 },
        { "bfloat16[0]", TD_BF16, 1, 0 },
        { "double[1]", TD_F64, 1, 1 },
        { "uint64[3,0]", TD_U64, 2, 3 },
        { "complex64[2]", TD_C64, 1, 2 },
        { "bool[007]", TD_BOOL, 1, 7 },
        { "qint8[1]", TD_QI8, 1, 1 },
        { "int32[1,1,1,1,1,1,1,1,1,1,1,1]", TD_I32, 12, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        read_note(cases[i].text);
        assert_int_equal(note.dtype, cases[i].dtype);
        assert_int_equal(note.shape.rank, cases[i].rank);
        if (note.shape.rank) assert_int_equal(note.shape.dims[0], cases[i].first);
    }
}

static void test_params(void **state)
{
    (void)state;
    read_note("float32[2];name=x; output = y ;signature=s");
    assert_text(note.input, "x");
    assert_text(note.output, "y");
    assert_text(note.signature, "s");
    read_note("output=a/b:0,c=d");
    assert_int_equal(note.dtype, TD_DTYPE_NONE);
    assert_text(note.output, "a/b:0,c=d");
    read_note("name=\"a; \\\"b\\\\\";signature=\xe7\x8a\xac");
    assert_text(note.input, "a; \"b\\");
    assert_text(note.signature, "\xe7\x8a\xac");
    assert_text(note.output, "");
}

static void test_mistakes(void **state)
{
    static const char *const malformed[] = {
        "",
        " ",
        ";",
        "float32",
        "float32[",
        "float32]",
        "float32[1",
        "float32[1,]",
        "float32[,1]",
        "float32[1 2]",
        "float32[-1]",
        "float32[x]",
        "float32[1] x",
        "float32[1];",
        "float32[1];;name=x",
        "float32[1] name=x",
        "float32[99999999999999999999]",
        "name=",
        "name",
        "name=x;name=y",
        "Name=x",
        "name=\"x",
        "name=\"x\\",
        "name=\"x\"y",
        "name=\"\"",
        "name=a b",
        "float32[1];float32[1]",
        "dtype=float32",
        "=x",
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(malformed); i++)
        assert_status_like(td_array_note_parse(malformed[i], arena, &note), TD_INVALID_ARGUMENT,
                           "it is like: float32 [8,");
    assert_status_like(td_array_note_parse("string[1]", arena, &note), TD_INVALID_ARGUMENT,
                       "\"string\" is no type");
    assert_status_like(td_array_note_parse("resource[1]", arena, &note), TD_INVALID_ARGUMENT, "is no type");
    assert_status_like(td_array_note_parse("[1]", arena, &note), TD_INVALID_ARGUMENT, "\"\" is no type");
    assert_status_like(td_array_note_parse("float31[1]", arena, &note), TD_INVALID_ARGUMENT,
                       "\"float31\" is no type");
    assert_status_like(td_array_note_parse("int8[1,1,1,1,1,1,1,1,1,1,1,1,1]", arena, &note),
                       TD_INVALID_ARGUMENT, "more than 12 dimensions");
    assert_says(td_array_note_parse("int8[4294967296,4294967296]", arena, &note), "");
}

static void test_there_and_back(void **state)
{
    static const char *const names[] = { "y", "a b", "a;b", "\"", "a\\b", "\xe7\x8a\xac", "x=y,z" };
    const td_tensor t = { .dtype = TD_F16, .shape = { .rank = 2, .dims = { 3, 0 } } };

    (void)state;
    assert_string_equal(td_array_note_text(&t, "y", arena), "float16 [3,0]; name=y");
    for (size_t i = 0; i < TD_COUNT(names); i++) {
        read_note(td_array_note_text(&t, names[i], arena));
        assert_true(td_shape_equal(&note.shape, &t.shape));
        assert_text(note.input, names[i]);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_there_and_back),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
