/* SPDX-License-Identifier: Apache-2.0 */
/* make_nn.c -- products, convolutions, windows, and the patterns around them that passes fuse, in all their spellings. */
#include <stdio.h>
#include <string.h>

#include "make.h"

#define SINGLE (TD_DTYPE_BIT(TD_F32) | TD_HALF_TYPES)

static td_shape vector_of(int64_t n)
{
    return (td_shape){ 1, { n } };
}

/* ---------------------------------------------------------------- products */

static void matmul(fz_maker *m)
{
    const uint64_t types =
        TD_NUMBER_TYPES & ~(TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I16));
    const fz_id a = fz_pick(m, fz_chance(&m->r, 70) ? TD_FLOAT_TYPES : types, 2, 2);
    const bool ta = fz_chance(&m->r, 25), tb = fz_chance(&m->r, 30);

    if (a < 0 || fz_dim_varies(m, a, ta ? 0 : 1)) return;
    const int64_t k = fz_dim(m, a, ta ? 0 : 1), n = fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 20 : 70);
    fz_id b = fz_find(m, TD_DTYPE_BIT(fz_type(m, a)), 2, 2);
    if (b < 0 || fz_dim(m, b, tb ? 1 : 0) != k || fz_chance(&m->r, 40))
        b = fz_noise_const(m, fz_type(m, a), &(td_shape){ 2, { tb ? n : k, tb ? k : n } }, FZ_USUAL);
    if (b >= 0)
        (void)FZ_ADD(m, 8, ((fz_id[]){ a, b }), "MatMul T=%%%s transpose_a=%s transpose_b=%s",
                     fz_type_name(m, a), ta ? "true" : "false", tb ? "true" : "false");
}

static void batch_matmul(fz_maker *m)
{
    const fz_id a = fz_pick(m, fz_chance(&m->r, 80) ? TD_FLOAT_TYPES : TD_NUMBER_TYPES, 2, 4);
    const bool ta = fz_chance(&m->r, 25), tb = fz_chance(&m->r, 30);

    if (a < 0) return;
    const int rank = fz_rank(m, a), inner = ta ? rank - 2 : rank - 1;
    if (fz_dim_varies(m, a, inner)) return;
    const int64_t k = fz_dim(m, a, inner), n = fz_between(&m->r, 1, 20);
    td_shape s = { fz_chance(&m->r, 50) ? 2 : rank, { 0 } };
    for (int d = 0; d + 2 < s.rank; d++)
        s.dims[d] = fz_dim_varies(m, a, d) || fz_chance(&m->r, 40) ? 1 : fz_dim(m, a, d);
    s.dims[s.rank - 2] = tb ? n : k;
    s.dims[s.rank - 1] = tb ? k : n;
    const td_shape all[FZ_FEEDS] = { s, s, s };
    const fz_id b = fz_chance(&m->r, 60) ? fz_noise_const(m, fz_type(m, a), &s, FZ_USUAL)
                                         : fz_noise_arg(m, fz_type(m, a), all);
    if (b >= 0)
        (void)FZ_ADD(m, 8, ((fz_id[]){ a, b }), "%s T=%%%s adj_x=%s adj_y=%s",
                     fz_chance(&m->r, 75) ? "BatchMatMulV2" : "BatchMatMul", fz_type_name(m, a),
                     ta ? "true" : "false", tb ? "true" : "false");
}

static void einsum(fz_maker *m)
{
    static const struct {
        const char *equation;
        int a, b;       /* ranks */
        const char *of; /* b's letters */
    } forms[] = { { "ab,bc->ac", 2, 2, "bc" },         { "abc,cd->abd", 3, 2, "cd" },
                  { "abc,bcd->abd", 3, 3, "bcd" },     { "ab,cb->ca", 2, 2, "cb" },
                  { "abc,cde->abde", 3, 3, "cde" },    { "ab,ab->a", 2, 2, "ab" },
                  { "abcd,aecd->acbe", 4, 4, "aecd" }, { "ab,ab->ab", 2, 2, "ab" } };
    const size_t i = fz_below(&m->r, TD_COUNT(forms));
    const fz_id a =
        fz_pick(m, fz_chance(&m->r, 80) ? TD_FLOAT_TYPES : TD_NUMBER_TYPES, forms[i].a, forms[i].a);

    if (a < 0) return;
    td_shape s[FZ_FEEDS];
    int64_t fresh[8];
    for (int d = 0; d < 8; d++)
        fresh[d] = fz_between(&m->r, 1, 9);
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const td_tensor *const t = &m->pool[a].data[feed][0];
        if (!t->dtype) return;
        s[feed] = (td_shape){ .rank = forms[i].b };
        for (int d = 0; d < forms[i].b; d++) {
            const char *const at = strchr(forms[i].equation, forms[i].of[d]);
            const int64_t k = at - forms[i].equation;
            s[feed].dims[d] = k < forms[i].a ? t->shape.dims[k] : fresh[d];
        }
    }
    const fz_id b = fz_noise_arg(m, fz_type(m, a), s);
    if (b >= 0)
        (void)FZ_ADD(m, 8, ((fz_id[]){ a, b }), "Einsum T=%%%s N=2 equation='%s", fz_type_name(m, a),
                     forms[i].equation);
}

