/* SPDX-License-Identifier: Apache-2.0 */
/* op_fake_quant.c -- FakeQuantWithMinMax*: numbers as they would be after a trip through 2 to 16 bits.
 *
 * The range is nudged so that 0 is one of the steps. All of it in float, as TensorFlow does. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/op.h"

typedef struct fake_attrs {
    float min, max;        /* of the op that has them as attributes */
    float lowest, highest; /* steps */
} fake_attrs;

static td_status steps_parse(td_parse *p)
{
    fake_attrs *const a = p->attrs;
    const int64_t bits = td_attr_int(p, "num_bits");

    if (bits < 2 || bits > 16)
        return TD_ERR(INVALID_ARGUMENT, "num_bits must be between 2 and 16, inclusive, was: %" PRId64, bits);
    a->lowest = td_attr_bool(p, "narrow_range") ? 1.0f : 0.0f;
    a->highest = (float)((1 << bits) - 1);
    return NULL;
}

static td_status args_parse(td_parse *p)
{
    fake_attrs *const a = p->attrs;

    a->min = td_attr_float(p, "min");
    a->max = td_attr_float(p, "max");
    if (!(a->min < a->max))
        return TD_ERR(INVALID_ARGUMENT, "min has to be smaller than max, was: %g >= %g", (double)a->min,
                      (double)a->max);
    return steps_parse(p);
}

typedef struct nudged {
    float min, max, scale, inv_scale, zero;
} nudged;

static nudged nudge(const fake_attrs *a, float min, float max)
{
    nudged n = { .scale = (max - min) / (a->highest - a->lowest),
                 .inv_scale = (a->highest - a->lowest) / (max - min) };
    const float zero = a->lowest - min / n.scale;
    const float step = zero < a->lowest    ? a->lowest
                       : zero > a->highest ? a->highest
                       : zero == zero      ? roundf(zero)
                                           : 0.0f;

    n.min = (a->lowest - step) * n.scale;
    n.max = (a->highest - step) * n.scale;
    n.zero = floorf(-n.min * n.inv_scale + 0.5f);
    return n;
}

static float through(const nudged *n, float v)
{
    const float low = v < n->max ? v : n->max, clamped = low > n->min ? low : n->min;

    return floorf((clamped - n->min) * n->inv_scale - n->zero + 0.5f) * n->scale;
}

typedef struct fake_job {
    const td_call *c;
    nudged n;
    bool is_zero;
} fake_job;

static void fake_shard(void *ctx, size_t begin, size_t end)
{
    const fake_job *const j = ctx;
    const float *const in = td_in(j->c, 0)->data;
    float *const out = td_out(j->c, 0)->data;

    for (size_t i = begin; i < end; i++)
        out[i] = j->is_zero ? 0.0f : through(&j->n, in[i]);
}

static td_status fake_run(td_call *c, float min, float max, bool is_zero)
{
    fake_job j = { c, nudge(c->attrs, min, max), is_zero };

    td_call_parallel(c, (size_t)td_shape_count(&td_in(c, 0)->shape), 16384, fake_shard, &j);
    return NULL;
}

static td_status args_run(td_call *c)
{
    const fake_attrs *const a = c->attrs;

    return fake_run(c, a->min, a->max, false);
}

/* ---------------------------------------------------------------- the range as inputs 1 and 2 */

static td_status check_range(td_call *c, const td_shape *want)
{
    char got[TD_SHAPE_TEXT], text[TD_SHAPE_TEXT];

    for (uint32_t i = 1; i < 3; i++)
        if (!td_shape_equal(&td_in(c, i)->shape, want))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "`%s` must have shape %s, was %s", i == 1 ? "min" : "max",
                             td_shape_text(want, text, sizeof text),
                             td_shape_text(&td_in(c, i)->shape, got, sizeof got));
    return NULL;
}

static td_status vars_infer(td_call *c)
{
    TD_TRY(check_range(c, &(td_shape){ 0 }));
    return td_infer_same(c);
}

static td_status vars_run(td_call *c)
{
    const float min = *(const float *)td_in(c, 1)->data, max = *(const float *)td_in(c, 2)->data;

    return fake_run(c, min, max, min == 0.0f && max == 0.0f);
}

static td_status channels_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "inputs must have at least 1 dimension");
    TD_TRY(check_range(c, &(td_shape){ 1, { in->dims[in->rank - 1] } }));
    return td_infer_same(c);
}

static td_status channels_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const size_t n = (size_t)td_shape_count(&in->shape), depth = (size_t)in->shape.dims[in->shape.rank - 1];
    const float *const min = td_in(c, 1)->data, *const max = td_in(c, 2)->data;

    for (size_t k = 0; k < depth && n; k++) {
        const nudged s = nudge(c->attrs, min[k], max[k]);
        const bool is_zero = min[k] == 0.0f && max[k] == 0.0f;

        for (size_t i = k; i < n; i += depth)
            ((float *)td_out(c, 0)->data)[i] = is_zero ? 0.0f : through(&s, ((const float *)in->data)[i]);
    }
    return NULL;
}

/* ---------------------------------------------------------------- FakeQuantWithMinMaxArgsGradient: gradients, inputs */

static td_status grad_infer(td_call *c)
{
    if (!td_shape_equal(&td_in(c, 0)->shape, &td_in(c, 1)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "gradient and input must be the same size");
    return td_infer_same(c);
}

static td_status grad_run(td_call *c)
{
    const fake_attrs *const a = c->attrs;
    const nudged n = nudge(a, a->min, a->max);
    const float *const grad = td_in(c, 0)->data, *const in = td_in(c, 1)->data;

    for (size_t i = 0; i < (size_t)td_shape_count(&td_in(c, 0)->shape); i++)
        ((float *)td_out(c, 0)->data)[i] = grad[i] * (in[i] >= n.min && in[i] <= n.max ? 1.0f : 0.0f);
    return NULL;
}

TD_RUN_KERNEL(args_kernels, 0, args_run);
TD_RUN_KERNEL(vars_kernels, 0, vars_run);
TD_RUN_KERNEL(channels_kernels, 0, channels_run);
TD_RUN_KERNEL(grad_kernels, 0, grad_run);

#define FAKE_OP(name_, sig_, attrs_, parse_, infer_, kernels_)                                               \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = attrs_ "num_bits: int = 8, narrow_range: bool = false",     \
        .attrs_size = sizeof(fake_attrs), .parse = (parse_), .infer = (infer_), .kernels = (kernels_)        \
    }
#define RANGE "min: float = -6, max: float = 6, "

const td_op td_ops_fake_quant[] = {
    FAKE_OP("FakeQuantWithMinMaxArgs", "inputs: float -> outputs: float", RANGE, args_parse, td_infer_same,
            args_kernels),
    FAKE_OP("FakeQuantWithMinMaxArgsGradient", "gradients: float, inputs: float -> backprops: float", RANGE,
            args_parse, grad_infer, grad_kernels),
    FAKE_OP("FakeQuantWithMinMaxVars", "inputs: float, min: float, max: float -> outputs: float", "",
            steps_parse, vars_infer, vars_kernels),
    FAKE_OP("FakeQuantWithMinMaxVarsPerChannel", "inputs: float, min: float, max: float -> outputs: float",
            "", steps_parse, channels_infer, channels_kernels),
    { 0 },
};
