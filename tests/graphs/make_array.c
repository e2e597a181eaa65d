/* SPDX-License-Identifier: Apache-2.0 */
/* make_array.c -- shapes, and moving elements about. Indices, axes and shapes are constants mostly; now and then they
 * are arguments that differ from feed to feed, so that a step has to decide anew. */
#include <string.h>

#include "make.h"

static fz_id any(fz_maker *m, int lo, int hi)
{
    return fz_pick(m, FZ_ANY_TYPE, lo, hi);
}

/* Whole numbers in [lo, hi] for each feed: mostly the same, sometimes others. */
static fz_id index_between(fz_maker *m, int64_t lo, int64_t hi)
{
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool differ = fz_chance(&m->r, 25);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        v[feed][0] = feed && !differ ? v[0][0] : fz_between(&m->r, lo, hi);
    return fz_ints(m, 0, 1, (const int64_t(*)[TD_MAX_RANK * 2]) v);
}

/* ---------------------------------------------------------------- shapes */

/* Splits or joins dims; the batch stays -1, or comes from a Shape. */
static void reshape(fz_maker *m)
{
    const fz_id x = any(m, 1, 6);
    int64_t to[8];
    int n = 0;

    if (x < 0) return;
    const td_shape *const s = fz_shape(m, x);
    to[n++] = fz_dim_varies(m, x, 0) || fz_chance(&m->r, 30) ? -1 : s->dims[0];
    for (int d = 1; d < s->rank && n < 7; d++) {
        const int64_t dim = s->dims[d];
        const int64_t part = dim % 2 == 0 ? 2 : dim % 3 == 0 ? 3 : 1;
        if (part > 1 && dim > part && fz_chance(&m->r, 40)) {
            to[n++] = part;
            to[n++] = dim / part;
        } else if (fz_chance(&m->r, 40) && n > 1 && to[n - 1] >= 0) {
            to[n - 1] *= dim;
        } else {
            to[n++] = dim;
        }
    }
    if (fz_chance(&m->r, 15)) {
        to[0] = -1;
        n = 1;
    }
    const fz_id shape = fz_same_ints(m, 1, (size_t)n, to);
    if (shape >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, shape }), "Reshape T=%%%s Tshape=%%%s", fz_type_name(m, x),
                     fz_type_name(m, shape));
}

/* Shape -> StridedSlice -> Pack -> Reshape, as Keras flattens. */
static void reshape_by_shape(fz_maker *m)
{
    const fz_id x = any(m, 2, 5);
    const int64_t zero = 0, one = 1, minus = -1;

    if (x < 0) return;
    const fz_id shape = FZ_ADD(m, 0, ((fz_id[]){ x }), "Shape T=%%%s out_type=%%int32", fz_type_name(m, x));
    const fz_id from = fz_const_ints(m, 1, 1, &zero), to = fz_const_ints(m, 1, 1, &one);
    const fz_id batch = FZ_ADD(m, 0, ((fz_id[]){ shape, from, to, to }),
                               "StridedSlice T=%%int32 Index=%%int32 shrink_axis_mask=1");
    const fz_id rest = fz_const_ints(m, 0, 1, &minus);
    const fz_id packed = FZ_ADD(m, 0, ((fz_id[]){ batch, rest }), "Pack T=%%int32 N=2");
    if (packed >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, packed }), "Reshape T=%%%s Tshape=%%int32", fz_type_name(m, x));
}

static void expand(fz_maker *m)
{
    const fz_id x = any(m, 0, 5);

    if (x < 0) return;
    const fz_id axis = index_between(m, -fz_rank(m, x) - 1, fz_rank(m, x));
    if (axis >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, axis }), "ExpandDims T=%%%s Tdim=%%%s", fz_type_name(m, x),
                     fz_type_name(m, axis));
}