/* ---------------------------------------------------------------- what follows a product or convolution */

/* A constant along the last dim: as a vector, or with dims of one before it; or one number. */
static fz_id channel_const(fz_maker *m, int rank, int64_t channels, fz_style style)
{
    td_shape s = vector_of(channels);

    if (fz_chance(&m->r, 20)) s = (td_shape){ (int32_t)fz_below(&m->r, 2), { 1 } };
    if (s.rank == 1 && fz_chance(&m->r, 25)) {
        const int64_t n = s.dims[0];
        s.rank = (int32_t)fz_between(&m->r, 1, fz_chance(&m->r, 85) ? rank : 4);
        for (int d = 0; d < s.rank; d++)
            s.dims[d] = d + 1 == s.rank ? n : 1;
    }
    return fz_noise_const(m, TD_F32, &s, style);
}

static fz_id batch_norm(fz_maker *m, fz_id x, int64_t channels)
{
    const td_shape s = vector_of(channels);
    const fz_id scale = fz_noise_const(m, TD_F32, &s, FZ_USUAL),
                offset = fz_noise_const(m, TD_F32, &s, FZ_USUAL);
    const fz_id mu = fz_noise_const(m, TD_F32, &s, FZ_SMALL),
                variance = fz_noise_const(m, TD_F32, &s, FZ_POSITIVE);
    const bool is_v3 = fz_chance(&m->r, 80);

    return FZ_ADD(m, 4, ((fz_id[]){ x, scale, offset, mu, variance }),
                  "%s T=%%float%s is_training=false epsilon=0.0%u1f",
                  is_v3 ? "FusedBatchNormV3" : "FusedBatchNorm", is_v3 ? " U=%float" : "",
                  fz_below(&m->r, 3));
}

static fz_id affine(fz_maker *m, fz_id x, int64_t channels)
{
    const unsigned kind = fz_below(&m->r, 6);
    const int rank = fz_rank(m, x);

    if (kind == 0 && rank == 4) return batch_norm(m, x, channels);
    if (kind <= 2) {
        const fz_id b = fz_noise_const(m, TD_F32, &(td_shape){ 1, { channels } }, FZ_USUAL);
        return fz_binary(m, "BiasAdd", x, b);
    }
    const fz_id c = channel_const(m, rank, channels, kind == 3 ? FZ_POSITIVE : FZ_USUAL);
    if (kind == 3) return fz_chance(&m->r, 50) ? fz_binary(m, "Mul", x, c) : fz_binary(m, "Mul", c, x);
    if (kind == 4) return fz_chance(&m->r, 70) ? fz_binary(m, "Sub", x, c) : fz_binary(m, "Sub", c, x);
    return fz_chance(&m->r, 50) ? fz_binary(m, "AddV2", x, c) : fz_binary(m, "AddV2", c, x);
}

/* A residual: of x's shape, or one that broadcasts with it. */
static fz_id residual(fz_maker *m, fz_id x)
{
    td_shape s[FZ_FEEDS];
    fz_id y = fz_find(m, TD_DTYPE_BIT(TD_F32), fz_rank(m, x), fz_rank(m, x));

    if (y < 0 || !td_shape_equal(fz_shape(m, y), fz_shape(m, x))) y = fz_noise_like(m, TD_F32, x);
    if (fz_chance(&m->r, 25)) {
        const unsigned ones = (unsigned)fz_bits(&m->r);
        for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
            if (!m->pool[x].data[feed][0].dtype) return -1;
            s[feed] = m->pool[x].data[feed][0].shape;
            for (int d = 0; d < s[feed].rank; d++)
                if (ones >> d & 1) s[feed].dims[d] = 1;
        }
        y = fz_noise_arg(m, TD_F32, s);
    }
    if (y < 0) return -1;
    return fz_chance(&m->r, 50) ? fz_binary(m, "AddV2", x, y) : fz_binary(m, "AddV2", y, x);
}

