/* SPDX-License-Identifier: Apache-2.0 */
/* make_math.c -- elementwise functions, choices, casts, reductions. Their names and types are those of the lists that
 * declare the ops, so a new function joins by itself. */
#include <string.h>

#include "make.h"

typedef struct function {
    const char *op;
    uint64_t types;
} function;

static const function unary_ops[] = {
#define UNARY(name, id, sig, types) { #name, types },
#include "ops/math/op_unary.inc"
#undef UNARY
};

static const function binary_ops[] = {
#define BINARY(name, id, sig, types, flags) { #name, types },
#include "ops/math/op_binary.inc"
#undef BINARY
    { "Add", TD_NUMBER_TYPES },
    { "Pow", TD_FLOAT_TYPES },
    { "Equal", TD_NUMBER_TYPES | TD_BOOL_TYPE },
    { "NotEqual", TD_NUMBER_TYPES | TD_BOOL_TYPE },
    { "ApproximateEqual", TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) },
};

/* What elementwise graphs are mostly made of. */
static const char *const usual_unary[] = {
    "Relu",   "Relu6", "Tanh",  "Sigmoid", "Exp",      "Abs",   "Neg",
    "Square", "Sqrt",  "Rsqrt", "Elu",     "Softplus", "Round", "Floor"
};
static const char *const usual_binary[] = { "AddV2",   "Sub",  "Mul",     "RealDiv",   "Maximum",
                                            "Minimum", "Less", "Greater", "LessEqual", "SquaredDifference" };

static const function *find_function(const function *list, size_t n, const char *op)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].op, op) == 0) return &list[i];
    return NULL;
}

static void unary(fz_maker *m)
{
    const char *const usual = usual_unary[fz_below(&m->r, TD_COUNT(usual_unary))];
    const function *const fn = fz_chance(&m->r, 50) ? find_function(unary_ops, TD_COUNT(unary_ops), usual)
                                                    : &unary_ops[fz_below(&m->r, TD_COUNT(unary_ops))];
    const fz_id x = fz_pick(m, fn->types, 0, 8);

    (void)fz_unary(m, fn->op, x);
}

/* A value that x may be combined with: of its type, and of a shape that broadcasts with x's. */
static fz_id partner(fz_maker *m, fz_id x)
{
    td_shape shapes[FZ_FEEDS], both;

    if (fz_chance(&m->r, 8)) return x;
    for (int tries = 0; tries < 4; tries++) {
        const fz_id y = fz_find(m, TD_DTYPE_BIT(fz_type(m, x)), 0, 8);
        if (y >= 0 && fz_chance(&m->r, 80)) {
            const td_shape *const a = fz_shape(m, x), *const b = fz_shape(m, y);
            bool fits = true;
            for (int d = 1; d <= TD_MIN(a->rank, b->rank); d++)
                fits = fits && (a->dims[a->rank - d] == b->dims[b->rank - d] || a->dims[a->rank - d] == 1 ||
                                b->dims[b->rank - d] == 1);
            if (fits) return y;
        }
    }
    /* x's shape without some leading dims, some others being 1. */
    const int rank = fz_rank(m, x),
              skip = fz_chance(&m->r, 50) ? 0 : (int)fz_below(&m->r, (unsigned)rank + 1);
    unsigned ones = fz_chance(&m->r, 50) ? 0 : (unsigned)fz_bits(&m->r);
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const td_tensor *const t = &m->pool[x].data[feed][0];
        if (!t->dtype) return -1;
        both = t->shape;
        shapes[feed] = (td_shape){ .rank = rank - skip };
        for (int d = 0; d < rank - skip; d++)
            shapes[feed].dims[d] = ones >> d & 1 ? 1 : both.dims[d + skip];
    }
    const bool same = td_shape_equal(&shapes[0], &shapes[2]) && td_shape_equal(&shapes[0], &shapes[1]);
    if (same && fz_chance(&m->r, 50))
        return fz_noise_const(m, fz_type(m, x), &shapes[0], fz_chance(&m->r, 50) ? FZ_POSITIVE : FZ_USUAL);
    return fz_noise_arg(m, fz_type(m, x), shapes);
}

