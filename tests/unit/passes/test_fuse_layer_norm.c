/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_layer_norm.c -- layer normalisation as files spell it becomes one node, with the same results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pass_graph.h"

enum { ROWS = 33, COLS = 71 };

static bool is_keras, subtracts;
static int32_t axis;

static td_edge mean(td_graph *g, td_edge x)
{
    return pg_node(g, "Mean T=%f keep_dims=true", x, pg_ints(g, 1, &axis), PG_END);
}

static td_edge binary(td_graph *g, const char *text, td_edge a, td_edge b)
{
    return pg_node(g, text, a, b, PG_END);
}

/* Keras 3 and, with `subtracts`, tf.nn.batch_normalization. */
static td_edge make_keras(td_graph *g, td_edge x, td_edge gamma, td_edge beta)
{
    const td_edge m = mean(g, x), fixed = pg_node(g, "StopGradient T=%f", m, PG_END);
    const td_edge v = mean(g, binary(g, "SquaredDifference T=%f", x, fixed));
    const td_edge r = pg_node(g, "Rsqrt T=%f", binary(g, "AddV2 T=%f", v, pg_float(g, 1e-3f)), PG_END);
    const td_edge k = binary(g, "Mul T=%f", r, gamma);
    const td_edge minus = pg_node(g, "Neg T=%f", m, PG_END);
    const td_edge rest = subtracts ? binary(g, "Sub T=%f", beta, binary(g, "Mul T=%f", m, k))
                                   : binary(g, "AddV2 T=%f", binary(g, "Mul T=%f", minus, k), beta);
    return binary(g, "AddV2 T=%f", binary(g, "Mul T=%f", x, k), rest);
}

static td_edge make_plain(td_graph *g, td_edge x, td_edge gamma, td_edge beta)
{
    const td_edge d = binary(g, "Sub T=%f", x, mean(g, x));
    const td_edge v = mean(g, binary(g, "Mul T=%f", d, d));
    const td_edge r = pg_node(g, "Rsqrt T=%f", binary(g, "AddV2 T=%f", v, pg_float(g, 1e-6f)), PG_END);
    return binary(g, "AddV2 T=%f", binary(g, "Mul T=%f", binary(g, "Mul T=%f", d, r), gamma), beta);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge gamma = pg_noise(g, &(td_shape){ 3, { 1, 1, COLS } }, 1);
    const td_edge beta = pg_noise(g, &(td_shape){ 1, { COLS } }, 2);

    pg_ret(g, is_keras ? make_keras(g, x, gamma, beta) : make_plain(g, x, gamma, beta));
    return g;
}

static void check(size_t count)
{
    static float x[ROWS * COLS];
    const td_tensor in = { TD_F32, { 3, { 1, ROWS, COLS } }, x, NULL };
    pg t;

    pg_fill(x, ROWS * COLS, 3);
    for (size_t i = 0; i < ROWS * COLS; i++)
        x[i] += 100.0f;
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), "_FusedLayerNorm"), count);
    pg_assert_same(&t, make, &in, 1e-4); /* the form x k - m k loses digits to a large mean */
    pg_close(&t);
}

static void test_spellings(void **state)
{
    (void)state;
    axis = -1;
    is_keras = false;
    check(1);
    is_keras = true;
    subtracts = false;
    check(1);
    subtracts = true;
    check(1);
}

static void test_other_axes_stay(void **state)
{
    (void)state;
    axis = 1;
    is_keras = false;
    check(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_other_axes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
