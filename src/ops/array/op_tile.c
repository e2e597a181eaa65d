/* SPDX-License-Identifier: Apache-2.0 */
/* op_tile.c -- repeating elements: Tile, BroadcastTo; and the arithmetic of broadcast shapes. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"

/* ---------------------------------------------------------------- Tile */

static td_status tile_shape(td_call *c, int64_t *times, td_shape *out)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    size_t n;

    if (td_in(c, 1)->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected multiples to be 1-D, but got rank %d",
                         (int)td_in(c, 1)->shape.rank);
    TD_TRY(td_need_list(c, 1, times, TD_MAX_RANK, &n));
    if ((int)n != in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected multiples argument to be a vector of length %d but got length %zu",
                         (int)in->rank, n);
    int64_t dims[TD_MAX_RANK];

    for (int i = 0; i < in->rank; i++) {
        if (times[i] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected multiples[%d] >= 0, but got %" PRId64, i,
                             times[i]);
        if (!td_mul_i64(times[i], in->dims[i], &dims[i]))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "multiples[%d] = %" PRId64 " is too large", i, times[i]);
    }
    return td_shape_make(in->rank, dims, out);
}

static td_status tile_infer(td_call *c)
{
    int64_t times[TD_MAX_RANK];
    td_shape s;

    TD_TRY(tile_shape(c, times, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Every dim becomes two, [times, dim], the first of which stands still in the input. */
static td_status tile_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t times[TD_MAX_RANK], is[TD_MAX_RANK], os[TD_MAX_RANK];
    td_nd_builder b;
    td_shape out;

    TD_TRY(tile_shape(c, times, &out));
    td_shape_strides(in, is);
    td_shape_strides(&out, os);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = 0; i < in->rank; i++) {
        td_nd_add(&b, times[i], os[i] * in->dims[i], 0);
        td_nd_add(&b, in->dims[i], os[i], is[i]);
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, 0);
    return NULL;
}

/* ---------------------------------------------------------------- BroadcastTo */

static td_status broadcast_shape(td_call *c, td_shape *out)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

    TD_TRY(td_need_shape(c, 1, false, out));
    if (in->rank > out->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Rank of input (%d) must be no greater than rank of output shape (%d).",
                         (int)in->rank, (int)out->rank);
    for (int i = 0; i < in->rank; i++)
        if (in->dims[i] != 1 && in->dims[i] != out->dims[i + out->rank - in->rank])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s",
                             td_shape_text(in, a, sizeof a), td_shape_text(out, b, sizeof b));
    return NULL;
}

static td_status broadcast_infer(td_call *c)
{
    td_shape s;

    TD_TRY(broadcast_shape(c, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status broadcast_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t is[TD_MAX_RANK], os[TD_MAX_RANK];
    td_nd_builder b;
    td_shape out;

    TD_TRY(broadcast_shape(c, &out));
    td_shape_strides(in, is);
    td_shape_strides(&out, os);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = 0; i < out.rank; i++) {
        const int k = i - (out.rank - in->rank);

        td_nd_add(&b, out.dims[i], os[i], k < 0 || in->dims[k] == 1 ? 0 : is[k]);
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, 0);
    return NULL;
}

/* ---------------------------------------------------------------- BroadcastArgs */

static td_status args_shape(td_call *c, td_shape *out)
{
    td_shape a, b;

    TD_TRY(td_need_shape(c, 0, false, &a));
    TD_TRY(td_need_shape(c, 1, false, &b));
    if (!td_shape_broadcast(&a, &b, out)) {
        char at[TD_SHAPE_TEXT], bt[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT, "Incompatible shapes between: %s vs %s",
                         td_shape_text(&a, at, sizeof at), td_shape_text(&b, bt, sizeof bt));
    }
    return NULL;
}

static td_status args_infer(td_call *c)
{
    td_shape s;

    for (uint32_t i = 0; i < 2; i++)
        if (td_in(c, i)->shape.rank != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "In[%u] must be a vector.", i);
    s = td_in(c, 0)->shape;
    if (td_in(c, 1)->shape.dims[0] > s.dims[0]) s = td_in(c, 1)->shape;
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status args_run(td_call *c)
{
    td_shape s;

    TD_TRY(args_shape(c, &s));
    for (int i = 0; i < s.rank; i++)
        td_tensor_set_int(td_out(c, 0), (size_t)i, s.dims[i]);
    return NULL;
}

/* ---------------------------------------------------------------- BroadcastGradientArgs */

/* The axes of the joint shape along which the gradient of input `which` is summed. */
static td_status put_axes(td_call *c, uint32_t which, const td_shape *s, const td_shape *joint, bool all_same)
{
    int64_t axes[TD_MAX_RANK];
    td_shape n = { .rank = 1 };

    for (int i = 0; i < joint->rank && !all_same; i++) {
        const int k = i - (joint->rank - s->rank);

        if (k < 0 || s->dims[k] == 1) axes[n.dims[0]++] = i;
    }
    if (!td_out_is_used(c, which)) return NULL;
    TD_TRY(td_out_make(c, which, &n));
    for (int64_t i = 0; i < n.dims[0]; i++)
        td_tensor_set_int(td_out(c, which), (size_t)i, axes[i]);
    return NULL;
}

static td_status gradient_args_run(td_call *c)
{
    td_shape a, b, joint;

    TD_TRY(args_shape(c, &joint));
    TD_TRY(td_need_shape(c, 0, false, &a));
    TD_TRY(td_need_shape(c, 1, false, &b));
    const bool same = td_shape_equal(&a, &b);

    TD_TRY(put_axes(c, 0, &a, &joint, same));
    return put_axes(c, 1, &b, &joint, same);
}

TD_MOVE_KERNELS(tile_kernels, tile_prepare);
TD_MOVE_KERNELS(broadcast_kernels, broadcast_prepare);
static const td_kernel args_kernels[] = { { .run = args_run }, { 0 } };
static const td_kernel gradient_args_kernels[] = { { .run = gradient_args_run }, { 0 } };

const td_op td_ops_tile[] = {
    { .name = "Tile",
      .sig = "input: T, multiples: Tmultiples -> output: T",
      .attrs = "T: type, Tmultiples: type = int32",
      .flags = TD_OP_NO_FOLD,
      .infer = tile_infer,
      .kernels = tile_kernels },
    { .name = "BroadcastTo",
      .sig = "input: T, shape: Tidx -> output: T",
      .attrs = "T: type, Tidx: type = int32",
      .flags = TD_OP_NO_FOLD,
      .infer = broadcast_infer,
      .kernels = broadcast_kernels },
    { .name = "BroadcastArgs",
      .sig = "s0: T, s1: T -> r0: T",
      .attrs = "T: type = int32",
      .infer = args_infer,
      .kernels = args_kernels },
    { .name = "BroadcastGradientArgs",
      .sig = "s0: T, s1: T -> r0: T, r1: T",
      .attrs = "T: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = gradient_args_kernels },
    { 0 },
};