static void binary(fz_maker *m)
{
    const char *const usual = usual_binary[fz_below(&m->r, TD_COUNT(usual_binary))];
    const function *const fn = fz_chance(&m->r, 60) ? find_function(binary_ops, TD_COUNT(binary_ops), usual)
                                                    : &binary_ops[fz_below(&m->r, TD_COUNT(binary_ops))];
    if (m->allows_nan && !strcmp(fn->op, "Pow"))
        return; /* x^0.5 is sqrt x, as for TensorFlow: not so for -inf */
    const fz_id x = fz_pick(m, fn->types, 0, 8), y = x < 0 ? -1 : partner(m, x);

    if (y < 0) return;
    (void)(fz_chance(&m->r, 50) ? fz_binary(m, fn->op, x, y) : fz_binary(m, fn->op, y, x));
}

/* A condition of x's shape, or one that broadcasts. */
static fz_id condition(fz_maker *m, fz_id x)
{
    static const char *const compares[] = { "Less", "Greater", "GreaterEqual", "NotEqual" };
    const uint64_t real = TD_REAL_TYPES;

    if (fz_chance(&m->r, 70) && (real >> fz_type(m, x) & 1)) {
        const fz_id y = partner(m, x);
        return y < 0 ? -1 : fz_binary(m, compares[fz_below(&m->r, 4)], x, y);
    }
    const fz_id old = fz_find(m, TD_BOOL_TYPE, 0, 8);
    return old >= 0 && fz_chance(&m->r, 70) ? old : fz_noise_like(m, TD_BOOL, x);
}

static void choose(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_NUMBER_TYPES | TD_BOOL_TYPE, 0, 8), c = x < 0 ? -1 : condition(m, x);
    const fz_id y = c < 0 ? -1 : partner(m, x);

    if (y < 0) return;
    const bool swaps = fz_chance(&m->r, 50);
    (void)FZ_ADD(m, 0, ((fz_id[]){ c, swaps ? y : x, swaps ? x : y }), "%s T=%%%s",
                 fz_chance(&m->r, 85) ? "SelectV2" : "Select", fz_type_name(m, x));
}

/* Nested choices, masks, counts of conditions: chains of unlike widths. */
static void choose_deep(fz_maker *m)
{
    fz_id v = fz_pick(m, TD_REAL_TYPES, 0, 6);

    for (unsigned i = 2 + fz_below(&m->r, 3); i-- > 0 && v >= 0;) {
        const fz_id c = condition(m, v), y = c < 0 ? -1 : partner(m, v);
        if (y < 0) return;
        fz_id next = FZ_ADD(m, 0, ((fz_id[]){ c, v, y }), "SelectV2 T=%%%s", fz_type_name(m, v));
        if (next >= 0 && fz_chance(&m->r, 40))
            next = fz_binary(m, fz_chance(&m->r, 50) ? "AddV2" : "Mul", next, y);
        if (next < 0) return;
        v = next;
    }
}

static void logic(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_BOOL_TYPE, 0, 6);
    const unsigned kind = fz_below(&m->r, 4);

    if (x < 0) return;
    if (kind == 0) {
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "LogicalNot");
        return;
    }
    const fz_id y = partner(m, x);
    if (y >= 0) (void)FZ_ADD(m, 0, ((fz_id[]){ x, y }), kind == 1 ? "LogicalOr" : "LogicalAnd");
}

static void cast(fz_maker *m)
{
    const uint64_t types = TD_NUMBER_TYPES | TD_BOOL_TYPE;
    const fz_id x = fz_pick(m, types, 0, 8);
    const td_dtype to = fz_any_type(m, types);

    if (x >= 0)
        (void)FZ_ADD(m, 1, ((fz_id[]){ x }), "Cast SrcT=%%%s DstT=%%%s", fz_type_name(m, x),
                     td_dtype_name(to));
}

/* There and back, with something done in between. */
static void cast_chain(fz_maker *m)
{
    static const td_dtype wide[] = { TD_F64, TD_F16, TD_I32, TD_I8, TD_BF16, TD_I64, TD_U8, TD_BOOL };
    const td_dtype to = wide[fz_below(&m->r, 8)];
    const fz_id x = fz_pick(m, TD_REAL_TYPES, 0, 6);

    if (x < 0) return;
    fz_id v =
        FZ_ADD(m, 1, ((fz_id[]){ x }), "Cast SrcT=%%%s DstT=%%%s", fz_type_name(m, x), td_dtype_name(to));
    if (v < 0) return;
    const fz_id y = to == TD_BOOL ? -1 : partner(m, v);
    const fz_id sum = y < 0 ? -1 : fz_binary(m, fz_chance(&m->r, 50) ? "AddV2" : "Mul", v, y);
    if (sum >= 0) v = sum;
    v = FZ_ADD(m, 1, ((fz_id[]){ v }), "Cast SrcT=%%%s DstT=%%%s", fz_type_name(m, v), fz_type_name(m, x));
    if (v >= 0) (void)fz_binary(m, "AddV2", v, x);
}

