/* SPDX-License-Identifier: Apache-2.0 */
/* op_reshape.c -- the same elements under another shape: no memory moves. */
#include <inttypes.h>

#include "base/macros.h"
#include "ops/array/array.h"

/* ---------------------------------------------------------------- Reshape */

static int64_t nonzero_count(const td_shape *s)
{
    int64_t n = 1;

    for (int i = 0; i < s->rank; i++)
        if (s->dims[i]) n *= s->dims[i];
    return n;
}

static td_status reshape_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t dims[TD_MAX_RANK], n = 1, unknown = -1;
    bool has_zero = false;
    size_t rank;

    TD_TRY(td_need(c, 1));
    if (td_in(c, 1)->shape.rank > 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "sizes input must be 1-D, not rank %d",
                         (int)td_in(c, 1)->shape.rank);
    TD_TRY(td_need_list(c, 1, dims, TD_MAX_RANK, &rank));
    const int64_t have = td_shape_count(in);

    for (size_t i = 0; i < rank; i++) {
        if (dims[i] == -1) {
            if (unknown >= 0)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Only one input size may be -1, not both %" PRId64 " and %zu", unknown, i);
            unknown = (int64_t)i;
            dims[i] = 1;
        } else if (dims[i] == 0) {
            has_zero = true;
        } else if (dims[i] < 0) {
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Size %zu must be non-negative, not %" PRId64, i, dims[i]);
        }
    }
    td_shape s;

    TD_TRY(td_shape_make((int64_t)rank, dims, &s));
    n = td_shape_count(&s);
    if (unknown >= 0 &&
        has_zero) { /* zeros on both sides are left out of the sum: [0, 6] as [0, -1, 3] is [0, 2, 3] */
        s.dims[unknown] = nonzero_count(in) / nonzero_count(&s);
        TD_TRY(td_shape_check(&s));
    } else if (unknown >= 0) {
        if (have % n != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Input to reshape is a tensor with %" PRId64
                             " values, but the requested shape requires a multiple of %" PRId64,
                             have, n);
        s.dims[unknown] = have / n;
        n = have;
    }
    if (n != have)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input to reshape is a tensor with %" PRId64
                         " values, but the requested shape has %" PRId64,
                         have, n);
    td_out(c, 0)->shape = s;
    return NULL;
}

/* ---------------------------------------------------------------- ExpandDims */

static td_status expand_dims_infer(td_call *c)
{
    const td_shape in = td_in(c, 0)->shape;
    int64_t dim;

    TD_TRY(td_need_one(c, 1, &dim));
    if (dim < -1 - in.rank || dim > in.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to expand dim index %" PRId64 " for tensor with %d dimensions.", dim,
                         (int)in.rank);
    if (in.rank == TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    if (dim < 0) dim += in.rank + 1;
    td_shape *const out = &td_out(c, 0)->shape;

    *out = (td_shape){ .rank = in.rank + 1 };
    for (int i = 0; i < out->rank; i++)
        out->dims[i] = i < dim ? in.dims[i] : i == dim ? 1 : in.dims[i - 1];
    return NULL;
}

/* ---------------------------------------------------------------- Squeeze */

typedef struct squeeze_attrs {
    int64_t dims[TD_MAX_RANK];
    size_t n;
} squeeze_attrs;

static td_status squeeze_parse(td_parse *p)
{
    squeeze_attrs *const a = p->attrs;

    return td_attr_ints(p, "squeeze_dims", a->dims, TD_MAX_RANK, &a->n);
}

static td_status squeeze_infer(td_call *c)
{
    const squeeze_attrs *const a = c->attrs;
    const td_shape in = td_in(c, 0)->shape;
    bool drop[TD_MAX_RANK] = { false };
    td_shape out = { 0 };

    for (size_t i = 0; i < a->n; i++) {
        const int64_t dim = a->dims[i] < 0 ? a->dims[i] + in.rank : a->dims[i];

        if (dim < 0 || dim >= in.rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Tried to squeeze dim index %" PRId64 " for tensor with %d dimensions.",
                             a->dims[i], (int)in.rank);
        if (in.dims[dim] != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Can not squeeze dim[%" PRId64 "], expected a dimension of 1, got %" PRId64, dim,
                             in.dims[dim]);
        drop[dim] = true;
    }
    for (int i = 0; i < in.rank; i++)
        if (a->n ? !drop[i] : in.dims[i] != 1) out.dims[out.rank++] = in.dims[i];
    td_out(c, 0)->shape = out;
    return NULL;
}

/* ---------------------------------------------------------------- EnsureShape */

typedef struct ensure_attrs {
    const td_shape *shape;
} ensure_attrs;

static td_status ensure_parse(td_parse *p)
{
    ensure_attrs *const a = p->attrs;

    a->shape = td_attr_shape(p, "shape");
    return NULL;
}

static td_status ensure_infer(td_call *c)
{
    const td_shape *const want = ((const ensure_attrs *)c->attrs)->shape;
    const td_shape *const have = &td_in(c, 0)->shape;
    bool fits = want->rank < 0 || want->rank == have->rank;

    for (int i = 0; fits && i < want->rank; i++)
        fits = want->dims[i] < 0 || want->dims[i] == have->dims[i];
    if (!fits) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Shape of tensor %s %s is not compatible with expected shape %s.", c->node,
                         td_shape_text(have, a, sizeof a), td_shape_text(want, b, sizeof b));
    }
    td_out(c, 0)->shape = *have;
    return NULL;
}

