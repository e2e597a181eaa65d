/* SPDX-License-Identifier: Apache-2.0 */
/* num.h -- the element types that C lacks, one by one (tensor/half.h) and by the array.
 *
 * half and bfloat16 are stored as 16 bits and computed through float; rounding is to nearest even. The float8
 * types exist for casts only. bool is a byte that is 0 or 1 when written; any other byte reads as true.
 */
#ifndef TD_KERNELS_NUM_NUM_H
#define TD_KERNELS_NUM_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "tensord/dtype.h"

#include "base/cpu.h"
#include "tensor/half.h"

/* Arrays: narrow floats <-> float, by the best body of this CPU. out and in may not overlap. */
typedef void td_widen_fn(float *out, const void *in, size_t n);
typedef void td_narrow_fn(void *out, const float *in, size_t n);

td_widen_fn *td_widen_find(td_dtype narrow, td_cpu cpu);   /* F16, BF16, float8; NULL for others */
td_narrow_fn *td_narrow_find(td_dtype narrow, td_cpu cpu); /* F16, BF16, float8; NULL for others */

#endif
