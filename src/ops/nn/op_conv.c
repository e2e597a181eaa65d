/* SPDX-License-Identifier: Apache-2.0 */
/* op_conv.c -- Conv2D, Conv3D, Conv (which is either of them), and what passes make of them, over all float types and int32.
 *
 * float, half and bfloat16 run on packed panels (kernels/conv), the rest in double. Channels-first images are
 * turned around on the way in and out.
 */
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

typedef struct conv_attrs {
    td_window window;
    td_epilogue epilogue;
    bool any_batch; /* the image has batch_dims dimensions in front, not one */
    int64_t batch_dims;
} conv_attrs;

static td_status parse_dims(td_parse *p, int dims, unsigned flags)
{
    conv_attrs *const a = p->attrs;

    a->epilogue = td_epilogue_none;
    return td_window_parse(p, dims, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT | flags, &a->window);
}

static td_status conv2d_parse(td_parse *p)
{
    return parse_dims(p, 2, TD_WINDOW_EXPLICIT | TD_WINDOW_CROPS);
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

static td_status fused3d_parse(td_parse *p)
{
    TD_TRY(conv3d_parse(p));
    return td_epilogue_parse(p, 2, &((conv_attrs *)p->attrs)->epilogue);
}

static td_status mixed_parse(td_parse *p)
{
    static const char *const any[] = { "Tin", "Tout", NULL };

    TD_TRY(fused_parse(p));
    return td_mixed_parse(p, any, &((const conv_attrs *)p->attrs)->epilogue);
}

/* Conv: its strides say of how many dimensions it is. */
static td_status any_parse(td_parse *p)
{
    conv_attrs *const a = p->attrs;
    const td_attr_value *unused;
    const size_t dims = td_attr_list(p, "strides", &unused);

    if (dims != 4 && dims != 5)
        return TD_ERR(INVALID_ARGUMENT, "%s: The input must have 2 or 3 spatial dimensions but got %zu",
                      p->node->name, dims - 2);
    if (td_attr_int(p, "groups") != 1)
        return TD_ERR(UNIMPLEMENTED, "%s: Grouped/Depthwise Convolutions are not supported yet.",
                      p->node->name);
    TD_TRY(parse_dims(p, (int)dims - 2, TD_WINDOW_EXPLICIT | TD_WINDOW_NAMED_FORMAT));
    a->any_batch = true;
    a->batch_dims = td_attr_int(p, "batch_dims");
    return NULL;
}

/* Conv's image with its batch dimensions as one. */
static td_status any_image(const td_call *c, td_shape *x)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    const int spatial = a->window.dims + 1, batch = in->rank - spatial;

    *x = *in;
    if (!a->any_batch) return NULL;
    if (a->batch_dims != batch || batch < 0)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "The input must have %d spatial dimensions but got one of rank %d with %lld batch dimensions",
            a->window.dims, in->rank, (long long)a->batch_dims);
    x->rank = spatial + 1;
    x->dims[0] = 1;
    for (int i = 0; i < batch; i++)
        x->dims[0] *= in->dims[i];
    for (int i = 0; i < spatial; i++)
        x->dims[1 + i] = in->dims[batch + i];
    const int64_t channels = x->dims[td_window_channel_dim(&a->window, x)];

    if (f->rank == spatial + 1 && f->dims[spatial - 1] != channels)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input depth must be equal to filter depth: %lld vs %lld",
                         (long long)channels, (long long)f->dims[spatial - 1]);
    return NULL;
}

static td_status conv_infer(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_shape x;
    td_conv g;

    TD_TRY(any_image(c, &x));
    TD_TRY(td_conv_geometry(c, &a->window, &x, &td_in(c, 1)->shape, &g));
    const td_shape sum = td_conv_output(&a->window, &g);
    TD_TRY(td_epilogue_infer(c, &a->epilogue, (int64_t)g.out_channels, &sum, &td_out(c, 0)->shape));
    if (!a->any_batch) return NULL;
    td_shape out = td_in(c, 0)->shape;

    for (int i = 1; i < sum.rank; i++)
        out.dims[out.rank - sum.rank + i] = sum.dims[i];
    td_out(c, 0)->shape = out;
    return td_shape_check(&out);
}

static td_status conv_prepare(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_conv_call *const s = c->state;
    td_shape x;

    TD_TRY(any_image(c, &x));
    TD_TRY(td_conv_geometry(c, &a->window, &x, &td_in(c, 1)->shape, &s->conv));
    td_conv_call_begin(s, &a->window, &a->epilogue);
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
    { .name = "_MixedConv2D",
      .sig = "input: Tin, filter: T, args: Targs -> output: Tout",
      .attrs = TD_CONV2D_ATTRS TD_MIXED_ATTRS,
      .parse = mixed_parse,
      COMMON },
    { .name = "Conv3D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = TD_CONV3D_ATTRS,
      .parse = conv3d_parse,
      COMMON },
    { .name = "_FusedConv3D",
      .sig = "input: T, filter: T, args: num_args*T -> output: T",
      .attrs = TD_CONV3D_ATTRS ", num_args: int, fused_ops: list(string) = []",
      .parse = fused3d_parse,
      COMMON },
    { .name = "Conv",
      .sig = "input: T, filter: T -> output: T",
      .attrs = "T: type, strides: list(int), padding: string, explicit_paddings: list(int) = [], "
               "data_format: string = 'CHANNELS_LAST', dilations: list(int) = [], batch_dims: int = 1, "
               "groups: int = 1",
      .parse = any_parse,
      COMMON },
    { 0 },
};
