/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_attention.c -- attention over heads becomes one node, with the same results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pass_graph.h"

enum { BATCH = 2, HEADS = 3, DEPTH = 13 };

typedef enum mask_kind { NO_MASK, KEY_MASK, ROW_MASK, WHOLE_MASK } mask_kind;

/* What make() builds. */
static mask_kind mask;
static bool turns_k, divides, joins_heads;
static int32_t middle; /* of the permutations: 2 is what moves heads */

static td_edge transpose(td_graph *g, td_edge x, bool turns)
{
    const int32_t by_head[] = { 0, middle, 3 - middle, 3 }, turned[] = { 0, 2, 3, 1 };

    return pg_node(g, "Transpose T=%f", x, pg_ints(g, 4, turns ? turned : by_head), PG_END);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge q = pg_arg(g, TD_F32), k = pg_arg(g, TD_F32), v = pg_arg(g, TD_F32), m = pg_arg(g, TD_F32);
    td_edge x = pg_node(g, turns_k ? "BatchMatMulV2 T=%f" : "BatchMatMulV2 T=%f adj_y=true",
                        transpose(g, q, false), transpose(g, k, turns_k), PG_END);

    x = pg_node(g, divides ? "RealDiv T=%f" : "Mul T=%f", x, pg_float(g, 3.0f), PG_END);
    if (mask != NO_MASK) x = pg_node(g, "AddV2 T=%f", x, m, PG_END);
    x = pg_node(g, "Softmax T=%f", x, PG_END);
    x = pg_node(g, "BatchMatMulV2 T=%f", x, transpose(g, v, false), PG_END);
    pg_ret(g, joins_heads ? transpose(g, x, false) : x);
    return g;
}

static td_shape mask_shape(int64_t rows, int64_t keys)
{
    if (mask == KEY_MASK) return (td_shape){ 4, { BATCH, 1, 1, keys } };
    if (mask == ROW_MASK) return (td_shape){ 3, { HEADS, rows, 1 } };
    return (td_shape){ 4, { BATCH, HEADS, rows, keys } };
}

static void check(int64_t rows, int64_t keys, size_t count)
{
    static float q[BATCH * 200 * HEADS * DEPTH], k[sizeof q / sizeof *q], v[sizeof q / sizeof *q];
    static float m[BATCH * HEADS * 200 * 200];
    const td_tensor in[] = { { TD_F32, { 4, { BATCH, rows, HEADS, DEPTH } }, q, NULL },
                             { TD_F32, { 4, { BATCH, keys, HEADS, DEPTH } }, k, NULL },
                             { TD_F32, { 4, { BATCH, keys, HEADS, DEPTH } }, v, NULL },
                             { TD_F32, mask_shape(rows, keys), m, NULL } };
    pg t;

    pg_fill(q, sizeof q / sizeof *q, 1);
    pg_fill(k, sizeof q / sizeof *q, 2);
    pg_fill(v, sizeof q / sizeof *q, 3);
    pg_fill(m, sizeof m / sizeof *m, 4);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), "_FusedAttention"), count);
    pg_assert_same(&t, make, in, 1e-5);
    pg_close(&t);
}

static void test_forms(void **state)
{
    (void)state;
    middle = 2;
    for (int i = 0; i < 32; i++) {
        mask = (mask_kind)(i & 3);
        turns_k = i & 4;
        divides = i & 8;
        joins_heads = i & 16;
        check(7, 19, 1);
    }
    mask = WHOLE_MASK;
    check(197, 199, 1); /* more rows than a block has */
    mask = ROW_MASK;
    check(1, 200, 1);
}

static void test_other_layouts_stay(void **state)
{
    (void)state;
    middle = 1;
    mask = NO_MASK;
    turns_k = joins_heads = false;
    check(5, 5, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_other_layouts_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
