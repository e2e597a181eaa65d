/* SPDX-License-Identifier: Apache-2.0 */
/* test_vocabulary.c -- vocabulary files: what TensorFlow reads, and what it refuses with which words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "ops/state/vocabulary.h"

enum { LINE = TD_VOCABULARY_LINE, NUMBER = TD_VOCABULARY_NUMBER };

static td_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = td_arena_make();
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    td_arena_free(arena);
    return 0;
}

static td_status read(td_vocabulary v, const char *text, td_tensor *keys, td_tensor *values)
{
    v.name = "F";
    TD_TRY(td_vocabulary_check(&v, keys->dtype, values->dtype));
    return td_vocabulary_read(&v, (td_string){ text, strlen(text) }, arena, keys, values);
}

/* Words to line numbers, the usual kind: the words that come out, each with "=" and its number. */
static const char *words(const char *text, int64_t size, int64_t offset)
{
    static char out[256];
    td_tensor keys = { .dtype = TD_STRING }, values = { .dtype = TD_I64 };
    size_t n = 0;

    out[0] = 0;
    assert_ok(read((td_vocabulary){ LINE, NUMBER, size, offset, '\t', NULL }, text, &keys, &values));
    assert_int_equal(keys.shape.dims[0], values.shape.dims[0]);
    for (int64_t i = 0; i < keys.shape.dims[0]; i++) {
        const td_string s = ((const td_string *)keys.data)[i];

        n += (size_t)snprintf(out + n, sizeof out - n, "%.*s=%lld ", (int)s.size, s.data,
                              (long long)((const int64_t *)values.data)[i]);
    }
    return out;
}

static void test_lines(void **state)
{
    (void)state;
    assert_string_equal(words("a\nb\n", -1, 0), "a=0 b=1 ");
    assert_string_equal(words("a\nb", -1, 0), "a=0 b=1 ");
    assert_string_equal(words("a\r\nb\r\n", -1, 0), "a=0 b=1 ");
    assert_string_equal(words("a\nb\r", -1, 0), "a=0 b=1 ");
    assert_string_equal(words("a\n\r", -1, 0), "a=0 ");
    assert_string_equal(words("a\rb\n", -1, 0), "a\rb=0 ");
    assert_string_equal(words("a\r\r\nb\n", -1, 0), "a\r=0 b=1 ");
    assert_string_equal(words("a\tb\n c \n", -1, 0), "a\tb=0  c =1 ");
}

static void test_offset_is_added(void **state)
{
    (void)state;
    assert_string_equal(words("a\nb\n", -1, 5), "a=5 b=6 ");
    assert_string_equal(words("a\nb\n", 2, -3), "a=-3 b=-2 ");
    assert_string_equal(words("a\nb\n", -1, INT64_MAX), "a=9223372036854775807 b=-9223372036854775808 ");
    td_tensor keys = { .dtype = TD_I64 }, values = { .dtype = TD_I64 };
    assert_ok(read((td_vocabulary){ NUMBER, NUMBER, -1, 2, '\t', NULL }, "a\n", &keys, &values));
    assert_int_equal(*(int64_t *)keys.data, 2);
    assert_int_equal(*(int64_t *)values.data, 2);
}

static void test_size(void **state)
{
    (void)state;
    assert_string_equal(words("a\nb\n", 1, 3), "a=3 ");
    assert_string_equal(words("a\nb\n", 2, 3), "a=3 b=4 ");
    assert_string_equal(words("a\n\nb\n", 1, 0), "a=0 "); /* what is behind is not looked at */
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int64_t size;
        td_code code;
        const char *why;
    } cases[] = {
        { "a\nb\n", 9, TD_INVALID_ARGUMENT, "Invalid vocab_size in F: expected 9 but got 2" },
        { "a\nb\n", 3, TD_INVALID_ARGUMENT, "Invalid vocab_size in F: expected 3 but got 2" },
        { "", 1, TD_INVALID_ARGUMENT, "Invalid vocab_size in F: expected 1 but got 0" },
        { "a\nb\n", 0, TD_OUT_OF_RANGE, "Finished reading 0 of lines from F" },
        { "", -1, TD_OUT_OF_RANGE, "Read less bytes than requested" },
        { "", 0, TD_OUT_OF_RANGE, "Read less bytes than requested" },
        { "\n", -1, TD_INVALID_ARGUMENT, "Invalid content in F: empty line found at position 1." },
        { "\r\n", -1, TD_INVALID_ARGUMENT, "Invalid content in F: empty line found at position 2." },
        { "a\n\nb\n", -1, TD_INVALID_ARGUMENT, "Invalid content in F: empty line found at position 3." },
        { "a\nb\n\n", -1, TD_INVALID_ARGUMENT, "Invalid content in F: empty line found at position 5." },
        { "a\n\nb\n", 2, TD_INVALID_ARGUMENT, "Invalid content in F: empty line found at position 3." },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        td_tensor keys = { .dtype = TD_STRING }, values = { .dtype = TD_I64 };
        const td_vocabulary v = { LINE, NUMBER, cases[i].size, 0, '\t', NULL };

        assert_status(read(v, cases[i].text, &keys, &values), cases[i].code, cases[i].why);
    }
}

/* The value column of one line. */
static td_status field(const char *text, int64_t column, td_dtype dtype, td_tensor *value)
{
    td_tensor keys = { .dtype = TD_STRING };

    *value = (td_tensor){ .dtype = dtype };
    return read((td_vocabulary){ 0, column, -1, 0, ',', NULL }, text, &keys, value);
}

