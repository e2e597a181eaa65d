/* SPDX-License-Identifier: Apache-2.0 */
/* shortest.h -- the fewest decimal digits that read back as the same floating-point number. */
#ifndef TD_TENSOR_SHORTEST_H
#define TD_TENSOR_SHORTEST_H

#include <stdint.h>

/* digits * 10^exponent; the last digit is not 0. */
typedef struct td_decimal {
    uint64_t digits; /* at most 9 (float) or 17 (double) of them */
    int exponent;
} td_decimal;

/* v is finite and greater than zero. Of the shortest, the one closest to v. */
td_decimal td_shortest_f32(float v);
td_decimal td_shortest_f64(double v);

#endif
