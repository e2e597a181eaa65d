/* SPDX-License-Identifier: Apache-2.0 */
/* op_quantize.c -- QuantizeV2, Dequantize: numbers to the steps of a range and back, for all of a tensor or for each slice
 * along an axis. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/quant/quantized.h"
#include "tensor/half.h"
#include "tensor/type_sets.h"

typedef enum quantize_mode { MIN_COMBINED, MIN_FIRST, SCALED } quantize_mode;

typedef struct quantize_attrs {
    quantize_mode mode;
    bool to_even, narrow;
    int64_t axis;
    float least_range;
} quantize_attrs;

static td_status parse_common(td_parse *p, quantize_attrs *a)
{
    const td_string mode = td_attr_string(p, "mode");

    a->mode = td_string_is(mode, "MIN_COMBINED") ? MIN_COMBINED
              : td_string_is(mode, "MIN_FIRST")  ? MIN_FIRST
                                                 : SCALED;
    if (a->mode == SCALED && !td_string_is(mode, "SCALED"))
        return TD_ERR(INVALID_ARGUMENT,
                      "Mode string must be 'MIN_COMBINED', 'MIN_FIRST', or 'SCALED', is '%.*s'",
                      (int)mode.size, mode.data);
    a->narrow = td_attr_bool(p, "narrow_range");
    a->axis = td_attr_int(p, "axis");
    if (a->axis < -1) return TD_ERR(INVALID_ARGUMENT, "Axis must be at least -1. Found %" PRId64, a->axis);
    return NULL;
}

static td_status quantize_parse(td_parse *p)
{
    quantize_attrs *const a = p->attrs;

    TD_TRY(parse_common(p, a));
    a->to_even = td_attr_string_is(p, "round_mode", "HALF_TO_EVEN");
    a->least_range = td_attr_float(p, "ensure_minimum_range");
    if (!a->to_even && !td_attr_string_is(p, "round_mode", "HALF_AWAY_FROM_ZERO"))
        return TD_ERR(INVALID_ARGUMENT, "Round mode string must be 'HALF_AWAY_FROM_ZERO' or 'HALF_TO_EVEN'");
    if (a->to_even && a->mode != SCALED)
        return TD_ERR(INVALID_ARGUMENT, "Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED'");
    return NULL;
}

static td_status dequantize_parse(td_parse *p)
{
    return parse_common(p, p->attrs);
}

/* [outer, slices, inner] of input 0; ranges have an element for each slice. */
static td_status check_slices(td_call *c)
{
    const quantize_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (a->axis >= in->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Axis must be less than input dimension(%d), got %" PRId64,
                         (int)in->rank, a->axis);
    if (a->axis >= 0 && a->mode != SCALED)
        return TD_OP_ERR(c, UNIMPLEMENTED, "an axis is for mode SCALED only");
    for (uint32_t i = 1; i < 3; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (a->axis < 0 ? td_shape_count(s) != 1 : s->rank != 1 || s->dims[0] != in->dims[a->axis])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s_range has the wrong number of elements",
                             i == 1 ? "min" : "max");
    }
    return NULL;
}

typedef struct slices {
    size_t outer, count, inner;
} slices;

static slices slices_of(const td_call *c)
{
    const int64_t axis = ((const quantize_attrs *)c->attrs)->axis;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (axis < 0) return (slices){ 1, 1, (size_t)td_shape_count(in) };
    return (slices){ (size_t)td_shape_span(in, 0, (int)axis), (size_t)in->dims[axis],
                     (size_t)td_shape_span(in, (int)axis + 1, in->rank) };
}

/* ---------------------------------------------------------------- QuantizeV2 */

static td_status quantize_infer(td_call *c)
{
    TD_TRY(check_slices(c));
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    td_range_infer(c);
    if (((const quantize_attrs *)c->attrs)->axis >= 0)
        td_out(c, 1)->shape = td_out(c, 2)->shape = td_in(c, 1)->shape;
    return NULL;
}

typedef struct quantizer {
    quantize_mode mode;
    bool to_even, is_signed;
    td_quantized q;
    float min, max, scale;
} quantizer;

/* The scale that fits both ends, and the range that it covers. */
static void scale_both_sides(quantizer *z, bool narrow)
{
    const float low = (float)(z->q.lowest + narrow), high = (float)z->q.highest;
    const float from_min = low * z->min > 0 ? low / z->min : FLT_MAX,
                from_max = high * z->max > 0 ? high / z->max : FLT_MAX;

    z->scale = fminf(from_min, from_max);
    z->min = low / z->scale;
    z->max = high / z->scale;
}

static quantizer make_quantizer(const quantize_attrs *a, td_dtype dtype, float min, float max)
{
    quantizer z = { .mode = a->mode, .to_even = a->to_even, .q = td_quantized_of(dtype) };
    const float most = fmaxf(1.0f, fmaxf(fabsf(min), fabsf(max))) * a->least_range;

    z.is_signed = z.q.lowest < 0;
    z.min = fminf(0.0f, min);
    z.max = fmaxf(0.0f, fmaxf(max, z.min + most));
    if (a->mode == SCALED)
        scale_both_sides(&z, a->narrow);
    else
        z.scale = (float)((z.q.steps - 1.0) / (double)(z.max - z.min));
    return z;
}

