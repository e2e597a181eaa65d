/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_conv_forms.c -- every head and every step that fuse_conv.c knows, and those that it must leave: what is left
 * of the graph, and the results, at every level of the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "pass_graph.h"

enum { SIZE = 6, IN = 6, OUT = 12 };

/* A head and the words after it; how many ops are left beside the fused one. */
typedef struct form {
    const char *head, *steps, *fused;
    size_t left;
} form;

static const form *now; /* what make() builds */
static td_edge residual;

static td_edge unary(td_graph *g, const char *op, td_edge x)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s T=%%f", op);
    return pg_node(g, text, x, PG_END);
}

static td_edge binary(td_graph *g, const char *op, td_edge a, td_edge b)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s T=%%f", op);
    return pg_node(g, text, a, b, PG_END);
}

static td_edge vector(td_graph *g, unsigned seed)
{
    return pg_noise(g, &(td_shape){ 1, { OUT } }, seed);
}

/* ---------------------------------------------------------------- heads */

static td_edge pads(td_graph *g, const char *kind)
{
    const int32_t inner[] = { 0, 0, 1, 2, 0, 1, 0, 0 }, outer[] = { 0, 0, 1, 1, 1, 1, 1, 0 };
    const int64_t wide[] = { 0, 0, 1, 2, 0, 1, 0, 0 };
    td_tensor t = { TD_I32, { 2, { 4, 2 } }, NULL, NULL };

    t.data = (void *)(uintptr_t)(strcmp(kind, "padded_out") ? inner : outer);
    if (!strcmp(kind, "padded_i64")) {
        t.dtype = TD_I64;
        t.data = (void *)(uintptr_t)wide;
    }
    return pg_tensor(g, &t);
}

static td_edge padded(td_graph *g, td_edge x)
{
    const char *const type =
        strcmp(now->head, "padded_i64") ? "Pad T=%f Tpaddings=%int32" : "Pad T=%f Tpaddings=%int64";

    return pg_node(g, type, x, pads(g, now->head), PG_END);
}

/* Images for convolutions, rows for products. */
static bool is_product(void)
{
    return strstr(now->head, "product") != NULL;
}

/* Of a product. */
static int64_t inputs(void)
{
    return strstr(now->head, "empty") ? 0 : IN;
}

static td_edge product(td_graph *g, td_edge x)
{
    const bool turns = strstr(now->head, "turned") != NULL;
    const td_edge w =
        pg_noise(g, turns ? &(td_shape){ 2, { OUT, inputs() } } : &(td_shape){ 2, { inputs(), OUT } }, 1);

    if (strstr(now->head, "batch"))
        return pg_node(g, turns ? "BatchMatMulV2 T=%f adj_y=true" : "BatchMatMulV2 T=%f", x, w, PG_END);
    return pg_node(g, turns ? "MatMul T=%f transpose_b=true" : "MatMul T=%f", x, w, PG_END);
}

