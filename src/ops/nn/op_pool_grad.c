/* SPDX-License-Identifier: Apache-2.0 */
/* op_pool_grad.c -- gradients of pools, plain, in double. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/nn/geometry.h"

static td_status grad2d_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_KSIZE | TD_WINDOW_FORMAT, p->attrs);
}

static td_status max2d_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_KSIZE | TD_WINDOW_FORMAT | TD_WINDOW_EXPLICIT, p->attrs);
}

static td_status grad3d_parse(td_parse *p)
{
    return td_window_parse(p, 3, TD_WINDOW_KSIZE | TD_WINDOW_FORMAT, p->attrs);
}

static td_status v2_parse(td_parse *p)
{
    td_window_parse_v2(p, 3, p->attrs);
    return NULL;
}

/* The forward pool over an input of shape x whose output is dy. */
static td_status geometry(td_call *c, const td_shape *x, const td_shape *dy, td_pool_shape *out)
{
    td_window w;

    TD_TRY(td_window_read(c, c->attrs, &w));
    if (w.is_first) return TD_OP_ERR(c, UNIMPLEMENTED, "gradients of channels-first pools");
    TD_TRY(td_window_check_rank(c, &w, x, "the pooled input"));
    TD_TRY(td_window_check_rank(c, &w, dy, "out_backprop"));
    TD_TRY(td_pool_geometry(c, &w, x, out));
    bool fits = dy->dims[0] == x->dims[0] && dy->dims[x->rank - 1] == x->dims[x->rank - 1];
    for (int i = 0; i < 3; i++)
        fits = fits && (int64_t)out->out[i] == td_window_dim(&w, dy, i);
    if (!fits) return TD_OP_ERR(c, INVALID_ARGUMENT, "the gradient's shape does not fit the pooled input");
    return NULL;
}

/* Calls fn for the input elements of the window of output pixel `pixel`; returns how many there are. */
typedef void window_fn(void *ctx, size_t in_pixel);

static size_t each_in_window(const td_pool_shape *p, size_t pixel, window_fn *fn, void *ctx)
{
    size_t begin[3], end[3], rest = pixel,
                             count = 0; /* the window's part that lies in the image: it may be far larger */

    for (int i = 2; i >= 0; i--) {
        const int64_t first = (int64_t)(rest % p->out[i] * p->stride[i]) - p->pad[i];
        const int64_t behind = TD_MIN(first + (int64_t)p->kernel[i], (int64_t)p->in[i]);

        begin[i] = (size_t)TD_MAX(first, 0);
        end[i] = (size_t)TD_MAX(behind, 0);
        rest /= p->out[i];
    }
    for (size_t z = begin[0]; z < end[0]; z++)
        for (size_t y = begin[1]; y < end[1]; y++)
            for (size_t x = begin[2]; x < end[2]; x++, count++)
                if (fn) fn(ctx, ((rest * p->in[0] + z) * p->in[1] + y) * p->in[2] + x);
    return count;
}

typedef struct job {
    const td_pool_shape *p;
    const double *x, *dy;
    double *dx, share;
    size_t pixel, channel, best;
} job;

static void add_share(void *ctx, size_t in_pixel)
{
    job *const j = ctx;
    for (size_t ch = 0; ch < j->p->channels; ch++)
        j->dx[in_pixel * j->p->channels + ch] += j->dy[j->pixel * j->p->channels + ch] * j->share;
}

static void find_max(void *ctx, size_t in_pixel)
{
    job *const j = ctx;
    const size_t i = in_pixel * j->p->channels + j->channel;
    if (j->best == SIZE_MAX || j->x[i] > j->x[j->best]) j->best = i;
}

static size_t out_pixels(const td_pool_shape *p)
{
    return p->batch * p->out[0] * p->out[1] * p->out[2];
}

/* ---------------------------------------------------------------- AvgPoolGrad: shape, grad */

static td_status avg_infer(td_call *c)
{
    td_pool_shape p;
    td_shape x;

    TD_TRY(td_need_shape(c, 0, false, &x));
    TD_TRY(geometry(c, &x, &td_in(c, 1)->shape, &p));
    td_out(c, 0)->shape = x;
    return NULL;
}

static td_status avg_prepare(td_call *c)
{
    TD_TRY(geometry(c, &td_out(c, 0)->shape, &td_in(c, 1)->shape, c->state));
    c->scratch_size =
        (size_t)(td_shape_count(&td_out(c, 0)->shape) + td_shape_count(&td_in(c, 1)->shape)) * sizeof(double);
    return NULL;
}

