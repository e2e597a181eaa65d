/* SPDX-License-Identifier: Apache-2.0 */
/* size.h -- arithmetic on sizes that come from outside: it says when a result does not fit. */
#ifndef TD_BASE_SIZE_H
#define TD_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool td_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool td_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool td_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool td_add_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* n rounded up to a multiple of the power of two `to`. n + to must fit. */
static inline size_t td_round_up(size_t n, size_t to)
{
    return (n + to - 1) & ~(to - 1);
}

/* How many parts of b hold a. b > 0; a + b must fit. */
static inline size_t td_div_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* The offset of `size` bytes, 64-byte aligned, in a scratch that ends at *at so far. */
static inline size_t td_reserve(size_t *at, size_t size)
{
    const size_t here = *at;
    *at = td_round_up(here + size, 64);
    return here;
}

#endif
