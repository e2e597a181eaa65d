/* SPDX-License-Identifier: Apache-2.0 */
/* test_lookup.c -- what a hostile model asks of a table, and tables without memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem_fault.h"
#include "ops/state/lookup.h"

static int64_t keys[64], values[64];

static td_tensor of(int64_t *data, int64_t n)
{
    return (td_tensor){ .dtype = TD_I64, .shape = { 1, { n } }, .data = data };
}

/* 64 keys of 2^58 values each: 2^64 of them, which is none to whoever does not look. */
static void test_too_many_values(void **state)
{
    const td_lookup_kind kind = { TD_I64, TD_I64, { 1, { INT64_C(1) << 58 } }, true, false };
    td_lookup *const t = td_lookup_make(&kind, "t");
    const td_tensor many = of(keys, 64), none = of(values, 0);

    (void)state;
    const td_status s = td_lookup_put(t, &many, &none, false);
    assert_int_equal(td_status_code(s), TD_INVALID_ARGUMENT);
    td_status_free(s);
    assert_int_equal(td_lookup_size(t), 0);
    td_object_unref((td_object *)t);
}

/* Whatever fails, the table holds all of the new keys or none of them. */
static void test_no_memory(void **state)
{
    const td_lookup_kind kind = { TD_I64, TD_I64, { 0 }, true, false };
    const td_tensor few = of(keys, 4), few_values = of(values, 4), all = of(keys, 64),
                    all_values = of(values, 64);
    td_mem_faults *const f = td_mem_faults_here();

    (void)state;
    for (int64_t i = 0; i < 64; i++) {
        keys[i] = i;
        values[i] = 100 + i;
    }
    for (uint64_t at = 1, asked = 1; at <= asked; at++) {
        td_lookup *const t = td_lookup_make(&kind, "t");
        int64_t got_keys[64], got[64];

        assert_null(td_lookup_put(t, &few, &few_values, false));
        *f = (td_mem_faults){ .is_on = true, .at = at };
        const td_status s = td_lookup_put(t, &all, &all_values, false);
        f->is_on = false;
        asked = f->asked;
        assert_int_equal(td_status_code(s), f->failed ? TD_RESOURCE_EXHAUSTED : TD_OK);
        td_status_free(s);
        const int64_t n = td_lookup_size(t);
        assert_int_equal(n, f->failed ? 4 : 64);
        assert_null(td_lookup_export(t, got_keys, got, n, NULL, NULL));
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(got[i], 100 + got_keys[i]);
        td_object_unref((td_object *)t);
    }
}

static td_tensor strings(td_string *data, int64_t n)
{
    return (td_tensor){ .dtype = TD_STRING, .shape = { 1, { n } }, .data = data };
}

static td_lookup *static_table(td_dtype value)
{
    return td_lookup_make(&(td_lookup_kind){ TD_STRING, value, { 0 }, false, false }, "t");
}

/* A static table is filled once, and not by halves. */
static void test_fill_once(void **state)
{
    td_string words[] = { { "a", 1 }, { "b", 1 }, { "a", 1 } };
    int64_t ids[] = { 1, 2, 1 }, found[1];
    const td_tensor two = strings(words, 2), three = strings(words, 3), key = strings(words, 1),
                    fallback = { .dtype = TD_I64, .data = &(int64_t){ -1 } };
    td_lookup *const t = static_table(TD_I64);
    td_tensor two_ids = of(ids, 2), three_ids = of(ids, 3);

    (void)state;
    assert_status(td_lookup_find(t, &key, &fallback, found, NULL, NULL), TD_FAILED_PRECONDITION,
                  "Table not initialized.");
    ids[2] = 3;
    assert_status(td_lookup_fill(t, &three, &three_ids), TD_FAILED_PRECONDITION,
                  "HashTable has different value for same key. Key a has 1 and trying to add value 3");
    assert_int_equal(td_lookup_size(t), 0);
    assert_false(td_lookup_is_filled(t));
    ids[2] = 1;
    assert_ok(td_lookup_fill(t, &three, &three_ids)); /* one key twice with one value is one entry */
    assert_int_equal(td_lookup_size(t), 2);
    assert_status(td_lookup_fill(t, &three, &three_ids), TD_FAILED_PRECONDITION,
                  "Table was already initialized with different data.");
    ids[0] = 9;
    assert_ok(td_lookup_fill(t, &two, &two_ids)); /* as many: nothing changes */
    assert_ok(td_lookup_find(t, &key, &fallback, found, NULL, NULL));
    assert_int_equal(found[0], 1);
    td_object_unref((td_object *)t);
}

