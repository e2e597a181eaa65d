/* wide.h -- numbers of any type as double or float and back, for kernels that have one plain body for all
 * types.
 *
 * Integers come back by truncation, wrapped to their width; half, bfloat16 round to nearest even.
 */
#ifndef TD_KERNELS_WIDE_WIDE_H
#define TD_KERNELS_WIDE_WIDE_H

#include "tensord/dtype.h"

/* The real number types: float, double, half, bfloat16 and all integers. */
#define TD_WIDE_TYPES                                                                                        \
    (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16) |            \
     TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_U16) |               \
     TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_U64))
/* float, half and bfloat16: what fits in a float. */
#define TD_FLOAT_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16))

void td_to_double(td_dtype type, const void *in, size_t n, double *out);
void td_from_double(td_dtype type, const double *in, size_t n, void *out);

/* TD_FLOAT_TYPES only; out and in do not overlap. */
void td_to_float(td_dtype type, const void *in, size_t n, float *out);
void td_from_float(td_dtype type, const float *in, size_t n, void *out);

#endif