static void squeeze(fz_maker *m)
{
    const fz_id x = any(m, 1, 6);

    if (x < 0) return;
    for (int d = 0; d < fz_rank(m, x); d++)
        if (fz_dim(m, x, d) == 1 && !fz_dim_varies(m, x, d) && fz_chance(&m->r, 70)) {
            (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "Squeeze T=%%%s squeeze_dims=[%d]", fz_type_name(m, x),
                         fz_chance(&m->r, 50) ? d : d - fz_rank(m, x));
            return;
        }
    (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "Squeeze T=%%%s", fz_type_name(m, x));
}

static void about_shape(fz_maker *m)
{
    static const char *const ops[] = { "Shape", "Size", "Rank" };
    const char *const op = ops[fz_below(&m->r, 3)];
    const fz_id x = any(m, 0, 6);

    if (x < 0) return;
    const fz_id s = op[0] == 'R' ? FZ_ADD(m, 0, ((fz_id[]){ x }), "Rank T=%%%s", fz_type_name(m, x))
                                 : FZ_ADD(m, 0, ((fz_id[]){ x }), "%s T=%%%s out_type=%%%s", op,
                                          fz_type_name(m, x), fz_chance(&m->r, 70) ? "int32" : "int64");
    if (s >= 0 && fz_chance(&m->r, 40))
        (void)FZ_ADD(m, 1, ((fz_id[]){ s }), "Cast SrcT=%%%s DstT=%%float", fz_type_name(m, s));
}

static void bitcast(fz_maker *m)
{
    static const char *const to[] = { "int32", "float", "uint8", "int16", "half", "int64", "bfloat16" };
    const uint64_t types = m->allows_nan ? TD_INT_TYPES : TD_REAL_TYPES; /* which NaN it is nobody promises */
    const fz_id x = fz_pick(m, types, 0, 4);

    if (x >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "Bitcast T=%%%s type=%%%s", fz_type_name(m, x),
                     to[fz_below(&m->r, TD_COUNT(to))]);
}

static void broadcast_to(fz_maker *m)
{
    const fz_id x = any(m, 0, 4), like = any(m, 0, 5);

    if (x < 0 || like < 0) return;
    const fz_id shape =
        FZ_ADD(m, 0, ((fz_id[]){ like }), "Shape T=%%%s out_type=%%int32", fz_type_name(m, like));
    if (shape >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, shape }), "BroadcastTo T=%%%s Tidx=%%int32", fz_type_name(m, x));
}

static void fill(fz_maker *m)
{
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const size_t n = fz_below(&m->r, 4);
    const fz_id x = any(m, 0, 0);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (size_t i = 0; i < n; i++)
            v[feed][i] = fz_between(&m->r, 1, 9);
    if (fz_chance(&m->r, 70)) memcpy(v[1], v[0], sizeof v[0]), memcpy(v[2], v[0], sizeof v[0]);
    const fz_id dims = fz_ints(m, 1, n, (const int64_t(*)[TD_MAX_RANK * 2]) v);
    if (x >= 0 && dims >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ dims, x }), "Fill T=%%%s index_type=%%%s", fz_type_name(m, x),
                     fz_type_name(m, dims));
}

/* ---------------------------------------------------------------- moving */

static void transpose(fz_maker *m)
{
    const fz_id x = any(m, 1, 6);
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool differ = fz_chance(&m->r, 15);

    if (x < 0) return;
    const int rank = fz_rank(m, x);
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        for (int d = 0; d < rank; d++)
            v[feed][d] = d;
        for (int d = rank - 1; d > 0; d--) {
            const unsigned k = fz_below(&m->r, (unsigned)d + 1);
            const int64_t t = v[feed][d];
            v[feed][d] = v[feed][k];
            v[feed][k] = t;
        }
        if (feed && !differ) memcpy(v[feed], v[0], sizeof v[0]);
    }
    const fz_id perm = fz_ints(m, 1, (size_t)rank, (const int64_t(*)[TD_MAX_RANK * 2]) v);
    if (perm >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, perm }), "Transpose T=%%%s Tperm=%%%s", fz_type_name(m, x),
                     fz_type_name(m, perm));
}

