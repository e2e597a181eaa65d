/* SPDX-License-Identifier: Apache-2.0 */
/* test_tflite.c -- damaged TFLite files: real ones, those of the goldens, cut short and spoiled, byte by byte; and what the
 * verification of a FlatBuffer says of small ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "formats/flatbuffer_verify.h"
#include "formats/tflite/flex.h"
#include "formats/tflite/tflite.h"
#include "golden.h"

enum { BUDGET_NODES = 1000, BUDGET_BYTES = 1 << 20 };

/* ---- whole files --------------------------------------------------------------------------------------- */

/* From memory of its own, and no more: sanitizers see what is read behind it. */
static td_status parse(const char *bytes, size_t size)
{
    uint8_t *const own = test_malloc(size + 1); /* not 0 */
    td_model_file *m = NULL;
    td_budget budget;

    if (size) memcpy(own, bytes, size);
    td_budget_begin(&budget, BUDGET_NODES, 0, BUDGET_BYTES, 0);
    const td_status error = td_tflite_parse(own, size, "/m", "/m/model.tflite", &budget, &m);

    if (!error) td_model_file_free(m);
    test_free(own);
    return error;
}

static td_string first_of(td_arena *arena, const char *name)
{
    const char **files;
    const size_t n = golden_files(arena, name, &files);

    assert_int_equal(n, 1);
    FILE *const f = fopen(files[0], "r");
    golden g;

    assert_non_null(f);
    assert_true(golden_read(f, arena, &g));
    (void)fclose(f);
    return g.attrs[0].value.u.s;
}

static const char *const files[] = { "/tflite/elementwise.models", "/tflite/pairs.models",
                                     "/tflite/convolutions.models" };

static void test_cut_short(void **state)
{
    td_arena *const arena = td_arena_make();

    (void)state;
    for (size_t i = 0; i < TD_COUNT(files); i++) {
        const td_string file = first_of(arena, files[i]);

        assert_ok(parse(file.data, file.size));
        for (size_t size = 0; size + 16 < file.size; size++) { /* what is behind may be padding */
            const td_status error = parse(file.data, size);

            assert_true(td_status_code(error) == TD_DATA_LOSS ||
                        td_status_code(error) == TD_INVALID_ARGUMENT);
            td_status_free(error);
        }
    }
    td_arena_free(arena);
}

static void test_spoiled(void **state)
{
    static const char odd[] = { 0, 1, 3, 0x7f, (char)0x80, (char)0xff };
    td_arena *const arena = td_arena_make();
    size_t n_refused = 0, n = 0;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(files); i++) {
        const td_string file = first_of(arena, files[i]);
        char *const bytes = td_arena_alloc(arena, file.size);

        for (size_t at = 0; at < file.size; at++)
            for (size_t k = 0; k < sizeof odd; k++, n++) {
                memcpy(bytes, file.data, file.size);
                bytes[at] = odd[k];
                const td_status error = parse(bytes, file.size);

                n_refused += error != NULL;
                if (error) assert_true(strlen(td_status_text(error)) > 10);
                td_status_free(error);
            }
    }
    assert_true(n_refused > n / 10 && n_refused < n);
    td_arena_free(arena);
}

/* ---- the verification ---------------------------------------------------------------------------------- */

static const td_flat_field inner_fields[] = { { TD_FLAT_SCALAR, 4, NULL } };
static const td_flat_schema inner = { "Inner", inner_fields, 1 };
static const td_flat_field outer_fields[] = {
    { TD_FLAT_SCALAR, 4, NULL }, { TD_FLAT_STRING, 0, NULL },   { TD_FLAT_SCALAR, 1, NULL },
    { TD_FLAT_UNION, 0, NULL },  { TD_FLAT_TABLES, 0, &inner },
};
static const td_flat_schema outer = { "Outer", outer_fields, TD_COUNT(outer_fields) };

/* A number 7 (field 0), "ab" (1), type 1 (2) of a union (3), and two tables that are one (4). */
static const uint8_t good[] = {
    20,   0,    0,    0,                                         /* the table */
    14,   0,    24,   0,    4,   0,   8, 0, 12, 0, 16, 0, 20, 0, /* 4: its list */
    0,    0,                                                     /* */
    16,   0,    0,    0,    7,   0,   0, 0,                      /* 20: back to the list; 24 */
    16,   0,    0,    0,                                         /* 28: the string is at 44 */
    1,    0,    0,    0,                                         /* 32 */
    28,   0,    0,    0,                                         /* 36: the union's table is at 64 */
    12,   0,    0,    0,                                         /* 40: the tables at 52 */
    2,    0,    0,    0,    'a', 'b', 0, 0,                      /* 44 */
    2,    0,    0,    0,    8,   0,   0, 0, 4,  0, 0,  0,        /* 52: both at 64 */
    0xf8, 0xff, 0xff, 0xff, 9,   0,   0, 0,                      /* 64: its list is behind it, at 72 */
    6,    0,    8,    0,    4,   0,   0, 0,                      /* 72 */
};

