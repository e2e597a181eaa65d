/* SPDX-License-Identifier: Apache-2.0 */
/* fixed.c -- see fixed.h. */
#include "kernels/quant/fixed.h"

#include <math.h>

bool td_fixed_of(double factor, td_fixed *out)
{
    int shift;

    if (!(factor >= 0) || factor >= 0x1p30) return false;
    int64_t multiplier = (int64_t)round(frexp(factor, &shift) * 0x1p31);

    if (multiplier == INT64_C(1) << 31) {
        multiplier /= 2;
        shift++;
    }
    *out = shift < TD_FIXED_SHIFT_MIN ? (td_fixed){ 0, 0 } : (td_fixed){ (int32_t)multiplier, shift };
    return shift <= TD_FIXED_SHIFT_MAX;
}