/* Convolutions of volumes, backwards, and of rows. */
static bool is_other(td_graph *g, td_edge x, td_edge *out)
{
    const int32_t image[] = { 2, SIZE, SIZE, OUT }, volume[] = { 2, SIZE, 3, 2, OUT };

    if (!strcmp(now->head, "volume"))
        *out = pg_node(g, "Conv3D T=%f strides=[1,1,1,1,1] padding='SAME", x,
                       pg_noise(g, &(td_shape){ 5, { 2, 3, 2, IN, OUT } }, 4), PG_END);
    else if (!strcmp(now->head, "back"))
        *out = pg_node(g, "Conv2DBackpropInput T=%f strides=[1,2,3,1] padding='SAME", pg_ints(g, 4, image),
                       pg_noise(g, &(td_shape){ 4, { 3, 2, OUT, IN } }, 5), x, PG_END);
    else if (!strcmp(now->head, "volume_back"))
        *out =
            pg_node(g, "Conv3DBackpropInputV2 T=%f Tshape=%i strides=[1,2,1,2,1] padding='SAME",
                    pg_ints(g, 5, volume), pg_noise(g, &(td_shape){ 5, { 3, 1, 2, OUT, IN } }, 6), x, PG_END);
    else if (!strcmp(now->head, "row"))
        *out = pg_node(g, "Squeeze T=%f squeeze_dims=[-3]",
                       pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='SAME", x,
                               pg_noise(g, &(td_shape){ 4, { 1, 3, IN, OUT } }, 7), PG_END),
                       PG_END);
    else if (!strcmp(now->head, "padded_row") || !strcmp(now->head, "padded_channels")) {
        const int32_t ends[] = { 0, 0, 2, 1, 0, 0 }, channels[] = { 0, 0, 2, 0, 0, 1 };
        const bool is_row = !strcmp(now->head, "padded_row");
        const td_tensor t = { TD_I32, { 2, { 3, 2 } }, (void *)(uintptr_t)(is_row ? ends : channels), NULL };
        *out = pg_node(g, "Squeeze T=%f squeeze_dims=[1]",
                       pg_node(g, "Conv2D T=%f strides=[1,1,2,1] padding='VALID",
                               pg_node(g, "ExpandDims T=%f Tdim=%int32",
                                       pg_node(g, "Pad T=%f Tpaddings=%int32", x, pg_tensor(g, &t), PG_END),
                                       pg_int(g, 1), PG_END),
                               pg_noise(g, &(td_shape){ 4, { 1, 3, is_row ? IN : IN + 1, OUT } }, 7), PG_END),
                       PG_END);
    } else if (!strcmp(now->head, "channels_gone")) /* an only channel, which is none behind */
        *out = pg_node(g, "Squeeze T=%f squeeze_dims=[3]",
                       pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='SAME", x,
                               pg_noise(g, &(td_shape){ 4, { 1, 3, IN, 1 } }, 7), PG_END),
                       PG_END);
    else
        return false;
    return true;
}

/* What it reads, and what comes of it; false: images of SIZE x SIZE. */
static bool other_shapes(td_shape *in, td_shape *out)
{
    static const struct {
        const char *head;
        td_shape in, out;
    } shapes[] = {
        { "volume", { 5, { 2, SIZE, 3, 2, IN } }, { 5, { 2, SIZE, 3, 2, OUT } } },
        { "back", { 4, { 2, 3, 2, IN } }, { 4, { 2, SIZE, SIZE, OUT } } },
        { "volume_back", { 5, { 2, 3, 3, 1, IN } }, { 5, { 2, SIZE, 3, 2, OUT } } },
        { "row", { 4, { 2, 1, 7, IN } }, { 3, { 2, 7, OUT } } },
        { "padded_row", { 3, { 2, 7, IN } }, { 3, { 2, 4, OUT } } },
        { "padded_channels", { 3, { 2, 7, IN } }, { 3, { 2, 4, OUT } } },
        { "channels_gone", { 4, { 2, 1, OUT, IN } }, { 3, { 2, 1, OUT } } },
    };

    for (size_t i = 0; i < TD_COUNT(shapes); i++)
        if (!strcmp(now->head, shapes[i].head)) {
            *in = shapes[i].in;
            *out = shapes[i].out;
            return true;
        }
    return false;
}

static td_edge convolution(td_graph *g, td_edge x)
{
    td_edge other;

    if (is_other(g, x, &other)) return other;
    const int64_t groups = strncmp(now->head, "groups", 6) ? 1 : now->head[6] - '0';
    const bool is_wide = strstr(now->head, "wide") != NULL; /* what Winograd's method takes */
    td_edge w = pg_noise(g, &(td_shape){ 4, { is_wide ? 3 : 1, is_wide ? 3 : 2, IN / groups, OUT } }, 2);

    if (!strcmp(now->head, "square"))
        w = pg_noise(g, &(td_shape){ 4, { 1, 2, IN, SIZE } }, 2); /* channels as rows */
    if (!strcmp(now->head, "unknown_weights"))
        w = pg_node(g, "Reshape T=%f Tshape=%i", residual, pg_ints(g, 4, (const int32_t[]){ 1, 1, IN, OUT }),
                    PG_END);
    if (!strcmp(now->head, "depthwise"))
        return pg_node(g, "DepthwiseConv2dNative T=%f strides=[1,1,1,1] padding='SAME", x,
                       pg_noise(g, &(td_shape){ 4, { 3, 3, IN, OUT / IN } }, 3), PG_END);
    if (!strncmp(now->head, "padded", 6)) {
        const bool same = !strcmp(now->head, "padded_same");
        x = padded(g, x);
        if (!strcmp(now->head, "padded_out")) w = pg_noise(g, &(td_shape){ 4, { 1, 2, IN + 1, OUT } }, 2);
        if (!strcmp(now->head, "padded_twice")) pg_ret(g, x);
        return pg_node(g,
                       same ? "Conv2D T=%f strides=[1,1,1,1] padding='SAME"
                            : "Conv2D T=%f strides=[1,1,1,1] padding='VALID",
                       x, w, PG_END);
    }
    if (!strcmp(now->head, "first"))
        return pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='SAME data_format='NCHW", x, w, PG_END);
    return pg_node(g, "Conv2D T=%f strides=[1,1,1,1] padding='SAME", x, w, PG_END);
}