static void concat(fz_maker *m)
{
    fz_id in[5];
    const unsigned n = 2 + fz_below(&m->r, 3);
    const fz_id x = any(m, 1, 6);

    if (x < 0) return;
    const int64_t axis = fz_between(&m->r, -fz_rank(m, x), fz_rank(m, x) - 1);
    for (unsigned k = 0; k < n; k++) {
        const fz_id y = fz_find(m, TD_DTYPE_BIT(fz_type(m, x)), fz_rank(m, x), fz_rank(m, x));
        in[k] = k == 0 || fz_chance(&m->r, 20)   ? x
                : y >= 0 && fz_chance(&m->r, 60) ? y
                                                 : fz_noise_like(m, fz_type(m, x), x);
    }
    in[n] = fz_same_ints(m, 0, 1, &axis);
    if (in[n] >= 0)
        (void)fz_add(m, 0, in, n + 1, "ConcatV2 T=%%%s Tidx=%%%s N=%u", fz_type_name(m, x),
                     fz_type_name(m, in[n]), n);
}

static void pack(fz_maker *m)
{
    fz_id in[4];
    const unsigned n = 1 + fz_below(&m->r, 4);
    const fz_id x = any(m, 0, 5);

    if (x < 0) return;
    for (unsigned k = 0; k < n; k++)
        in[k] = k == 0 || fz_chance(&m->r, 30) ? x : fz_noise_like(m, fz_type(m, x), x);
    (void)fz_add(m, 0, in, n, "Pack T=%%%s N=%u axis=%d", fz_type_name(m, x), n,
                 (int)fz_between(&m->r, -fz_rank(m, x) - 1, fz_rank(m, x)));
}

static void unpack(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);

    if (x < 0) return;
    const int d = (int)fz_below(&m->r, (unsigned)fz_rank(m, x));
    if (fz_dim(m, x, d) > 6 || fz_dim_varies(m, x, d)) return;
    (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "Unpack T=%%%s num=%d axis=%d", fz_type_name(m, x),
                 (int)fz_dim(m, x, d), d);
}

static void split(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);

    if (x < 0) return;
    const int64_t d = fz_below(&m->r, (unsigned)fz_rank(m, x)), dim = fz_dim(m, x, (int)d);
    const fz_id axis = fz_const_ints(m, 0, 1, &d);
    if (axis < 0 || fz_dim_varies(m, x, (int)d)) return;
    if (fz_chance(&m->r, 60)) {
        const int64_t n = dim % 4 == 0 && dim ? 4 : dim % 3 == 0 && dim ? 3 : dim % 2 == 0 && dim ? 2 : 1;
        (void)FZ_ADD(m, 0, ((fz_id[]){ axis, x }), "Split T=%%%s num_split=%d", fz_type_name(m, x), (int)n);
        return;
    }
    int64_t sizes[3] = { fz_between(&m->r, 0, dim), 0, -1 };
    sizes[1] = fz_between(&m->r, 0, dim - sizes[0]);
    const fz_id s = fz_same_ints(m, 1, 3, sizes);
    if (s >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, s, axis }), "SplitV T=%%%s Tlen=%%%s num_split=3",
                     fz_type_name(m, x), fz_type_name(m, s));
}

static void slice(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);
    int64_t begin[FZ_FEEDS][TD_MAX_RANK * 2], size[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool differ = fz_chance(&m->r, 20);

    if (x < 0) return;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (int d = 0; d < fz_rank(m, x); d++) {
            const td_tensor *const t = &m->pool[x].data[feed][0];
            const int64_t dim = t->dtype && t->shape.rank == fz_rank(m, x) ? t->shape.dims[d] : 0;
            const bool keeps = feed && !differ && !fz_dim_varies(m, x, d);
            begin[feed][d] = keeps ? begin[0][d] : fz_dim_varies(m, x, d) ? 0 : fz_between(&m->r, 0, dim);
            size[feed][d] = keeps ? size[0][d]
                            : fz_dim_varies(m, x, d) || fz_chance(&m->r, 30)
                                ? -1
                                : fz_between(&m->r, 0, dim - begin[feed][d]);
        }
    const size_t n = (size_t)fz_rank(m, x);
    const fz_id b = fz_ints(m, 1, n, (const int64_t(*)[TD_MAX_RANK * 2]) begin);
    fz_id s = fz_ints(m, 1, n, (const int64_t(*)[TD_MAX_RANK * 2]) size);
    if (b < 0 || s < 0) return;
    if (fz_type(m, b) != fz_type(m, s))
        s = FZ_ADD(m, 0, ((fz_id[]){ s }), "Cast SrcT=%%%s DstT=%%%s", fz_type_name(m, s),
                   fz_type_name(m, b));
    if (s >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, b, s }), "Slice T=%%%s Index=%%%s", fz_type_name(m, x),
                     fz_type_name(m, b));
}

