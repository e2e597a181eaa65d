/* SPDX-License-Identifier: Apache-2.0 */
/* wide.h -- numbers of any type as double or float and back, for kernels that have one plain body for all
 * types.
 *
 * Integers come back by truncation, wrapped to their width; half, bfloat16 round to nearest even.
 */
#ifndef TD_KERNELS_WIDE_WIDE_H
#define TD_KERNELS_WIDE_WIDE_H

#include <stdbool.h>

#include "base/variant.h"
#include "tensor/type_sets.h"

/* What fits in a float. */
#define TD_SINGLE_TYPES (TD_HALF_TYPES | TD_DTYPE_BIT(TD_F32))

static inline bool td_is_single(td_dtype t)
{
    return (TD_SINGLE_TYPES >> t & 1) != 0;
}

/* TD_REAL_TYPES. */
void td_to_double(td_dtype type, const void *in, size_t n, double *out);
void td_from_double(td_dtype type, const double *in, size_t n, void *out);

/* TD_SINGLE_TYPES; out and in do not overlap. */
void td_to_float(td_dtype type, const void *in, size_t n, float *out);
void td_from_float(td_dtype type, const float *in, size_t n, void *out);

/* The elements as floats: where they are, or in room. */
const float *td_as_floats(td_dtype type, const void *in, size_t n, float *room);

/* Floats as bfloat16 for arithmetic: rounded to nearest even; of numbers below 2^-126 a CPU's own instruction may make 0. */
typedef void td_bf16_round_fn(uint16_t *out, const float *in, size_t n);

td_bf16_round_fn td_bf16_round_ref, td_bf16_round_avx512_bf16;
TD_VARIANTS(bf16_round, td_bf16_round_fn *);

#endif