/* More keys than are looked up together, every third of them not there: by one call, and by ranges without a lock. */
static void test_many_keys(void **state)
{
    enum { KEYS = 100, ASKED = 151, CUT = 37 };
    const td_lookup_kind kind = { TD_I64, TD_I64, { 0 }, false, false };
    int64_t names[KEYS], ids[KEYS], asked[ASKED], found[ASKED], ranges[ASKED];
    const td_tensor fallback = { .dtype = TD_I64, .data = &(int64_t){ -1 } };
    td_lookup *const t = td_lookup_make(&kind, "t");

    (void)state;
    for (int64_t i = 0; i < KEYS; i++) {
        names[i] = 1000 * i;
        ids[i] = i + 5;
    }
    for (int64_t i = 0; i < ASKED; i++)
        asked[i] = i % 3 == 2 ? 1000 * i + 1 : 1000 * (i % KEYS);
    const td_tensor k = of(names, KEYS), v = of(ids, KEYS), ask = of(asked, ASKED);
    assert_false(td_lookup_is_settled(t));
    assert_ok(td_lookup_fill(t, &k, &v));
    assert_true(td_lookup_is_settled(t));
    assert_ok(td_lookup_find(t, &ask, &fallback, found, NULL, NULL));
    td_lookup_find_settled(t, &ask, &fallback, ranges, CUT, ASKED);
    td_lookup_find_settled(t, &ask, &fallback, ranges, 0, CUT);
    for (int64_t i = 0; i < ASKED; i++) {
        assert_int_equal(found[i], i % 3 == 2 ? -1 : i % KEYS + 5);
        assert_int_equal(ranges[i], found[i]);
    }
    td_object_unref((td_object *)t);
}

/* What a file or a constant may name twice is compared as numbers, and shown. */
static void test_two_values(void **state)
{
    static const double nans[] = { NAN, NAN };
    static const float floats[] = { 1.5f, 2.5f }, zeros[] = { 0.0f, -0.0f };
    static const int32_t ints[] = { 1, -2 };
    static const bool flags[] = { true, false };
    static const td_string texts[] = { { "x", 1 }, { "y", 1 } }, nothing[] = { { "", 0 }, { "", 0 } };
    static const struct {
        td_dtype dtype;
        const void *values;
        const char *why;
    } cases[] = {
        { TD_STRING, texts, "Key k has x and trying to add value y" },
        { TD_F32, floats, "Key k has 1.5 and trying to add value 2.5" },
        { TD_F64, nans, "Key k has nan and trying to add value nan" },
        { TD_I32, ints, "Key k has 1 and trying to add value -2" },
        { TD_BOOL, flags, "Key k has 1 and trying to add value 0" },
        { TD_F32, zeros, NULL },
        { TD_STRING, nothing, NULL },
    };
    td_string words[] = { { "k", 1 }, { "k", 1 } };
    const td_tensor names = strings(words, 2);

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        const td_tensor v = { .dtype = cases[i].dtype,
                              .shape = { 1, { 2 } },
                              .data = (void *)(uintptr_t)cases[i].values };
        td_lookup *const t = static_table(v.dtype);

        if (cases[i].why)
            assert_status_like(td_lookup_fill(t, &names, &v), TD_FAILED_PRECONDITION, cases[i].why);
        else
            assert_ok(td_lookup_fill(t, &names, &v));
        td_object_unref((td_object *)t);
    }
}

