/* SPDX-License-Identifier: Apache-2.0 */
/* op_conv_grad.c -- gradients of convolutions: by the input (which models use as transposed convolution) and
 * by the filter.
 *
 * The gradient by the input is the gather of kernels/conv run backwards, on the same packed panels. The
 * gradient by the filter is plain.
 */
#include <string.h>

#include "base/size.h"
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

/* Of gradients by the input; the others have the window alone. */
typedef struct back_attrs {
    td_window window;
    td_epilogue epilogue;
} back_attrs;

static td_status grad2d_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT | TD_WINDOW_EXPLICIT, p->attrs);
}

static td_status grad3d_parse(td_parse *p)
{
    return td_window_parse(p, 3, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT, p->attrs);
}

static td_status back2d_parse(td_parse *p)
{
    ((back_attrs *)p->attrs)->epilogue = td_epilogue_none;
    return grad2d_parse(p);
}

static td_status back3d_parse(td_parse *p)
{
    ((back_attrs *)p->attrs)->epilogue = td_epilogue_none;
    return grad3d_parse(p);
}

static td_status fused2d_parse(td_parse *p)
{
    TD_TRY(grad2d_parse(p));
    return td_epilogue_parse(p, 3, &((back_attrs *)p->attrs)->epilogue);
}

static td_status fused3d_parse(td_parse *p)
{
    TD_TRY(grad3d_parse(p));
    return td_epilogue_parse(p, 3, &((back_attrs *)p->attrs)->epilogue);
}

/* The forward convolution that image, filter and out_backprop belong to; checks that they fit. */
static td_status forward_geometry(const td_call *c, const td_window *w, const td_shape *x, const td_shape *f,
                                  const td_shape *dy, td_conv *out)
{
    TD_TRY(td_window_check_rank(c, w, dy, "out_backprop"));
    TD_TRY(td_conv_geometry(c, w, x, f, out));
    if (f->dims[f->rank - 1] != dy->dims[td_window_channel_dim(w, dy)])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "filter and out_backprop must have the same out_depth");
    if (x->dims[0] != dy->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input and out_backprop must have the same batch size");
    for (int i = 0; i < 3; i++)
        if ((int64_t)out->out[i] != td_window_dim(w, dy, i))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Size of out_backprop doesn't match computed: actual = %lld, computed = %zu, "
                             "spatial_dim: %d",
                             (long long)td_window_dim(w, dy, i), out->out[i], i);
    return NULL;
}

/* ---------------------------------------------------------------- by the input */

/* input_sizes may lack the batch and the channels (Conv2DBackpropInput takes height and width alone). */
static td_status input_shape(td_call *c, const td_window *w, td_shape *out)
{
    const td_shape *const f = &td_in(c, 1)->shape, *const dy = &td_in(c, 2)->shape;
    td_shape s;

    TD_TRY(td_need_shape(c, 0, false, &s));
    if (s.rank == w->dims && w->dims == 2) {
        const int64_t spatial[] = { 1, s.dims[0], s.dims[1] };
        TD_TRY(td_window_check_rank(c, w, f, "filter"));
        TD_TRY(td_window_check_rank(c, w, dy, "out_backprop"));
        s = td_window_shape(w, dy->dims[0], spatial, f->dims[2]);
    }
    *out = s;
    return td_window_check_rank(c, w, out, "input_sizes");
}

static td_status by_input_infer(td_call *c)
{
    const back_attrs *const a = c->attrs;
    td_conv g;
    td_shape x;

    TD_TRY(input_shape(c, &a->window, &x));
    TD_TRY(forward_geometry(c, &a->window, &x, &td_in(c, 1)->shape, &td_in(c, 2)->shape, &g));
    return td_epilogue_infer(c, &a->epilogue, (int64_t)g.in_channels, &x, &td_out(c, 0)->shape);
}

static void swap_sizes(td_conv *g)
{
    const td_conv f = *g;

    memcpy(g->in, f.out, sizeof g->in);
    memcpy(g->out, f.in, sizeof g->out);
    g->in_channels = f.out_channels;
    g->out_channels = f.in_channels;
    g->is_transposed = true;
}

