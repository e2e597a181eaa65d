/* SPDX-License-Identifier: Apache-2.0 */
/* fixed.h -- real factors as integers, and products with them, rounded as TFLite's plain kernels round. Most do so twice, once at
 * the high half of a doubled product, where halves go up, and once at the shift, where they go away from zero; some do it once. */
#ifndef TD_KERNELS_QUANT_FIXED_H
#define TD_KERNELS_QUANT_FIXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* multiplier / 2^31 * 2^shift. What is made by td_fixed_of(), or checked by td_fixed_is_valid(), may be multiplied with. */
typedef struct td_fixed {
    int32_t multiplier, shift;
} td_fixed;

enum { TD_FIXED_SHIFT_MIN = -31, TD_FIXED_SHIFT_MAX = 30 };

/* False: negative, not finite, or 2^30 and more. What is too small becomes 0. */
TD_MUST_USE bool td_fixed_of(double factor, td_fixed *out);

static inline bool td_fixed_is_valid(int64_t multiplier, int64_t shift)
{
    return multiplier >= 0 && multiplier <= INT32_MAX && shift >= TD_FIXED_SHIFT_MIN &&
           shift <= TD_FIXED_SHIFT_MAX;
}

/* v / 2^bits, halves away from zero; 0 <= bits <= 31. */
static inline int32_t td_round_shift(int32_t v, int bits)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << bits) - 1);

    return (v >> bits) + ((v & mask) > (mask >> 1) + (v < 0));
}

/* 2 a b / 2^32, halves up; b >= 0, so it never overflows. */
static inline int32_t td_high_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

static inline int32_t td_fixed_times(int32_t v, td_fixed f)
{
    const int left = f.shift > 0 ? f.shift : 0, right = f.shift > 0 ? 0 : -f.shift;
    const int32_t wide = (int32_t)((uint32_t)v << left);

    return td_round_shift(td_high_product(wide, f.multiplier), right);
}

/* Rounded once, halves up. |v| < 2^32, or what comes out is any number. */
static inline int64_t td_fixed_times_once(int64_t v, td_fixed f)
{
    const int bits = 31 - f.shift;

    return (int64_t)((uint64_t)v * (uint64_t)f.multiplier + (UINT64_C(1) << (bits - 1))) >> bits;
}

/* Sums of 64 bits: the factor has 15 bits, and there is one rounding, halves up. */
static inline int32_t td_fixed_times_wide(int64_t v, td_fixed f)
{
    const int32_t factor = f.multiplier < 0x7fff0000 ? (f.multiplier + (1 << 15)) >> 16 : 0x7fff;
    const int bits = 15 - f.shift;
    const uint64_t product = (uint64_t)v * (uint64_t)factor;

    if (bits <= 0) return (int32_t)(uint32_t)(product << -bits);
    return (int32_t)((int64_t)(product + (UINT64_C(1) << (bits - 1))) >> bits);
}

/* 1 / sqrt(v), by Newton's method in 32 bits; v >= 0, of which 0 counts as 1. */
td_fixed td_fixed_rsqrt(int32_t v);

static inline int32_t td_steps_clamp(int32_t v, int32_t low, int32_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* v + zero, clamped; |v| < 2^62. */
static inline int32_t td_steps_of(int64_t v, int32_t zero, int32_t low, int32_t high)
{
    const int64_t sum = v + zero;

    return (int32_t)(sum < low ? low : sum > high ? high : sum);
}

#endif
