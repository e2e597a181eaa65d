/* SPDX-License-Identifier: Apache-2.0 */
/* test_flatbuffer.c -- fields of tables, absent ones, and what lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/flatbuffer.h"

/* A number 7 (field 0), a truth (1), nothing (2), the vector {1, 2} (3), "ab" (4), the vector {"ab"} (5). */
static const uint8_t buffer[] = {
    20, 0, 0,  0,                              /* the table */
    16, 0, 24, 0, 4,   0,   8, 0, 0, 0, 12, 0, /* its list: bytes of both, then where its fields are */
    16, 0, 20, 0,                              /* (of all 6) */
    16, 0, 0,  0, 7,   0,   0, 0, 1, 0, 0,  0, /* 20: back to the list; 24, 28 */
    12, 0, 0,  0,                              /* 32: the vector is at 44 */
    20, 0, 0,  0,                              /* 36: the string at 56 */
    24, 0, 0,  0,                              /* 40: the strings at 64 */
    2,  0, 0,  0, 1,   0,   0, 0, 2, 0, 0,  0, /* 44 */
    2,  0, 0,  0, 'a', 'b', 0, 0,              /* 56 */
    1,  0, 0,  0, 4,   0,   0, 0,              /* 64: one string, at 72 */
    2,  0, 0,  0, 'a', 'b', 0, 0,              /* 72 */
};

static void test_fields(void **state)
{
    td_flat_table t;
    td_flat_vector v;
    td_string s;
    uint32_t u;
    bool b;

    (void)state;
    assert_true(td_flat_root(buffer, sizeof buffer, &t));
    assert_true(td_flat_u32(&t, 0, 9, &u));
    assert_int_equal(u, 7);
    assert_true(td_flat_bool(&t, 1, &b));
    assert_true(b);
    assert_true(td_flat_vector_of(&t, 3, 4, &v));
    assert_int_equal(v.n, 2);
    assert_int_equal(td_flat_u32_at(&v, 1), 2);
    assert_true(td_flat_string(&t, 4, &s));
    assert_true(td_string_is(s, "ab"));
    assert_true(td_flat_vector_of(&t, 5, 4, &v));
    assert_true(td_flat_string_at(&v, 0, &s));
    assert_true(td_string_is(s, "ab"));
}

static void test_absent(void **state)
{
    td_flat_table t;
    td_flat_vector v;
    int32_t i;

    (void)state;
    assert_true(td_flat_root(buffer, sizeof buffer, &t));
    for (size_t field = 2; field < 70000; field += 67000) { /* listed, and not */
        assert_true(td_flat_i32(&t, field, -9, &i));
        assert_int_equal(i, -9);
        assert_true(td_flat_vector_of(&t, field, 4, &v));
        assert_null(v.data);
        assert_int_equal(v.n, 0);
    }
}

/* Bytes of their own, and no more: sanitizers see what is read behind them. */
static void read_all(const uint8_t *bytes, size_t size)
{
    td_flat_table t;
    td_flat_vector v;
    td_string s;
    int32_t i;
    bool b;
    char *sum = test_malloc(1);

    if (td_flat_root(bytes, size, &t))
        for (size_t f = 0; f < 8; f++) {
            (void)td_flat_i32(&t, f, 0, &i);
            (void)td_flat_bool(&t, f, &b);
            if (td_flat_string(&t, f, &s))
                for (size_t k = 0; k < s.size; k++)
                    *sum = (char)(*sum ^ s.data[k]);
            if (!td_flat_vector_of(&t, f, 4, &v)) continue;
            for (size_t k = 0; k < v.n; k++)
                if (td_flat_string_at(&v, k, &s) && s.size) *sum = (char)(*sum ^ s.data[s.size - 1]);
        }
    test_free(sum);
}

static void test_damage(void **state)
{
    static const uint8_t odd[] = { 0, 1, 3, 0x7f, 0x80, 0xff };

    (void)state;
    for (size_t size = 0; size <= sizeof buffer; size++)
        for (size_t at = 0; at < size; at++)
            for (size_t k = 0; k < sizeof odd; k++) {
                uint8_t *const bytes = test_malloc(size);

                memcpy(bytes, buffer, size);
                bytes[at] = odd[k];
                read_all(bytes, size);
                test_free(bytes);
            }
}

static void test_refused(void **state)
{
    uint8_t bytes[sizeof buffer];
    td_flat_table t;
    td_flat_vector v;

    (void)state;
    assert_false(td_flat_root(buffer, 3, &t));
    assert_false(td_flat_root(buffer, 43, &t)); /* half a table */
    memcpy(bytes, buffer, sizeof bytes);
    bytes[44] = 12; /* a vector of more than there is */
    assert_true(td_flat_root(bytes, sizeof bytes, &t));
    assert_false(td_flat_vector_of(&t, 3, 4, &v));
    bytes[6] = 20; /* a table that ends before its last field */
    assert_true(td_flat_root(bytes, sizeof bytes, &t));
    assert_false(td_flat_vector_of(&t, 5, 4, &v));
    bytes[35] = 0xff; /* far away */
    assert_false(td_flat_vector_of(&t, 3, 4, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields), cmocka_unit_test(test_absent),
                                        cmocka_unit_test(test_damage), cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