static fz_id gelu(fz_maker *m, fz_id x)
{
    const unsigned kind = fz_below(&m->r, 4);
    const fz_id half = fz_scalar(m, 0.5f);

    if (kind == 0) {
        const fz_id scaled = fz_binary(m, "Mul", fz_unary(m, "Neg", x), fz_scalar(m, 0.70710678f));
        return fz_binary(m, "Mul", fz_binary(m, "Mul", half, x), fz_unary(m, "Erfc", scaled));
    }
    const fz_id inner = kind == 1 ? fz_binary(m, "RealDiv", x, fz_scalar(m, 1.41421356f))
                                  : fz_binary(m, "Mul", x, fz_scalar(m, 0.70710678f));
    const fz_id plus = fz_binary(m, "AddV2", fz_scalar(m, 1.0f), fz_unary(m, "Erf", inner));
    if (kind == 2) return fz_binary(m, "Mul", half, fz_binary(m, "Mul", x, plus));
    return fz_binary(m, "Mul", fz_binary(m, "Mul", half, x), plus);
}

/* Keras writes a factor, one if nobody sets it, and IdentityN around it. */
static fz_id swish(fz_maker *m, fz_id x)
{
    const fz_id beta = fz_scalar(m, fz_chance(&m->r, 60) ? 1.0f : 0.5f);
    const bool is_keras = fz_chance(&m->r, 60);
    const fz_id inner = !is_keras              ? x
                        : fz_chance(&m->r, 50) ? fz_binary(m, "Mul", beta, x)
                                               : fz_binary(m, "Mul", x, beta);
    const fz_id y = fz_binary(m, "Mul", x, fz_unary(m, "Sigmoid", inner));

    if (!is_keras || y < 0) return y;
    return FZ_ADD(m, 0, ((fz_id[]){ y, x, beta }), "IdentityN T={%%float%%float%%float}");
}

static fz_id activation(fz_maker *m, fz_id x)
{
    static const char *const plain[] = { "Relu", "Relu6", "Elu", "Tanh", "Sigmoid", "Softplus" };
    const unsigned kind = fz_below(&m->r, 10);

    if (x < 0 || kind < 5) return fz_unary(m, plain[fz_below(&m->r, 6)], x);
    if (kind == 5) return swish(m, x);
    if (kind < 8) return gelu(m, x);
    const fz_id clip = fz_unary(m, "Relu6", fz_binary(m, "AddV2", x, fz_scalar(m, 3.0f)));
    const fz_id gate = fz_chance(&m->r, 50) ? fz_binary(m, "Mul", clip, fz_scalar(m, 1.0f / 6.0f))
                                            : fz_binary(m, "RealDiv", clip, fz_scalar(m, 6.0f));
    return kind == 8 ? gate : fz_binary(m, "Mul", x, gate);
}

void fz_epilogue(fz_maker *m, fz_id x, int64_t channels)
{
    for (unsigned i = fz_below(&m->r, 4); i-- > 0 && x >= 0;)
        x = affine(m, x, channels);
    if (x >= 0 && fz_chance(&m->r, 40)) x = residual(m, x);
    if (x >= 0 && fz_chance(&m->r, 25)) x = affine(m, x, channels);
    if (x >= 0 && fz_chance(&m->r, 70)) x = activation(m, x);
    if (x >= 0 && fz_chance(&m->r, 15)) (void)fz_unary(m, "Identity", x);
}

/* As Keras' EinsumDense does it: columns become heads before the bias. */
static void dense_heads(fz_maker *m)
{
    const fz_id from = fz_pick(m, TD_DTYPE_BIT(TD_F32), 3, 3);
    const int64_t heads = fz_between(&m->r, 1, 4), depth = fz_between(&m->r, 1, 7);

    if (from < 0 || fz_dim_varies(m, from, 1) || fz_dim_varies(m, from, 2) || !fz_dim(m, from, 2)) return;
    const td_shape s = { 2, { fz_dim(m, from, 2), heads * depth } };
    const int64_t to[] = { -1, fz_dim(m, from, 1), heads, depth };
    const td_shape of_bias = { 2, { fz_chance(&m->r, 85) ? heads : 1, fz_chance(&m->r, 85) ? depth : 1 } };
    const fz_id y =
        FZ_ADD(m, 8, ((fz_id[]){ from, fz_noise_const(m, TD_F32, &s, FZ_USUAL) }), "BatchMatMulV2 T=%%float");
    const fz_id apart =
        FZ_ADD(m, 0, ((fz_id[]){ y, fz_const_ints(m, 1, 4, to) }), "Reshape T=%%float Tshape=%%int32");
    const fz_id b = fz_noise_const(m, TD_F32, &of_bias, FZ_USUAL);
    const fz_id z = fz_chance(&m->r, 50) ? fz_binary(m, "AddV2", apart, b) : fz_binary(m, "Add", b, apart);
    if (z >= 0 && fz_chance(&m->r, 60)) (void)activation(m, z);
}

