/* SPDX-License-Identifier: Apache-2.0 */
/* shortest.h -- the fewest decimal digits that read back as the same floating-point number of its type. */
#ifndef TD_TENSOR_SHORTEST_H
#define TD_TENSOR_SHORTEST_H

#include <stdint.h>

#include "tensor/half.h"

/* digits * 10^exponent; the last digit is not 0. */
typedef struct td_decimal {
    uint64_t digits; /* at most 4 (bfloat16), 5 (half), 9 (float) or 17 (double) of them */
    int exponent;
} td_decimal;

/* v is finite and greater than zero. Of the shortest, the one closest to v. */
td_decimal td_shortest_f32(float v);
td_decimal td_shortest_f64(double v);
td_decimal td_shortest_f16(td_f16 v);
td_decimal td_shortest_bf16(td_bf16 v);

#endif