/* ---------------------------------------------------------------- steps */

static td_edge norm(td_graph *g, td_edge x, const char *text)
{
    const td_edge variance = binary(g, "AddV2", vector(g, 11), pg_float(g, 2.0f));

    return pg_node(g, text, x, vector(g, 12), vector(g, 13), vector(g, 14), variance, PG_END);
}

/* With channels first: rows, here. */
static td_edge norm_rows(td_graph *g, td_edge x)
{
    const td_shape rows = { 1, { SIZE } };

    return pg_node(g, "FusedBatchNormV3 T=%f U=%f is_training=false epsilon=0.001f data_format='NCHW", x,
                   pg_noise(g, &rows, 1), pg_noise(g, &rows, 2), pg_noise(g, &rows, 3),
                   unary(g, "Square", pg_noise(g, &rows, 4)), PG_END);
}

static td_edge gelu(td_graph *g, td_edge x, char kind)
{
    const td_edge half = pg_float(g, 0.5f), root = pg_float(g, 0.70710678f);

    if (kind == 'c') {
        const td_edge inner = binary(g, "Mul", unary(g, "Neg", x), root);
        return binary(g, "Mul", binary(g, "Mul", half, x), unary(g, "Erfc", inner));
    }
    const td_edge inner =
        kind == 'd' ? binary(g, "RealDiv", x, pg_float(g, 1.41421356f)) : binary(g, "Mul", x, root);
    const td_edge plus = binary(g, "AddV2", unary(g, "Erf", inner), pg_float(g, 1.0f));
    if (kind == 'o') return binary(g, "Mul", binary(g, "Mul", x, plus), half);
    return binary(g, "Mul", binary(g, "Mul", x, half), plus);
}

/* One number, as a tensor of so many dims. */
static td_edge number(td_graph *g, float v, int rank)
{
    const td_tensor t = { TD_F32, { rank, { 1, 1, 1, 1, 1 } }, &v, NULL };

    return pg_tensor(g, &t);
}

static td_edge hard(td_graph *g, td_edge x, bool gates, int rank, bool divides)
{
    const td_edge clip = unary(g, "Relu6", binary(g, "AddV2", x, number(g, 3.0f, rank)));
    const td_edge sixth = divides ? binary(g, "RealDiv", clip, pg_float(g, 6.0f))
                                  : binary(g, "Mul", clip, pg_float(g, 1.0f / 6.0f));

    return gates ? binary(g, "Mul", sixth, x) : sixth;
}