/* As Keras' EinsumDense does it where lengths are open. */
static void dense_einsum(fz_maker *m)
{
    static const struct {
        const char *equation;
        int rank, sums, columns;
    } forms[] = { { "abc,cde->abde", 3, 1, 2 }, { "abcd,cde->abe", 4, 2, 1 }, { "ab,bc->ac", 2, 1, 1 },
                  { "abc,cd->abd", 3, 1, 1 },   { "abc,bcd->ad", 3, 2, 1 },   { "abc,cde->abed", 3, 1, 2 },
                  { "abcd,bcde->ae", 4, 3, 1 } };
    const size_t i = fz_below(&m->r, TD_COUNT(forms));
    const int rank = forms[i].rank, rows = rank - forms[i].sums;
    const fz_id from = fz_pick(m, TD_DTYPE_BIT(TD_F32), rank, rank);
    td_shape s = { forms[i].sums + forms[i].columns, { 0 } }, of_bias = { forms[i].columns, { 0 } };

    if (from < 0) return;
    for (int d = 0; d < s.rank; d++) {
        if (d < forms[i].sums && fz_dim_varies(m, from, rows + d)) return;
        s.dims[d] = d < forms[i].sums ? fz_dim(m, from, rows + d) : fz_between(&m->r, 1, 9);
        if (d >= forms[i].sums) of_bias.dims[d - forms[i].sums] = s.dims[d];
    }
    const fz_id w = fz_noise_const(m, TD_F32, &s, FZ_USUAL);
    fz_id y =
        w < 0 ? -1
              : FZ_ADD(m, 8, ((fz_id[]){ from, w }), "Einsum T=%%float N=2 equation='%s", forms[i].equation);

    if (y < 0 || forms[i].equation[strlen(forms[i].equation) - 2] == 'e') return; /* the bias is of d, e */
    if (fz_chance(&m->r, 70)) y = fz_binary(m, "AddV2", y, fz_noise_const(m, TD_F32, &of_bias, FZ_USUAL));
    if (y >= 0 && fz_chance(&m->r, 60)) (void)activation(m, y);
}

static void dense(fz_maker *m)
{
    const fz_id from = fz_pick(m, TD_DTYPE_BIT(TD_F32), 2, 4);

    if (from < 0) return;
    const int rank = fz_rank(m, from);
    const int64_t k = fz_dim(m, from, rank - 1), n = fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 20 : 80);
    const bool turns = fz_chance(&m->r, 25);
    const td_shape s = { 2, { turns ? n : k, turns ? k : n } };
    if (k == 0 || fz_dim_varies(m, from, rank - 1)) return;
    const fz_id w = fz_noise_const(m, TD_F32, &s, fz_chance(&m->r, 50) ? FZ_SMALL : FZ_USUAL);
    if (w < 0) return;
    if (rank == 2 || fz_chance(&m->r, 40)) {
        const char *const op = rank == 2 && fz_chance(&m->r, 70) ? "MatMul" : "BatchMatMulV2";
        const char *const attr = op[0] == 'M' ? "transpose_b" : "adj_y";
        fz_epilogue(
            m, FZ_ADD(m, 8, ((fz_id[]){ from, w }), "%s T=%%float %s=%s", op, attr, turns ? "true" : "false"),
            n);
        return;
    }
    /* As Keras does it: rows, product, back. */
    const int64_t rows[] = { -1, k };
    int64_t back[TD_MAX_RANK];
    for (int d = 0; d < rank; d++)
        back[d] = d == 0 ? -1 : fz_dim(m, from, d);
    back[rank - 1] = n;
    const fz_id flat =
        FZ_ADD(m, 0, ((fz_id[]){ from, fz_const_ints(m, 1, 2, rows) }), "Reshape T=%%float Tshape=%%int32");
    const fz_id y =
        FZ_ADD(m, 8, ((fz_id[]){ flat, w }), "MatMul T=%%float transpose_b=%s", turns ? "true" : "false");
    fz_epilogue(m,
                FZ_ADD(m, 0, ((fz_id[]){ y, fz_const_ints(m, 1, (size_t)rank, back) }),
                       "Reshape T=%%float Tshape=%%int32"),
                n);
}