static void strided_slice(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);
    int64_t begin[6], end[6], step[6];

    if (x < 0) return;
    const int rank = fz_rank(m, x), n = (int)fz_between(&m->r, 1, rank);
    for (int i = 0; i < n; i++) {
        const int64_t dim = TD_MAX(fz_dim(m, x, i), 1);
        begin[i] = fz_between(&m->r, -dim, dim - 1);
        end[i] = fz_between(&m->r, -dim - 1, dim + 1);
        step[i] = fz_chance(&m->r, 60) ? 1 : fz_chance(&m->r, 50) ? 2 : fz_chance(&m->r, 50) ? -1 : -2;
    }
    const fz_id b = fz_const_ints(m, 1, (size_t)n, begin), e = fz_const_ints(m, 1, (size_t)n, end);
    const fz_id s = fz_const_ints(m, 1, (size_t)n, step);
    const unsigned all = (1u << n) - 1, shrink = fz_chance(&m->r, 30) ? fz_below(&m->r, all + 1) : 0;
    const unsigned fresh = fz_chance(&m->r, 10) ? fz_below(&m->r, all + 1) & ~shrink : 0;
    if (shrink) /* of steps of one only */
        for (int i = 0; i < n; i++)
            if (shrink >> i & 1 && step[i] != 1) return;
    (void)FZ_ADD(
        m, 0, ((fz_id[]){ x, b, e, s }),
        "StridedSlice T=%%%s Index=%%int32 begin_mask=%u end_mask=%u shrink_axis_mask=%u new_axis_mask=%u",
        fz_type_name(m, x), fz_below(&m->r, all + 1), fz_below(&m->r, all + 1), shrink, fresh);
}

static void pad(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool differ = fz_chance(&m->r, 20);

    if (x < 0) return;
    const int n = 2 * fz_rank(m, x);
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (int i = 0; i < n; i++)
            v[feed][i] = feed && !differ ? v[0][i] : fz_chance(&m->r, 40) ? fz_between(&m->r, 0, 3) : 0;
    const fz_id flat = fz_ints(m, 1, (size_t)n, (const int64_t(*)[TD_MAX_RANK * 2]) v);
    const int64_t matrix[] = { n / 2, 2 };
    const fz_id to = fz_const_ints(m, 1, 2, matrix);
    if (flat < 0 || to < 0) return;
    const fz_id p =
        FZ_ADD(m, 0, ((fz_id[]){ flat, to }), "Reshape T=%%%s Tshape=%%int32", fz_type_name(m, flat));
    if (p < 0) return;
    const unsigned kind = fz_below(&m->r, 3);
    if (kind == 0) {
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, p }), "Pad T=%%%s Tpaddings=%%%s", fz_type_name(m, x),
                     fz_type_name(m, p));
    } else if (kind == 1) {
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, p }), "MirrorPad T=%%%s Tpaddings=%%%s mode='%s",
                     fz_type_name(m, x), fz_type_name(m, p), fz_chance(&m->r, 50) ? "REFLECT" : "SYMMETRIC");
    } else {
        const fz_id c = fz_noise_const(m, fz_type(m, x), &(td_shape){ 0 }, FZ_USUAL);
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, p, c }), "PadV2 T=%%%s Tpaddings=%%%s", fz_type_name(m, x),
                     fz_type_name(m, p));
    }
}