static td_edge step(td_graph *g, td_edge x, const char *word)
{
    static const char *const plain[] = { "Relu", "Relu6", "Elu", "Tanh", "Sigmoid", "Softplus", "Identity" };

    for (size_t i = 0; i < TD_COUNT(plain); i++)
        if (!strcmp(word, plain[i])) return unary(g, word, x);
    if (!strcmp(word, "mul")) return binary(g, "Mul", x, vector(g, 20));
    if (!strcmp(word, "rmul")) return binary(g, "Mul", vector(g, 21), x);
    if (!strcmp(word, "scale")) return binary(g, "Mul", x, pg_float(g, 0.75f));
    if (!strcmp(word, "add")) return binary(g, "AddV2", x, vector(g, 22));
    if (!strcmp(word, "radd")) return binary(g, "Add", vector(g, 23), x);
    if (!strcmp(word, "sub")) return binary(g, "Sub", x, vector(g, 24));
    if (!strcmp(word, "rsub")) return binary(g, "Sub", vector(g, 25), x);
    if (!strcmp(word, "bias")) return binary(g, "BiasAdd", x, vector(g, 26));
    if (!strcmp(word, "bias1")) return binary(g, "BiasAddV1", x, vector(g, 27));
    if (!strcmp(word, "norm"))
        return norm(g, x, "FusedBatchNormV3 T=%f U=%f is_training=false epsilon=0.001f");
    if (!strcmp(word, "norm1")) return norm(g, x, "FusedBatchNorm T=%f is_training=false epsilon=0.002f");
    if (!strcmp(word, "norm2"))
        return norm(g, x, "FusedBatchNormV2 T=%f U=%f is_training=false epsilon=0.5f");
    if (!strcmp(word, "norm_rows")) return norm_rows(g, x);
    if (!strcmp(word, "norm_unknown"))
        return pg_node(g, "FusedBatchNormV3 T=%f U=%f is_training=false epsilon=0.001f", x,
                       unary(g, "Square", residual), vector(g, 13), vector(g, 14),
                       unary(g, "Square", vector(g, 15)), PG_END);
    if (!strcmp(word, "norm_of_batch"))
        return pg_node(g, "FusedBatchNormV3 T=%f U=%f is_training=true epsilon=0.001f", x, vector(g, 12),
                       vector(g, 13), pg_noise(g, &(td_shape){ 1, { 0 } }, 1),
                       pg_noise(g, &(td_shape){ 1, { 0 } }, 1), PG_END);
    if (!strcmp(word, "bias_rows"))
        return pg_node(g, "BiasAdd T=%f data_format='NCHW", x, pg_noise(g, &(td_shape){ 1, { SIZE } }, 16),
                       PG_END);
    if (!strcmp(word, "bias_unknown")) return binary(g, "BiasAdd", x, residual);
    if (!strcmp(word, "mul_unknown")) return binary(g, "Mul", x, residual);
    if (!strcmp(word, "mul_rows")) return binary(g, "Mul", x, pg_noise(g, &(td_shape){ 2, { SIZE, 1 } }, 17));
    if (!strcmp(word, "mul_square"))
        return binary(g, "Mul", x, pg_noise(g, &(td_shape){ 2, { SIZE, OUT } }, 18));
    if (!strcmp(word, "residual")) return binary(g, "AddV2", x, residual);
    if (!strcmp(word, "rresidual")) return binary(g, "Add", residual, x);
    if (!strcmp(word, "twice")) return binary(g, "AddV2", x, x);
    if (!strcmp(word, "swish")) return binary(g, "Mul", unary(g, "Sigmoid", x), x);
    if (!strcmp(word, "hard_swish")) return hard(g, x, true, 0, false);
    if (!strcmp(word, "hard_sigmoid")) return hard(g, x, false, 1, false);
    if (!strcmp(word, "hard_swish_div")) return hard(g, x, true, 1, true);
    if (!strcmp(word, "hard_upside_down"))
        return binary(g, "RealDiv", pg_float(g, 6.0f),
                      unary(g, "Relu6", binary(g, "AddV2", x, pg_float(g, 3.0f))));
    if (!strcmp(word, "hard_more_dims")) return hard(g, x, false, 5, false);
    if (!strcmp(word, "scale_4d")) return binary(g, "Mul", x, number(g, 0.75f, 4));
    if (!strcmp(word, "scale_more_dims")) return binary(g, "Mul", x, number(g, 0.75f, 5));
    assert_int_equal(strncmp(word, "gelu_", 5), 0);
    return gelu(g, x, word[5]);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    char *rest, *const words = td_arena_strdup(arena, now->steps);
    td_edge x = pg_arg(g, TD_F32);

    residual = pg_arg(g, TD_F32);
    x = is_product() ? product(g, x) : convolution(g, x);
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        x = step(g, x, w);
    pg_ret(g, x);
    return g;
}