static double quantize_one(const quantizer *z, float v)
{
    const float low = v < z->max ? v : z->max, clamped = low > z->min ? low : z->min;

    if (z->mode == MIN_FIRST) return (double)td_quantize_float(&z->q, v, z->min, z->max);
    if (z->mode == SCALED)
        return (double)(z->to_even ? rintf(clamped * z->scale) : roundf(clamped * z->scale));
    if (z->is_signed) return (double)roundf((clamped - z->min) * z->scale - (float)(z->q.steps / 2));
    return (double)floorf((clamped - z->min) * z->scale + 0.5f);
}

static td_status quantize_run(td_call *c)
{
    const quantize_attrs *const a = c->attrs;
    const slices s = slices_of(c);
    const float *const in = td_in(c, 0)->data, *const min = td_in(c, 1)->data, *const max = td_in(c, 2)->data;

    for (size_t k = 0; k < s.count; k++) {
        if (max[k] < min[k])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "input_max_range must be larger than input_min_range.");
        const quantizer z = make_quantizer(a, td_out(c, 0)->dtype, min[k], max[k]);

        ((float *)td_out(c, 1)->data)[k] = z.min;
        ((float *)td_out(c, 2)->data)[k] = z.max;
        for (size_t o = 0; o < s.outer; o++)
            for (size_t i = 0; i < s.inner; i++) {
                const size_t at = (o * s.count + k) * s.inner + i;

                td_quantized_put_clamped(td_out(c, 0), at, quantize_one(&z, in[at]));
            }
    }
    return NULL;
}

/* ---------------------------------------------------------------- Dequantize */

static td_status dequantize_infer(td_call *c)
{
    TD_TRY(check_slices(c));
    if (td_out(c, 0)->dtype == TD_BF16 && ((const quantize_attrs *)c->attrs)->mode != MIN_COMBINED)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "When output type is bfloat16, Mode string must be 'MIN_COMBINED'");
    return td_infer_same(c);
}

/* v * scale + shift */
typedef struct line {
    float scale, shift, before; /* (v + before) * scale + shift */
} line;

static line make_line(const quantize_attrs *a, const td_quantized *q, float min, float max)
{
    const float low = (float)(q->lowest + a->narrow), high = (float)q->highest;

    if (a->mode == MIN_COMBINED)
        return (line){ (max - min) / (float)(q->highest - q->lowest), min,
                       q->lowest < 0 ? (float)(q->steps / 2) : 0.0f };
    if (a->mode == SCALED)
        return (line){ q->lowest == 0 ? max / high : fmaxf(min / low, max / high), 0.0f, 0.0f };
    const td_quantized_line l = td_quantized_line_of(q, min, max);

    return (line){ l.scale, l.shift, 0.0f };
}

static void put_float(td_tensor *t, size_t i, float v)
{
    if (t->dtype == TD_BF16)
        ((td_bf16 *)t->data)[i] = td_f32_to_bf16(v);
    else
        ((float *)t->data)[i] = v;
}

static td_status dequantize_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const td_quantized q = td_quantized_of(in->dtype);
    const slices s = slices_of(c);

    for (size_t k = 0; k < s.count; k++) {
        const line l = make_line(c->attrs, &q, ((const float *)td_in(c, 1)->data)[k],
                                 ((const float *)td_in(c, 2)->data)[k]);

        for (size_t o = 0; o < s.outer; o++)
            for (size_t i = 0; i < s.inner; i++) {
                const size_t at = (o * s.count + k) * s.inner + i;

                put_float(td_out(c, 0), at, ((float)td_quantized_get(in, at) + l.before) * l.scale + l.shift);
            }
    }
    return NULL;
}

TD_RUN_KERNEL(quantize_kernels, TD_QUANTIZED_TYPES, quantize_run);
TD_RUN_KERNEL(dequantize_kernels, TD_QUANTIZED_TYPES, dequantize_run);

const td_op td_ops_quantize[] = {
    { .name = "QuantizeV2",
      .sig = "input: float, min_range: float, max_range: float -> output: T, output_min: float, output_max: "
             "float",
      .attrs = "T: type, mode: string = 'MIN_COMBINED', round_mode: string = 'HALF_AWAY_FROM_ZERO', "
               "narrow_range: bool = false, axis: int = -1, ensure_minimum_range: float = 0.01",
      .key = "T",
      .attrs_size = sizeof(quantize_attrs),
      .parse = quantize_parse,
      .infer = quantize_infer,
      .kernels = quantize_kernels },
    { .name = "Dequantize",
      .sig = "input: T, min_range: float, max_range: float -> output: dtype",
      .attrs = "T: type, mode: string = 'MIN_COMBINED', narrow_range: bool = false, axis: int = -1, "
               "dtype: type = float",
      .attrs_size = sizeof(quantize_attrs),
      .parse = dequantize_parse,
      .infer = dequantize_infer,
      .kernels = dequantize_kernels },
    { 0 },
};
