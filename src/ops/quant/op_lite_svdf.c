/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_svdf.c -- _LiteSvdf, _LiteSvdfSteps: a filter in time over products with features. Each filter keeps its last products,
 * [batch, filters * memory], the newest last; so many filters (rank) are a unit's. Behind a step the state moves on by one place,
 * and its last is 0. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/quant/lite.h"
#include "ops/quant/lite_product.h"

enum { X = 0, FEATURE, TIME, BIAS, STATE };

typedef struct svdf_attrs {
    int32_t rank, zero_x;
    int activation;
    float scale_feature, scale_time; /* over floats: of weights of steps; 0: floats */
    bool is_asymmetric;
    td_lite_out out;
    td_fixed factors[2]; /* of a product in the state's steps, of sums in the output's */
} svdf_attrs;

static td_status rank_parse(const td_parse *p, svdf_attrs *a)
{
    return td_lite_int(p, "rank", 1, INT32_MAX, &a->rank);
}

static td_status floats_parse(td_parse *p)
{
    svdf_attrs *const a = p->attrs;

    a->scale_feature = td_attr_float(p, "scale_feature");
    a->scale_time = td_attr_float(p, "scale_time");
    a->is_asymmetric = td_attr_bool(p, "asymmetric");
    if (!(a->scale_feature >= 0) || !isfinite(a->scale_feature) || !(a->scale_time >= 0) ||
        !isfinite(a->scale_time))
        return TD_ERR(INVALID_ARGUMENT, "%s: scales of %g and %g", p->node->name, (double)a->scale_feature,
                      (double)a->scale_time);
    TD_TRY(rank_parse(p, a));
    return td_lite_activation(p, &a->activation);
}

static td_status steps_parse(td_parse *p)
{
    svdf_attrs *const a = p->attrs;

    TD_TRY(rank_parse(p, a));
    TD_TRY(td_lite_zero(p, "zero_x", TD_I8, &a->zero_x));
    TD_TRY(td_lite_out_parse(p, TD_I8, &a->out));
    return td_lite_factors_of(p, 2, a->factors);
}

typedef struct sizes {
    size_t batch, inputs, filters, memory, units;
} sizes;

static td_status find_sizes(const td_call *c, sizes *s)
{
    const size_t rank = (size_t)((const svdf_attrs *)c->attrs)->rank;
    const td_shape *const x = &td_in(c, X)->shape, *const f = &td_in(c, FEATURE)->shape;
    const td_shape *const t = &td_in(c, TIME)->shape, *const b = &td_in(c, BIAS)->shape;
    const td_shape *const state = &td_in(c, STATE)->shape;

    if (x->rank != 2 || f->rank != 2 || t->rank != 2 || b->rank != 1 || f->dims[1] != x->dims[1] ||
        t->dims[0] != f->dims[0] || t->dims[1] < 1 || f->dims[0] % (int64_t)rank ||
        b->dims[0] != f->dims[0] / (int64_t)rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input, weights and bias do not fit filters of rank %zu", rank);
    *s = (sizes){ (size_t)x->dims[0], (size_t)x->dims[1], (size_t)f->dims[0], (size_t)t->dims[1],
                  (size_t)f->dims[0] / rank };
    if (state->rank != 2 || state->dims[0] != x->dims[0] || state->dims[1] / t->dims[1] != f->dims[0] ||
        state->dims[1] % t->dims[1])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "the model keeps a state of %" PRId64 " numbers; a batch of %zu needs %zu of %zu "
                         "filters",
                         td_shape_count(state), s->batch, s->memory, s->filters);
    return NULL;
}

static td_status svdf_infer(td_call *c)
{
    sizes s;

    TD_TRY(find_sizes(c, &s));
    td_out(c, 0)->shape = (td_shape){ 2, { (int64_t)s.batch, (int64_t)s.units } };
    td_out(c, 1)->shape = td_in(c, STATE)->shape;
    return NULL;
}

static td_status floats_infer(td_call *c)
{
    const svdf_attrs *const a = c->attrs;

    if (td_in(c, FEATURE)->dtype != (a->scale_feature > 0 ? TD_I8 : TD_F32) ||
        td_in(c, TIME)->dtype != (a->scale_time > 0 ? TD_I8 : TD_F32))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "weights are of other types than their scales say");
    return svdf_infer(c);
}

