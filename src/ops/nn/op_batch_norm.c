/* SPDX-License-Identifier: Apache-2.0 */
/* op_batch_norm.c -- FusedBatchNorm in its three versions, BatchNormWithGlobalNormalization.
 *
 * With given moments, y = x * a + b for each channel: a and b are made at the start of each run (passes fold
 * the constant case into a convolution before). Training computes the moments of this batch; TensorFlow
 * answers the unbiased variance then.
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/norm/norm.h"
#include "kernels/wide/wide.h"
#include "ops/nn/conv_call.h"

typedef struct norm_attrs {
    td_window window; /* for the data format */
    float epsilon, momentum;
    bool is_training;
    bool scales_after; /* BatchNormWithGlobalNormalization: gamma counts */
} norm_attrs;

static td_status norm_parse(td_parse *p)
{
    norm_attrs *const a = p->attrs;

    a->window.dims = 2;
    a->window.is_first =
        td_attr_string_is(p, "data_format", "NCHW") || td_attr_string_is(p, "data_format", "NCDHW");
    a->epsilon = td_attr_float(p, "epsilon");
    a->momentum = td_attr_float(p, "exponential_avg_factor");
    a->is_training = td_attr_bool(p, "is_training");
    return NULL;
}

static td_status norm_infer(td_call *c)
{
    const norm_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape;

    if (x->rank != 4 && x->rank != 5)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4 or 5-dimensional");
    const int64_t channels = x->dims[a->window.is_first ? 1 : x->rank - 1];
    static const char *const names[] = { "", "scale", "offset", "estimated_mean", "estimated_variance" };
    for (uint32_t i = 1; i < 5; i++) {
        const td_shape *const v = &td_in(c, i)->shape;
        if (td_in(c, i)->dtype != TD_F32)
            return TD_OP_ERR(c, UNIMPLEMENTED, "%s of type %s", names[i], td_dtype_name(td_in(c, i)->dtype));
        if (v->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be 1-dimensional", names[i]);
        const bool may_be_empty = i >= 3 && a->is_training && a->momentum >= 1.0f;
        if (v->dims[0] != channels && !(may_be_empty && v->dims[0] == 0))
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "%s must have the same number of elements as the channels of x, got %lld and %lld", names[i],
                (long long)v->dims[0], (long long)channels);
    }
    for (uint32_t i = 0; i < c->n_out; i++) {
        if (!td_out_is_used(c, i)) continue;
        td_out(c, i)->shape = i == 0  ? *x
                              : i < 5 ? td_in(c, 1)->shape
                                      : (td_shape){ .rank = 1, .dims = { 0 } };
    }
    return NULL;
}

typedef struct norm_state {
    size_t batch, pixels, channels, count;
    bool is_plain; /* float, channels last */
    size_t at_x, at_y, at_vectors, at_moments;
} norm_state;

static td_status norm_prepare(td_call *c)
{
    const norm_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape;
    norm_state *const s = c->state;
    size_t at = 0;

    s->count = (size_t)td_shape_count(x);
    s->batch = (size_t)x->dims[0];
    s->channels = (size_t)x->dims[a->window.is_first ? 1 : x->rank - 1];
    s->pixels = s->count ? s->count / s->batch / s->channels : 0;
    s->is_plain = td_in(c, 0)->dtype == TD_F32 && !a->window.is_first;
    s->at_x = td_reserve(&at, s->is_plain ? 0 : s->count * sizeof(float));
    s->at_y = td_reserve(&at, s->is_plain ? 0 : s->count * sizeof(float));
    s->at_vectors = td_reserve(&at, 2 * s->channels * sizeof(float));
    s->at_moments = td_reserve(&at, 2 * s->channels * sizeof(double));
    c->scratch_size = at;
    return NULL;
}

static float *part(const td_call *c, size_t at)
{
    return (float *)(void *)((char *)c->scratch + at);
}

/* x as [rows][channels] floats. */
static const float *turned_input(const td_call *c, const norm_state *s, bool is_first)
{
    const td_tensor *const x = td_in(c, 0);
    const float *in = x->data;

    if (x->dtype != TD_F32) {
        float *const wide = part(c, is_first ? s->at_y : s->at_x);
        td_to_float(x->dtype, x->data, s->count, wide);
        in = wide;
    }
    if (is_first) {
        td_channels_last(part(c, s->at_x), in, s->batch, s->channels, s->pixels);
        in = part(c, s->at_x);
    }
    return in;
}

