/* SPDX-License-Identifier: Apache-2.0 */
/* op_onehot.c -- OneHot. */
#include <inttypes.h>
#include <string.h>

#include "kernels/array/gather.h"
#include "ops/array/array.h"

typedef struct onehot_attrs {
    int64_t axis;
} onehot_attrs;

static td_status onehot_parse(td_parse *p)
{
    ((onehot_attrs *)p->attrs)->axis = td_attr_int(p, "axis");
    return NULL;
}

/* The output is [outer, depth, inner]; indices are [outer, inner]. */
static td_status onehot_dims(td_call *c, int *axis, int64_t *depth)
{
    const int64_t given = ((const onehot_attrs *)c->attrs)->axis;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (given < -1 || given > in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected axis to be -1 or between [0, %d).  But received: %" PRId64,
                         (int)in->rank + 1, given);
    for (uint32_t i = 1; i < 4; i++)
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a scalar, but got a tensor of rank %d",
                             i == 1   ? "depth"
                             : i == 2 ? "on_value"
                                      : "off_value",
                             (int)td_in(c, i)->shape.rank);
    TD_TRY(td_need_one(c, 1, depth));
    if (*depth < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "depth must be non-negative, got: %" PRId64, *depth);
    *axis = given < 0 ? in->rank : (int)given;
    return NULL;
}

static td_status onehot_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t dims[TD_MAX_RANK + 1], depth = 0;
    td_shape out;
    int axis = 0;

    TD_TRY(onehot_dims(c, &axis, &depth));
    for (int i = 0; i <= in->rank; i++)
        dims[i] = i < axis ? in->dims[i] : i == axis ? depth : in->dims[i - 1];
    TD_TRY(td_shape_make(in->rank + 1, dims, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status onehot_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    td_tensor *const out = td_out(c, 0);
    const size_t elem = td_dtype_size(out->dtype);
    int64_t depth = 0;
    int axis = 0;

    TD_TRY(onehot_dims(c, &axis, &depth));
    const int64_t outer = td_shape_span(&in->shape, 0, axis);
    const int64_t inner = td_shape_span(&in->shape, axis, in->shape.rank);

    td_fill(out->data, elem, td_in(c, 3)->data, (size_t)td_shape_count(&out->shape));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const int64_t v = td_index_at(in->data, in->dtype, o * inner + i);

            if (v >= 0 && v < depth)
                memcpy((char *)out->data + (size_t)((o * depth + v) * inner + i) * elem, td_in(c, 2)->data,
                       elem);
        }
    return NULL;
}

static const td_kernel onehot_kernels[] = { { .dtypes = TD_MOVABLE, .run = onehot_run }, { 0 } };

const td_op td_ops_onehot[] = {
    { .name = "OneHot",
      .sig = "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
      .attrs = "axis: int = -1, T: type, TI: type = int64",
      .key = "T",
      .flags = TD_OP_NO_FOLD,
      .attrs_size = sizeof(onehot_attrs),
      .parse = onehot_parse,
      .infer = onehot_infer,
      .kernels = onehot_kernels },
    { 0 },
};