static td_status by_input_prepare(td_call *c)
{
    const back_attrs *const a = c->attrs;
    td_conv_call *const s = c->state;

    TD_TRY(input_shape(c, &a->window, &s->sum));
    TD_TRY(forward_geometry(c, &a->window, &s->sum, &td_in(c, 1)->shape, &td_in(c, 2)->shape, &s->conv));
    swap_sizes(&s->conv);
    s->epilogue = a->epilogue;
    s->is_first = a->window.is_first;
    s->x = 2;
    s->filter = 1;
    return td_conv_call_prepare(c, s);
}

static td_status by_input_run(td_call *c)
{
    return td_conv_call_run(c, c->state);
}

/* ---------------------------------------------------------------- by the filter */

static td_status by_filter_infer(td_call *c)
{
    const td_window *const w = c->attrs;
    td_shape f;
    td_conv g;

    TD_TRY(td_need_shape(c, 1, false, &f));
    TD_TRY(forward_geometry(c, w, &td_in(c, 0)->shape, &f, &td_in(c, 2)->shape, &g));
    td_out(c, 0)->shape = f;
    return NULL;
}

typedef struct filter_state {
    td_conv conv;
    size_t count_x, count_y, count_w;
    size_t at_x, at_y, at_w, at_turned;
} filter_state;

static td_status by_filter_prepare(td_call *c)
{
    const td_window *const w = c->attrs;
    filter_state *const s = c->state;
    size_t at = 0;

    TD_TRY(forward_geometry(c, w, &td_in(c, 0)->shape, &td_out(c, 0)->shape, &td_in(c, 2)->shape, &s->conv));
    s->count_x = (size_t)td_shape_count(&td_in(c, 0)->shape);
    s->count_y = (size_t)td_shape_count(&td_in(c, 2)->shape);
    s->count_w = (size_t)td_shape_count(&td_out(c, 0)->shape);
    s->at_x = td_reserve(&at, s->count_x * sizeof(double));
    s->at_y = td_reserve(&at, s->count_y * sizeof(double));
    s->at_w = td_reserve(&at, s->count_w * sizeof(double));
    s->at_turned = td_reserve(&at, w->is_first ? (s->count_x + s->count_y) * sizeof(double) : 0);
    c->scratch_size = at;
    return NULL;
}

static td_status by_filter_run(td_call *c)
{
    const td_window *const w = c->attrs;
    const filter_state *const s = c->state;
    const td_conv *const v = &s->conv;
    char *const scratch = c->scratch;
    double *x = (double *)(void *)(scratch + s->at_x), *y = (double *)(void *)(scratch + s->at_y);
    double *const dw = (double *)(void *)(scratch + s->at_w);

    td_to_double(td_in(c, 0)->dtype, td_in(c, 0)->data, s->count_x, x);
    td_to_double(td_in(c, 2)->dtype, td_in(c, 2)->data, s->count_y, y);
    if (w->is_first) {
        double *const turned = (double *)(void *)(scratch + s->at_turned);
        td_channels_last_f64(turned, x, v->batch, v->in_channels, v->in[0] * v->in[1] * v->in[2]);
        td_channels_last_f64(turned + s->count_x, y, v->batch, v->out_channels,
                             v->out[0] * v->out[1] * v->out[2]);
        x = turned;
        y = turned + s->count_x;
    }
    td_conv_filter_ref(v, dw, x, y);
    td_from_double(td_out(c, 0)->dtype, dw, s->count_w, td_out(c, 0)->data);
    return NULL;
}

/* ---------------------------------------------------------------- depthwise */

static td_status depth_input_infer(td_call *c)
{
    const td_window *const w = c->attrs;
    const td_shape f = td_depthwise_filter(&td_in(c, 1)->shape);
    td_shape x;
    td_conv g;

    TD_TRY(td_need_shape(c, 0, false, &x));
    TD_TRY(forward_geometry(c, w, &x, &f, &td_in(c, 2)->shape, &g));
    td_out(c, 0)->shape = x;
    return NULL;
}