static void clip(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_REAL_TYPES, 0, 6);
    const bool is_scalar = fz_chance(&m->r, 60);

    if (x < 0) return;
    const td_dtype t = fz_type(m, x);
    const fz_id lo = is_scalar ? fz_noise_const(m, t, &(td_shape){ 0 }, FZ_SMALL) : fz_noise_like(m, t, x);
    const fz_id hi = is_scalar ? fz_noise_const(m, t, &(td_shape){ 0 }, FZ_POSITIVE) : fz_noise_like(m, t, x);
    if (lo >= 0 && hi >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, lo, hi }), "ClipByValue T=%%%s", fz_type_name(m, x));
}

static void odd_unary(fz_maker *m)
{
    static const char *const plain[] = { "Softmax",      "LogSoftmax",      "Identity", "Snapshot",
                                         "StopGradient", "ZerosLike",       "OnesLike", "CheckNumerics",
                                         "LeakyRelu",    "PreventGradient", "L2Loss" };
    const char *const op = plain[fz_below(&m->r, TD_COUNT(plain))];
    const bool moves = strstr("Identity Snapshot StopGradient PreventGradient CheckNumerics", op) != NULL;
    const fz_id x = fz_pick(m, moves && op[0] != 'C' ? TD_NUMBER_TYPES | TD_BOOL_TYPE : TD_FLOAT_TYPES, 0, 6);

    if (x < 0) return;
    if (!strcmp(op, "CheckNumerics"))
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "CheckNumerics T=%%%s message='m", fz_type_name(m, x));
    else if (!strcmp(op, "LeakyRelu"))
        (void)FZ_ADD(m, 1, ((fz_id[]){ x }), "LeakyRelu T=%%%s alpha=0.%uf", fz_type_name(m, x),
                     fz_below(&m->r, 9) + 1);
    else
        (void)FZ_ADD(m,
                     moves          ? 0
                     : op[0] == 'L' ? FZ_OF_LARGEST + 2
                                    : 2,
                     ((fz_id[]){ x }), "%s T=%%%s", op, fz_type_name(m, x));
}

static void complex_parts(fz_maker *m)
{
    static const char *const ops[] = { "Real", "Imag", "ComplexAbs", "Angle" };
    const fz_id x = fz_pick(m, TD_COMPLEX_TYPES, 0, 5);

    if (x < 0) return;
    const bool is_wide = fz_type(m, x) == TD_C128;
    if (fz_chance(&m->r, 20)) {
        (void)fz_unary(m, "Conj", x);
        return;
    }
    const fz_id part = FZ_ADD(m, 1, ((fz_id[]){ x }), "%s T=%%%s Tout=%%%s", ops[fz_below(&m->r, 4)],
                              fz_type_name(m, x), is_wide ? "double" : "float");
    if (part >= 0 && fz_chance(&m->r, 50))
        (void)FZ_ADD(m, 0, ((fz_id[]){ part, part }), "Complex T=%%%s Tout=%%%s", fz_type_name(m, part),
                     fz_type_name(m, x));
}

static void add_n(fz_maker *m)
{
    fz_id in[4];
    const unsigned n = 1 + fz_below(&m->r, 4);

    in[0] = fz_pick(m, TD_NUMBER_TYPES, 0, 6);
    if (in[0] < 0) return;
    for (unsigned k = 1; k < n; k++) {
        in[k] = fz_find(m, TD_DTYPE_BIT(fz_type(m, in[0])), 0, 6);
        if (in[k] < 0 || !td_shape_equal(fz_shape(m, in[k]), fz_shape(m, in[0])))
            in[k] = fz_chance(&m->r, 30) ? in[0] : fz_noise_like(m, fz_type(m, in[0]), in[0]);
    }
    (void)fz_add(m, 1, in, n, "%s T=%%%s N=%u", "AddN", fz_type_name(m, in[0]), n);
}

