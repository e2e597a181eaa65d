/* SPDX-License-Identifier: Apache-2.0 */
/* op_dilation.c -- Dilation2D: greyscale morphological dilation, each channel with its own structuring function.
 *
 * An output is the largest sum of a pixel and its place in the filter; its gradient goes to that pixel (BackpropInput) or
 * that place (BackpropFilter), the first of them where several are largest. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "kernels/wide/wide.h"
#include "ops/nn/window.h"

static td_status dilation_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_RATES, p->attrs);
}

static td_status geometry(const td_call *c, int64_t *out, int64_t *pad)
{
    const td_window *const w = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;

    TD_TRY(td_window_check_rank(c, w, x, "input"));
    if (f->rank != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must be 3-dimensional");
    if (f->dims[2] != x->dims[3])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                         (long long)x->dims[3], (long long)f->dims[2]);
    for (int i = 0; i < 2; i++) {
        if (f->dims[i] < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must not have zero elements");
        TD_TRY(td_window_output(c, w, i + 1, x->dims[i + 1], f->dims[i], &out[i], &pad[i]));
    }
    return NULL;
}

static td_status dilation_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    int64_t out[2], pad[2];

    TD_TRY(geometry(c, out, pad));
    const td_shape s = { .rank = 4, .dims = { x->dims[0], out[0], out[1], x->dims[3] } };
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct dilation_state {
    int64_t out[2], pad[2];
    size_t n_in, n_filter, n_out;
} dilation_state;

static td_status dilation_prepare(td_call *c)
{
    dilation_state *const s = c->state;

    TD_TRY(geometry(c, s->out, s->pad));
    s->n_in = (size_t)td_shape_count(&td_in(c, 0)->shape);
    s->n_filter = (size_t)td_shape_count(&td_in(c, 1)->shape);
    s->n_out = (size_t)td_shape_count(&td_out(c, 0)->shape);
    c->scratch_size = (s->n_in + s->n_filter + s->n_out) * sizeof(double);
    return NULL;
}

/* What a sum must exceed to be the largest. */
static double least_of(td_dtype dtype)
{
    unsigned char lowest[sizeof(double)] = { 0 };
    double v;

    td_combine_start(TD_COMBINE_MAX, dtype, lowest);
    td_to_double(dtype, lowest, 1, &v);
    return v;
}

/* What is under the filter placed at one output: the largest sum, and where it comes from. */
typedef struct place {
    double best;
    size_t pixel, tap; /* indices into one image and the filter */
} place;

static place place_of(const td_call *c, const dilation_state *s, const double *image, const double *filter,
                      size_t at)
{
    const td_window *const w = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    const int64_t channels = in->dims[3], ch = (int64_t)at % channels;
    const int64_t x = (int64_t)at / channels % s->out[1] * w->stride[2] - s->pad[1];
    const int64_t y = (int64_t)at / channels / s->out[1] % s->out[0] * w->stride[1] - s->pad[0];
    /* where nothing is larger than nothing, TensorFlow blames the corner */
    place p = { least_of(td_in(c, 0)->dtype),
                (size_t)((TD_MAX(y, 0) * in->dims[2] + TD_MAX(x, 0)) * channels + ch), (size_t)ch };

    for (int64_t i = 0; i < f->dims[0]; i++)
        for (int64_t k = 0; k < f->dims[1]; k++) {
            const int64_t iy = y + i * w->dilation[1], ix = x + k * w->dilation[2];
            if (iy < 0 || ix < 0 || iy >= in->dims[1] || ix >= in->dims[2]) continue;
            const size_t pixel = (size_t)((iy * in->dims[2] + ix) * channels + ch);
            const size_t tap = (size_t)((i * f->dims[1] + k) * channels + ch);

            if (image[pixel] + filter[tap] > p.best) p = (place){ image[pixel] + filter[tap], pixel, tap };
        }
    return p;
}

static td_status dilation_run(td_call *c)
{
    const dilation_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0), *const f = td_in(c, 1);
    double *const image = c->scratch, *const filter = image + s->n_in, *const out = filter + s->n_filter;
    const size_t own = s->n_out ? s->n_in / (size_t)x->shape.dims[0] : 0;

    td_to_double(x->dtype, x->data, s->n_in, image);
    td_to_double(f->dtype, f->data, s->n_filter, filter);
    for (size_t i = 0; i < s->n_out; i++)
        out[i] = place_of(c, s, image + i / (s->n_out / (size_t)x->shape.dims[0]) * own, filter, i).best;
    td_from_double(x->dtype, out, s->n_out, td_out(c, 0)->data);
    return NULL;
}