/* ---------------------------------------------------------------- Bitcast */

static td_status bitcast_infer(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    td_tensor *const out = td_out(c, 0);
    const int64_t from = (int64_t)td_dtype_size(in->dtype), to = (int64_t)td_dtype_size(out->dtype);
    td_shape s = in->shape;

    if (from < to) {
        if (s.rank == 0 || s.dims[s.rank - 1] != to / from) {
            char text[TD_SHAPE_TEXT];

            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Cannot bitcast from %s to %s: last dimension of shape %s is not %" PRId64,
                             td_dtype_name(in->dtype), td_dtype_name(out->dtype),
                             td_shape_text(&s, text, sizeof text), to / from);
        }
        s.rank--;
    } else if (from > to) {
        if (s.rank == TD_MAX_RANK)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
        s.dims[s.rank++] = from / to;
    }
    out->shape = s;
    return NULL;
}

/* ---------------------------------------------------------------- identities */

/* Rank and dims may stay unknown in the attribute; a value that is given wins over it in any case. */
#define IDENTITY(op, sig_, attrs_)                                                                           \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .flags = TD_OP_ALIAS, .infer = td_infer_same               \
    }

static td_status identity_n_infer(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = td_in(c, i)->shape;
    return NULL;
}

static td_status identity_n_run(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        TD_TRY(td_out_set(c, i, td_in(c, i)));
    return NULL;
}

static const td_kernel identity_n_kernels[] = { { .run = identity_n_run }, { 0 } };

const td_op td_ops_reshape[] = {
    { .name = "Reshape",
      .sig = "tensor: T, shape: Tshape -> output: T",
      .attrs = "T: type, Tshape: type = int32",
      .flags = TD_OP_ALIAS,
      .infer = reshape_infer },
    { .name = "ExpandDims",
      .sig = "input: T, dim: Tdim -> output: T",
      .attrs = "T: type, Tdim: type = int32",
      .flags = TD_OP_ALIAS,
      .infer = expand_dims_infer },
    { .name = "Squeeze",
      .sig = "input: T -> output: T",
      .attrs = "T: type, squeeze_dims: list(int) = []",
      .flags = TD_OP_ALIAS,
      .attrs_size = sizeof(squeeze_attrs),
      .parse = squeeze_parse,
      .infer = squeeze_infer },
    { .name = "EnsureShape",
      .sig = "input: T -> output: T",
      .attrs = "shape: shape, T: type",
      .flags = TD_OP_ALIAS,
      .attrs_size = sizeof(ensure_attrs),
      .parse = ensure_parse,
      .infer = ensure_infer },
    { .name = "Bitcast",
      .sig = "input: T -> output: type",
      .attrs = "T: type, type: type",
      .flags = TD_OP_ALIAS,
      .infer = bitcast_infer },
    IDENTITY("Identity", "input: T -> output: T", "T: type"),
    IDENTITY("StopGradient", "input: T -> output: T", "T: type"),
    IDENTITY("PreventGradient", "input: T -> output: T", "T: type, message: string = ''"),
    IDENTITY("Snapshot", "input: T -> output: T", "T: type"),
    IDENTITY("DeepCopy", "x: T -> y: T", "T: type"),
    IDENTITY("GuaranteeConst", "input: T -> output: T", "T: type"),
    IDENTITY("PlaceholderWithDefault", "input: dtype -> output: dtype", "dtype: type, shape: shape"),
    { .name = "IdentityN",
      .sig = "input: T -> output: T",
      .attrs = "T: list(type)",
      .flags = TD_OP_BY_REF,
      .infer = identity_n_infer,
      .kernels = identity_n_kernels },
    { 0 },
};
