/* SPDX-License-Identifier: Apache-2.0 */
/* op_uniform.c -- UniformQuantize, UniformDequantize, UniformRequantize, UniformQuantizedClipByValue: steps of a given
 * scale around a given zero point, for all of a tensor or for each slice along an axis. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/quant/quantized.h"

typedef struct uniform_attrs {
    int64_t axis[2], min, max; /* of the input and of the output; of the output */
} uniform_attrs;

static td_status one_axis_parse(td_parse *p)
{
    uniform_attrs *const a = p->attrs;

    a->axis[0] = a->axis[1] = td_attr_int(p, "quantization_axis");
    a->min = td_attr_int(p, "quantization_min_val");
    a->max = td_attr_int(p, "quantization_max_val");
    return NULL;
}

static td_status two_axes_parse(td_parse *p)
{
    uniform_attrs *const a = p->attrs;

    a->axis[0] = td_attr_int(p, "input_quantization_axis");
    a->axis[1] = td_attr_int(p, "output_quantization_axis");
    a->min = td_attr_int(p, "output_quantization_min_val");
    a->max = td_attr_int(p, "output_quantization_max_val");
    if (a->axis[0] >= 0 && a->axis[1] >= 0 && a->axis[0] != a->axis[1])
        return TD_ERR(INVALID_ARGUMENT, "%s: the axes of input and output differ", p->node->name);
    return NULL;
}

/* A scale and a zero point, or as many as the axis has. */
static td_status check_steps(td_call *c, uint32_t scales, int64_t axis)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const td_shape want = { axis >= 0, { axis >= 0 && axis < in->rank ? in->dims[axis] : 0 } };
    char text[TD_SHAPE_TEXT];

    if (axis < -1 || axis >= in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "quantization_axis %" PRId64 " is not -1 or one of %d", axis,
                         (int)in->rank);
    for (uint32_t i = scales; i < scales + 2; i++)
        if (!td_shape_equal(&td_in(c, i)->shape, &want))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "scales and zero_points must have shape %s",
                             td_shape_text(&want, text, sizeof text));
    return NULL;
}

static td_status uniform_infer(td_call *c)
{
    const uniform_attrs *const a = c->attrs;

    TD_TRY(check_steps(c, c->n_in > 4 ? 3 : 1, a->axis[1]));
    if (c->n_in > 4) TD_TRY(check_steps(c, 1, a->axis[0]));
    return td_infer_same(c);
}

typedef struct steps {
    float scale;
    int64_t zero;
} steps;

/* Of element `at`. */
static steps steps_at(const td_call *c, uint32_t scales, int64_t axis, size_t at)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const size_t i =
        axis < 0 ? 0 : at / (size_t)td_shape_span(in, (int)axis + 1, in->rank) % (size_t)in->dims[axis];

    return (steps){ ((const float *)td_in(c, scales)->data)[i],
                    ((const int32_t *)td_in(c, scales + 1)->data)[i] };
}

static int64_t clamp(const uniform_attrs *a, int64_t v)
{
    return TD_MAX(TD_MIN(v, a->max), a->min);
}

/* A float as int32; what it cannot hold is the lowest, as on x86. */
static int64_t to_int32(float v)
{
    return v >= -0x1p31f && v < 0x1p31f ? (int64_t)v : INT32_MIN;
}

static td_status quantize_run(td_call *c)
{
    const uniform_attrs *const a = c->attrs;
    const float *const in = td_in(c, 0)->data;

    TD_TRY(td_uniform_check(c, 1, 2));
    for (size_t i = 0; i < (size_t)td_shape_count(&td_in(c, 0)->shape); i++) {
        const steps s = steps_at(c, 1, a->axis[0], i);
        const int64_t v = to_int32(floorf(in[i] * (1.0f / s.scale) + 0.5f)) + s.zero;

        td_quantized_put_clamped(td_out(c, 0), i, (double)clamp(a, v));
    }
    return NULL;
}

static td_status dequantize_run(td_call *c)
{
    const uniform_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);

    TD_TRY(td_uniform_check(c, 1, 2));
    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++) {
        const steps s = steps_at(c, 1, a->axis[0], i);

        ((float *)td_out(c, 0)->data)[i] = (float)(td_quantized_get(in, i) - s.zero) * s.scale;
    }
    return NULL;
}