static void reduce(fz_maker *m)
{
    static const char *const ops[] = { "Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm", "All", "Any" };
    const char *const op = ops[fz_below(&m->r, TD_COUNT(ops))];
    const bool is_logic = op[0] == 'A', is_order = op[0] == 'M' && op[1] != 'e';
    const fz_id x = fz_pick(m, is_logic ? TD_BOOL_TYPE : is_order ? TD_REAL_TYPES : TD_NUMBER_TYPES, 0, 6);
    int64_t axes[8];
    size_t n = 0;

    if (x < 0) return;
    if (op[0] == 'P' && td_shape_count(fz_shape(m, x)) > 64) return; /* 0 or inf, by the order */
    const int rank = fz_rank(m, x);
    for (int d = 0; d < rank; d++)
        if (fz_chance(&m->r, 40)) axes[n++] = fz_chance(&m->r, 50) ? d : d - rank;
    const bool is_scalar = n == 1 && fz_chance(&m->r, 30);
    const fz_id axis = fz_same_ints(m, is_scalar ? 0 : 1, n, axes);
    if (axis < 0) return;
    const char *const keep = fz_chance(&m->r, 40) ? " keep_dims=true" : "", *const index =
                                                                                fz_type_name(m, axis);
    if (is_logic)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, axis }), "%s Tidx=%%%s%s", op, index, keep);
    else
        (void)FZ_ADD(m, is_order ? 0 : fz_sum_noise(td_shape_count(fz_shape(m, x))), ((fz_id[]){ x, axis }),
                     "%s T=%%%s Tidx=%%%s%s", op, fz_type_name(m, x), index, keep);
}

static void arg_max(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_REAL_TYPES | TD_BOOL_TYPE, 1, 6);

    if (x < 0) return;
    const int rank = fz_rank(m, x);
    const int64_t d = fz_between(&m->r, -rank, rank - 1);
    const fz_id axis = fz_same_ints(m, 0, 1, &d);
    if (axis >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, axis }), "%s T=%%%s Tidx=%%%s output_type=%%%s",
                     fz_chance(&m->r, 50) ? "ArgMax" : "ArgMin", fz_type_name(m, x), fz_type_name(m, axis),
                     fz_chance(&m->r, 50) ? "int32" : "int64");
}

static void scan(fz_maker *m)
{
    static const char *const ops[] = { "Cumsum", "Cumprod", "CumulativeLogsumexp" };
    const char *const op = ops[fz_below(&m->r, 3)];
    const fz_id x = fz_pick(m, op[3] == 'u' ? TD_FLOAT_TYPES : TD_NUMBER_TYPES, 1, 6);

    if (x < 0) return;
    const int rank = fz_rank(m, x);
    const int64_t d = fz_between(&m->r, -rank, rank - 1);
    const fz_id axis = fz_same_ints(m, 0, 1, &d);
    if (axis >= 0)
        (void)FZ_ADD(m, 3, ((fz_id[]){ x, axis }), "%s T=%%%s Tidx=%%%s%s%s", op, fz_type_name(m, x),
                     fz_type_name(m, axis), fz_chance(&m->r, 40) ? " exclusive=true" : "",
                     fz_chance(&m->r, 40) ? " reverse=true" : "");
}

/* A long row of elementwise ops, what the elementwise fusion makes chains of. */
static void chain(fz_maker *m)
{
    for (unsigned i = 3 + fz_below(&m->r, 14); i-- > 0;) {
        const unsigned kind = fz_below(&m->r, 10);
        (kind < 4 ? unary : kind < 8 ? binary : kind == 8 ? cast : choose)(m);
    }
}

static void bias(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_NUMBER_TYPES, 2, 6);
    const bool is_first = fz_chance(&m->r, 25);

    if (x < 0) return;
    const int d = is_first ? 1 : fz_rank(m, x) - 1;
    if (fz_dim_varies(m, x, d)) return;
    const fz_id b = fz_noise_const(m, fz_type(m, x), &(td_shape){ 1, { fz_dim(m, x, d) } }, FZ_USUAL);
    if (b < 0) return;
    (void)FZ_ADD(m, 1, ((fz_id[]){ x, b }), "BiasAdd T=%%%s data_format='%s", fz_type_name(m, x),
                 is_first ? "NCHW" : "NHWC");
}

const fz_production fz_math[] = {
    { "unary", 12, unary },
    { "binary", 16, binary },
    { "choose", 6, choose },
    { "choose_deep", 4, choose_deep },
    { "logic", 3, logic },
    { "cast", 5, cast },
    { "cast_chain", 4, cast_chain },
    { "clip", 2, clip },
    { "odd_unary", 4, odd_unary },
    { "parts", 2, complex_parts },
    { "add_n", 2, add_n },
    { "reduce", 8, reduce },
    { "arg_max", 2, arg_max },
    { "scan", 2, scan },
    { "chain", 6, chain },
    { "bias", 3, bias },
    { 0 },
};
