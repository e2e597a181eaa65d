/* SPDX-License-Identifier: Apache-2.0 */
/* quantized.h -- quantised types: integers that stand for the numbers of a range, in even steps.
 *
 * The formulas are TensorFlow's, with their mix of float and double, so that steps come out the same. */
#ifndef TD_OPS_QUANT_QUANTIZED_H
#define TD_OPS_QUANT_QUANTIZED_H

#include "ops/op.h"

#define TD_QUANTIZED_TYPES                                                                                   \
    (TD_DTYPE_BIT(TD_QI8) | TD_DTYPE_BIT(TD_QU8) | TD_DTYPE_BIT(TD_QI32) | TD_DTYPE_BIT(TD_QI16) |           \
     TD_DTYPE_BIT(TD_QU16))

typedef struct td_quantized {
    int64_t lowest, highest;
    double steps; /* how many values the type has */
} td_quantized;

td_quantized td_quantized_of(td_dtype dtype);

int64_t td_quantized_get(const td_tensor *t, size_t i);
void td_quantized_put(td_tensor *t, size_t i, int64_t v); /* v fits */
/* v, rounded already, as close as the type has it; NaN is the lowest. */
void td_quantized_put_clamped(td_tensor *t, size_t i, double v);

/* The step of a number in a range, which may lie outside of the type; and back. */
int64_t td_quantize_unclamped(const td_quantized *q, float v, float min, float max);
int64_t td_quantize(const td_quantized *q, float v, float min, float max);
float td_dequantize(const td_quantized *q, int64_t v, float min, float max);

/* The same in float, by which whole tensors are taken from range to range: v -> v * scale + shift, and back. */
typedef struct td_quantized_line {
    float scale, shift;
} td_quantized_line;

td_quantized_line td_quantized_line_of(const td_quantized *q, float min, float max);
/* The step of v in a range, as near as a float comes to the type's ends. */
float td_quantize_float(const td_quantized *q, float v, float min, float max);

/* The range of products of a and b in type c. */
void td_product_range(const td_quantized *a, float min_a, float max_a, const td_quantized *b, float min_b,
                      float max_b, const td_quantized *c, float *min, float *max);

/* v of 32 bits times factor, which has 31 bits and a shift, rounded half up. */
int64_t td_quantized_scale(int64_t v, double factor);

/* Number i of what is scaled along an axis, or the only one. */
double td_uniform_scale(const td_tensor *scales, size_t i);
int64_t td_uniform_zero(const td_tensor *zero_points, size_t i);
/* run: the scales of inputs first, first + 2, ... before end must be positive. */
TD_MUST_USE td_status td_uniform_check(td_call *c, uint32_t first, uint32_t end);

/* infer: inputs [first, end) must be scalars (or have one element). */
TD_MUST_USE td_status td_ranges_check(td_call *c, uint32_t first, uint32_t end);
float td_range_get(const td_call *c, uint32_t i);
/* infer: outputs 1 and 2 are scalars; run: sets them. */
void td_range_infer(td_call *c);
void td_range_put(td_call *c, float min, float max);

#endif
