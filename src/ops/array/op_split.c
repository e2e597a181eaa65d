/* SPDX-License-Identifier: Apache-2.0 */
/* op_split.c -- cutting a tensor along an axis, which the parts keep (Split, SplitV) or lose (Unpack). */
#include <inttypes.h>

#include "base/macros.h"
#include "ops/array/array.h"

/* Pieces of all outputs that somebody uses: input `in` is [outer, sum of sizes, inner].
 * sizes NULL: each is 1 wide. */
static td_status add_parts(td_call *c, uint32_t in, int axis, const int64_t *sizes, int64_t size)
{
    const td_tensor *const t = td_in(c, in);
    const int64_t outer = td_shape_span(&t->shape, 0, axis),
                  all = td_shape_span(&t->shape, axis, t->shape.rank);
    const int64_t inner = td_shape_span(&t->shape, axis + 1, t->shape.rank);
    int64_t at = 0;

    TD_TRY(td_moves_init(c, c->n_out));
    for (uint32_t i = 0; i < c->n_out; i++) {
        const int64_t span = (sizes ? sizes[i] : size) * inner;
        td_nd_builder b;

        td_nd_start(&b, td_dtype_size(t->dtype));
        td_nd_add(&b, outer, span, all);
        td_nd_add(&b, span, 1, 1);
        if (td_out_is_used(c, i)) td_moves_add(c, &b, i, 0, in, at);
        at += span;
    }
    return NULL;
}

static void set_shapes(td_call *c, const td_shape *in, int axis, const int64_t *sizes, int64_t size)
{
    for (uint32_t i = 0; i < c->n_out; i++) {
        if (!td_out_is_used(c, i)) continue;
        td_shape *const s = &td_out(c, i)->shape;

        *s = *in;
        s->dims[axis] = sizes ? sizes[i] : size;
    }
}

static td_status split_axis(td_call *c, uint32_t input, int rank, int *out)
{
    int64_t axis;

    TD_TRY(td_need_one(c, input, &axis));
    if (axis < -rank || axis >= rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%d <= split_dim < %d, but got %" PRId64, -rank, rank, axis);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

/* ---------------------------------------------------------------- Split */

static td_status split_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 1)->shape;
    int axis = 0;

    TD_TRY(split_axis(c, 0, in->rank, &axis));
    if (!c->n_out) return TD_OP_ERR(c, INVALID_ARGUMENT, "Number of ways to split should be > 0, but got 0");
    if (in->dims[axis] % c->n_out != 0)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Number of ways to split should evenly divide the split dimension, but got split_dim %d (size "
            "= %" PRId64 ") and num_split %u",
            axis, in->dims[axis], c->n_out);
    set_shapes(c, in, axis, NULL, in->dims[axis] / c->n_out);
    return NULL;
}

static td_status split_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 1)->shape;
    int axis = 0;

    TD_TRY(split_axis(c, 0, in->rank, &axis));
    return add_parts(c, 1, axis, NULL, in->dims[axis] / c->n_out);
}

/* ---------------------------------------------------------------- SplitV */

/* Reads the sizes; at most one is -1 and takes what the others leave. */
static td_status read_sizes(td_call *c, int axis, int64_t *sizes)
{
    const int64_t dim = td_in(c, 0)->shape.dims[axis];
    int64_t sum = 0, rest = -1;
    size_t n;

    TD_TRY(td_need_list(c, 1, sizes, c->n_out, &n));
    if (n != c->n_out)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "size_splits must have %u elements, not %zu", c->n_out, n);
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] == -1) {
            if (rest >= 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "There can only be one -1 in the input.");
            rest = (int64_t)i;
        } else if (sizes[i] < 0 || sizes[i] > dim) {
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Split size at index %zu must be >= 0 and fit. Got: %" PRId64, i, sizes[i]);
        } else {
            sum += sizes[i];
        }
        if (sum > dim) break;
    }
    if (rest >= 0 ? sum > dim : sum != dim)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Determined shape must either match input shape along split_dim exactly if fully specified, or "
            "be less than the size of the input along split_dim if not fully specified.  Got: %" PRId64,
            sum);
    if (rest >= 0) sizes[rest] = dim - sum;
    return NULL;
}

static td_status split_v_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t *const sizes = TD_ARENA_NEW_N(c->arena, int64_t, c->n_out);
    int axis = 0;

    TD_TRY(split_axis(c, 2, in->rank, &axis));
    TD_TRY(read_sizes(c, axis, sizes));
    set_shapes(c, in, axis, sizes, 0);
    return NULL;
}

static td_status split_v_prepare(td_call *c)
{
    int64_t *const sizes = TD_ARENA_NEW_N(c->arena, int64_t, c->n_out);
    int axis = 0;

    TD_TRY(split_axis(c, 2, td_in(c, 0)->shape.rank, &axis));
    TD_TRY(read_sizes(c, axis, sizes));
    return add_parts(c, 0, axis, sizes, 0);
}

/* ---------------------------------------------------------------- Unpack */

typedef struct unpack_attrs {
    int64_t axis;
} unpack_attrs;

static td_status unpack_parse(td_parse *p)
{
    ((unpack_attrs *)p->attrs)->axis = td_attr_int(p, "axis");
    return NULL;
}

static td_status unpack_axis(const td_call *c, int *out)
{
    const int rank = td_in(c, 0)->shape.rank;
    const int64_t axis = ((const unpack_attrs *)c->attrs)->axis;

    if (axis < -rank || axis >= rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "axis = %" PRId64 " not in [%d, %d)", axis, -rank, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

static td_status unpack_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    int axis = 0;

    TD_TRY(unpack_axis(c, &axis));
    if (s.dims[axis] != c->n_out)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input shape axis %d must equal %u, got shape with %" PRId64 " there", axis,
                         c->n_out, s.dims[axis]);
    for (int i = axis; i + 1 < s.rank; i++)
        s.dims[i] = s.dims[i + 1];
    s.rank--;
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = s;
    return NULL;
}

static td_status unpack_prepare(td_call *c)
{
    int axis = 0;

    TD_TRY(unpack_axis(c, &axis));
    return add_parts(c, 0, axis, NULL, 1);
}

TD_MOVE_KERNELS(split_kernels, split_prepare);
TD_MOVE_KERNELS(split_v_kernels, split_v_prepare);
TD_MOVE_KERNELS(unpack_kernels, unpack_prepare);

const td_op td_ops_split[] = {
    { .name = "Split",
      .sig = "split_dim: int32, value: T -> output: num_split*T",
      .attrs = "num_split: int, T: type",
      .key = "T",
      .infer = split_infer,
      .kernels = split_kernels },
    { .name = "SplitV",
      .sig = "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
      .attrs = "num_split: int, T: type, Tlen: type = int64",
      .key = "T",
      .infer = split_v_infer,
      .kernels = split_v_kernels },
    { .name = "Unpack",
      .sig = "value: T -> output: num*T",
      .attrs = "num: int, T: type, axis: int = 0",
      .key = "T",
      .attrs_size = sizeof(unpack_attrs),
      .parse = unpack_parse,
      .infer = unpack_infer,
      .kernels = unpack_kernels },
    { 0 },
};
