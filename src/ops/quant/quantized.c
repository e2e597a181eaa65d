/* SPDX-License-Identifier: Apache-2.0 */
/* quantized.c -- see quantized.h. */
#include "ops/quant/quantized.h"

#include <math.h>

#include "base/macros.h"

td_quantized td_quantized_of(td_dtype dtype)
{
    switch (dtype) {
    case TD_QI8:
        return (td_quantized){ INT8_MIN, INT8_MAX, 0x1p8 };
    case TD_QU8:
        return (td_quantized){ 0, UINT8_MAX, 0x1p8 };
    case TD_QI16:
        return (td_quantized){ INT16_MIN, INT16_MAX, 0x1p16 };
    case TD_QU16:
        return (td_quantized){ 0, UINT16_MAX, 0x1p16 };
    default:
        return (td_quantized){ INT32_MIN, INT32_MAX, 0x1p32 };
    }
}

int64_t td_quantized_get(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_QI8:
        return ((const int8_t *)t->data)[i];
    case TD_QU8:
        return ((const uint8_t *)t->data)[i];
    case TD_QI16:
        return ((const int16_t *)t->data)[i];
    case TD_QU16:
        return ((const uint16_t *)t->data)[i];
    default:
        return ((const int32_t *)t->data)[i];
    }
}

void td_quantized_put(td_tensor *t, size_t i, int64_t v)
{
    switch (td_dtype_size(t->dtype)) {
    case 1:
        ((uint8_t *)t->data)[i] = (uint8_t)v;
        break;
    case 2:
        ((uint16_t *)t->data)[i] = (uint16_t)v;
        break;
    default:
        ((uint32_t *)t->data)[i] = (uint32_t)v;
        break;
    }
}

static int64_t clamp(const td_quantized *q, double v)
{
    return v >= (double)q->highest ? q->highest : v > (double)q->lowest ? (int64_t)v : q->lowest;
}

void td_quantized_put_clamped(td_tensor *t, size_t i, double v)
{
    const td_quantized q = td_quantized_of(t->dtype);

    if (t->dtype == TD_QI32 && v >= 0x1p31) v = -0x1p31; /* as casts do on x86, and so TensorFlow's */
    td_quantized_put(t, i, clamp(&q, v));
}

static double bounded(double v)
{
    return v == v ? fmin(fmax(v, -0x1p62), 0x1p62) : 0;
}

int64_t td_quantize_unclamped(const td_quantized *q, float v, float min, float max)
{
    if (min == max) return q->lowest;
    const double adjust = q->steps / (q->steps - 1.0), range = (double)(max - min) * adjust;
    const double scale = q->steps / range;

    return (int64_t)(bounded(round((double)v * scale)) - bounded(round((double)min * scale))) + q->lowest;
}

int64_t td_quantize(const td_quantized *q, float v, float min, float max)
{
    return TD_MIN(TD_MAX(td_quantize_unclamped(q, v, min, max), q->lowest), q->highest);
}

float td_dequantize(const td_quantized *q, int64_t v, float min, float max)
{
    if (min == max) return min;
    const double adjust = q->steps / (q->steps - 1.0), scale = (double)(max - min) * adjust / q->steps;
    const double offset = (double)v - (double)q->lowest;
    const float rounded = roundf(min / (float)scale) * (float)scale;

    return (float)((double)rounded + offset * scale);
}

td_quantized_line td_quantized_line_of(const td_quantized *q, float min, float max)
{
    const float scale = (float)((double)(max - min) / (q->steps - 1.0));
    const float rounded = max == min ? min : roundf(min / scale) * scale;

    return (td_quantized_line){ scale, rounded - (float)q->lowest * scale };
}

float td_quantize_float(const td_quantized *q, float v, float min, float max)
{
    const float scale = max == min ? 0.0f : (float)((q->steps - 1.0) / (double)(max - min));
    const float step = roundf(v * scale) - (roundf(min * scale) - (float)q->lowest);

    return fminf(fmaxf(step, (float)q->lowest), fminf((float)q->highest, 0x1.fffffep30f));
}

static float one_level(const td_quantized *q, float min, float max)
{
    return (max - min) / (float)(q->highest - q->lowest);
}

void td_product_range(const td_quantized *a, float min_a, float max_a, const td_quantized *b, float min_b,
                      float max_b, const td_quantized *c, float *min, float *max)
{
    const float level = one_level(a, min_a, max_a) * one_level(b, min_b, max_b);

    *min = level * (float)c->lowest;
    *max = level * (float)c->highest;
}

int64_t td_quantized_scale(int64_t v, double factor)
{
    int shift;
    int64_t mantissa = (int64_t)round(frexp(factor, &shift) * 0x1p31);

    if (mantissa == INT64_C(1) << 31) {
        mantissa /= 2;
        shift++;
    }
    if (shift < -31) return 0;
    const double product = floor(ldexp((double)(v * mantissa), shift - 31) + 0.5);

    return (int64_t)fmin(fmax(product, -0x1p31), 0x1p31 - 1);
}

static td_status check_range(td_call *c, uint32_t i)
{
    if (td_shape_count(&td_in(c, i)->shape) == 1) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u, an end of a range, must be a scalar, got rank %d", i,
                     (int)td_in(c, i)->shape.rank);
}

float td_range_get(const td_call *c, uint32_t i)
{
    return *(const float *)td_in(c, i)->data;
}

void td_range_infer(td_call *c)
{
    td_out(c, 1)->shape = td_out(c, 2)->shape = (td_shape){ 0 };
}

void td_range_put(td_call *c, float min, float max)
{
    *(float *)td_out(c, 1)->data = min;
    *(float *)td_out(c, 2)->data = max;
}

td_status td_ranges_check(td_call *c, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        TD_TRY(check_range(c, i));
    return NULL;
}

double td_uniform_scale(const td_tensor *scales, size_t i)
{
    return (double)((const float *)scales->data)[scales->shape.rank ? i : 0];
}

int64_t td_uniform_zero(const td_tensor *zero_points, size_t i)
{
    return ((const int32_t *)zero_points->data)[zero_points->shape.rank ? i : 0];
}

td_status td_uniform_check(td_call *c, uint32_t first, uint32_t end)
{
    for (uint32_t k = first; k < end; k += 2)
        for (size_t i = 0; i < (size_t)td_shape_count(&td_in(c, k)->shape); i++)
            if (!(((const float *)td_in(c, k)->data)[i] > 0))
                return TD_OP_ERR(c, INVALID_ARGUMENT, "scales elements must be all positive.");
    return NULL;
}