static void give_output(const td_call *c, const norm_state *s, bool is_first, const float *y)
{
    td_tensor *const out = td_out(c, 0);

    if (is_first) {
        float *const to = out->dtype == TD_F32 ? out->data : part(c, s->at_x);
        td_channels_last(to, y, s->batch, s->pixels, s->channels);
        y = to;
    }
    if (out->dtype != TD_F32) td_from_float(out->dtype, y, s->count, out->data);
}

static void vector_out(const td_call *c, uint32_t i, const float *v, size_t n)
{
    if (i < c->n_out && td_out_is_used(c, i) && td_out(c, i)->data != v)
        memcpy(td_out(c, i)->data, v, n * sizeof *v);
}

typedef struct rows_job {
    float *out;
    const float *in, *scale, *shift;
    size_t channels;
} rows_job;

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;
    td_scale_shift(j->out + begin * j->channels, j->in + begin * j->channels, end - begin, j->channels,
                   j->scale, j->shift);
}

/* The moments of this batch, and what TensorFlow answers for them. */
static void train(const td_call *c, const norm_state *s, const norm_attrs *a, const float *x, double *mean,
                  double *variance)
{
    const size_t rows = s->batch * s->pixels;
    const double correction = rows > 1 ? (double)rows / (double)(rows - 1) : 1.0, m = (double)a->momentum;
    const float *const old_mean = td_in(c, 3)->data, *const old_variance = td_in(c, 4)->data;

    td_moments(x, rows, s->channels, mean, variance);
    for (size_t i = 0; i < s->channels; i++) {
        const double unbiased = variance[i] * correction;
        const bool mixes = m < 1.0;
        if (td_out_is_used(c, 1))
            ((float *)td_out(c, 1)->data)[i] =
                (float)(mixes ? (1.0 - m) * (double)old_mean[i] + m * mean[i] : mean[i]);
        if (td_out_is_used(c, 2))
            ((float *)td_out(c, 2)->data)[i] =
                (float)(mixes ? (1.0 - m) * (double)old_variance[i] + m * unbiased : unbiased);
        if (td_out_is_used(c, 3)) ((float *)td_out(c, 3)->data)[i] = (float)mean[i];
        if (td_out_is_used(c, 4)) ((float *)td_out(c, 4)->data)[i] = (float)variance[i];
    }
}

static td_status norm_run(td_call *c)
{
    const norm_attrs *const a = c->attrs;
    const norm_state *const s = c->state;
    const bool is_first = a->window.is_first;
    const float *const gamma = td_in(c, 1)->data, *const beta = td_in(c, 2)->data;
    float *const scale = part(c, s->at_vectors), *const shift = scale + s->channels;
    double *const mean = (double *)(void *)part(c, s->at_moments), *const variance = mean + s->channels;

    if (s->count == 0) {
        for (uint32_t i = 1; i < c->n_out && i < 5; i++)
            if (td_out_is_used(c, i)) {
                float *const v = td_out(c, i)->data;
                for (size_t k = 0; k < s->channels; k++)
                    v[k] = a->is_training ? NAN : ((const float *)td_in(c, i % 2 ? 3 : 4)->data)[k];
            }
        return NULL;
    }
    const float *const x = turned_input(c, s, is_first);
    if (a->is_training) {
        train(c, s, a, x, mean, variance);
    } else {
        td_to_double(TD_F32, td_in(c, 3)->data, s->channels, mean);
        td_to_double(TD_F32, td_in(c, 4)->data, s->channels, variance);
        for (uint32_t i = 1; i < 5; i++)
            vector_out(c, i, td_in(c, i % 2 ? 3 : 4)->data, s->channels);
    }
    for (size_t i = 0; i < s->channels; i++) {
        const double k = (double)gamma[i] / sqrt(variance[i] + (double)a->epsilon);
        scale[i] = (float)k;
        shift[i] = (float)((double)beta[i] - mean[i] * k);
    }
    float *const y = s->is_plain ? td_out_is_used(c, 0) ? td_out(c, 0)->data : NULL : part(c, s->at_y);
    if (!td_out_is_used(c, 0)) return NULL;
    rows_job j = { y, x, scale, shift, s->channels };
    td_call_parallel(c, s->batch * s->pixels, TD_MAX(1, 65536 / s->channels), run_rows, &j);
    if (!s->is_plain) give_output(c, s, is_first, y);
    return NULL;
}