static td_status depth_filter_infer(td_call *c)
{
    const td_window *const w = c->attrs;
    td_shape shape;
    td_conv g;

    TD_TRY(td_need_shape(c, 1, false, &shape));
    const td_shape f = td_depthwise_filter(&shape);
    TD_TRY(forward_geometry(c, w, &td_in(c, 0)->shape, &f, &td_in(c, 2)->shape, &g));
    td_out(c, 0)->shape = shape;
    return NULL;
}

/* Plain, over (output pixel, tap, channel); which of the two gradients, `is_input` says. */
static void depth_gradient(const td_conv *g, bool is_input, double *result, const double *other,
                           const double *dy)
{
    const size_t mult = g->out_channels / g->in_channels;

    for (size_t n = 0; n < g->batch; n++)
        for (size_t o = 0; o < g->out[1] * g->out[2]; o++)
            for (size_t t = 0; t < g->kernel[1] * g->kernel[2]; t++) {
                const size_t oy = o / g->out[2], ox = o % g->out[2];
                const int64_t y =
                    (int64_t)(oy * g->stride[1] + t / g->kernel[2] * g->dilation[1]) - g->pad[1];
                const int64_t x =
                    (int64_t)(ox * g->stride[2] + t % g->kernel[2] * g->dilation[2]) - g->pad[2];
                if (y < 0 || x < 0 || y >= (int64_t)g->in[1] || x >= (int64_t)g->in[2]) continue;
                const size_t pixel = (n * g->in[1] + (size_t)y) * g->in[2] + (size_t)x;
                const double *const d = dy + (n * g->out[1] * g->out[2] + o) * g->out_channels;
                for (size_t k = 0; k < g->out_channels; k++) {
                    const size_t at_x = pixel * g->in_channels + k / mult, at_w = t * g->out_channels + k;
                    if (is_input)
                        result[at_x] += d[k] * other[at_w];
                    else
                        result[at_w] += d[k] * other[at_x];
                }
            }
}

typedef struct depth_state {
    td_conv conv;
    bool is_input;
    uint32_t other; /* the input that is not out_backprop */
} depth_state;

static td_status depth_prepare(td_call *c, bool is_input)
{
    const td_window *const w = c->attrs;
    depth_state *const s = c->state;
    const td_shape f = td_depthwise_filter(is_input ? &td_in(c, 1)->shape : &td_out(c, 0)->shape);
    const td_shape *const x = is_input ? &td_out(c, 0)->shape : &td_in(c, 0)->shape;

    if (w->is_first) return TD_OP_ERR(c, UNIMPLEMENTED, "gradients of channels-first depthwise convolutions");
    TD_TRY(forward_geometry(c, w, x, &f, &td_in(c, 2)->shape, &s->conv));
    s->is_input = is_input;
    s->other = is_input ? 1 : 0;
    c->scratch_size =
        (size_t)(td_shape_count(&td_out(c, 0)->shape) + td_shape_count(&td_in(c, s->other)->shape) +
                 td_shape_count(&td_in(c, 2)->shape)) *
        sizeof(double);
    return NULL;
}

static td_status depth_input_prepare(td_call *c)
{
    return depth_prepare(c, true);
}

static td_status depth_filter_prepare(td_call *c)
{
    return depth_prepare(c, false);
}

static td_status depth_run(td_call *c)
{
    const depth_state *const s = c->state;
    const td_dtype type = td_out(c, 0)->dtype;
    const size_t n_out = (size_t)td_shape_count(&td_out(c, 0)->shape);
    const size_t n_other = (size_t)td_shape_count(&td_in(c, s->other)->shape);
    const size_t n_dy = (size_t)td_shape_count(&td_in(c, 2)->shape);
    double *const out = c->scratch, *const other = out + n_out, *const dy = other + n_other;

    memset(out, 0, n_out * sizeof *out);
    td_to_double(type, td_in(c, s->other)->data, n_other, other);
    td_to_double(type, td_in(c, 2)->data, n_dy, dy);
    depth_gradient(&s->conv, s->is_input, out, other, dy);
    td_from_double(type, out, n_out, td_out(c, 0)->data);
    return NULL;
}

