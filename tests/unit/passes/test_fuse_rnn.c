/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_rnn.c -- recurrent layers as Keras exports them become one node, with the loop's results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pass_graph.h"

enum { TIME = 7, BATCH = 9, INPUTS = 5, HIDDEN = 19 };

#define MATRIX(r, c) ((td_shape){ 2, { (r), (c) } })
#define VECTOR(n)    ((td_shape){ 1, { (n) } })

static bool is_gru, keeps_last, is_odd; /* what the functions below make */

/* ---------------------------------------------------------------- the loop's functions */

enum { COUNTER, MAX, TIME_AT, LIST, H, C, X_LIST, WX, WH, B, N_VARS };

static td_edge binary(td_graph *g, const char *op, td_edge a, td_edge b)
{
    char text[32];

    strcpy(text, op);
    return pg_node(g, strcat(text, " T=%f"), a, b, PG_END);
}

static td_edge unary(td_graph *g, const char *op, td_edge a)
{
    char text[32];

    strcpy(text, op);
    return pg_node(g, strcat(text, " T=%f"), a, PG_END);
}

static td_edge make_lstm(td_graph *g, const td_edge *v, td_edge x, td_edge *cell)
{
    const td_edge sums = pg_node(
        g, "BiasAdd T=%f",
        binary(g, "AddV2", binary(g, "MatMul", x, v[WX]), binary(g, "MatMul", v[H], v[WH])), v[B], PG_END);
    const td_edge parts = pg_node(g, "Split T=%f num_split=4", pg_int(g, 1), sums, PG_END);
    const td_edge i = unary(g, "Sigmoid", parts), f = unary(g, "Sigmoid", pg_out(parts, 1));
    const td_edge fresh = unary(g, is_odd ? "Relu" : "Tanh", pg_out(parts, 2));
    *cell = binary(g, "AddV2", binary(g, "Mul", f, v[C]), binary(g, "Mul", i, fresh));
    return binary(g, "Mul", unary(g, "Sigmoid", pg_out(parts, 3)), unary(g, "Tanh", *cell));
}

static td_edge slice(td_graph *g, td_edge of, int32_t begin, int32_t end, bool is_last)
{
    const int32_t from[] = { 0, begin }, to[] = { 0, is_last ? 0 : end }, step[] = { 1, 1 };

    return pg_node(g,
                   is_last ? "StridedSlice T=%f Index=%i begin_mask=1 end_mask=3"
                           : "StridedSlice T=%f Index=%i begin_mask=1 end_mask=1",
                   of, pg_ints(g, 2, from), pg_ints(g, 2, to), pg_ints(g, 2, step), PG_END);
}

static td_edge make_gru(td_graph *g, const td_edge *v, td_edge x)
{
    const td_edge bias = pg_noise(g, &VECTOR(3 * HIDDEN), 77);
    const td_edge sx = pg_node(g, "BiasAdd T=%f", binary(g, "MatMul", x, v[WX]), v[B], PG_END);
    const td_edge sh = binary(g, "AddV2", binary(g, "MatMul", v[H], v[WH]), bias);
    const td_edge px = pg_node(g, "Split T=%f num_split=3", pg_int(g, -1), sx, PG_END);
    const td_edge z = unary(g, "Sigmoid", binary(g, "AddV2", px, slice(g, sh, 0, HIDDEN, false)));
    const td_edge r =
        unary(g, "Sigmoid", binary(g, "AddV2", pg_out(px, 1), slice(g, sh, HIDDEN, 2 * HIDDEN, false)));
    const td_edge own = binary(g, "Mul", r, slice(g, sh, 2 * HIDDEN, 3 * HIDDEN, true));
    const td_edge fresh = unary(g, "Tanh", binary(g, "AddV2", pg_out(px, 2), own));
    return binary(g, "AddV2", binary(g, "Mul", z, v[H]),
                  binary(g, "Mul", binary(g, "Sub", pg_float(g, 1.0f), z), fresh));
}