static void tile(fz_maker *m)
{
    const fz_id x = any(m, 1, 4);
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool differ = fz_chance(&m->r, 20);

    if (x < 0) return;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (int d = 0; d < fz_rank(m, x); d++)
            v[feed][d] = feed && !differ ? v[0][d] : fz_chance(&m->r, 50) ? 1 : fz_between(&m->r, 0, 3);
    const fz_id by = fz_ints(m, 1, (size_t)fz_rank(m, x), (const int64_t(*)[TD_MAX_RANK * 2]) v);
    if (by >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, by }), "Tile T=%%%s Tmultiples=%%%s", fz_type_name(m, x),
                     fz_type_name(m, by));
}

static void gather(fz_maker *m)
{
    const fz_id x = any(m, 1, 4);
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];
    const size_t n = fz_below(&m->r, 7);

    if (x < 0) return;
    const int64_t axis = fz_below(&m->r, (unsigned)fz_rank(m, x)), dim = fz_dim(m, x, (int)axis);
    if (fz_dim_varies(m, x, (int)axis) || dim == 0) return;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (size_t i = 0; i < TD_MAX(n, 1); i++)
            v[feed][i] = fz_between(&m->r, 0, dim - 1);
    if (fz_chance(&m->r, 60)) memcpy(v[1], v[0], sizeof v[0]), memcpy(v[2], v[0], sizeof v[0]);
    const fz_id at = fz_ints(m, n ? 1 : 0, TD_MAX(n, 1), (const int64_t(*)[TD_MAX_RANK * 2]) v);
    const fz_id a = fz_const_ints(m, 0, 1, &axis);
    if (at >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, at, a }), "GatherV2 Tparams=%%%s Tindices=%%%s Taxis=%%int32",
                     fz_type_name(m, x), fz_type_name(m, at));
}

static void reverse(fz_maker *m)
{
    const fz_id x = any(m, 1, 5);

    if (x < 0) return;
    const int64_t d = fz_between(&m->r, -fz_rank(m, x), fz_rank(m, x) - 1), by = fz_between(&m->r, -3, 5);
    const fz_id axis = fz_same_ints(m, 1, 1, &d);
    if (axis < 0) return;
    if (fz_chance(&m->r, 60)) {
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, axis }), "ReverseV2 T=%%%s Tidx=%%%s", fz_type_name(m, x),
                     fz_type_name(m, axis));
        return;
    }
    const fz_id shift = fz_const_ints(m, 1, 1, &by);
    (void)FZ_ADD(m, 0, ((fz_id[]){ x, shift, axis }), "Roll T=%%%s Tshift=%%int32 Taxis=%%%s",
                 fz_type_name(m, x), fz_type_name(m, axis));
}

static void one_hot(fz_maker *m)
{
    const fz_id x = fz_find(m, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_U8), 0, 3);
    const fz_id depth = index_between(m, 0, 9);

    if (x < 0 || depth < 0 || fz_type(m, depth) != TD_I32) return;
    const td_dtype t = fz_any_type(m, TD_NUMBER_TYPES | TD_BOOL_TYPE);
    const fz_id on = fz_noise_const(m, t, &(td_shape){ 0 }, FZ_USUAL),
                off = fz_noise_const(m, t, &(td_shape){ 0 }, FZ_USUAL);
    if (off >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, depth, on, off }), "OneHot T=%%%s TI=%%%s axis=%d",
                     td_dtype_name(t), fz_type_name(m, x), (int)fz_between(&m->r, -1, fz_rank(m, x)));
}

/* ---------------------------------------------------------------- shapes that only elements tell */

static void where(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_BOOL_TYPE, 1, 3);

    if (x < 0) return;
    const fz_id at = FZ_ADD(m, 0, ((fz_id[]){ x }), "Where T=%%bool");
    if (at < 0) return;
    const fz_id y = fz_find(m, FZ_ANY_TYPE, fz_rank(m, x), fz_rank(m, x));
    if (y >= 0 && td_shape_equal(fz_shape(m, y), fz_shape(m, x)))
        (void)FZ_ADD(m, 0, ((fz_id[]){ y, at }), "GatherNd Tparams=%%%s Tindices=%%int64",
                     fz_type_name(m, y));
}