/* ---------------------------------------------------------------- convolutions */

/* An image: [batch, height, width, channels]. */
static fz_id image(fz_maker *m, int64_t channels, bool first, uint64_t types)
{
    td_shape s[FZ_FEEDS];
    const int64_t h = fz_between(&m->r, 1, 9), w = fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 9 : 20);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const int64_t batch = m->is_body ? 2 : TD_MIN(m->batch[feed], 4);
        s[feed] =
            first ? (td_shape){ 4, { batch, channels, h, w } } : (td_shape){ 4, { batch, h, w, channels } };
    }
    return fz_noise_arg(m, fz_any_type(m, types), s);
}

/* An image made before, or a new one. Returns its channels' count in *channels, a multiple of `of`. */
static fz_id some_image(fz_maker *m, int64_t of, uint64_t types, int64_t *channels)
{
    const fz_id old = fz_find(m, types, 4, 4);

    if (old >= 0 && fz_chance(&m->r, 60) && !fz_dim_varies(m, old, 3) && fz_dim(m, old, 3) % of == 0 &&
        fz_dim(m, old, 3)) {
        *channels = fz_dim(m, old, 3);
        return old;
    }
    *channels = of * fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 6 : 20);
    return image(m, *channels, false, types);
}

static const char *padding_text(fz_maker *m, char *text, size_t size)
{
    const unsigned kind = fz_below(&m->r, 8);

    if (kind < 7) return kind < 4 ? "padding='SAME" : "padding='VALID";
    (void)snprintf(text, size, "padding='EXPLICIT explicit_paddings=[0,0,%u,%u,%u,%u,0,0]",
                   fz_below(&m->r, 3), fz_below(&m->r, 3), fz_below(&m->r, 3), fz_below(&m->r, 3));
    return text;
}

/* Zero padding in front; sometimes of dims that a convolution cannot pad. */
static fz_id pad_image(fz_maker *m, fz_id x)
{
    int64_t v[8];
    const int64_t matrix[] = { 4, 2 };

    for (int i = 0; i < 8; i++)
        v[i] = i > 1 && i < 6 ? fz_below(&m->r, 3) : fz_chance(&m->r, 3);
    const fz_id flat = fz_const_ints(m, 1, 8, v), to = fz_const_ints(m, 1, 2, matrix);
    const fz_id p = FZ_ADD(m, 0, ((fz_id[]){ flat, to }), "Reshape T=%%int32 Tshape=%%int32");
    return FZ_ADD(m, 0, ((fz_id[]){ x, p }), "Pad T=%%%s Tpaddings=%%int32", fz_type_name(m, x));
}

static void conv(fz_maker *m)
{
    const uint64_t types = fz_chance(&m->r, 85) ? TD_DTYPE_BIT(TD_F32) : SINGLE | TD_DTYPE_BIT(TD_F64);
    int64_t groups = fz_chance(&m->r, 60) ? 1 : fz_between(&m->r, 2, 4), channels;
    fz_id x = some_image(m, groups, types, &channels);
    char text[96];

    if (x < 0) return;
    if (fz_chance(&m->r, 25)) {
        x = pad_image(m, x);
        if (x < 0 || fz_dim(m, x, 3) != channels) return;
    }
    if (groups > 1 && fz_chance(&m->r, 40)) groups = channels; /* a depthwise one by another name */
    const int64_t kh = fz_between(&m->r, 1, 3), kw = fz_chance(&m->r, 60) ? kh : fz_between(&m->r, 1, 4);
    const int64_t out = groups * fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 8 : 24);
    const unsigned stride = 1 + (fz_chance(&m->r, 30) ? fz_below(&m->r, 2) + 1 : 0);
    const unsigned rate = stride == 1 && fz_chance(&m->r, 15) ? 2 : 1;
    const td_shape s = { 4, { kh, kw, channels / groups, out } };
    const td_shape all[FZ_FEEDS] = { s, s, s };
    const bool is_const = fz_chance(&m->r, 90);
    const fz_id w = is_const
                        ? fz_noise_const(m, fz_type(m, x), &s, fz_chance(&m->r, 50) ? FZ_SMALL : FZ_USUAL)
                        : fz_noise_arg(m, fz_type(m, x), all);
    const fz_id y =
        w < 0
            ? -1
            : FZ_ADD(m, 16, ((fz_id[]){ x, w }), "Conv2D T=%%%s strides=[1,%u,%u,1] dilations=[1,%u,%u,1] %s",
                     fz_type_name(m, x), stride, stride, rate, rate, padding_text(m, text, sizeof text));
    if (y >= 0 && fz_type(m, y) == TD_F32) fz_epilogue(m, y, out);
}

