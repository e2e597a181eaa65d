/* op_conv.c -- Conv2D, Conv3D and what passes make of them, over all float types and int32.
 *
 * float, half and bfloat16 run on packed panels (kernels/conv), the rest in double. Channels-first images are
 * turned around on the way in and out.
 */
#include "ops/conv_call.h"

#include "base/macros.h"

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

/* The geometry from the shapes of image and filter [kernel.., in / groups, out]. */
static td_status conv_geometry(const td_call *c, const td_window *w, td_conv *out)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    char tx[TD_SHAPE_TEXT], tf[TD_SHAPE_TEXT];

    TD_TRY(td_window_check_rank(c, w, x, "input"));
    TD_TRY(td_window_check_rank(c, w, f, "filter"));
    const int64_t in_channels = x->dims[td_window_channel_dim(w, x)], depth = f->dims[f->rank - 2];
    const int64_t out_channels = f->dims[f->rank - 1];
    if (depth == 0 || in_channels % depth != 0 || in_channels == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input depth must be evenly divisible by filter depth: %lld vs %lld",
                         (long long)in_channels, (long long)depth);
    const int64_t groups = in_channels / depth;
    if (out_channels % groups != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "number of filters %lld must be divisible by the groups %lld: %s, %s",
                         (long long)out_channels, (long long)groups, td_shape_text(x, tx, sizeof tx),
                         td_shape_text(f, tf, sizeof tf));
    *out = (td_conv){
        .batch = (size_t)x->dims[0],
        .groups = (size_t)groups,
        .in_channels = (size_t)in_channels,
        .out_channels = (size_t)out_channels,
    };
    for (int i = 0; i < 3; i++) {
        const int64_t in = td_window_dim(w, x, i), kernel = i < 3 - w->dims ? 1 : f->dims[i - (3 - w->dims)];
        int64_t n, pad;
        if (kernel < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must not have zero elements");
        TD_TRY(td_window_output(c, w, i, in, kernel, &n, &pad));
        out->in[i] = (size_t)in;
        out->out[i] = (size_t)n;
        out->kernel[i] = (size_t)kernel;
        out->stride[i] = (size_t)w->stride[i];
        out->dilation[i] = (size_t)w->dilation[i];
        out->pad[i] = pad;
    }
    return NULL;
}

static td_shape sum_shape(const td_window *w, const td_conv *g)
{
    const int64_t spatial[] = { (int64_t)g->out[0], (int64_t)g->out[1], (int64_t)g->out[2] };
    return td_window_shape(w, (int64_t)g->batch, spatial, (int64_t)g->out_channels);
}

static td_status conv_infer(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_conv g;

    TD_TRY(conv_geometry(c, &a->window, &g));
    const td_shape sum = sum_shape(&a->window, &g);
    return td_epilogue_infer(c, &a->epilogue, (int64_t)g.out_channels, &sum, &td_out(c, 0)->shape);
}

static td_status conv_prepare(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    td_conv_call *const s = c->state;

    TD_TRY(conv_geometry(c, &a->window, &s->conv));
    s->epilogue = a->epilogue;
    s->sum = sum_shape(&a->window, &s->conv);
    s->is_first = a->window.is_first;
    s->x = 0;
    s->filter = 1;
    s->may_use_dnnl = true;
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

#define COMMON .attrs_size = sizeof(conv_attrs), .infer = conv_infer, .kernels = conv_kernels

const td_op td_ops_conv[] = {
    { .name = "Conv2D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = "T: type, strides: list(int), padding: string, explicit_paddings: list(int) = [], "
               "data_format: string = 'NHWC', dilations: list(int) = [1, 1, 1, 1]",
      .parse = conv2d_parse,
      COMMON },
    { .name = "_FusedConv2D",
      .sig = "input: T, filter: T, args: num_args*T -> output: T",
      .attrs =
          "T: type, num_args: int, strides: list(int), padding: string, explicit_paddings: list(int) = [], "
          "data_format: string = 'NHWC', dilations: list(int) = [1, 1, 1, 1], fused_ops: list(string) = []",
      .parse = fused_parse,
      COMMON },
    { .name = "Conv3D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = "T: type, strides: list(int), padding: string, data_format: string = 'NDHWC', "
               "dilations: list(int) = [1, 1, 1, 1, 1]",
      .parse = conv3d_parse,
      COMMON },
    { 0 },
};