/* ---------------------------------------------------------------- gradients: input, filter, out_backprop */

static td_status back_check(td_call *c, dilation_state *s)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const dy = &td_in(c, 2)->shape;

    TD_TRY(geometry(c, s->out, s->pad));
    if (dy->rank != 4 || dy->dims[0] != x->dims[0] || dy->dims[1] != s->out[0] || dy->dims[2] != s->out[1] ||
        dy->dims[3] != x->dims[3])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "out_backprop has incompatible size.");
    s->n_in = (size_t)td_shape_count(x);
    s->n_filter = (size_t)td_shape_count(&td_in(c, 1)->shape);
    s->n_out = (size_t)td_shape_count(dy);
    return NULL;
}

static td_status back_infer(td_call *c, uint32_t of)
{
    dilation_state s;

    TD_TRY(back_check(c, &s));
    td_out(c, 0)->shape = td_in(c, of)->shape;
    return NULL;
}

static td_status input_infer(td_call *c)
{
    return back_infer(c, 0);
}

static td_status filter_infer(td_call *c)
{
    return back_infer(c, 1);
}

static td_status back_prepare(td_call *c)
{
    dilation_state *const s = c->state;

    TD_TRY(back_check(c, s));
    c->scratch_size = (s->n_in + s->n_filter + s->n_out + TD_MAX(s->n_in, s->n_filter)) * sizeof(double);
    return NULL;
}

static td_status back_run(td_call *c, bool to_filter)
{
    const dilation_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0), *const f = td_in(c, 1), *const dy = td_in(c, 2);
    double *const image = c->scratch, *const filter = image + s->n_in, *const g = filter + s->n_filter;
    double *const sum = g + s->n_out;
    const size_t n = to_filter ? s->n_filter : s->n_in;

    memset(sum, 0, n * sizeof *sum);
    td_to_double(x->dtype, x->data, s->n_in, image);
    td_to_double(f->dtype, f->data, s->n_filter, filter);
    td_to_double(dy->dtype, dy->data, s->n_out, g);
    for (size_t i = 0; i < s->n_out; i++) {
        const size_t batch = (size_t)x->shape.dims[0], own = i / (s->n_out / batch) * (s->n_in / batch);
        const place p = place_of(c, s, image + own, filter, i);

        sum[to_filter ? p.tap : own + p.pixel] += g[i];
    }
    td_from_double(x->dtype, sum, n, td_out(c, 0)->data);
    return NULL;
}

static td_status input_run(td_call *c)
{
    return back_run(c, false);
}

static td_status filter_run(td_call *c)
{
    return back_run(c, true);
}

#define DILATION_KERNELS(name, prepare_, run_)                                                               \
    static const td_kernel name[] = {                                                                        \
        { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(dilation_state), prepare_, run_, NULL },                      \
        { 0 },                                                                                               \
    }
DILATION_KERNELS(dilation_kernels, dilation_prepare, dilation_run);
DILATION_KERNELS(input_kernels, back_prepare, input_run);
DILATION_KERNELS(filter_kernels, back_prepare, filter_run);

#define DILATION                                                                                             \
    .attrs = "T: type, strides: list(int), rates: list(int), padding: string",                               \
    .attrs_size = sizeof(td_window), .parse = dilation_parse

const td_op td_ops_dilation[] = {
    { .name = "Dilation2D",
      .sig = "input: T, filter: T -> output: T",
      DILATION,
      .infer = dilation_infer,
      .kernels = dilation_kernels },
    { .name = "Dilation2DBackpropInput",
      .sig = "input: T, filter: T, out_backprop: T -> in_backprop: T",
      DILATION,
      .infer = input_infer,
      .kernels = input_kernels },
    { .name = "Dilation2DBackpropFilter",
      .sig = "input: T, filter: T, out_backprop: T -> filter_backprop: T",
      DILATION,
      .infer = filter_infer,
      .kernels = filter_kernels },
    { 0 },
};
