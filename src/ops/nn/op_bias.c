/* SPDX-License-Identifier: Apache-2.0 */
/* op_bias.c -- BiasAdd: a vector added along the channels, which are last (NHWC) or second (NCHW). */
#include "ops/math/elementwise.h"

typedef struct bias_attrs {
    bool channels_first;
} bias_attrs;

static td_status bias_parse(td_parse *p)
{
    bias_attrs *const a = p->attrs;

    a->channels_first = td_attr_string_is(p, "data_format", "NCHW");
    return NULL;
}

static bool is_channels_first(const td_call *c)
{
    const bias_attrs *const a = c->attrs;

    return a && a->channels_first; /* BiasAddV1 has no attributes of its own */
}

static int channel_dim(const td_call *c)
{
    const int rank = td_in(c, 0)->shape.rank;

    return is_channels_first(c) && rank > 1 ? 1 : rank - 1;
}

static td_status bias_infer(td_call *c)
{
    TD_TRY(td_bias_shape(&td_in(c, 0)->shape, &td_in(c, 1)->shape, channel_dim(c)));
    return td_infer_same(c);
}

static td_status bias_prepare(td_call *c)
{
    td_elementwise *const s = c->state;
    const td_shape *const value = &td_in(c, 0)->shape;
    td_shape bias = { .rank = value->rank };

    TD_TRY(td_elementwise_prepare(c, TD_ELT_add));
    for (int d = 0; d < bias.rank; d++)
        bias.dims[d] = d == channel_dim(c) ? value->dims[d] : 1;
    td_elementwise_reshape(s, value, (const td_shape *const[]){ value, &bias });
    return NULL;
}

static const td_kernel bias_kernels[] = TD_ELEMENTWISE_KERNELS(TD_NUMBER_TYPES, bias_prepare);

const td_op td_ops_bias[] = {
    { .name = "BiasAdd",
      .sig = "value: T, bias: T -> output: T",
      .attrs = "T: type, data_format: string = 'NHWC'",
      .flags = TD_OP_INPLACE,
      .attrs_size = sizeof(bias_attrs),
      .parse = bias_parse,
      .infer = bias_infer,
      .kernels = bias_kernels },
    { .name = "BiasAddV1",
      .sig = "value: T, bias: T -> output: T",
      .attrs = "T: type",
      .flags = TD_OP_INPLACE,
      .infer = bias_infer,
      .kernels = bias_kernels },
    { 0 },
};