/* Each kind of table refuses what the other is for. */
static void test_kinds(void **state)
{
    td_string words[] = { { "a", 1 }, { "b", 1 } };
    int64_t ids[] = { 1, 2 };
    const td_tensor names = strings(words, 2), two = of(ids, 2), none = of(ids, 0),
                    no_keys = strings(words, 0);
    td_lookup *const fixed = static_table(TD_I64);
    td_lookup *const open =
        td_lookup_make(&(td_lookup_kind){ TD_STRING, TD_I64, { 0 }, true, false }, "open");

    (void)state;
    assert_status(td_lookup_put(fixed, &names, &two, false), TD_UNIMPLEMENTED,
                  "Insert not supported by InitializableLookupTable implementations");
    assert_status(td_lookup_remove(fixed, &names), TD_UNIMPLEMENTED,
                  "Remove not supported by InitializableLookupTable implementations");
    assert_status(td_lookup_fill(fixed, &no_keys, &none), TD_INVALID_ARGUMENT,
                  "keys and values cannot be empty tensors.");
    assert_ok(td_lookup_fillable(fixed));
    assert_status(td_lookup_fillable(open), TD_INVALID_ARGUMENT, "Table open is not initializable");
    assert_ok(td_lookup_put(open, &names, &two, false));
    assert_ok(td_lookup_put(open, &no_keys, &none, false));
    assert_ok(td_lookup_remove(open, &names));
    assert_int_equal(td_lookup_size(open), 0);
    td_object_unref((td_object *)fixed);
    td_object_unref((td_object *)open);
}

/* A fallback for each key: mutable tables take the key's own, static ones the first. */
static void test_fallbacks(void **state)
{
    td_string words[] = { { "a", 1 }, { "z", 1 } };
    int64_t ids[] = { 1 }, others[] = { 7, 8 }, found[2];
    const td_tensor names = strings(words, 2), one = strings(words, 1), id = of(ids, 1),
                    other = of(others, 2);

    (void)state;
    for (int is_mutable = 0; is_mutable < 2; is_mutable++) {
        td_lookup *const t =
            td_lookup_make(&(td_lookup_kind){ TD_STRING, TD_I64, { 0 }, is_mutable, false }, "t");

        assert_ok(is_mutable ? td_lookup_put(t, &one, &id, false) : td_lookup_fill(t, &one, &id));
        assert_ok(td_lookup_find(t, &names, &other, found, NULL, NULL));
        assert_int_equal(found[0], 1);
        assert_int_equal(found[1], is_mutable ? 8 : 7);
        td_object_unref((td_object *)t);
    }
}

/* Nobody may put them in, but a table that was saved has them where it had nothing. */
static void test_reserved_keys(void **state)
{
    static int64_t saved[] = { -1, 5, -2, -1, 6 }, ids[] = { 0, 50, 0, 0, 60 }, two[] = { -1, -2 };
    int64_t found[3], fallback = 7, asked[] = { 5, 6, 8 };
    const td_tensor all = of(saved, 5), values_of_all = of(ids, 5), ask = of(asked, 3),
                    other = of(&fallback, 1);
    const td_tensor empty = of(two, 1), deleted = of(two + 1, 1);
    td_lookup *const t = td_lookup_make(&(td_lookup_kind){ TD_I64, TD_I64, { 0 }, true, false }, "t");

    (void)state;
    assert_status_like(td_lookup_reserve(t, &empty, &empty), TD_INVALID_ARGUMENT, "cannot be equal");
    assert_ok(td_lookup_reserve(t, &empty, &deleted));
    assert_ok(td_lookup_reserve(t, &empty, &deleted));
    assert_status_like(td_lookup_reserve(t, &deleted, &empty), TD_INVALID_ARGUMENT, "has other");
    assert_status_like(td_lookup_put(t, &all, &values_of_all, false), TD_INVALID_ARGUMENT, "empty_key");
    assert_int_equal(td_lookup_size(t), 0);
    assert_ok(td_lookup_put(t, &all, &values_of_all, true));
    assert_int_equal(td_lookup_size(t), 2);
    assert_ok(td_lookup_find(t, &ask, &other, found, NULL, NULL));
    assert_int_equal(found[0], 50);
    assert_int_equal(found[1], 60);
    assert_int_equal(found[2], 7);
    td_object_unref((td_object *)t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_values), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_fill_once),       cmocka_unit_test(test_two_values),
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_fallbacks),
        cmocka_unit_test(test_reserved_keys),   cmocka_unit_test(test_many_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