static td_status avg_run(td_call *c)
{
    const td_tensor *const g = td_in(c, 1);
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape), n_dy = (size_t)td_shape_count(&g->shape);
    double *const dx = c->scratch, *const dy = dx + n;
    const td_pool_shape *const p = c->state;

    memset(dx, 0, n * sizeof *dx);
    td_to_double(g->dtype, g->data, n_dy, dy);
    for (size_t pixel = 0; pixel < out_pixels(p); pixel++) {
        job j = { .p = p, .dy = dy, .dx = dx, .pixel = pixel };
        j.share = 1.0 / (double)TD_MAX(1, each_in_window(p, pixel, NULL, NULL));
        (void)each_in_window(p, pixel, add_share, &j);
    }
    td_from_double(out->dtype, dx, n, out->data);
    return NULL;
}

/* ---------------------------------------------------------------- MaxPoolGrad: x, y, grad */

static td_status max_infer(td_call *c)
{
    td_pool_shape p;

    TD_TRY(geometry(c, &td_in(c, 0)->shape, &td_in(c, 2)->shape, &p));
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    return NULL;
}

static td_status max_prepare(td_call *c)
{
    TD_TRY(geometry(c, &td_in(c, 0)->shape, &td_in(c, 2)->shape, c->state));
    c->scratch_size =
        (size_t)(2 * td_shape_count(&td_in(c, 0)->shape) + td_shape_count(&td_in(c, 2)->shape)) *
        sizeof(double);
    return NULL;
}

static td_status max_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0), *const g = td_in(c, 2);
    const size_t n = (size_t)td_shape_count(&x->shape), n_dy = (size_t)td_shape_count(&g->shape);
    double *const wide = c->scratch, *const dx = wide + n, *const dy = dx + n;
    const td_pool_shape *const p = c->state;

    memset(dx, 0, n * sizeof *dx);
    td_to_double(x->dtype, x->data, n, wide);
    td_to_double(g->dtype, g->data, n_dy, dy);
    for (size_t i = 0; i < n_dy; i++) {
        job j = { .p = p, .x = wide, .pixel = i / p->channels, .channel = i % p->channels, .best = SIZE_MAX };
        (void)each_in_window(p, j.pixel, find_max, &j);
        if (j.best != SIZE_MAX) dx[j.best] += dy[i];
    }
    td_from_double(x->dtype, dx, n, td_out(c, 0)->data);
    return NULL;
}

/* ---------------------------------------------------------------- the table */

#define REAL (TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64))

static const td_kernel avg_kernels[] = {
    { TD_DEVICE_CPU, REAL, sizeof(td_pool_shape), avg_prepare, avg_run, NULL }, { 0 }
};
static const td_kernel max_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(td_pool_shape), max_prepare, max_run, NULL }, { 0 }
};
#define AVG .attrs_size = sizeof(td_window), .key = "T", .infer = avg_infer, .kernels = avg_kernels
#define MAX .attrs_size = sizeof(td_window), .infer = max_infer, .kernels = max_kernels

const td_op td_ops_pool_grad[] = {
    { .name = "AvgPoolGrad",
      .sig = "orig_input_shape: int32, grad: T -> output: T",
      .attrs = TD_POOL_ATTRS ", data_format: string = 'NHWC', T: type",
      .parse = grad2d_parse,
      AVG },
    { .name = "AvgPool3DGrad",
      .sig = "orig_input_shape: int32, grad: T -> output: T",
      .attrs = TD_POOL_ATTRS ", data_format: string = 'NDHWC', T: type",
      .parse = grad3d_parse,
      AVG },
    { .name = "MaxPoolGrad",
      .sig = "orig_input: T, orig_output: T, grad: T -> output: T",
      .attrs =
          TD_POOL_ATTRS ", explicit_paddings: list(int) = [], data_format: string = 'NHWC', T: type = float",
      .parse = max2d_parse,
      MAX },
    { .name = "MaxPoolGradV2",
      .sig = "orig_input: T, orig_output: T, grad: T, ksize: int32, strides: int32 -> output: T",
      .attrs = "padding: string, data_format: string = 'NHWC', T: type = float",
      .parse = v2_parse,
      MAX },
    { .name = "MaxPool3DGrad",
      .sig = "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
      .attrs = TD_POOL_ATTRS ", data_format: string = 'NDHWC', T: type = float, TInput: type = float",
      .parse = grad3d_parse,
      MAX },
    { 0 },
};
