/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_einsum.c -- an Einsum with constant weights becomes a product, with the same results; its neighbours stay, and what
 * it refuses is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "graph_text.h"
#include "pass_graph.h"

static char text[256]; /* what make() builds */

static td_graph *make(td_arena *arena)
{
    return graph_of_text(arena, "main", text, NULL);
}

typedef struct form {
    const char *equation;
    td_shape x, w;
    const char *behind; /* what is returned; e is the sum */
} form;

static const char *dims_of(char *out, size_t size, const td_shape *s)
{
    int at = 0;

    for (int i = 0; i < s->rank; i++)
        at += snprintf(out + at, size - (size_t)at, "%s%d", i ? "," : "", (int)s->dims[i]);
    return out;
}

/* The graph of a form; its weights are a constant, or (is_arg) an argument. */
static void write_text(const form *f, bool is_arg)
{
    char x[64], w[64];

    (void)snprintf(text, sizeof text, "x: f[%s]; w %c f[%s]; e = Einsum(x, w) T=%%f N=2 equation='%s; %s",
                   dims_of(x, sizeof x, &f->x), is_arg ? ':' : '=', dims_of(w, sizeof w, &f->w), f->equation,
                   f->behind ? f->behind : "-> e");
}

static void check(const form *f, const td_shape *x, bool is_arg, size_t left, bool fails)
{
    static float data[2][4096];
    const td_tensor in[] = { { TD_F32, *x, data[0], NULL }, { TD_F32, f->w, data[1], NULL } };
    pg t;

    assert_true(td_shape_count(x) <= 4096 && td_shape_count(&f->w) <= 4096);
    pg_fill(data[0], 4096, 1);
    pg_fill(data[1], 4096, 2);
    write_text(f, is_arg);
    pg_open(&t, NULL);
    const size_t einsums = pg_count_after(&t, make(t.p.arena), "Einsum");
    if (einsums != left) fail_msg("\"%s\": %zu left", text, einsums);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        if (fails)
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, 1e-5);
    }
    t.env.cpu = td_cpu_detect();
    if (!fails && !is_arg) pg_assert_same_walk(&t, make, in, 1e-5);
    pg_close(&t);
}

static const form products[] = {
    { "abc,cde->abde", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, NULL },
    { "abc,cde->abde", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, "b = f[4,5]; s = AddV2(e, b) T=%f; -> s" },
    { "abc,cde->abde", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, "b = f[4,5]; s = Add(b, e) T=%f; -> s" },
    { "abc,cde->abde", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, "b = f[5]; s = AddV2(e, b) T=%f; -> s" },
    { "abc,cde->abde", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, "b = f[4,5]; s = AddV2(e, b) T=%f; -> s, e" },
    { "abcd,cde->abe", { 4, { 2, 3, 4, 5 } }, { 3, { 4, 5, 7 } }, NULL },
    { "abcd,cde->abe",
      { 4, { 2, 3, 4, 5 } },
      { 3, { 4, 5, 7 } },
      "b = f[7]; s = BiasAdd(e, b) T=%f; r = Relu(s) T=%f; -> r" },
    { "ab,bc->ac", { 2, { 5, 6 } }, { 2, { 6, 9 } }, NULL },
    { "xyz,zw->xyw", { 3, { 1, 3, 6 } }, { 2, { 6, 40 } }, "b = f[40]; s = AddV2(e, b) T=%f; -> s" },
    { "abcde,defg->abcfg", { 5, { 1, 2, 3, 2, 3 } }, { 4, { 2, 3, 4, 2 } }, NULL },
    { "abc,cde->abde", { 3, { 0, 3, 8 } }, { 3, { 8, 4, 5 } }, NULL },
};

static void test_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < TD_COUNT(products); i++)
        check(&products[i], &products[i].x, false, 0, false);
}

static void test_neighbours_stay(void **state)
{
    static const form others[] = {
        { "abc,cde->abed", { 3, { 2, 3, 8 } }, { 3, { 8, 4, 5 } }, NULL },
        { "abc,dce->abde", { 3, { 2, 3, 8 } }, { 3, { 4, 8, 5 } }, NULL },
        { "abc,cb->ab", { 3, { 2, 3, 8 } }, { 2, { 8, 3 } }, NULL },
        { "abc,bcd->ad", { 3, { 2, 3, 8 } }, { 3, { 3, 8, 5 } }, "b = f[2]; -> e" },
        { "abdc,cde->abe", { 4, { 2, 3, 5, 4 } }, { 3, { 4, 5, 7 } }, NULL },
        { "aac,cd->ad", { 3, { 3, 3, 4 } }, { 2, { 4, 5 } }, NULL },
        { "ab,cd->abcd", { 2, { 2, 3 } }, { 2, { 4, 5 } }, NULL },
        { "...c,cd->...d", { 3, { 2, 3, 4 } }, { 2, { 4, 5 } }, NULL },
        { "ab,bc->ca", { 2, { 5, 6 } }, { 2, { 6, 9 } }, NULL },
        { "b,bc->c", { 1, { 6 } }, { 2, { 6, 9 } }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(others); i++)
        check(&others[i], &others[i].x, false, i == 3 ? 0 : 1, false); /* 3: rows of one dim, sums of two */
    check(&products[0], &products[0].x, true, 1, false);
}

/* As a Reshape alone would not. */
static void test_other_dims_fail(void **state)
{
    static const td_shape shapes[] = {
        { 4, { 2, 3, 5, 4 } }, { 3, { 2, 3, 20 } }, { 5, { 1, 2, 3, 4, 5 } }, { 4, { 2, 3, 2, 10 } }
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(shapes); i++) {
        form f = products[5];
        f.x = (td_shape){ 4, { -1, -1, -1, -1 } };
        check(&f, &shapes[i], false, 0, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_neighbours_stay),
        cmocka_unit_test(test_other_dims_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
