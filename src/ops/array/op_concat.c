/* SPDX-License-Identifier: Apache-2.0 */
/* op_concat.c -- joining tensors along an axis that they have, or a new one. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"

/* ---------------------------------------------------------------- Concat, ConcatV2 */

typedef struct concat_attrs {
    bool axis_first; /* Concat has its axis first, ConcatV2 last */
} concat_attrs;

static td_status concat_parse(td_parse *p)
{
    ((concat_attrs *)p->attrs)->axis_first = true;
    return NULL;
}

static uint32_t first_value(const td_call *c)
{
    return ((const concat_attrs *)c->attrs)->axis_first ? 1 : 0;
}

static td_status concat_axis(td_call *c, int rank, int *out)
{
    const uint32_t input = first_value(c) ? 0 : c->n_in - 1;
    int64_t axis;

    TD_TRY(td_need_one(c, input, &axis));
    if (axis < -rank || axis >= rank)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "ConcatOp : Expected concatenating dimensions in the range [%d, %d), but got %" PRId64, -rank,
            rank, axis);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

static td_status check_parts(td_call *c, uint32_t first, uint32_t n, int axis, int64_t *total)
{
    const td_shape *const a = &td_in(c, first)->shape;

    *total = 0;
    for (uint32_t i = 0; i < n; i++) {
        const td_shape *const b = &td_in(c, first + i)->shape;
        char at[TD_SHAPE_TEXT], bt[TD_SHAPE_TEXT];
        bool fits = a->rank == b->rank;

        if (!fits)
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "ConcatOp : Ranks of all input tensors should match: shape[0] = %s vs. shape[%u] = %s",
                td_shape_text(a, at, sizeof at), i, td_shape_text(b, bt, sizeof bt));
        for (int k = 0; k < a->rank; k++)
            fits = fits && (k == axis || a->dims[k] == b->dims[k]);
        if (!fits)
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "ConcatOp : Dimension %d in both shapes must be equal: shape[0] = %s vs. shape[%u] = %s",
                axis == 0 ? 1 : 0, td_shape_text(a, at, sizeof at), i, td_shape_text(b, bt, sizeof bt));
        if (!td_add_i64(*total, b->dims[axis], total))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "ConcatOp : the output is too large");
    }
    return NULL;
}