static td_status requantize_run(td_call *c)
{
    const uniform_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);

    TD_TRY(td_uniform_check(c, 1, 2));
    TD_TRY(td_uniform_check(c, 3, 4));
    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++) {
        const steps from = steps_at(c, 1, a->axis[0], i), to = steps_at(c, 3, a->axis[1], i);
        const int64_t v = td_quantized_get(in, i) - from.zero;
        const int64_t held = TD_MIN(TD_MAX(v, INT32_MIN), INT32_MAX);

        td_quantized_put_clamped(
            td_out(c, 0), i,
            (double)clamp(a, td_quantized_scale(held, (double)from.scale / (double)to.scale) + to.zero));
    }
    return NULL;
}

/* ------------------------------------- UniformQuantizedClipByValue: operand, min, max, scales, zero_points */

static td_status clip_infer(td_call *c)
{
    TD_TRY(check_steps(c, 3, ((const uniform_attrs *)c->attrs)->axis[0]));
    for (uint32_t i = 1; i < 3; i++)
        if (!td_shape_equal(&td_in(c, i)->shape, &td_in(c, 3)->shape))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "min and max must have the shape of scales");
    return td_infer_same(c);
}

static td_status clip_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const int64_t axis = ((const uniform_attrs *)c->attrs)->axis[0];

    TD_TRY(td_uniform_check(c, 3, 4));
    for (size_t i = 0; i < (size_t)td_shape_count(&in->shape); i++) {
        const td_shape *const s = &in->shape;
        const size_t k =
            axis < 0 ? 0 : i / (size_t)td_shape_span(s, (int)axis + 1, s->rank) % (size_t)s->dims[axis];
        const int64_t v = TD_MIN(td_quantized_get(in, i), td_quantized_get(td_in(c, 2), k));

        td_quantized_put(td_out(c, 0), i, TD_MAX(v, td_quantized_get(td_in(c, 1), k)));
    }
    return NULL;
}

#define STEP_TYPES (TD_DTYPE_BIT(TD_QI8) | TD_DTYPE_BIT(TD_QI32))
TD_RUN_KERNEL(quantize_kernels, TD_DTYPE_BIT(TD_F32), quantize_run);
TD_RUN_KERNEL(dequantize_kernels, STEP_TYPES, dequantize_run);
TD_RUN_KERNEL(requantize_kernels, STEP_TYPES, requantize_run);
TD_RUN_KERNEL(clip_kernels, TD_DTYPE_BIT(TD_QI32), clip_run);

#define UNIFORM_OP(name_, sig_, attrs_, parse_, infer_, kernels_)                                            \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .attrs_size = sizeof(uniform_attrs),              \
        .parse = (parse_), .infer = (infer_), .kernels = (kernels_)                                          \
    }
#define STEPS(p)                                                                                             \
    p "quantization_axis: int = -1, " p "quantization_min_val: int, " p "quantization_max_val: int"

const td_op td_ops_uniform[] = {
    UNIFORM_OP("UniformQuantize", "input: Tin, scales: float, zero_points: int32 -> output: Tout",
               "Tin: type, Tout: type, " STEPS(""), one_axis_parse, uniform_infer, quantize_kernels),
    UNIFORM_OP("UniformDequantize", "input: Tin, scales: float, zero_points: int32 -> output: Tout",
               "Tin: type, Tout: type, " STEPS(""), one_axis_parse, uniform_infer, dequantize_kernels),
    UNIFORM_OP("UniformRequantize",
               "input: Tin, input_scales: float, input_zero_points: int32, output_scales: float, "
               "output_zero_points: int32 -> output: Tout",
               "Tin: type, Tout: type, " STEPS("input_") ", " STEPS("output_"), two_axes_parse, uniform_infer,
               requantize_kernels),
    UNIFORM_OP("UniformQuantizedClipByValue",
               "operand: T, min: T, max: T, scales: float, zero_points: int32 -> output: T",
               "T: type, " STEPS(""), one_axis_parse, clip_infer, clip_kernels),
    { 0 },
};
