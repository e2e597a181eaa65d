/* SPDX-License-Identifier: Apache-2.0 */
/* op_conv.c -- Conv2D, Conv3D and what passes make of them, over all float types and int32.
 *
 * float, half and bfloat16 run on packed panels (kernels/conv), the rest in double. Channels-first images are
 * turned around on the way in and out.
 */
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

typedef struct conv_attrs {
    td_window window;
    td_epilogue epilogue;
} conv_attrs;

static td_status parse_dims(td_parse *p, int dims, unsigned flags)
{
    conv_attrs *const a = p->attrs;

    a->epilogue = td_epilogue_none;
    return td_window_parse(p, dims, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT | flags, &a->window);
}

static td_status conv2d_parse(td_parse *p)
{
    return parse_dims(p, 2, TD_WINDOW_EXPLICIT);
}

static td_status conv3d_parse(td_parse *p)
{
    return parse_dims(p, 3, 0);
}

static td_status fused_parse(td_parse *p)
{
    TD_TRY(conv2d_parse(p));
    return td_epilogue_parse(p, 2, &((conv_attrs *)p->attrs)->epilogue);
}

static td_status conv_infer(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_conv g;

    TD_TRY(td_conv_geometry(c, &a->window, &td_in(c, 0)->shape, &td_in(c, 1)->shape, &g));
    const td_shape sum = td_conv_output(&a->window, &g);
    return td_epilogue_infer(c, &a->epilogue, (int64_t)g.out_channels, &sum, &td_out(c, 0)->shape);
}

static td_status conv_prepare(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_conv_call *const s = c->state;

    TD_TRY(td_conv_geometry(c, &a->window, &td_in(c, 0)->shape, &td_in(c, 1)->shape, &s->conv));
    s->epilogue = a->epilogue;
    s->sum = td_conv_output(&a->window, &s->conv);
    s->is_first = a->window.is_first;
    s->x = 0;
    s->filter = 1;
    return td_conv_call_prepare(c, s);
}

static td_status conv_run(td_call *c)
{
    return td_conv_call_run(c, c->state);
}

static const td_kernel conv_kernels[] = {
    { TD_DEVICE_CPU, TD_CONV_TYPES, sizeof(td_conv_call), conv_prepare, conv_run, td_conv_call_release },
    { 0 },
};

#define COMMON                                                                                               \
    .flags = TD_OP_PACKS, .attrs_size = sizeof(conv_attrs), .infer = conv_infer, .kernels = conv_kernels

const td_op td_ops_conv[] = {
    { .name = "Conv2D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .parse = conv2d_parse,
      COMMON },
    { .name = "_FusedConv2D",
      .sig = "input: T, filter: T, args: num_args*T -> output: T",
      .attrs = TD_CONV2D_ATTRS ", num_args: int, fused_ops: list(string) = []",
      .parse = fused_parse,
      COMMON },
    { .name = "Conv3D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = TD_CONV3D_ATTRS,
      .parse = conv3d_parse,
      COMMON },
    { 0 },
};