static void unique(fz_maker *m)
{
    const fz_id x = fz_find(m, TD_INT_TYPES | TD_DTYPE_BIT(TD_STRING), 1, 1);

    if (x >= 0) (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "Unique T=%%%s out_idx=%%int32", fz_type_name(m, x));
}

static void range(fz_maker *m)
{
    const int64_t zero = 0, step = 1 + fz_below(&m->r, 2);
    const fz_id limit = index_between(m, 0, 40);

    if (limit < 0) return;
    const bool is_wide = fz_type(m, limit) == TD_I64;
    fz_id from = fz_const_ints(m, 0, 1, &zero), by = fz_const_ints(m, 0, 1, &step);
    if (is_wide && by >= 0) {
        from = FZ_ADD(m, 0, ((fz_id[]){ from }), "Cast SrcT=%%int32 DstT=%%int64");
        by = FZ_ADD(m, 0, ((fz_id[]){ by }), "Cast SrcT=%%int32 DstT=%%int64");
    }
    (void)FZ_ADD(m, 0, ((fz_id[]){ from, limit, by }), "Range Tidx=%%%s", fz_type_name(m, limit));
}

static void top_k(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_REAL_TYPES, 1, 4);

    if (x < 0) return;
    const fz_id k = index_between(m, 0, fz_dim(m, x, fz_rank(m, x) - 1));
    if (k >= 0 && fz_type(m, k) == TD_I32)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, k }), "TopKV2 T=%%%s", fz_type_name(m, x));
}

static void band(fz_maker *m)
{
    const fz_id x = any(m, 2, 4);

    if (x < 0) return;
    const fz_id lo = index_between(m, -1, 3), hi = index_between(m, -1, 3);
    if (lo >= 0 && hi >= 0 && fz_type(m, lo) == fz_type(m, hi))
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, lo, hi }), "MatrixBandPart T=%%%s Tindex=%%%s", fz_type_name(m, x),
                     fz_type_name(m, lo));
}

static void segment(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_REAL_TYPES, 1, 3);
    int64_t ids[24];
    const int64_t groups = 4;

    if (x < 0 || fz_dim_varies(m, x, 0) || fz_dim(m, x, 0) > 24) return;
    for (int i = 0; i < fz_dim(m, x, 0); i++)
        ids[i] = fz_below(&m->r, 4);
    const fz_id at = fz_same_ints(m, 1, (size_t)fz_dim(m, x, 0), ids), n = fz_const_ints(m, 0, 1, &groups);
    if (at >= 0)
        (void)FZ_ADD(m, 3, ((fz_id[]){ x, at, n }), "UnsortedSegmentSum T=%%%s Tindices=%%%s",
                     fz_type_name(m, x), fz_type_name(m, at));
}

static void identity_n(fz_maker *m)
{
    const fz_id x = any(m, 0, 5), y = any(m, 0, 5);

    if (x >= 0 && y >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, y }), "IdentityN T={%%%s%%%s}", fz_type_name(m, x),
                     fz_type_name(m, y));
}

const fz_production fz_array[] = {
    { "reshape", 6, reshape },
    { "reshape_by_shape", 3, reshape_by_shape },
    { "expand", 3, expand },
    { "squeeze", 2, squeeze },
    { "about_shape", 2, about_shape },
    { "bitcast", 1, bitcast },
    { "broadcast_to", 2, broadcast_to },
    { "fill", 1, fill },
    { "transpose", 5, transpose },
    { "concat", 4, concat },
    { "pack", 2, pack },
    { "unpack", 2, unpack },
    { "split", 3, split },
    { "slice", 3, slice },
    { "strided_slice", 4, strided_slice },
    { "pad", 4, pad },
    { "tile", 2, tile },
    { "gather", 3, gather },
    { "reverse", 2, reverse },
    { "one_hot", 1, one_hot },
    { "where", 2, where },
    { "unique", 1, unique },
    { "range", 2, range },
    { "top_k", 1, top_k },
    { "band", 1, band },
    { "segment", 1, segment },
    { "identity_n", 1, identity_n },
    { 0 },
};
