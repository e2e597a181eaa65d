/* SPDX-License-Identifier: Apache-2.0 */
/* op_lrn.c -- local response normalisation over channels, and its gradient. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/norm/norm.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

/* ---------------------------------------------------------------- LRN */

typedef struct lrn_attrs {
    int64_t radius;
    float bias, alpha, beta;
} lrn_attrs;

static td_status lrn_parse(td_parse *p)
{
    lrn_attrs *const a = p->attrs;

    a->radius = td_attr_int(p, "depth_radius");
    a->bias = td_attr_float(p, "bias");
    a->alpha = td_attr_float(p, "alpha");
    a->beta = td_attr_float(p, "beta");
    if (a->radius < 0 || a->radius > INT32_MAX)
        return TD_ERR(INVALID_ARGUMENT, "%s: depth_radius %" PRId64 " is negative or too large",
                      p->node->name, a->radius);
    return NULL;
}

static td_status lrn_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "in must be 4-dimensional");
    return td_infer_same(c);
}

static td_status lrn_prepare(td_call *c)
{
    if (td_in(c, 0)->dtype != TD_F32)
        c->scratch_size = 2 * (size_t)td_shape_count(&td_in(c, 0)->shape) * sizeof(float);
    return NULL;
}

typedef struct lrn_job {
    const lrn_attrs *a;
    float *out;
    const float *in;
    size_t channels;
} lrn_job;

static void lrn_rows(void *ctx, size_t begin, size_t end)
{
    const lrn_job *const j = ctx;
    const lrn_attrs *const a = j->a;

    td_lrn(j->out + begin * j->channels, j->in + begin * j->channels, end - begin, j->channels,
           (size_t)a->radius, a->bias, a->alpha, a->beta);
}

static td_status lrn_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0);
    const size_t n = (size_t)td_shape_count(&x->shape), channels = (size_t)x->shape.dims[3];
    const float *in = x->data;
    float *out = td_out(c, 0)->data;

    if (n == 0) return NULL;
    if (x->dtype != TD_F32) {
        float *const wide = c->scratch;
        td_to_float(x->dtype, x->data, n, wide);
        in = wide;
        out = wide + n;
    }
    lrn_job j = { c->attrs, out, in, channels };
    td_call_parallel(c, n / channels, TD_MAX(1, 8192 / channels), lrn_rows, &j);
    if (x->dtype != TD_F32) td_from_float(x->dtype, out, n, td_out(c, 0)->data);
    return NULL;
}

static const td_kernel lrn_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES, 0, lrn_prepare, lrn_run, NULL },
    { 0 },
};

/* ---------------------------------------------------------------- LRNGrad: grads, x, y */

static td_status grad_infer(td_call *c)
{
    const td_shape *const g = &td_in(c, 0)->shape;

    if (g->rank != 4 || !td_shape_equal(g, &td_in(c, 1)->shape) || !td_shape_equal(g, &td_in(c, 2)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input_grads, input_image and output_image must have one shape of rank 4");
    return td_infer_same(c);
}

static td_status grad_prepare(td_call *c)
{
    c->scratch_size = 4 * (size_t)td_shape_count(&td_in(c, 0)->shape) * sizeof(double);
    return NULL;
}

static td_status grad_run(td_call *c)
{
    const lrn_attrs *const a = c->attrs;
    const td_tensor *const g = td_in(c, 0);
    const size_t n = (size_t)td_shape_count(&g->shape);
    const int64_t channels = g->shape.dims[3];
    double *const grads = c->scratch, *const x = grads + n, *const y = x + n, *const dx = y + n;

    td_to_double(g->dtype, g->data, n, grads);
    td_to_double(g->dtype, td_in(c, 1)->data, n, x);
    td_to_double(g->dtype, td_in(c, 2)->data, n, y);
    memset(dx, 0, n * sizeof *dx);
    for (size_t row = 0; channels && row < n; row += (size_t)channels)
        for (int64_t j = 0; j < channels; j++) {
            const int64_t from = TD_MAX(0, j - a->radius), to = TD_MIN(channels, j + a->radius + 1);
            double sum = (double)a->bias;
            for (int64_t k = from; k < to; k++)
                sum += (double)a->alpha * x[row + (size_t)k] * x[row + (size_t)k];
            const double g_j = grads[row + (size_t)j];
            for (int64_t k = from; k < to; k++) {
                const double own = k == j ? pow(sum, -(double)a->beta) : 0.0;
                const double cross =
                    -2.0 * (double)a->alpha * (double)a->beta * x[row + (size_t)k] * y[row + (size_t)j] / sum;
                dx[row + (size_t)k] += (own + cross) * g_j;
            }
        }
    td_from_double(g->dtype, dx, n, td_out(c, 0)->data);
    return NULL;
}

static const td_kernel grad_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES, 0, grad_prepare, grad_run, NULL },
    { 0 },
};

const td_op td_ops_lrn[] = {
    { .name = "LRN",
      .sig = "input: T -> output: T",
      .attrs = "T: type = float, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5",
      .attrs_size = sizeof(lrn_attrs),
      .parse = lrn_parse,
      .infer = lrn_infer,
      .kernels = lrn_kernels },
    { .name = "LRNGrad",
      .sig = "input_grads: T, input_image: T, output_image: T -> output: T",
      .attrs = "depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, T: type = float",
      .attrs_size = sizeof(lrn_attrs),
      .parse = lrn_parse,
      .infer = grad_infer,
      .kernels = grad_kernels },
    { 0 },
};
