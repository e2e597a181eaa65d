/* SPDX-License-Identifier: Apache-2.0 */
/* op_batch_norm_grad.c -- FusedBatchNormGrad in its three versions, plain, in double.
 *
 * Inputs are dy, x, scale, and the moments that the forward op used: the batch's when training, else given ones, which
 * are constants to the gradient. */
#include <math.h>
#include <string.h>

#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct grad_attrs {
    float epsilon;
    bool is_training, is_first;
} grad_attrs;

static td_status grad_parse(td_parse *p)
{
    *(grad_attrs *)p->attrs = (grad_attrs){
        .epsilon = td_attr_float(p, "epsilon"),
        .is_training = td_attr_bool(p, "is_training"),
        .is_first =
            td_attr_string_is(p, "data_format", "NCHW") || td_attr_string_is(p, "data_format", "NCDHW"),
    };
    return NULL;
}

static int64_t channels_of(const td_call *c)
{
    const td_shape *const x = &td_in(c, 1)->shape;

    return x->dims[((const grad_attrs *)c->attrs)->is_first ? 1 : x->rank - 1];
}

static td_status grad_infer(td_call *c)
{
    static const char *const names[] = { "", "", "scale", "saved mean", "saved variance" };
    const td_shape *const x = &td_in(c, 1)->shape;

    if (x->rank != 4 && x->rank != 5)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4 or 5-dimensional");
    if (!td_shape_equal(&td_in(c, 0)->shape, x))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "x and y_backprop must have the same shape");
    for (uint32_t i = 2; i < 5; i++) {
        if (td_in(c, i)->dtype != TD_F32)
            return TD_OP_ERR(c, UNIMPLEMENTED, "%s of type %s", names[i], td_dtype_name(td_in(c, i)->dtype));
        if (td_in(c, i)->shape.rank != 1 || td_in(c, i)->shape.dims[0] != channels_of(c))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a vector of the channels", names[i]);
    }
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i))
            td_out(c, i)->shape = i == 0 ? *x : (td_shape){ 1, { i < 3 ? channels_of(c) : 0 } };
    return NULL;
}

static td_status grad_prepare(td_call *c)
{
    c->scratch_size =
        (2 * (size_t)td_shape_count(&td_in(c, 1)->shape) + 2 * (size_t)channels_of(c)) * sizeof(double);
    return NULL;
}

/* A channel's elements: `span` of them after each other, `step` elements from one such span to the next. */
typedef struct channel {
    double *dy, *x;
    size_t spans, span, step, stride;
} channel;

static size_t element(const channel *k, size_t i)
{
    return i / k->span * k->step + i % k->span * k->stride;
}

/* k->dy becomes dx. */
static void grad_channel(const channel *k, bool is_training, double scale, double mean, double variance,
                         double epsilon, double *dscale, double *doffset)
{
    const size_t n = k->spans * k->span;
    const double by = 1.0 / sqrt(variance + epsilon);
    double sum = 0, dot = 0;

    for (size_t i = 0; i < n; i++) {
        sum += k->dy[element(k, i)];
        dot += k->dy[element(k, i)] * (k->x[element(k, i)] - mean);
    }
    for (size_t i = 0; i < n; i++) {
        double *const at = &k->dy[element(k, i)];

        if (is_training) *at -= sum / (double)n + (k->x[element(k, i)] - mean) * dot / (double)n * by * by;
        *at *= scale * by;
    }
    *dscale = dot * by;
    *doffset = sum;
}

static td_status grad_run(td_call *c)
{
    const grad_attrs *const a = c->attrs;
    const td_shape *const s = &td_in(c, 1)->shape;
    const size_t n = (size_t)td_shape_count(s), channels = (size_t)channels_of(c);
    double *const x = c->scratch, *const dy = x + n, *const dscale = dy + n,
                  *const doffset = dscale + channels;
    channel k = { .spans = 1, .span = n && channels ? n / channels : 1, .stride = channels };

    if (a->is_first && n) {
        k.spans = (size_t)s->dims[0];
        k.span /= k.spans;
        k.step = n / k.spans;
        k.stride = 1;
    }
    memset(dscale, 0, 2 * channels * sizeof *dscale);
    td_to_double(td_in(c, 1)->dtype, td_in(c, 1)->data, n, x);
    td_to_double(td_in(c, 0)->dtype, td_in(c, 0)->data, n, dy);
    for (size_t i = 0; n && i < channels; i++) {
        const size_t first = a->is_first ? i * k.span : i;

        k.x = x + first;
        k.dy = dy + first;
        grad_channel(&k, a->is_training, (double)((const float *)td_in(c, 2)->data)[i],
                     (double)((const float *)td_in(c, 3)->data)[i],
                     (double)((const float *)td_in(c, 4)->data)[i], (double)a->epsilon, dscale + i,
                     doffset + i);
    }
    if (td_out_is_used(c, 0)) td_from_double(td_out(c, 0)->dtype, dy, n, td_out(c, 0)->data);
    for (uint32_t i = 1; i < 3; i++)
        if (td_out_is_used(c, i))
            td_from_double(TD_F32, i == 1 ? dscale : doffset, channels, td_out(c, i)->data);
    return NULL;
}

static const td_kernel grad_kernels[] = {
    { .dtypes = TD_SINGLE_TYPES, .prepare = grad_prepare, .run = grad_run },
    { 0 },
};

#define GRAD_ATTRS "T: type, epsilon: float = 0.0001, data_format: string = 'NHWC', is_training: bool = true"
#define GRAD_OP(name_, scale_, u, more_in, out_3, out_4, more_attrs)                                         \
    {                                                                                                        \
        .name = (name_),                                                                                     \
        .sig = "y_backprop: T, x: T, scale: " scale_ ", reserve_space_1: " u ", reserve_space_2: " u more_in \
               " -> x_backprop: T, scale_backprop: " u ", offset_backprop: " u ", " out_3 ": " u ", " out_4  \
               ": " u,                                                                                       \
        .attrs = GRAD_ATTRS more_attrs, .key = "T", .attrs_size = sizeof(grad_attrs), .parse = grad_parse,   \
        .infer = grad_infer, .kernels = grad_kernels                                                         \
    }

const td_op td_ops_batch_norm_grad[] = {
    GRAD_OP("FusedBatchNormGrad", "T", "T", "", "reserve_space_3", "reserve_space_4", ""),
    GRAD_OP("FusedBatchNormGradV2", "float", "U", "", "reserve_space_3", "reserve_space_4", ", U: type"),
    GRAD_OP("FusedBatchNormGradV3", "float", "U", ", reserve_space_3: U", "reserve_space_4",
            "reserve_space_5", ", U: type"),
    { 0 },
};
