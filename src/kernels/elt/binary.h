/* SPDX-License-Identifier: Apache-2.0 */
/* binary.h -- expressions that the lists of two and three arguments share. T and U are the element type and
 * its unsigned twin where they are used. Remainders are written twice and computed once: they are pure. */
#ifndef TD_KERNELS_BINARY_BINARY_H
#define TD_KERNELS_BINARY_BINARY_H

#include "kernels/elt/body.h"

/* Comparisons with 0 that unsigned types do not mind. */
#define TD_IS_NEGATIVE(x) ((x) < (T)1 && (x) != 0)
#define TD_IS_SIGNED      ((T)-1 < (T)1)

/* The machine traps on the most negative number over -1. */
#define TD_IS_MINUS_1(y)      (TD_IS_SIGNED && (y) == (T)-1)
#define TD_TRUNCATE_DIV(x, y) (TD_IS_MINUS_1(y) ? (T)((W)0 - (W)(x)) : (T)((x) / (y)))
#define TD_TRUNCATE_MOD(x, y) (TD_IS_MINUS_1(y) ? (T)0 : (T)((x) % (y)))

/* Rounded down; the remainder has the sign of y. */
#define TD_SIGNS_DIFFER(r, y) (TD_IS_NEGATIVE(r) != TD_IS_NEGATIVE(y))
#define TD_FLOOR_MOD(r, y)    ((r) != 0 && TD_SIGNS_DIFFER(r, y) ? (T)((r) + (y)) : (r))
#define TD_FLOOR_DIV(x, y)                                                                                   \
    ((W)TD_TRUNCATE_DIV(x, y) - (W)(TD_SIGNS_DIFFER(x, y) && TD_TRUNCATE_MOD(x, y) != 0))
#define TD_FLOOR_FMOD(r, y) ((r) != 0 && ((r) < 0) != ((y) < 0) ? (r) + (y) : (r))

/* Counts outside of the type are brought to its ends. */
#define TD_LAST_BIT       (8 * sizeof(T) - 1)
#define TD_SHIFT_COUNT(y) (TD_IS_NEGATIVE(y) ? 0 : (U)(y) > TD_LAST_BIT ? TD_LAST_BIT : (size_t)(y))

/* A NaN stays one; a limit that is one is none. */
#define TD_AT_MOST(x, top)      ((top) < (x) ? (top) : (x))
#define TD_CLIP(x, bottom, top) (TD_AT_MOST(x, top) < (bottom) ? (bottom) : TD_AT_MOST(x, top))

static inline uint64_t td_integer_power(uint64_t base, uint64_t exponent)
{
    uint64_t power = 1;

    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1) power *= base;
    return power;
}

#endif