static td_status prepare(td_call *c, size_t filter_bytes)
{
    sizes *const s = c->state;
    size_t each;

    TD_TRY(find_sizes(c, s));
    if (!td_mul_size(s->filters, filter_bytes, &each) || !td_add_size(each, s->inputs + 64, &each) ||
        !td_mul_size(td_round_up(each, 64), s->batch, &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the layer is too large");
    return NULL;
}

static td_status floats_prepare(td_call *c)
{
    return prepare(c, sizeof(float));
}

static td_status steps_prepare(td_call *c)
{
    return prepare(c, 0);
}

/* ---------------------------------------------------------------- floats */

static float time_weight(const td_call *c, size_t i)
{
    const float scale = ((const svdf_attrs *)c->attrs)->scale_time;

    return scale > 0 ? (float)((const int8_t *)td_in(c, TIME)->data)[i] * scale
                     : ((const float *)td_in(c, TIME)->data)[i];
}

static void floats_row(const td_call *c, size_t b)
{
    const svdf_attrs *const a = c->attrs;
    const sizes *const s = c->state;
    const size_t each = td_round_up(s->filters * sizeof(float) + s->inputs + 64, 64);
    float *const products = (float *)(void *)((char *)c->scratch + b * each);
    float *const state = (float *)td_out(c, 1)->data + b * s->filters * s->memory;
    float *const out = (float *)td_out(c, 0)->data + b * s->units;
    const td_lite_matrix m = { td_in(c, FEATURE)->data, s->filters, s->inputs, a->scale_feature };
    td_lite_row row = { .steps = a->scale_feature > 0 ? (int8_t *)(products + s->filters) : NULL };

    memset(products, 0, s->filters * sizeof *products);
    td_lite_row_set(&row, (const float *)td_in(c, X)->data + b * s->inputs, s->inputs, a->is_asymmetric);
    td_lite_multiply(products, &m, &row);
    memcpy(out, td_in(c, BIAS)->data, s->units * sizeof *out);
    for (size_t f = 0; f < s->filters; f++) {
        float *const kept = state + f * s->memory, sum = 0;

        kept[s->memory - 1] = products[f];
        for (size_t i = 0; i < s->memory; i++)
            sum += kept[i] * time_weight(c, f * s->memory + i);
        out[f / (size_t)a->rank] += sum;
        memmove(kept, kept + 1, (s->memory - 1) * sizeof *kept);
        kept[s->memory - 1] = 0;
    }
    td_lite_activate(out, s->units, a->activation);
}

/* ---------------------------------------------------------------- steps */

static int16_t product_of(const td_call *c, const int8_t *x, size_t filter)
{
    const svdf_attrs *const a = c->attrs;
    const sizes *const s = c->state;
    const int8_t *const w = (const int8_t *)td_in(c, FEATURE)->data + filter * s->inputs;
    uint32_t sum = 0;

    for (size_t i = 0; i < s->inputs; i++)
        sum += (uint32_t)(w[i] * (x[i] - a->zero_x));
    return (int16_t)td_steps_of(td_fixed_times((int32_t)sum, a->factors[0]), 0, INT16_MIN, INT16_MAX);
}

static void steps_row(const td_call *c, size_t b)
{
    const svdf_attrs *const a = c->attrs;
    const sizes *const s = c->state;
    const size_t rank = (size_t)a->rank;
    const int8_t *const x = (const int8_t *)td_in(c, X)->data + b * s->inputs;
    const int16_t *const weights = td_in(c, TIME)->data;
    int16_t *const state = (int16_t *)td_out(c, 1)->data + b * s->filters * s->memory;

    for (size_t u = 0; u < s->units; u++) {
        uint32_t sum = (uint32_t)((const int32_t *)td_in(c, BIAS)->data)[u];

        for (size_t f = u * rank; f < (u + 1) * rank; f++) {
            int16_t *const kept = state + f * s->memory;

            kept[s->memory - 1] = product_of(c, x, f);
            for (size_t i = 0; i < s->memory; i++)
                sum += (uint32_t)(kept[i] * weights[f * s->memory + i]);
            memmove(kept, kept + 1, (s->memory - 1) * sizeof *kept);
            kept[s->memory - 1] = 0;
        }
        ((int8_t *)td_out(c, 0)->data)[b * s->units + u] = (int8_t)td_steps_of(
            td_fixed_times((int32_t)sum, a->factors[1]), a->out.zero, a->out.low, a->out.high);
    }
}

static td_status svdf_run(td_call *c)
{
    const sizes *const s = c->state;
    const td_tensor *const state = td_in(c, STATE);

    memcpy(td_out(c, 1)->data, state->data, td_tensor_bytes(state));
    for (size_t b = 0; b < s->batch; b++)
        if (state->dtype == TD_I16)
            steps_row(c, b);
        else
            floats_row(c, b);
    return NULL;
}

static const td_kernel floats_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(sizes), floats_prepare, svdf_run, NULL },
    { 0 },
};
static const td_kernel steps_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(sizes), steps_prepare, svdf_run, NULL },
    { 0 },
};

const td_op td_ops_lite_svdf[] = {
    { .name = "_LiteSvdf",
      .sig =
          "x: float, feature: Tfeature, time: Ttime, bias: float, state: float -> output: float, kept: float",
      .attrs = "Tfeature: type, Ttime: type, scale_feature: float, scale_time: float, rank: int, activation: "
               "int, asymmetric: bool",
      .attrs_size = sizeof(svdf_attrs),
      .parse = floats_parse,
      .infer = floats_infer,
      .kernels = floats_kernels },
    { .name = "_LiteSvdfSteps",
      .sig = "x: int8, feature: int8, time: int16, bias: int32, state: int16 -> output: int8, kept: int16",
      .attrs = "rank: int, zero_x: int, " TD_LITE_OUT_ATTRS ", " TD_LITE_FACTORS_ATTRS,
      .attrs_size = sizeof(svdf_attrs),
      .parse = steps_parse,
      .infer = svdf_infer,
      .kernels = steps_kernels },
    { 0 },
};
