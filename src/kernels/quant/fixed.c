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

enum { WHOLE_BITS = 3, ROUNDS = 5, HALF_SQRT_2 = 1518500250 }; /* the last: of 31 bits */

static int32_t hold(int64_t v)
{
    return (int32_t)TD_MIN(TD_MAX(v, INT32_MIN), INT32_MAX);
}

/* A product of numbers that have WHOLE_BITS before the point, and what is held of it with as many. */
static int32_t times_twice(int32_t product, int bits)
{
    return hold((int64_t)product * (INT64_C(1) << bits));
}

/* x' = x * (3 - v x^2) / 2, for v in [1/4, 1) as a fraction of 2^29, WHOLE_BITS before its point. */
static int32_t refine(int32_t half, int32_t x)
{
    const int32_t three_halves = (1 << 28) + (1 << 27);
    const int32_t cube = times_twice(td_high_product(td_high_product(x, x), x), 2 * WHOLE_BITS);
    const int32_t next = td_high_product(three_halves, x) - td_high_product(half, cube);

    return times_twice(next, WHOLE_BITS);
}

td_fixed td_fixed_rsqrt(int32_t v)
{
    int32_t x = 1 << (31 - WHOLE_BITS);
    int shift = 11;

    if (v <= 1) return (td_fixed){ INT32_MAX, 0 };
    for (; v >= 1 << 29; shift++)
        v /= 4;
    const int pairs = (__builtin_clz((unsigned)v) - 1) / 2 - 1;

    shift -= pairs;
    v <<= 2 * pairs;
    const int32_t half = td_round_shift(v >> 1, 1);

    for (int i = 0; i < ROUNDS; i++)
        x = refine(half, x);
    x = td_high_product(x, HALF_SQRT_2);
    if (shift < 0) { /* of the smallest v */
        x = (int32_t)((uint32_t)x << -shift);
        shift = 0;
    }
    return (td_fixed){ x, -shift };
}
