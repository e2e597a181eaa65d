/* SPDX-License-Identifier: Apache-2.0 */
/* op_depthwise.c -- DepthwiseConv2dNative: each channel with its own filter, a convolution of a group a channel. */
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

typedef struct depthwise_attrs {
    td_window window;
    td_epilogue epilogue;
} depthwise_attrs;

static td_status depthwise_parse(td_parse *p)
{
    depthwise_attrs *const a = p->attrs;

    a->epilogue = td_epilogue_none;
    return td_window_parse(
        p, 2, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT | TD_WINDOW_EXPLICIT | TD_WINDOW_CROPS, &a->window);
}

static td_status fused_parse(td_parse *p)
{
    depthwise_attrs *const a = p->attrs;

    TD_TRY(depthwise_parse(p));
    TD_TRY(td_epilogue_parse(p, 2, &a->epilogue));
    if (a->epilogue.add) return TD_ERR(UNIMPLEMENTED, "%s: fused_ops has Add", p->node->name);
    return NULL;
}

static td_status mixed_parse(td_parse *p)
{
    static const char *const any[] = { "Tin", "Tout", NULL };

    TD_TRY(fused_parse(p));
    return td_mixed_parse(p, any, &((const depthwise_attrs *)p->attrs)->epilogue);
}

static td_status depthwise_geometry(const td_call *c, const td_window *w, td_conv *out)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    const td_shape grouped = td_depthwise_filter(f);

    TD_TRY(td_window_check_rank(c, w, x, "input"));
    TD_TRY(td_window_check_rank(c, w, f, "filter"));
    const int64_t channels = x->dims[td_window_channel_dim(w, x)];
    if (channels != f->dims[2])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                         (long long)channels, (long long)f->dims[2]);
    return td_conv_geometry(c, w, x, &grouped, out);
}

static td_status depthwise_infer(td_call *c)
{
    const depthwise_attrs *const a = c->attrs;
    td_conv g;

    TD_TRY(depthwise_geometry(c, &a->window, &g));
    const td_shape sum = td_conv_output(&a->window, &g);
    return td_epilogue_infer(c, &a->epilogue, (int64_t)g.out_channels, &sum, &td_out(c, 0)->shape);
}

static td_status depthwise_prepare(td_call *c)
{
    const depthwise_attrs *const a = c->attrs;
    td_conv_call *const s = c->state;

    TD_TRY(depthwise_geometry(c, &a->window, &s->conv));
    td_conv_call_begin(s, &a->window, &a->epilogue);
    return td_conv_call_prepare(c, s);
}

static td_status depthwise_run(td_call *c)
{
    return td_conv_call_run(c, c->state);
}

static const td_kernel depthwise_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64), sizeof(td_conv_call), depthwise_prepare,
      depthwise_run, td_conv_call_release },
    { 0 },
};

#define COMMON                                                                                               \
    .flags = TD_OP_PACKS, .attrs_size = sizeof(depthwise_attrs), .infer = depthwise_infer,                   \
    .kernels = depthwise_kernels

const td_op td_ops_depthwise[] = {
    { .name = "DepthwiseConv2dNative",
      .sig = "input: T, filter: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .parse = depthwise_parse,
      COMMON },
    { .name = "_FusedDepthwiseConv2dNative",
      .sig = "input: T, filter: T, args: num_args*T -> output: T",
      .attrs = TD_CONV2D_ATTRS ", num_args: int, fused_ops: list(string) = []",
      .parse = fused_parse,
      COMMON },
    { .name = "_MixedDepthwiseConv2dNative",
      .sig = "input: Tin, filter: T, args: Targs -> output: Tout",
      .attrs = TD_CONV2D_ATTRS TD_MIXED_ATTRS,
      .parse = mixed_parse,
      COMMON },
    { 0 },
};