static void depthwise(fz_maker *m)
{
    const uint64_t types = fz_chance(&m->r, 90) ? TD_DTYPE_BIT(TD_F32) : TD_FLOAT_TYPES;
    int64_t channels;
    fz_id x = some_image(m, 1, types, &channels);
    char text[96];

    if (x >= 0 && fz_chance(&m->r, 20)) x = pad_image(m, x);
    if (x < 0 || fz_dim(m, x, 3) != channels) return;
    const int64_t kh = fz_between(&m->r, 1, 3), kw = fz_chance(&m->r, 60) ? kh : fz_between(&m->r, 1, 4);
    const int64_t times = fz_chance(&m->r, 70) ? 1 : fz_between(&m->r, 2, 3);
    const unsigned stride = fz_chance(&m->r, 70) ? 1 : 2;
    const fz_id w = fz_noise_const(m, fz_type(m, x), &(td_shape){ 4, { kh, kw, channels, times } }, FZ_USUAL);
    const fz_id y =
        w < 0 ? -1
              : FZ_ADD(m, 8, ((fz_id[]){ x, w }), "DepthwiseConv2dNative T=%%%s strides=[1,%u,%u,1] %s",
                       fz_type_name(m, x), stride, stride, padding_text(m, text, sizeof text));
    if (y >= 0 && fz_type(m, y) == TD_F32) fz_epilogue(m, y, channels * times);
}

/* Channels first, which few models still have. */
static void conv_first(fz_maker *m)
{
    const int64_t channels = fz_between(&m->r, 1, 6), out = fz_between(&m->r, 1, 8),
                  k = fz_between(&m->r, 1, 3);
    const fz_id x = image(m, channels, true, TD_DTYPE_BIT(TD_F32));
    const fz_id w = fz_noise_const(m, TD_F32, &(td_shape){ 4, { k, k, channels, out } }, FZ_USUAL);
    fz_id y = FZ_ADD(m, 16, ((fz_id[]){ x, w }),
                     "Conv2D T=%%float strides=[1,1,1,1] padding='SAME data_format='NCHW");

    if (y >= 0 && fz_chance(&m->r, 60)) {
        const fz_id b = fz_noise_const(m, TD_F32, &(td_shape){ 1, { out } }, FZ_USUAL);
        y = FZ_ADD(m, 1, ((fz_id[]){ y, b }), "BiasAdd T=%%float data_format='NCHW");
    }
    if (y >= 0 && fz_chance(&m->r, 50)) y = residual(m, y);
    if (y >= 0 && fz_chance(&m->r, 60)) (void)fz_unary(m, "Relu", y);
}

static void pool(fz_maker *m)
{
    int64_t channels;
    const bool is_max = fz_chance(&m->r, 50);
    const fz_id x = some_image(m, 1,
                               fz_chance(&m->r, 80) ? TD_DTYPE_BIT(TD_F32)
                               : is_max             ? TD_REAL_TYPES
                                                    : TD_FLOAT_TYPES,
                               &channels);
    const unsigned k = 1 + fz_below(&m->r, 3), s = 1 + fz_below(&m->r, 2);

    if (x >= 0)
        (void)FZ_ADD(m, is_max ? 0 : 2, ((fz_id[]){ x }),
                     "%s T=%%%s ksize=[1,%u,%u,1] strides=[1,%u,%u,1] padding='%s",
                     is_max ? "MaxPool" : "AvgPool", fz_type_name(m, x), k, k, s, s,
                     fz_chance(&m->r, 50) ? "SAME" : "VALID");
}

static void space_depth(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_NUMBER_TYPES, 4, 4);

    if (x >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "%s T=%%%s block_size=2",
                     fz_chance(&m->r, 50) ? "SpaceToDepth" : "DepthToSpace", fz_type_name(m, x));
}

