/* SPDX-License-Identifier: Apache-2.0 */
/* op_shape.c -- ops whose answer is the shape of an input: they never look at elements. */
#include "ops/array/array.h"

static td_status shape_infer(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = (td_shape){ 1, { td_in(c, i)->shape.rank } };
    return NULL;
}

/* TensorFlow refuses dims that the output type cannot hold. */
static td_status put(td_call *c, uint32_t out, size_t at, int64_t v)
{
    td_tensor *const t = td_out(c, out);

    if (t->dtype == TD_I32 && v > INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%s output type is 32-bit, but the value %lld does not fit",
                         c->op->name, (long long)v);
    td_tensor_set_int(t, at, v);
    return NULL;
}

static td_status shape_run(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (!td_out_is_used(c, i)) continue;
        for (int k = 0; k < s->rank; k++)
            TD_TRY(put(c, i, (size_t)k, s->dims[k]));
    }
    return NULL;
}

static td_status size_run(td_call *c)
{
    return put(c, 0, 0, td_shape_count(&td_in(c, 0)->shape));
}

static td_status rank_run(td_call *c)
{
    return put(c, 0, 0, td_in(c, 0)->shape.rank);
}

static const td_kernel shape_kernels[] = { { .run = shape_run }, { 0 } };
static const td_kernel size_kernels[] = { { .run = size_run }, { 0 } };
static const td_kernel rank_kernels[] = { { .run = rank_run }, { 0 } };

const td_op td_ops_shape[] = {
    { .name = "Shape",
      .sig = "input: T -> output: out_type",
      .attrs = "T: type, out_type: type = int32",
      .flags = TD_OP_SHAPE_ONLY,
      .infer = shape_infer,
      .kernels = shape_kernels },
    { .name = "ShapeN",
      .sig = "input: N*T -> output: N*out_type",
      .attrs = "N: int, T: type, out_type: type = int32",
      .flags = TD_OP_SHAPE_ONLY,
      .infer = shape_infer,
      .kernels = shape_kernels },
    { .name = "Size",
      .sig = "input: T -> output: out_type",
      .attrs = "T: type, out_type: type = int32",
      .flags = TD_OP_SHAPE_ONLY,
      .infer = td_infer_scalar,
      .kernels = size_kernels },
    { .name = "Rank",
      .sig = "input: T -> output: int32",
      .attrs = "T: type",
      .flags = TD_OP_SHAPE_ONLY,
      .infer = td_infer_scalar,
      .kernels = rank_kernels },
    { 0 },
};
