/* SPDX-License-Identifier: Apache-2.0 */
/* op_dilation.c -- Dilation2D: greyscale morphological dilation,
 * each channel with its own structuring function. */
#include <math.h>

#include "base/macros.h"
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

/* The largest of image + filter under the filter placed at output (y, x), channel ch. */
static double largest(const td_window *w, const dilation_state *s, const td_shape *in, const td_shape *f,
                      const double *image, const double *filter, int64_t y, int64_t x, int64_t ch)
{
    double best = -INFINITY;

    for (int64_t i = 0; i < f->dims[0]; i++)
        for (int64_t k = 0; k < f->dims[1]; k++) {
            const int64_t iy = y * w->stride[1] - s->pad[0] + i * w->dilation[1];
            const int64_t ix = x * w->stride[2] - s->pad[1] + k * w->dilation[2];
            if (iy < 0 || ix < 0 || iy >= in->dims[1] || ix >= in->dims[2]) continue;
            const double v = image[(iy * in->dims[2] + ix) * in->dims[3] + ch] +
                             filter[(i * f->dims[1] + k) * in->dims[3] + ch];
            if (v > best) best = v;
        }
    return best;
}

static td_status dilation_run(td_call *c)
{
    const dilation_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0), *const f = td_in(c, 1);
    const int64_t channels = x->shape.dims[3];
    double *const image = c->scratch, *const filter = image + s->n_in, *const out = filter + s->n_filter;

    td_to_double(x->dtype, x->data, s->n_in, image);
    td_to_double(f->dtype, f->data, s->n_filter, filter);
    for (size_t i = 0; i < s->n_out; i++) {
        const int64_t at = (int64_t)i, ch = at % channels, col = at / channels % s->out[1];
        const int64_t row = at / channels / s->out[1] % s->out[0], n = at / channels / s->out[1] / s->out[0];
        const double *const own = image + n * x->shape.dims[1] * x->shape.dims[2] * channels;
        out[i] = largest(c->attrs, s, &x->shape, &f->shape, own, filter, row, col, ch);
    }
    td_from_double(x->dtype, out, s->n_out, td_out(c, 0)->data);
    return NULL;
}

static const td_kernel dilation_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(dilation_state), dilation_prepare, dilation_run, NULL },
    { 0 },
};

const td_op td_ops_dilation[] = {
    { .name = "Dilation2D",
      .sig = "input: T, filter: T -> output: T",
      .attrs = "T: type, strides: list(int), rates: list(int), padding: string",
      .attrs_size = sizeof(td_window),
      .parse = dilation_parse,
      .infer = dilation_infer,
      .kernels = dilation_kernels },
    { 0 },
};
