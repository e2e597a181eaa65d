/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_conv.c -- what follows a convolution or product goes into it, with the same results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pass_graph.h"

enum { SIZE = 11, IN = 5, OUT = 19 };

static td_edge binary(td_graph *g, const char *text, td_edge a, td_edge b)
{
    return pg_node(g, text, a, b, PG_END);
}

static td_edge vector(td_graph *g, unsigned seed)
{
    return pg_noise(g, &(td_shape){ 1, { OUT } }, seed);
}

/* Padding, convolution, batch normalisation. */
static td_edge block(td_graph *g, td_edge x, unsigned seed)
{
    const int32_t pads[] = { 0, 0, 1, 1, 1, 1, 0, 0 };
    const td_shape matrix = { 2, { 4, 2 } };
    td_edge paddings = pg_ints(g, 8, pads);
    td_tensor *const t = (td_tensor *)(uintptr_t)td_edge_const(&paddings);
    t->shape = matrix;
    x = pg_node(g, "Pad T=%f Tpaddings=%i", x, paddings, PG_END);
    x = pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='VALID", x,
                pg_noise(g, &(td_shape){ 4, { 3, 3, IN, OUT } }, seed), PG_END);
    const td_edge variance = binary(g, "AddV2 T=%f", vector(g, seed + 1), pg_float(g, 2.0f));
    return pg_node(g, "FusedBatchNormV3 T=%f U=%f is_training=false epsilon=0.001f", x, vector(g, seed + 2),
                   vector(g, seed + 3), vector(g, seed + 4), variance, PG_END);
}

static td_edge relu(td_graph *g, td_edge x)
{
    return pg_node(g, "Relu T=%f", x, PG_END);
}

static td_edge swish(td_graph *g, td_edge x)
{
    return binary(g, "Mul T=%f", x, pg_node(g, "Sigmoid T=%f", x, PG_END));
}

static td_edge hard_swish(td_graph *g, td_edge x)
{
    const td_edge clip = pg_node(g, "Relu6 T=%f", binary(g, "AddV2 T=%f", x, pg_float(g, 3.0f)), PG_END);
    return binary(g, "Mul T=%f", x, binary(g, "Mul T=%f", clip, pg_float(g, 1.0f / 6.0f)));
}

static td_edge gelu(td_graph *g, td_edge x)
{
    const td_edge inner = binary(g, "RealDiv T=%f", x, pg_float(g, 1.41421356f));
    const td_edge plus = binary(g, "AddV2 T=%f", pg_float(g, 1.0f), pg_node(g, "Erf T=%f", inner, PG_END));
    return binary(g, "Mul T=%f", binary(g, "Mul T=%f", pg_float(g, 0.5f), x), plus);
}

static td_edge (*act)(td_graph *g, td_edge x);
static bool has_residual;

static td_graph *make_conv(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32), other = pg_arg(g, TD_F32);
    td_edge y = block(g, x, 10);

    if (has_residual) y = binary(g, "AddV2 T=%f", y, other);
    pg_ret(g, act(g, y));
    return g;
}

/* The residual has the output's shape, or one that broadcasts. */
static void check_conv(const td_shape *residual)
{
    static float x[2 * SIZE * SIZE * IN], other[2 * SIZE * SIZE * OUT];
    const td_tensor in[] = { { TD_F32, { 4, { 2, SIZE, SIZE, IN } }, x, NULL },
                             { TD_F32, *residual, other, NULL } };
    pg t;

    pg_fill(x, sizeof x / sizeof *x, 1);
    pg_fill(other, sizeof other / sizeof *other, 2);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_conv(t.p.arena), "_FusedConv2D"), 1);
    assert_int_equal(pg_count_after(&t, make_conv(t.p.arena), "FusedBatchNormV3"), 0);
    assert_int_equal(pg_count_after(&t, make_conv(t.p.arena), "Pad"), 0);
    assert_int_equal(pg_count_after(&t, make_conv(t.p.arena), "AddV2"), 0);
    pg_assert_same(&t, make_conv, in, 1e-5);
    pg_close(&t);
}

static void test_conv(void **state)
{
    static td_edge (*const acts[])(td_graph *, td_edge) = { relu, swish, hard_swish, gelu };

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        act = acts[i / 2];
        has_residual = i % 2;
        check_conv(&(td_shape){ 4, { 2, SIZE, SIZE, OUT } });
    }
}

static void test_broadcast_residual(void **state)
{
    (void)state;
    act = relu;
    has_residual = true;
    check_conv(&(td_shape){ 4, { 2, 1, 1, OUT } });
    check_conv(&(td_shape){ 1, { OUT } });
    check_conv(&(td_shape){ 0 });
}

enum { GROUPS = 3, WIDE = 8 * GROUPS };

