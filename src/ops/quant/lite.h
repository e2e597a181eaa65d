/* SPDX-License-Identifier: Apache-2.0 */
/* lite.h -- ops over TFLite's quantised tensors, whose attributes say scales and zero points; formats/tflite makes them.
 *
 * A file may name them, too: nothing that an attribute says is believed before parse has looked at it. Factors are pairs of
 * lists, multipliers and shifts, as in kernels/quant/fixed.h. */
#ifndef TD_OPS_QUANT_LITE_H
#define TD_OPS_QUANT_LITE_H

#include "kernels/quant/fixed.h"
#include "ops/op.h"

#define TD_LITE_BYTES (TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8))
#define TD_LITE_TYPES (TD_LITE_BYTES | TD_DTYPE_BIT(TD_I16))

/* Where results go: zero point and clamp. */
typedef struct td_lite_out {
    int32_t zero, low, high;
} td_lite_out;

#define TD_LITE_OUT_ATTRS     "zero: int = 0, low: int = -128, high: int = 127"
#define TD_LITE_FACTORS_ATTRS "multipliers: list(int), shifts: list(int)"

/* INVALID_ARGUMENT: the type attribute is none of these. */
TD_MUST_USE td_status td_lite_type(const td_parse *p, const char *name, uint64_t types);
/* An int attribute that a value of the type could be; and any of [low, high]. */
TD_MUST_USE td_status td_lite_zero(const td_parse *p, const char *name, td_dtype of, int32_t *out);
TD_MUST_USE td_status td_lite_int(const td_parse *p, const char *name, int64_t low, int64_t high,
                                  int32_t *out);
/* zero, low and high of the type. */
TD_MUST_USE td_status td_lite_out_parse(const td_parse *p, td_dtype of, td_lite_out *out);
/* multipliers and shifts, at least one. */
TD_MUST_USE td_status td_lite_factors(const td_parse *p, td_fixed **out, size_t *n);
TD_MUST_USE td_status td_lite_factors_of(const td_parse *p, size_t want, td_fixed *out); /* that many */

void td_lite_range(td_dtype type, int32_t *low, int32_t *high);

#endif