/* ---------------------------------------------------------------- checks */

static size_t count_left(pg *t)
{
    static const char *const ops[] = { "Mul",
                                       "AddV2",
                                       "Add",
                                       "Sub",
                                       "BiasAdd",
                                       "BiasAddV1",
                                       "FusedBatchNormV3",
                                       "FusedBatchNormV2",
                                       "FusedBatchNorm",
                                       "Square",
                                       "Relu",
                                       "Relu6",
                                       "Elu",
                                       "Tanh",
                                       "Sigmoid",
                                       "Softplus",
                                       "Erf",
                                       "Erfc",
                                       "Neg",
                                       "RealDiv",
                                       "Pad" };
    size_t n = 0;

    for (size_t i = 0; i < TD_COUNT(ops); i++)
        n += pg_count_after(t, make(t->p.arena), ops[i]);
    return n;
}

/* The residual has this shape; NULL: that of the sum. */
static void check_with(const form *f, const td_shape *shape)
{
    static float x[2 * SIZE * SIZE * IN], other[3 * 2 * SIZE * SIZE * OUT];
    const bool unknown = !strcmp(f->head, "unknown_weights");
    td_shape image = { 4, { 2, SIZE, SIZE, IN } }, sum = { 4, { 2, SIZE, SIZE, OUT } };
    pg t;

    now = f;
    if (is_product()) image = (td_shape){ 2, { SIZE, inputs() } }, sum = (td_shape){ 2, { SIZE, OUT } };
    if (strstr(f->head, "batch"))
        image = (td_shape){ 3, { 2, SIZE, inputs() } }, sum = (td_shape){ 3, { 2, SIZE, OUT } };
    (void)other_shapes(&image, &sum);
    if (unknown) sum = (td_shape){ 1, { IN * OUT } };
    if (shape) sum = *shape;
    const td_tensor in[] = { { TD_F32, image, x, NULL }, { TD_F32, sum, other, NULL } };
    pg_fill(x, TD_COUNT(x), 1);
    pg_fill(other, TD_COUNT(other), 2);
    pg_open(&t, NULL);
    t.env.passes_off = TD_PASS_BIT(TD_PASS_fuse_elementwise); /* what is left is to be seen */
    const size_t fused = pg_count_after(&t, make(t.p.arena), f->fused ? f->fused : "_FusedConv2D"),
                 left = count_left(&t);
    if (fused != (f->fused != NULL) || left != f->left)
        fail_msg("%s %s: %zu %s and %zu others", f->head, f->steps, fused, f->fused ? f->fused : "", left);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        pg_assert_same(&t, make, in, 1e-5);
    }
    t.env.cpu = td_cpu_detect();
    t.env.passes_off = 0;
    pg_assert_same_walk(&t, make, in, 1e-5);
    pg_close(&t);
}

static void check(const form *f)
{
    check_with(f, NULL);
}

#define CONV      "_FusedConv2D"
#define DEPTHWISE "_FusedDepthwiseConv2dNative"
#define PRODUCT   "_FusedMatMul"
#define VOLUME    "_FusedConv3D"
#define BACK      "_FusedConv2DBackpropInput"
#define BACK3     "_FusedConv3DBackpropInputV2"