static void resize(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_F32), 4, 4);
    const int64_t to[] = { fz_between(&m->r, 1, 12), fz_between(&m->r, 1, 12) };
    const fz_id size = fz_const_ints(m, 1, 2, to);
    const bool is_near = fz_chance(&m->r, 50);
    const unsigned how = fz_below(&m->r, 3);

    if (x >= 0 && size >= 0)
        (void)FZ_ADD(m, is_near ? 0 : 4, ((fz_id[]){ x, size }),
                     "%s T=%%float align_corners=%s half_pixel_centers=%s",
                     is_near ? "ResizeNearestNeighbor" : "ResizeBilinear", how == 1 ? "true" : "false",
                     how == 2 ? "true" : "false");
}

/* ---------------------------------------------------------------- normalisation, attention */

static fz_id mean(fz_maker *m, fz_id x, int64_t axis)
{
    const int64_t n = fz_dim(m, x, (int)(axis < 0 ? axis + fz_rank(m, x) : axis));

    return FZ_ADD(m, fz_sum_noise(n), ((fz_id[]){ x, fz_const_ints(m, 1, 1, &axis) }),
                  "Mean T=%%float Tidx=%%int32 keep_dims=true");
}

static void layer_norm(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_F32), 1, 4);

    if (x < 0 || fz_rank(m, x) < 1 || fz_dim_varies(m, x, fz_rank(m, x) - 1)) return;
    const int rank = fz_rank(m, x);
    const int64_t axis = fz_chance(&m->r, 80) ? -1 : rank - 1;
    td_shape s = vector_of(fz_dim(m, x, rank - 1));
    const fz_id beta = fz_noise_const(m, TD_F32, &s, FZ_USUAL);
    if (fz_chance(&m->r, 25)) s = (td_shape){ 3, { 1, 1, s.dims[0] } };
    const fz_id gamma = fz_noise_const(m, TD_F32, &s, FZ_USUAL), mu = mean(m, x, axis);
    const unsigned kind = fz_below(&m->r, 4);
    const fz_id d = fz_binary(m, "Sub", x, mu);
    const fz_id squares = kind == 0   ? fz_binary(m, "SquaredDifference", x, fz_unary(m, "StopGradient", mu))
                          : kind == 1 ? fz_unary(m, "Square", d)
                                      : fz_binary(m, "Mul", d, d);
    const fz_id v = squares < 0 ? -1 : mean(m, squares, axis);
    const fz_id r = fz_unary(m, "Rsqrt", fz_binary(m, "AddV2", v, fz_scalar(m, 1e-2f)));
    if (r < 0 || mu < 0) return;
    if (kind < 2) {
        (void)fz_binary(m, "AddV2", fz_binary(m, "Mul", fz_binary(m, "Mul", d, r), gamma), beta);
        return;
    }
    const fz_id k = fz_binary(m, "Mul", r, gamma);
    const fz_id rest = kind == 2
                           ? fz_binary(m, "Sub", beta, fz_binary(m, "Mul", mu, k))
                           : fz_binary(m, "AddV2", fz_binary(m, "Mul", fz_unary(m, "Neg", mu), k), beta);
    (void)fz_binary(m, "AddV2", fz_binary(m, "Mul", x, k), rest);
}

static fz_id by_heads(fz_maker *m, fz_id x, bool turns)
{
    const int64_t heads[] = { 0, 2, 1, 3 }, turned[] = { 0, 2, 3, 1 };
    const fz_id perm = fz_const_ints(m, 1, 4, turns ? turned : heads);

    return FZ_ADD(m, 0, ((fz_id[]){ x, perm }), "Transpose T=%%float Tperm=%%int32");
}

static fz_id scores_by_label(fz_maker *m, fz_id query, fz_id key, bool keys_first)
{
    return keys_first
               ? FZ_ADD(m, 8, ((fz_id[]){ key, query }), "Einsum T=%%float N=2 equation='aecd,abcd->acbe")
               : FZ_ADD(m, 8, ((fz_id[]){ query, key }), "Einsum T=%%float N=2 equation='BTNH,BSNH->BNTS");
}