static td_status concat_infer(td_call *c)
{
    const uint32_t first = first_value(c);
    td_shape s = td_in(c, first)->shape;
    int64_t total;
    int axis = 0;

    TD_TRY(concat_axis(c, s.rank, &axis));
    TD_TRY(check_parts(c, first, c->n_in - 1, axis, &total));
    s.dims[axis] = total;
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Adds one piece per input: [outer, its own span] into [outer, the span of all]. */
static td_status add_parts(td_call *c, uint32_t first, uint32_t n, int64_t outer, const int64_t *spans,
                           int64_t one)
{
    const size_t elem = td_dtype_size(td_out(c, 0)->dtype);
    int64_t all = 0, at = 0;

    for (uint32_t i = 0; i < n; i++)
        all += spans ? spans[i] : one;
    TD_TRY(td_moves_init(c, n));
    for (uint32_t i = 0; i < n; i++) {
        const int64_t span = spans ? spans[i] : one;
        td_nd_builder b;

        td_nd_start(&b, elem);
        td_nd_add(&b, outer, all, span);
        td_nd_add(&b, span, 1, 1);
        td_moves_add(c, &b, 0, at, first + i, 0);
        at += span;
    }
    return NULL;
}

static td_status concat_prepare(td_call *c)
{
    const uint32_t first = first_value(c), n = c->n_in - 1;
    const td_shape *const s = &td_in(c, first)->shape;
    int64_t *const spans = TD_ARENA_NEW_N(c->arena, int64_t, n);
    int axis = 0;

    TD_TRY(concat_axis(c, s->rank, &axis));
    for (uint32_t i = 0; i < n; i++)
        spans[i] = td_shape_span(&td_in(c, first + i)->shape, axis, s->rank);
    return add_parts(c, first, n, td_shape_span(s, 0, axis), spans, 0);
}

/* ---------------------------------------------------------------- Pack */

typedef struct pack_attrs {
    int64_t axis;
} pack_attrs;

static td_status pack_parse(td_parse *p)
{
    ((pack_attrs *)p->attrs)->axis = td_attr_int(p, "axis");
    return NULL;
}

static td_status pack_axis(const td_call *c, int rank, int *out)
{
    const int64_t axis = ((const pack_attrs *)c->attrs)->axis;

    if (axis < -rank - 1 || axis > rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "axis = %" PRId64 " not in [%d, %d)", axis, -rank - 1,
                         rank + 1);
    *out = (int)(axis < 0 ? axis + rank + 1 : axis);
    return NULL;
}

static td_status pack_infer(td_call *c)
{
    if (!c->n_in) return TD_OP_ERR(c, INVALID_ARGUMENT, "Pack needs at least one input");
    const td_shape *const s = &td_in(c, 0)->shape;
    td_shape out = { .rank = s->rank + 1 };
    int axis = 0;

    TD_TRY(pack_axis(c, s->rank, &axis));
    for (uint32_t i = 1; i < c->n_in; i++) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        if (!td_shape_equal(s, &td_in(c, i)->shape))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Shapes of all inputs must match: values[0].shape = %s != values[%u].shape = %s",
                             td_shape_text(s, a, sizeof a), i,
                             td_shape_text(&td_in(c, i)->shape, b, sizeof b));
    }
    if (out.rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    for (int i = 0; i < out.rank; i++)
        out.dims[i] = i < axis ? s->dims[i] : i == axis ? c->n_in : s->dims[i - 1];
    TD_TRY(td_shape_check(&out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status pack_prepare(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    int axis = 0;

    TD_TRY(pack_axis(c, s->rank, &axis));
    return add_parts(c, 0, c->n_in, td_shape_span(s, 0, axis), NULL, td_shape_span(s, axis, s->rank));
}

/* ---------------------------------------------------------------- ParallelConcat: inputs of one row each */

static td_status parallel_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;

    for (uint32_t i = 0; i < c->n_in; i++)
        if (s.rank < 1 || s.dims[0] != 1 || !td_shape_equal(&s, &td_in(c, i)->shape))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "input shapes of ParallelConcat must be equal, with one row each");
    s.dims[0] = c->n_in;
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status parallel_prepare(td_call *c)
{
    return add_parts(c, 0, c->n_in, 1, NULL, td_shape_count(&td_in(c, 0)->shape));
}

/* ---------------------------------------------------------------- ConcatOffset */

static td_status offset_infer(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = td_in(c, i + 1)->shape;
    return NULL;
}

static td_status offset_run(td_call *c)
{
    const td_tensor *const first = td_in(c, 1);
    const int64_t rank = first->shape.rank == 1 ? first->shape.dims[0] : -1;
    int64_t given, at = 0;

    TD_TRY(td_need_one(c, 0, &given));
    const int64_t axis = given < 0 ? given + rank : given;

    if (rank < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "input 0 should be a vector");
    if (axis < 0 || axis >= rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Concat dim is out of range: %" PRId64 " vs. %" PRId64, given,
                         rank);
    for (uint32_t i = 0; i + 1 < c->n_in; i++) {
        const td_tensor *const s = td_in(c, i + 1);

        if (!td_shape_equal(&s->shape, &first->shape))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u should contain %" PRId64 " elements", i, rank);
        for (int64_t k = 0; k < rank; k++) {
            const int64_t a = td_tensor_int(first, (size_t)k), b = td_tensor_int(s, (size_t)k);

            if (k != axis && a != b)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "All dimensions except %" PRId64
                                 " must match. Input %u has shape with %" PRId64 " at %" PRId64
                                 ", and doesn't match input 0 with %" PRId64,
                                 axis, i, b, k, a);
            if (td_out_is_used(c, i)) td_tensor_set_int(td_out(c, i), (size_t)k, k == axis ? at : 0);
        }
        if (!td_add_i64(at, td_tensor_int(s, (size_t)axis), &at))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "offsets of dimension %" PRId64 " are too large", axis);
    }
    return NULL;
}

TD_MOVE_KERNELS(concat_kernels, concat_prepare);
TD_MOVE_KERNELS(pack_kernels, pack_prepare);
TD_MOVE_KERNELS(parallel_kernels, parallel_prepare);
static const td_kernel offset_kernels[] = { { .run = offset_run }, { 0 } };

const td_op td_ops_concat[] = {
    { .name = "Concat",
      .sig = "concat_dim: int32, values: N*T -> output: T",
      .attrs = "N: int, T: type",
      .key = "T",
      .attrs_size = sizeof(concat_attrs),
      .parse = concat_parse,
      .infer = concat_infer,
      .kernels = concat_kernels },
    { .name = "ConcatV2",
      .sig = "values: N*T, axis: Tidx -> output: T",
      .attrs = "N: int, T: type, Tidx: type = int32",
      .key = "T",
      .attrs_size = sizeof(concat_attrs),
      .infer = concat_infer,
      .kernels = concat_kernels },
    { .name = "ConcatOffset",
      .sig = "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type",
      .attrs = "N: int, shape_type: type = int32",
      .infer = offset_infer,
      .kernels = offset_kernels },
    { .name = "ParallelConcat",
      .sig = "values: N*T -> output: T",
      .attrs = "N: int, T: type, shape: shape",
      .key = "T",
      .infer = parallel_infer,
      .kernels = parallel_kernels },
    { .name = "Pack",
      .sig = "values: N*T -> output: T",
      .attrs = "N: int, T: type, axis: int = 0",
      .key = "T",
      .attrs_size = sizeof(pack_attrs),
      .parse = pack_parse,
      .infer = pack_infer,
      .kernels = pack_kernels },
    { 0 },
};
