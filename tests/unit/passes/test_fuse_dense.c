/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_dense.c -- dense layers on more than two dims as Keras 3 spells them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pass_graph.h"

enum { ROWS = 6, INPUTS = 10, COLS = 12 };

static bool is_gelu, splits; /* splits: the reshape changes the last dim */

/* Keras' EinsumDense: columns become [heads, depth] before the bias, of this shape, is added. */
static int32_t heads;
static td_shape bias_shape;

static td_graph *make_heads(td_arena *arena)
{
    const int32_t apart[] = { 2, -1, heads, COLS / heads };
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge y = pg_node(g, "BatchMatMulV2 T=%f", pg_arg(g, TD_F32),
                              pg_noise(g, &(td_shape){ 2, { INPUTS, COLS } }, 1), PG_END);
    const td_edge z = pg_node(g, "Reshape T=%f Tshape=%i", y, pg_ints(g, 4, apart), PG_END);
    const td_edge b = pg_node(g, "AddV2 T=%f", pg_noise(g, &bias_shape, 2), z, PG_END);

    pg_ret(g, pg_node(g, "Relu T=%f", b, PG_END));
    return g;
}

static void check_heads(int32_t n, td_shape shape, bool fuses)
{
    static float x[ROWS * INPUTS];
    const td_tensor in = { TD_F32, { 3, { 2, ROWS / 2, INPUTS } }, x, NULL };
    pg t;

    heads = n;
    bias_shape = shape;
    pg_fill(x, ROWS * INPUTS, 3);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_heads(t.p.arena), "_FusedMatMul"), fuses);
    assert_int_equal(pg_count_after(&t, make_heads(t.p.arena), "Relu") +
                         pg_count_after(&t, make_heads(t.p.arena), "_FusedElementwise"),
                     !fuses);
    pg_assert_same(&t, make_heads, &in, 1e-6);
    pg_close(&t);
}

static void test_heads(void **state)
{
    (void)state;
    check_heads(3, (td_shape){ 2, { 3, 4 } }, true);
    check_heads(1, (td_shape){ 2, { 1, COLS } }, true);
    check_heads(COLS, (td_shape){ 2, { COLS, 1 } }, true);
    check_heads(1, (td_shape){ 2, { COLS, 1 } }, false);
    check_heads(3, (td_shape){ 2, { 1, 4 } }, false);
    check_heads(3, (td_shape){ 2, { 3, 1 } }, false);
    check_heads(3, (td_shape){ 3, { 1, 3, 4 } }, false);
    check_heads(3, (td_shape){ 1, { 4 } }, false);
}

static td_graph *make(td_arena *arena)
{
    const int32_t flat[] = { -1, INPUTS }, full[] = { 2, -1, COLS }, halves[] = { -1, COLS / 2 };
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_node(g, "Reshape T=%f Tshape=%i", pg_arg(g, TD_F32), pg_ints(g, 2, flat), PG_END);
    const td_edge y =
        pg_node(g, "MatMul T=%f", x, pg_noise(g, &(td_shape){ 2, { INPUTS, COLS } }, 1), PG_END);
    const td_edge z =
        pg_node(g, "Reshape T=%f Tshape=%i", y, splits ? pg_ints(g, 2, halves) : pg_ints(g, 3, full), PG_END);
    const td_shape width = { 1, { splits ? COLS / 2 : COLS } };
    td_edge b = pg_node(g, "BiasAdd T=%f", z, pg_noise(g, &width, 2), PG_END);

    if (is_gelu) {
        const td_edge half = pg_node(g, "Mul T=%f", pg_float(g, 0.5f), b, PG_END);
        const td_edge minus = pg_node(g, "Neg T=%f", b, PG_END);
        const td_edge inner = pg_node(g, "Mul T=%f", minus, pg_float(g, 0.70710678f), PG_END);
        b = pg_node(g, "Mul T=%f", half, pg_node(g, "Erfc T=%f", inner, PG_END), PG_END);
    }
    pg_ret(g, b);
    return g;
}

static void check(const char *op, size_t count)
{
    static float x[ROWS * INPUTS];
    const td_tensor in = { TD_F32, { 3, { 2, ROWS / 2, INPUTS } }, x, NULL };
    pg t;

    pg_fill(x, ROWS * INPUTS, 3);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), op), count);
    pg_assert_same(&t, make, &in, 1e-6);
    pg_close(&t);
}

static void test_bias_and_gelu(void **state)
{
    (void)state;
    splits = is_gelu = false;
    check("_FusedMatMul", 1);
    check("BiasAdd", 0);
    is_gelu = true;
    check("_FusedMatMul", 1);
    check("Erfc", 0);
    check("_FusedElementwise", 0);
}

static void test_other_last_dim_stays(void **state)
{
    (void)state;
    splits = true;
    is_gelu = false;
    check("_FusedMatMul", 0);
}

/* As many rows and as deep as oneDNN takes: the fused rest is then done by another body than the tiles'. */
static td_graph *make_deep(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32), w = pg_noise(g, &(td_shape){ 2, { 1024, 70 } }, 1);
    const td_edge y = pg_node(g, "MatMul T=%f", x, w, PG_END);
    const td_edge b = pg_node(g, "BiasAdd T=%f", y, pg_noise(g, &(td_shape){ 1, { 70 } }, 2), PG_END);

    pg_ret(g, pg_node(g, "Relu T=%f", b, PG_END));
    return g;
}

static td_graph *make_deep_conv(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_node(g, "Reshape T=%f Tshape=%i", pg_arg(g, TD_F32),
                              pg_ints(g, 4, (const int32_t[]){ 2, 10, 10, 1024 }), PG_END);
    const td_edge w = pg_noise(g, &(td_shape){ 4, { 1, 1, 1024, 48 } }, 1);
    const td_edge add = pg_noise(g, &(td_shape){ 4, { 2, 10, 10, 48 } }, 4);
    const td_edge y = pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='VALID", x, w, PG_END);
    const td_edge b = pg_node(g, "BiasAdd T=%f", y, pg_noise(g, &(td_shape){ 1, { 48 } }, 2), PG_END);

    pg_ret(g, pg_node(g, "Relu6 T=%f", pg_node(g, "AddV2 T=%f", b, add, PG_END), PG_END));
    return g;
}

static void test_many_rows_and_deep(void **state)
{
    static float x[200 * 1024];
    const td_tensor in = { TD_F32, { 2, { 200, 1024 } }, x, NULL };
    pg t;

    (void)state;
    pg_fill(x, 200 * 1024, 3);
    pg_open(&t, NULL);
    pg_assert_same(&t, make_deep, &in, 1e-5);
    pg_assert_same(&t, make_deep_conv, &in, 1e-5);
    pg_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_bias_and_gelu),
        cmocka_unit_test(test_other_last_dim_stays),
        cmocka_unit_test(test_many_rows_and_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