static fz_id scores_by_heads(fz_maker *m, fz_id query, fz_id key, bool turns)
{
    const int64_t rows_last[] = { 0, 1, 3, 2 };

    if (fz_chance(&m->r, 60))
        return FZ_ADD(m, 8, ((fz_id[]){ by_heads(m, query, false), by_heads(m, key, turns) }),
                      "BatchMatMulV2 T=%%float adj_y=%s", turns ? "false" : "true");
    const fz_id x = FZ_ADD(m, 8, ((fz_id[]){ by_heads(m, key, false), by_heads(m, query, turns) }),
                           "BatchMatMulV2 T=%%float adj_y=%s", turns ? "false" : "true");

    return FZ_ADD(m, 0, ((fz_id[]){ x, fz_const_ints(m, 1, 4, rows_last) }),
                  "Transpose T=%%float Tperm=%%int32");
}

static fz_id selected(fz_maker *m, fz_id keep, fz_id x, float other)
{
    if (keep < 0 || x < 0) return -1;
    return FZ_ADD(m, 0, ((fz_id[]){ keep, x, fz_scalar(m, other) }), "SelectV2 T=%%float");
}

static void attention(fz_maker *m)
{
    td_shape q[FZ_FEEDS], k[FZ_FEEDS], mask[FZ_FEEDS];
    const int64_t heads = fz_between(&m->r, 1, 3), depth = fz_between(&m->r, 1, 13),
                  rows = fz_between(&m->r, 1, 9);
    const int64_t keys = fz_chance(&m->r, 50) ? rows : fz_between(&m->r, 1, 19);
    const unsigned ones = (unsigned)fz_bits(&m->r);
    const bool turns = fz_chance(&m->r, 50);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const int64_t b = m->is_body ? 2 : TD_MIN(m->batch[feed], 3);
        q[feed] = (td_shape){ 4, { b, rows, heads, depth } };
        k[feed] = (td_shape){ 4, { b, keys, heads, depth } };
        mask[feed] = (td_shape){ 4, { b, heads, rows, keys } };
        for (int d = 0; d < 4; d++)
            if (ones >> d & 1) mask[feed].dims[d] = 1;
    }
    const fz_id query = fz_noise_arg(m, TD_F32, q), key = fz_noise_arg(m, TD_F32, k);
    const fz_id value = fz_chance(&m->r, 20) ? key : fz_noise_arg(m, TD_F32, k);
    const bool by_label = fz_chance(&m->r, 40), selects = fz_chance(&m->r, 30);
    fz_id x = by_label ? scores_by_label(m, query, key, turns) : scores_by_heads(m, query, key, turns);
    if (x >= 0 && fz_chance(&m->r, 70))
        x = fz_binary(m, fz_chance(&m->r, 50) ? "Mul" : "RealDiv", x, fz_scalar(m, 1.7f));
    const fz_id keep = selects ? FZ_ADD(m, 0, ((fz_id[]){ fz_noise_arg(m, TD_F32, mask), fz_scalar(m, 0) }),
                                        "Greater T=%%float")
                               : -1;
    if (selects)
        x = selected(m, keep, x, fz_chance(&m->r, 70) ? -1e9f : 0.5f);
    else if (x >= 0 && fz_chance(&m->r, 50))
        x = fz_binary(m, "AddV2", x, fz_noise_arg(m, TD_F32, mask));
    x = x < 0 ? -1 : FZ_ADD(m, 4, ((fz_id[]){ x }), "Softmax T=%%float");
    if (selects && fz_chance(&m->r, 60)) x = selected(m, keep, x, 0);
    if (x < 0) return;
    if (by_label) {
        (void)FZ_ADD(m, 8, ((fz_id[]){ x, value }), "Einsum T=%%float N=2 equation='%s",
                     turns ? "acbe,aecd->abcd" : "BNTS,BSNH->BTNH");
        return;
    }
    x = FZ_ADD(m, 8, ((fz_id[]){ x, by_heads(m, value, false) }), "BatchMatMulV2 T=%%float");
    if (x >= 0 && fz_chance(&m->r, 70)) (void)by_heads(m, x, false);
}

const fz_production fz_nn[] = {
    { "matmul", 4, matmul },
    { "batch_matmul", 3, batch_matmul },
    { "einsum", 2, einsum },
    { "dense", 8, dense },
    { "dense_heads", 2, dense_heads },
    { "dense_einsum", 2, dense_einsum },
    { "conv", 6, conv },
    { "depthwise", 3, depthwise },
    { "conv_first", 1, conv_first },
    { "pool", 2, pool },
    { "space_depth", 1, space_depth },
    { "resize", 1, resize },
    { "layer_norm", 3, layer_norm },
    { "attention", 3, attention },
    { 0 },
};