static void test_columns(void **state)
{
    td_tensor v;

    (void)state;
    assert_ok(field("a,,b\n", 1, TD_STRING, &v));
    assert_int_equal(((const td_string *)v.data)->size, 0);
    assert_ok(field("a,,b\n", 2, TD_STRING, &v));
    assert_int_equal(((const td_string *)v.data)->size, 1);
    assert_status(field("a,1\nb\n", 1, TD_I64, &v), TD_INVALID_ARGUMENT,
                  "Invalid number of columns in F line 1 (b) : expected at least 2 got 1");
    assert_status(field("a b\n", 3, TD_I64, &v), TD_INVALID_ARGUMENT,
                  "Invalid number of columns in F line 0 (a b) : expected at least 4 got 1");
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        bool is_i64, is_i32;
        int64_t want;
    } cases[] = {
        { "a,1", true, true, 1 },
        { "a,-2", true, true, -2 },
        { "a,+1", true, true, 1 },
        { "a, 1", true, true, 1 },
        { "a,\t1\v", true, true, 1 },
        { "a,01", true, true, 1 },
        { "a,2147483648", true, false, INT64_C(2147483648) },
        { "a,-9223372036854775808", true, false, INT64_MIN },
        { "a,9223372036854775808", false, false, 0 },
        { "a,", false, false, 0 },
        { "a,  ", false, false, 0 },
        { "a,x", false, false, 0 },
        { "a,0x10", false, false, 0 },
        { "a,1.", false, false, 0 },
        { "a,1e3", false, false, 0 },
        { "a,1 2", false, false, 0 },
        { "a,--1", false, false, 0 },
        { "a,- 1", false, false, 0 },
        { "a,+-1", false, false, 0 },
    };
    td_tensor v;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        td_status s = field(cases[i].text, 1, TD_I64, &v);

        assert_int_equal(td_status_code(s), cases[i].is_i64 ? TD_OK : TD_INVALID_ARGUMENT);
        if (!s) assert_int_equal(*(const int64_t *)v.data, cases[i].want);
        td_status_free(s);
        s = field(cases[i].text, 1, TD_I32, &v);
        assert_int_equal(td_status_code(s), cases[i].is_i32 ? TD_OK : TD_INVALID_ARGUMENT);
        if (!s) assert_int_equal(*(const int32_t *)v.data, cases[i].want);
        td_status_free(s);
    }
    assert_status(field("a,7\nb,x\n", 1, TD_I64, &v), TD_INVALID_ARGUMENT,
                  "Field x in line 1 is not a valid int64.");
    assert_status(field("a,2147483648", 1, TD_I32, &v), TD_INVALID_ARGUMENT,
                  "Field 2147483648 in line 0 is not a valid int32.");
}

static void test_floats(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        double want;
    } cases[] = {
        { "a,1.5", true, 1.5 },        { "a,.5", true, .5 },        { "a,1e3 ", true, 1000 },
        { "a,-0x10", true, -16 },      { "a,inf", true, INFINITY }, { "a,-Infinity", true, -INFINITY },
        { "a,1e400", true, INFINITY }, { "a,1e-400", true, 0 },     { "a,", false, 0 },
        { "a,1e", false, 0 },          { "a,1f", false, 0 },        { "a,infinit", false, 0 },
        { "a,1_0", false, 0 },
    };
    td_tensor v;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        td_status s = field(cases[i].text, 1, TD_F64, &v);

        assert_int_equal(td_status_code(s), cases[i].is_good ? TD_OK : TD_INVALID_ARGUMENT);
        if (!s) assert_true(*(const double *)v.data == cases[i].want);
        td_status_free(s);
        s = field(cases[i].text, 1, TD_F32, &v);
        assert_int_equal(td_status_code(s), cases[i].is_good ? TD_OK : TD_INVALID_ARGUMENT);
        if (!s) assert_true(*(const float *)v.data == (float)cases[i].want);
        td_status_free(s);
    }
    assert_ok(field("a,nan", 1, TD_F32, &v));
    assert_true(isnan(*(const float *)v.data));
    assert_status(field("a,x", 1, TD_F32, &v), TD_INVALID_ARGUMENT,
                  "Field x in line 0 is not a valid float.");
}

static void test_types(void **state)
{
    td_tensor v, i32 = { .dtype = TD_I32 }, words32 = { .dtype = TD_STRING }, flags = { .dtype = TD_BOOL };

    (void)state;
    assert_status(read((td_vocabulary){ LINE, NUMBER, -1, 0, '\t', NULL }, "a\n", &words32, &i32),
                  TD_INVALID_ARGUMENT,
                  "Value index for line number requires table value dtype of int64, got int32");
    assert_status(read((td_vocabulary){ NUMBER, LINE, -1, 0, '\t', NULL }, "a\n", &words32, &words32),
                  TD_INVALID_ARGUMENT,
                  "Key index for line number requires table key dtype of int64, got string");
    assert_status(read((td_vocabulary){ LINE, LINE, -1, 0, '\t', NULL }, "a\n", &words32, &flags),
                  TD_INVALID_ARGUMENT,
                  "Value index for whole line requires table value dtype of integer or string, got bool");
    assert_status(field("a,1\n", 1, TD_BOOL, &v), TD_INVALID_ARGUMENT, "Data type bool not supported.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_offset_is_added),
        cmocka_unit_test(test_size),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_columns), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_floats),  cmocka_unit_test(test_types),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