static void test_heads(void **state)
{
    static const form forms[] = {
        { "conv", "bias", CONV, 0 },
        { "wide", "bias Relu", CONV, 0 },
        { "depthwise", "bias Relu6", DEPTHWISE, 0 },
        { "product", "bias Tanh", PRODUCT, 0 },
        { "turned_product", "bias", PRODUCT, 0 },
        { "batch_product", "bias Relu", PRODUCT, 0 },
        { "turned_batch_product", "add", PRODUCT, 0 },
        { "conv", "", NULL, 0 },
        { "empty_product", "bias", PRODUCT, 0 },
        { "empty_product", "mul bias residual Tanh", PRODUCT, 0 },
        { "empty_product", "sub Relu6", PRODUCT, 0 },
        { "empty_turned_batch_product", "residual swish", PRODUCT, 0 },
        { "first", "Relu", NULL, 1 },
        { "unknown_weights", "bias Relu", NULL, 2 },
        { "volume", "bias norm_rows", VOLUME, 1 },
        { "volume", "mul bias residual Relu", VOLUME, 0 },
        { "volume", "add swish", VOLUME, 0 },
        { "back", "mul bias residual Relu6", BACK, 0 },
        { "back", "norm gelu_mul", BACK, 0 },
        { "back", "rresidual bias", BACK, 0 },
        { "volume_back", "bias Relu", BACK3, 0 },
        { "volume_back", "rmul sub residual Tanh", BACK3, 0 },
        { "row", "bias Relu", CONV, 0 },
        { "row", "mul add hard_swish", CONV, 0 },
        { "row", "bias residual", CONV, 1 },
        { "row", "scale_more_dims", NULL, 1 },
        { "row", "scale_4d", NULL, 1 },
        { "row", "Relu scale_4d", CONV, 1 },
        { "conv", "scale_4d", CONV, 0 },
        { "channels_gone", "scale", CONV, 0 },
        { "channels_gone", "bias Relu", NULL, 2 },
        { "padded_row", "", CONV, 0 },
        { "padded_row", "bias swish", CONV, 0 },
        { "padded_channels", "bias", CONV, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

/* Every group has scales of its own. */
static void test_groups(void **state)
{
    static const form forms[] = {
        { "groups2", "norm Relu", CONV, 0 },          { "groups3", "mul", CONV, 0 },
        { "groups6", "norm residual Relu", CONV, 0 }, { "groups2_wide", "norm", CONV, 0 },
        { "groups3_wide", "bias mul", CONV, 0 },      { "groups2", "bias", CONV, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

static void test_affine_steps(void **state)
{
    static const form forms[] = {
        { "conv", "mul", CONV, 0 },
        { "conv", "rmul add", CONV, 0 },
        { "conv", "scale radd", CONV, 0 },
        { "conv", "sub mul bias", CONV, 0 },
        { "conv", "norm mul", CONV, 0 },
        { "wide", "bias norm1", CONV, 0 },
        { "wide", "norm", CONV, 0 },
        { "conv", "bias1 Identity mul", CONV, 0 },
        { "product", "bias scale_more_dims", PRODUCT, 1 },
        { "conv", "scale_more_dims", NULL, 1 },
        { "product", "hard_more_dims", NULL, 3 },
        { "product", "mul sub", PRODUCT, 0 },
        { "batch_product", "scale bias", PRODUCT, 0 },
        { "depthwise", "norm", DEPTHWISE, 0 },
        { "depthwise", "mul add", DEPTHWISE, 0 },
        { "conv", "rsub", NULL, 1 },
        { "product", "bias rsub", PRODUCT, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

static void test_residuals(void **state)
{
    static const form forms[] = {
        { "conv", "residual", CONV, 0 },
        { "wide", "norm rresidual Relu", CONV, 0 },
        { "conv", "bias residual add Relu", CONV, 0 },
        { "conv", "residual bias swish", CONV, 0 },
        { "product", "rresidual Relu", PRODUCT, 0 },
        { "batch_product", "bias residual", PRODUCT, 0 },
        { "conv", "residual mul", CONV, 1 },
        { "conv", "bias twice", CONV, 1 },
        { "depthwise", "bias residual", DEPTHWISE, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

/* What is along another dim, or known to a run only, stays; so does what follows it. */
static void test_steps_that_stay(void **state)
{
    static const td_shape vector_shape = { 1, { OUT } };
    static const form forms[] = {
        { "conv", "norm2 Relu", CONV, 0 },
        { "conv", "bias norm_rows", CONV, 1 },
        { "square", "norm_rows Relu", NULL, 2 },
        { "square", "bias_rows Relu", NULL, 2 },
        { "conv", "bias norm_unknown Relu", CONV, 3 },
        { "conv", "bias norm_of_batch", CONV, 1 },
        { "conv", "bias bias_rows", CONV, 1 },
        { "conv", "bias bias_unknown Relu", CONV, 2 },
        { "depthwise", "bias mul_unknown", DEPTHWISE, 1 },
        { "product", "bias mul_unknown Tanh", PRODUCT, 2 },
        { "conv", "bias mul_rows", CONV, 1 },
        { "product", "bias mul_rows", PRODUCT, 1 },
        { "product", "bias mul_square", PRODUCT, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check_with(&forms[i], &vector_shape);
}

/* Fewer dims than the sum, ones, and more than it has. */
static void test_residuals_broadcast(void **state)
{
    static const form conv[] = {
        { "conv", "residual", CONV, 0 },
        { "wide", "norm residual Relu", CONV, 0 },
        { "conv", "bias rresidual add gelu_div", CONV, 0 },
        { "groups2", "mul residual hard_swish", CONV, 0 },
    };
    static const form product[] = {
        { "product", "residual", PRODUCT, 0 },
        { "turned_product", "mul bias rresidual add swish", PRODUCT, 0 },
        { "empty_product", "bias residual bias Relu6", PRODUCT, 0 },
    };
    static const td_shape of_conv[] = { { 0 },
                                        { 1, { OUT } },
                                        { 1, { 1 } },
                                        { 3, { SIZE, 1, OUT } },
                                        { 4, { 1, SIZE, SIZE, 1 } },
                                        { 4, { 2, 1, 1, OUT } },
                                        { 5, { 3, 2, SIZE, SIZE, OUT } },
                                        { 5, { 3, 1, 1, 1, 1 } },
                                        { 5, { 0, 1, 1, 1, OUT } } };
    static const td_shape of_product[] = {
        { 0 },           { 1, { OUT } },       { 2, { SIZE, 1 } },
        { 2, { 1, 1 } }, { 3, { 2, 1, OUT } }, { 4, { 2, 3, SIZE, OUT } }
    };

    (void)state;
    for (size_t s = 0; s < TD_COUNT(of_conv); s++)
        for (size_t i = 0; i < TD_COUNT(conv); i++)
            check_with(&conv[i], &of_conv[s]);
    for (size_t s = 0; s < TD_COUNT(of_product); s++)
        for (size_t i = 0; i < TD_COUNT(product); i++)
            check_with(&product[i], &of_product[s]);
}

static void test_activations(void **state)
{
    static const form forms[] = {
        { "conv", "Relu", CONV, 0 },
        { "conv", "Relu6", CONV, 0 },
        { "conv", "Elu", CONV, 0 },
        { "conv", "Tanh", CONV, 0 },
        { "conv", "Sigmoid", CONV, 0 },
        { "conv", "Softplus", NULL, 1 },
        { "conv", "swish", CONV, 0 },
        { "conv", "hard_swish", CONV, 0 },
        { "conv", "hard_sigmoid", CONV, 0 },
        { "conv", "hard_swish_div", CONV, 0 },
        { "depthwise", "bias hard_swish_div", DEPTHWISE, 0 },
        { "conv", "hard_upside_down", CONV, 1 },
        { "conv", "gelu_div", CONV, 0 },
        { "conv", "gelu_mul", CONV, 0 },
        { "conv", "gelu_outer", CONV, 0 },
        { "conv", "gelu_c", CONV, 0 },
        { "product", "gelu_c", PRODUCT, 0 },
        { "depthwise", "swish", DEPTHWISE, 0 },
        { "depthwise", "bias gelu_div", DEPTHWISE, 0 },
        { "conv", "Relu Relu", CONV, 1 },
        { "conv", "Relu bias", CONV, 1 },
        { "conv", "residual gelu_mul", CONV, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

/* Zero padding in front: taken for height and width, under VALID, if nobody else sees it. */
static void test_pads(void **state)
{
    static const form forms[] = {
        { "padded", "", CONV, 0 },           { "padded_i64", "Relu", CONV, 0 },
        { "padded_out", "Relu", CONV, 1 },   { "padded_same", "", NULL, 1 },
        { "padded_twice", "Relu", CONV, 1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_affine_steps), cmocka_unit_test(test_steps_that_stay),
        cmocka_unit_test(test_residuals),    cmocka_unit_test(test_residuals_broadcast),
        cmocka_unit_test(test_activations),  cmocka_unit_test(test_pads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