static const td_kernel norm_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES, sizeof(norm_state), norm_prepare, norm_run, NULL },
    { 0 },
};

/* ---------------------------------------------------------------- BatchNormWithGlobalNormalization */

static td_status global_parse(td_parse *p)
{
    norm_attrs *const a = p->attrs;

    a->epsilon = td_attr_float(p, "variance_epsilon");
    a->scales_after = td_attr_bool(p, "scale_after_normalization");
    return NULL;
}

static td_status global_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;

    if (x->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4-dimensional");
    for (uint32_t i = 1; i < 5; i++)
        if (td_in(c, i)->shape.rank != 1 || td_in(c, i)->shape.dims[0] != x->dims[3])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u must be a vector of the channels", i);
    return td_infer_same(c);
}

static td_status global_prepare(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    c->scratch_size = (size_t)(td_shape_count(x) + 4 * x->dims[3]) * sizeof(double);
    return NULL;
}

/* Inputs: t, m, v, beta, gamma. */
static td_status global_run(td_call *c)
{
    const norm_attrs *const a = c->attrs;
    const td_tensor *const x = td_in(c, 0);
    const size_t n = (size_t)td_shape_count(&x->shape), channels = (size_t)x->shape.dims[3];
    double *const t = c->scratch, *const v = t + n;

    td_to_double(x->dtype, x->data, n, t);
    for (uint32_t i = 0; i < 4; i++)
        td_to_double(x->dtype, td_in(c, i + 1)->data, channels, v + i * channels);
    for (size_t i = 0; i < n; i++) {
        const size_t ch = i % channels;
        const double scale =
            (a->scales_after ? v[3 * channels + ch] : 1.0) / sqrt(v[channels + ch] + (double)a->epsilon);
        t[i] = (t[i] - v[ch]) * scale + v[2 * channels + ch];
    }
    td_from_double(x->dtype, t, n, td_out(c, 0)->data);
    return NULL;
}

static const td_kernel global_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, 0, global_prepare, global_run, NULL },
    { 0 },
};

#define NORM_INPUTS(t) "x: T, scale: " t ", offset: " t ", mean: " t ", variance: " t
#define NORM_ATTRS                                                                                           \
    "T: type, epsilon: float = 0.0001, exponential_avg_factor: float = 1.0, data_format: string = 'NHWC', "  \
    "is_training: bool = true"
#define NORM                                                                                                 \
    .attrs_size = sizeof(norm_attrs), .parse = norm_parse, .infer = norm_infer, .kernels = norm_kernels

const td_op td_ops_batch_norm[] = {
    { .name = "FusedBatchNorm",
      .sig = NORM_INPUTS(
          "T") " -> y: T, batch_mean: T, batch_variance: T, reserve_space_1: T, reserve_space_2: T",
      .attrs = NORM_ATTRS,
      NORM },
    { .name = "FusedBatchNormV2",
      .sig = NORM_INPUTS(
          "U") " -> y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U",
      .attrs = NORM_ATTRS ", U: type",
      .key = "T",
      NORM },
    { .name = "FusedBatchNormV3",
      .sig = NORM_INPUTS(
          "U") " -> y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U, "
               "reserve_space_3: U",
      .attrs = NORM_ATTRS ", U: type",
      .key = "T",
      NORM },
    { .name = "BatchNormWithGlobalNormalization",
      .sig = "t: T, m: T, v: T, beta: T, gamma: T -> result: T",
      .attrs = "T: type, variance_epsilon: float, scale_after_normalization: bool",
      .attrs_size = sizeof(norm_attrs),
      .parse = global_parse,
      .infer = global_infer,
      .kernels = global_kernels },
    { 0 },
};
