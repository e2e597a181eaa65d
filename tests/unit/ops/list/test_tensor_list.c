/* SPDX-License-Identifier: Apache-2.0 */
/* test_tensor_list.c -- versions of a list never see each other's changes,
 * in whatever order they are used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/list/tensor_list.h"

static td_tensor number(int32_t v)
{
    td_tensor t;

    assert_null(td_tensor_make(TD_I32, &(td_shape){ 0 }, &t));
    *(int32_t *)t.data = v;
    return t;
}

static int32_t read(td_list *l, int64_t i)
{
    const td_tensor *const t = td_list_get(l, i);

    return t->dtype == TD_DTYPE_NONE ? -1 : *(const int32_t *)t->data;
}

static td_list *make(int64_t n)
{
    td_list *l;

    assert_null(td_list_make(TD_I32, &(td_shape){ .rank = -1 }, n, &l));
    return l;
}

static td_list *set(td_list *l, int64_t i, int32_t v)
{
    td_list *out;

    assert_null(td_list_set(l, i, number(v), &out));
    return out;
}

static void test_versions(void **state)
{
    (void)state;
    td_list *const a = make(3), *const b = set(a, 0, 10), *const c = set(b, 2, 20), *const d = set(b, 2, 30);

    assert_int_equal(read(d, 2), 30);
    assert_int_equal(read(a, 0), -1);
    assert_int_equal(read(c, 2), 20);
    assert_int_equal(read(c, 0), 10);
    assert_int_equal(read(b, 2), -1);
    td_list_unref(b);
    assert_int_equal(read(a, 2), -1);
    assert_int_equal(read(d, 0), 10);
    td_list_unref(d);
    td_list_unref(a);
    assert_int_equal(read(c, 0), 10);
    td_list_unref(c);
}

static void test_lengths(void **state)
{
    td_list *pushed, *other, *cut, *wide;

    (void)state;
    td_list *const l = make(0);
    assert_null(td_list_push(l, number(1), &pushed));
    assert_null(td_list_push(l, number(2), &other));
    assert_int_equal(td_list_length(l), 0);
    assert_int_equal(read(pushed, 0), 1);
    assert_int_equal(read(other, 0), 2);
    assert_null(td_list_resize(pushed, 0, &cut));
    assert_null(td_list_resize(cut, 2, &wide));
    assert_int_equal(td_list_length(wide), 2);
    assert_int_equal(read(wide, 0), -1); /* not what was cut off */
    assert_int_equal(read(pushed, 0), 1);
    td_list_unref(l);
    td_list_unref(pushed);
    td_list_unref(other);
    td_list_unref(cut);
    td_list_unref(wide);
}

/* Random versions against plain copies. */
static void test_random(void **state)
{
    enum { VERSIONS = 60, N = 5 };
    td_list *list[VERSIONS];
    int32_t want[VERSIONS][N];
    uint32_t seed = 7;

    (void)state;
    list[0] = make(N);
    for (int i = 0; i < N; i++)
        want[0][i] = -1;
    for (int v = 1; v < VERSIONS; v++) {
        seed = seed * 1664525u + 1013904223u;
        const int from = (int)((seed >> 8) % (uint32_t)v), at = (int)((seed >> 20) % N);

        memcpy(want[v], want[from], sizeof want[v]);
        want[v][at] = v;
        list[v] = set(list[from], at, v);
        for (int k = v; k >= 0; k -= 7)
            for (int i = 0; i < N; i++)
                assert_int_equal(read(list[k], i), want[k][i]);
    }
    for (int v = 0; v < VERSIONS; v += 2)
        td_list_unref(list[v]);
    for (int v = 1; v < VERSIONS; v += 2)
        for (int i = 0; i < N; i++)
            assert_int_equal(read(list[v], i), want[v][i]);
    for (int v = 1; v < VERSIONS; v += 2)
        td_list_unref(list[v]);
}

/* A chain that only its oldest version keeps is freed without recursion. */
static void test_long_chain(void **state)
{
    (void)state;
    td_list *const first = make(1);
    td_list *l = set(first, 0, 0);

    for (int32_t i = 0; i < 300000; i++) {
        td_list *const next = set(l, 0, i);

        td_list_unref(l); /* first still leads to it */
        l = next;
    }
    td_list_unref(l);
    assert_int_equal(read(first, 0), -1);
    td_list_unref(first);
}

/* What is known of a list: nothing set, one shape, several; and joins of two such. */
static void test_hints(void **state)
{
    const td_shape row = { 2, { 3, 4 } }, other = { 1, { 5 } };
    td_shape a = { 0 }, b = { 0 };

    (void)state;
    assert_true(td_list_hint_equal(&a, &b));
    const td_list_hint none = { .shapes = TD_LIST_NONE, .length = 7 }, same = td_list_hint_with(none, &row);
    td_list_hint_set(&a, &none);
    td_list_hint_set(&b, &same);
    assert_false(td_list_hint_equal(&a, &b));
    assert_int_equal(td_list_hint_get(&b).shapes, TD_LIST_SAME);
    const td_list_hint read_back = td_list_hint_get(&b);
    assert_true(td_shape_equal(&read_back.elem, &row));
    assert_int_equal(read_back.length, 7);
    td_list_hint_join(&a, &b); /* no element, or some of that shape */
    assert_true(td_list_hint_equal(&a, &b));

    const td_list_hint mixed = td_list_hint_with(same, &other);
    assert_int_equal(mixed.shapes, TD_LIST_UNKNOWN);
    td_list_hint shorter = same;
    shorter.length = 6;
    td_list_hint_set(&a, &shorter);
    td_list_hint_join(&a, &b);
    assert_int_equal(td_list_hint_get(&a).length, -1);
    assert_int_equal(td_list_hint_get(&a).shapes, TD_LIST_SAME);
    td_list_hint_set(&b, &mixed);
    td_list_hint_join(&a, &b);
    assert_int_equal(td_list_hint_get(&a).shapes, TD_LIST_UNKNOWN);

    td_list *const l = make(2), *const m = set(l, 1, 5);
    assert_int_equal(td_list_known(l).shapes, TD_LIST_NONE);
    assert_int_equal(td_list_known(m).shapes, TD_LIST_SAME);
    assert_int_equal(td_list_known(m).length, 2);
    td_list_unref(l);
    td_list_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),   cmocka_unit_test(test_lengths), cmocka_unit_test(test_random),
        cmocka_unit_test(test_long_chain), cmocka_unit_test(test_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