/* ---------------------------------------------------------------- the table */

static const td_kernel by_input_kernels[] = {
    { TD_DEVICE_CPU, TD_CONV_TYPES, sizeof(td_conv_call), by_input_prepare, by_input_run,
      td_conv_call_release },
    { 0 },
};

static const td_kernel by_filter_kernels[] = {
    { TD_DEVICE_CPU, TD_CONV_TYPES, sizeof(filter_state), by_filter_prepare, by_filter_run, NULL },
    { 0 },
};

static const td_kernel depth_input_kernels[] = {
    { TD_DEVICE_CPU, TD_CONV_TYPES, sizeof(depth_state), depth_input_prepare, depth_run, NULL },
    { 0 },
};

static const td_kernel depth_filter_kernels[] = {
    { TD_DEVICE_CPU, TD_CONV_TYPES, sizeof(depth_state), depth_filter_prepare, depth_run, NULL },
    { 0 },
};

const td_op td_ops_conv_grad[] = {
    { .name = "Conv2DBackpropInput",
      .sig = "input_sizes: int32, filter: T, out_backprop: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .key = "T",
      .attrs_size = sizeof(back_attrs),
      .parse = back2d_parse,
      .flags = TD_OP_PACKS,
      .infer = by_input_infer,
      .kernels = by_input_kernels },
    { .name = "_FusedConv2DBackpropInput",
      .sig = "input_sizes: int32, filter: T, out_backprop: T, args: num_args*T -> output: T",
      .attrs = TD_CONV2D_ATTRS ", num_args: int, fused_ops: list(string) = []",
      .key = "T",
      .attrs_size = sizeof(back_attrs),
      .parse = fused2d_parse,
      .flags = TD_OP_PACKS,
      .infer = by_input_infer,
      .kernels = by_input_kernels },
    { .name = "Conv2DBackpropFilter",
      .sig = "input: T, filter_sizes: int32, out_backprop: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .key = "T",
      .attrs_size = sizeof(td_window),
      .parse = grad2d_parse,
      .infer = by_filter_infer,
      .kernels = by_filter_kernels },
    { .name = "Conv3DBackpropInputV2",
      .sig = "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
      .attrs = TD_CONV3D_ATTRS ", Tshape: type = int32",
      .key = "T",
      .attrs_size = sizeof(back_attrs),
      .parse = back3d_parse,
      .flags = TD_OP_PACKS,
      .infer = by_input_infer,
      .kernels = by_input_kernels },
    { .name = "_FusedConv3DBackpropInputV2",
      .sig = "input_sizes: Tshape, filter: T, out_backprop: T, args: num_args*T -> output: T",
      .attrs = TD_CONV3D_ATTRS ", Tshape: type = int32, num_args: int, fused_ops: list(string) = []",
      .key = "T",
      .attrs_size = sizeof(back_attrs),
      .parse = fused3d_parse,
      .flags = TD_OP_PACKS,
      .infer = by_input_infer,
      .kernels = by_input_kernels },
    { .name = "Conv3DBackpropFilterV2",
      .sig = "input: T, filter_sizes: int32, out_backprop: T -> output: T",
      .attrs = TD_CONV3D_ATTRS,
      .key = "T",
      .attrs_size = sizeof(td_window),
      .parse = grad3d_parse,
      .infer = by_filter_infer,
      .kernels = by_filter_kernels },
    { .name = "DepthwiseConv2dNativeBackpropInput",
      .sig = "input_sizes: int32, filter: T, out_backprop: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .key = "T",
      .attrs_size = sizeof(td_window),
      .parse = grad2d_parse,
      .infer = depth_input_infer,
      .kernels = depth_input_kernels },
    { .name = "DepthwiseConv2dNativeBackpropFilter",
      .sig = "input: T, filter_sizes: int32, out_backprop: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .key = "T",
      .attrs_size = sizeof(td_window),
      .parse = grad2d_parse,
      .infer = depth_filter_infer,
      .kernels = depth_filter_kernels },
    { 0 },
};