/* With one byte changed. */
static td_status verify(size_t at, uint8_t value)
{
    uint8_t bytes[sizeof good];

    memcpy(bytes, good, sizeof good);
    if (at < sizeof bytes) bytes[at] = value;
    return td_flat_verify(bytes, sizeof bytes, &outer);
}

static void test_verified(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *text;
    } wrong[] = {
        { 0, 21, "damaged Outer" },
        { 0, 200, "not in the file" },
        { 4, 200, "not in the file" },
        { 6, 200, "not in the file" },
        { 8, 5, "not aligned" },
        { 16, 24, "a field behind its end" },
        { 28, 200, "a vector that is not in the file" },
        { 28, 17, "a vector that is not aligned" },
        { 44, 1, "a string without its end" },
        { 44, 200, "is not in the file" },
        { 32, 0, "a union of no type" },
        { 36, 200, "a table that is not in the file" },
        { 40, 200, "is not in the file" },
        { 52, 200, "not in the file" },
        { 56, 9, "damaged Inner" },
        { 76, 6, "damaged" },
        { 72, 200, "not in the file" },
    };

    (void)state;
    assert_ok(verify(SIZE_MAX, 0));
    for (size_t i = 0; i < TD_COUNT(wrong); i++) {
        const td_status error = verify(wrong[i].at, wrong[i].value);

        if (!error || !strstr(td_status_text(error), wrong[i].text))
            fail_msg("byte %zu: %s", wrong[i].at, error ? td_status_text(error) : "accepted");
        assert_int_equal(td_status_code(error), TD_DATA_LOSS);
        td_status_free(error);
    }
}

/* A table with one field, which leads to a list of n tables that are all the one at `to`. */
static void put_list(uint8_t *bytes, size_t at, uint32_t n, size_t to)
{
    static const uint8_t head[] = {
        6, 0, 8, 0, 4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0
    }; /* the list of fields, then the table */

    memcpy(bytes + at - 8, head, sizeof head);
    memcpy(bytes + at + 8, &n, 4);
    for (size_t i = 0; i < n; i++) {
        const size_t here = at + 12 + 4 * i;

        memcpy(bytes + here, &(uint32_t){ (uint32_t)(to - here) }, 4);
    }
}

/* 24 KB that name nine million tables. */
static void test_items_are_counted(void **state)
{
    static const td_flat_field middle_fields[] = { { TD_FLAT_TABLES, 0, &inner } };
    static const td_flat_schema middle = { "Middle", middle_fields, 1 };
    static const td_flat_field top_fields[] = { { TD_FLAT_TABLES, 0, &middle } };
    static const td_flat_schema top = { "Top", top_fields, 1 };
    enum { N = 3000, TOP = 12, LIST = 12 + 4 * N, MIDDLE = TOP + LIST + 8, INNER = MIDDLE + LIST + 4 };
    static uint8_t bytes[INNER + 4];

    (void)state;
    bytes[0] = TOP;
    put_list(bytes, TOP, N, MIDDLE);
    put_list(bytes, MIDDLE, N, INNER);
    memcpy(bytes + INNER - 4, (const uint8_t[]){ 4, 0, 4, 0, 4, 0, 0, 0 }, 8);
    assert_status_like(td_flat_verify(bytes, sizeof bytes, &top), TD_DATA_LOSS,
                       "more items than a file may name");
    put_list(bytes, MIDDLE, 100, INNER);
    assert_ok(td_flat_verify(bytes, sizeof bytes, &top));
}

/* ---- flexible buffers ---------------------------------------------------------------------------------- */

/* {"num_sparse": 2}, as the file of TensorFlow Serving's tests has it. */
static const char flex[] = "num_sparse\0\1\14\1\1\1\2\4\2\44\1";

static void test_flex(void **state)
{
    td_arena *const arena = td_arena_make();
    td_flex_entry *e;
    size_t n;

    (void)state;
    assert_ok(td_flex_map((td_string){ flex, sizeof flex - 1 }, arena, &e, &n));
    assert_int_equal(n, 1);
    assert_true(td_string_is(e[0].key, "num_sparse"));
    assert_int_equal(e[0].number, 2);
    for (size_t size = 0; size < sizeof flex - 1; size++)
        for (int value = 0; value < 256; value++) {
            char *const bytes = test_malloc(sizeof flex);

            memcpy(bytes, flex, sizeof flex - 1);
            bytes[size] = (char)value;
            td_status_free(td_flex_map((td_string){ bytes, sizeof flex - 1 }, arena, &e, &n));
            td_status_free(td_flex_map((td_string){ bytes + size, sizeof flex - 1 - size }, arena, &e, &n));
            test_free(bytes);
        }
    td_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cut_short), cmocka_unit_test(test_spoiled),
                                        cmocka_unit_test(test_verified),
                                        cmocka_unit_test(test_items_are_counted),
                                        cmocka_unit_test(test_flex) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