static td_graph *lower(td_arena *arena, const char *name)
{
    static const td_dtype types[N_VARS] = { TD_I32, TD_I32,     TD_I32, TD_VARIANT, TD_F32,
                                            TD_F32, TD_VARIANT, TD_F32, TD_F32,     TD_F32 };
    td_graph *const g = td_graph_make(arena, name);
    td_edge v[N_VARS], next[N_VARS];
    const int32_t row[] = { -1, INPUTS };

    for (size_t i = 0; i < N_VARS; i++)
        next[i] = v[i] = pg_arg(g, types[i]);
    if (strcmp(name, "cond") == 0) {
        const td_edge a = pg_node(g, "Less T=%i", v[COUNTER], v[MAX], PG_END);
        const td_edge b = pg_node(g, "Less T=%i", v[TIME_AT], pg_int(g, TIME), PG_END);
        pg_ret(g, pg_node(g, "LogicalAnd", a, b, PG_END));
        return g;
    }
    const td_edge x =
        pg_node(g, "TensorListGetItem element_dtype=%f", v[X_LIST], v[TIME_AT], pg_ints(g, 2, row), PG_END);
    next[H] = is_gru ? make_gru(g, v, x) : make_lstm(g, v, x, &next[C]);
    next[LIST] = pg_node(g, "TensorListSetItem element_dtype=%f", v[LIST],
                         keeps_last ? pg_int(g, 0) : v[TIME_AT], next[H], PG_END);
    next[COUNTER] = pg_node(g, "AddV2 T=%i", v[COUNTER], pg_int(g, 1), PG_END);
    next[TIME_AT] = pg_node(g, "AddV2 T=%i", v[TIME_AT], pg_int(g, 1), PG_END);
    const td_edge noop = pg_node(g, "NoOp", PG_END);
    for (size_t i = 0; i < N_VARS;
         i++) { /* as Keras has it, of what reads variables before they are constants */
        char text[64];

        (void)snprintf(text, sizeof text, "Identity T=%%%s", td_dtype_name(types[i]));
        next[i] = pg_node(g, text, next[i], PG_END);
        td_node_add_ctrl(g, next[i].node, noop.node);
        pg_ret(g, next[i]);
    }
    return g;
}

/* ---------------------------------------------------------------- the graph around it */

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const int columns = (is_gru ? 3 : 4) * HIDDEN;
    const int32_t row[] = { -1, INPUTS }, out[] = { -1, HIDDEN }, shape[] = { 0 }, one[] = { 1 };
    const td_edge x = pg_arg(g, TD_F32), h = pg_arg(g, TD_F32), c = pg_arg(g, TD_F32);
    const td_edge size = pg_node(g, "StridedSlice T=%i Index=%i shrink_axis_mask=1",
                                 pg_node(g, "Shape T=%f out_type=%i", x, PG_END), pg_ints(g, 1, shape),
                                 pg_ints(g, 1, one), pg_ints(g, 1, one), PG_END);
    const td_edge list = pg_node(g, "TensorListReserve element_dtype=%f shape_type=%i", pg_ints(g, 2, out),
                                 keeps_last ? pg_int(g, 1) : size, PG_END);
    const td_edge xs =
        pg_node(g, "TensorListFromTensor element_dtype=%f shape_type=%i", x, pg_ints(g, 2, row), PG_END);
    const td_edge loop = pg_node(
        g, "StatelessWhile T=%int%int%int%var%float%float%var%float%float%float cond=@cond body=@body",
        pg_int(g, 0), size, pg_int(g, 0), list, h, c, xs, pg_noise(g, &MATRIX(INPUTS, columns), 1),
        pg_noise(g, &MATRIX(HIDDEN, columns), 2), pg_noise(g, &VECTOR(columns), 3), PG_END);
    pg_ret(g, pg_node(g, "TensorListStack element_dtype=%f", pg_out(loop, LIST), pg_ints(g, 2, out), PG_END));
    pg_ret(g, unary(g, "Identity", pg_out(loop, H)));
    if (!is_gru) pg_ret(g, pg_out(loop, C));
    return g;
}

static void check(const char *op, size_t count)
{
    static float x[TIME * BATCH * INPUTS], h[BATCH * HIDDEN], c[BATCH * HIDDEN];
    const td_tensor in[] = { { TD_F32, { 3, { TIME, BATCH, INPUTS } }, x, NULL },
                             { TD_F32, MATRIX(BATCH, HIDDEN), h, NULL },
                             { TD_F32, MATRIX(BATCH, HIDDEN), c, NULL } };
    pg t;

    pg_fill(x, TIME * BATCH * INPUTS, 4);
    pg_fill(h, BATCH * HIDDEN, 5);
    pg_fill(c, BATCH * HIDDEN, 6);
    pg_open(&t, lower);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), op), count);
    pg_assert_same(&t, make, in, 1e-5);
    pg_close(&t);
}

static void test_lstm(void **state)
{
    (void)state;
    is_gru = keeps_last = is_odd = false;
    check("_FusedLSTM", 1);
    keeps_last = true;
    check("_FusedLSTM", 1);
}

static void test_gru(void **state)
{
    (void)state;
    is_gru = true;
    keeps_last = is_odd = false;
    check("_FusedGRU", 1);
    keeps_last = true;
    check("_FusedGRU", 1);
}

static void test_other_cells_stay_loops(void **state)
{
    (void)state;
    is_gru = keeps_last = false;
    is_odd = true;
    check("StatelessWhile", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lstm),
        cmocka_unit_test(test_gru),
        cmocka_unit_test(test_other_cells_stay_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