/* A grouped convolution and its batch normalisation, as in ResNeXt: each group has scales of its own. */
static td_graph *make_grouped(td_arena *arena)
{
    const td_shape v = { 1, { WIDE } };
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge filter = pg_noise(g, &(td_shape){ 4, { 3, 3, IN, WIDE } }, 1);
    const td_edge x =
        pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='SAME", pg_arg(g, TD_F32), filter, PG_END);
    const td_edge variance = binary(g, "AddV2 T=%f", pg_noise(g, &v, 2), pg_float(g, 2.0f));

    pg_ret(g, pg_node(g, "FusedBatchNormV3 T=%f U=%f is_training=false epsilon=0.001f", x, pg_noise(g, &v, 3),
                      pg_noise(g, &v, 4), pg_noise(g, &v, 5), variance, PG_END));
    return g;
}

static void test_groups_have_their_own_scales(void **state)
{
    static float x[SIZE * SIZE * IN * GROUPS];
    const td_tensor in = { TD_F32, { 4, { 1, SIZE, SIZE, IN * GROUPS } }, x, NULL };
    pg t;

    (void)state;
    pg_fill(x, sizeof x / sizeof *x, 1);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_grouped(t.p.arena), "_FusedConv2D"), 1);
    assert_int_equal(pg_count_after(&t, make_grouped(t.p.arena), "FusedBatchNormV3"), 0);
    pg_assert_same(&t, make_grouped, &in, 1e-5);
    pg_close(&t);
}

/* A value that somebody else reads, too, must stay. */
static td_graph *make_shared(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge y = block(g, pg_arg(g, TD_F32), 20);

    pg_ret(g, y);
    pg_ret(g, relu(g, y));
    return g;
}

static void test_shared_values_stay(void **state)
{
    static float x[SIZE * SIZE * IN];
    const td_tensor in = { TD_F32, { 4, { 1, SIZE, SIZE, IN } }, x, NULL };
    pg t;

    (void)state;
    pg_fill(x, sizeof x / sizeof *x, 3);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_shared(t.p.arena), "Relu"), 1);
    pg_assert_same(&t, make_shared, &in, 1e-5);
    pg_close(&t);
}

static td_graph *make_product(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge w = pg_noise(g, &(td_shape){ 2, { OUT, IN } }, 30);
    td_edge y = pg_node(g, "MatMul T=%f transpose_b=true", pg_arg(g, TD_F32), w, PG_END);

    y = pg_node(g, "BiasAdd T=%f", y, vector(g, 31), PG_END);
    pg_ret(g, pg_node(g, "Tanh T=%f", y, PG_END));
    return g;
}

static void test_product(void **state)
{
    static float x[7 * IN];
    const td_tensor in = { TD_F32, { 2, { 7, IN } }, x, NULL };
    pg t;

    (void)state;
    pg_fill(x, sizeof x / sizeof *x, 4);
    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make_product(t.p.arena), "_FusedMatMul"), 1);
    assert_int_equal(pg_count_after(&t, make_product(t.p.arena), "Tanh"), 0);
    pg_assert_same(&t, make_product, &in, 1e-5);
    pg_close(&t);
}

/* A constant of more dims than the product adds dims to it. */
static td_graph *make_more_dims(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge w = pg_noise(g, &(td_shape){ 2, { IN, OUT } }, 33);
    const td_edge y = pg_node(g, "MatMul T=%f", pg_arg(g, TD_F32), w, PG_END);

    pg_ret(g, binary(g, "Mul T=%f", y, pg_noise(g, &(td_shape){ 4, { 1, 1, 1, OUT } }, 34)));
    return g;
}

/* Of more results than one, only the first is what the fused node makes. */
static td_graph *make_other_result(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");

    pg_ret(g, pg_out(block(g, pg_arg(g, TD_F32), 35), 2));
    return g;
}

static void check_stays(td_graph *(*make)(td_arena *), const td_tensor *in, const char *op)
{
    pg t;

    pg_open(&t, NULL);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), op), 1);
    pg_assert_same(&t, make, in, 1e-5);
    pg_close(&t);
}

static void test_what_does_not_fit_stays(void **state)
{
    static float x[SIZE * SIZE * IN];

    (void)state;
    pg_fill(x, sizeof x / sizeof *x, 5);
    check_stays(make_more_dims, &(td_tensor){ TD_F32, { 2, { 7, IN } }, x, NULL }, "Mul");
    check_stays(make_other_result, &(td_tensor){ TD_F32, { 4, { 1, SIZE, SIZE, IN } }, x, NULL },
                "FusedBatchNormV3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_does_not_fit_stays), cmocka_unit_test(test_conv),
        cmocka_unit_test(test_broadcast_residual),      cmocka_unit_test(test_groups_have_their_own_scales),
        cmocka_unit_test(test_shared_values_stay),      cmocka_unit_test(test_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
