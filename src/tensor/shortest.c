/* SPDX-License-Identifier: Apache-2.0 */
/* shortest.c -- the Schubfach method (R. Giulietti, "The Schubfach way to render doubles", 2020).
 *
 * v = c * 2^q. Numbers between the midpoints to v's neighbours read back as v. With k so that 10^k is just
 * below the width of that interval, at least one multiple of 10^k lies inside, and at most one of 10^(k+1).
 * All is done in units of 10^k / 4: the two ends and v itself become whole numbers, by one multiplication
 * with a rounded power of ten, whose lost part is kept as a sticky lowest bit ("round to odd"). The paper
 * proves that 128 (64) bits are enough.
 */
#include "tensor/shortest.h"

#include <stdbool.h>
#include <string.h>

#include "base/macros.h"
#include "tensor/pow5.h"

__extension__ typedef unsigned __int128 u128;

/* The interval around v in quarters of 10^k, and v. */
typedef struct interval {
    uint64_t low, mid, high;
    int k;
} interval;

/* floor(log10(2^q)), or of 3/4 of it: below a power of two the neighbour is nearer. */
static int floor_log10_pow2(int q, bool is_nearer_below)
{
    return (q * 1262611 - (is_nearer_below ? 524031 : 0)) >> 22;
}

static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

static td_decimal strip_zeros(uint64_t digits, int exponent)
{
    if (TD_LIKELY(digits % 10)) return (td_decimal){ digits, exponent };
    if (digits % 100000000 == 0) digits /= 100000000, exponent += 8;
    if (digits % 10000 == 0) digits /= 10000, exponent += 4;
    if (digits % 100 == 0) digits /= 100, exponent += 2;
    if (digits % 10 == 0) digits /= 10, exponent += 1;
    return (td_decimal){ digits, exponent };
}

/* Both lengths are tried and one is picked by arithmetic:
 * which it is is a coin's throw that no branch predicts. */
static inline td_decimal shortest_in(interval v)
{
    const uint64_t s = v.mid / 4, tens = s / 10;

    const uint64_t below10 = v.low <= 40 * tens, above10 = 40 * tens + 40 <= v.high;
    const uint64_t is_shorter = below10 ^ above10;
    const uint64_t below = v.low <= 4 * s, above = 4 * s + 4 <= v.high;
    const uint64_t is_one = below ^ above, rest = v.mid & 3;
    const uint64_t is_nearer_above = (rest + (s & 1) + 1) >> 2; /* 3 quarters, or 2 and s is odd */

    const uint64_t longer = s + ((is_one & above) | (~is_one & is_nearer_above));
    const uint64_t pick = 0 - is_shorter;
    return strip_zeros(((tens + above10) & pick) | (longer & ~pick), v.k + (int)is_shorter);
}

/* 10^e to 128 bits, rounded up. */
static td_pow5 pow10_up(int e)
{
    td_pow5 g = td_pow5_table()[e - TD_POW5_MIN];

    if (e < 0 || e > 55) g.hi += !++g.lo; /* 5^55 is the last that fits */
    return g;
}

/* g * cp / 2^128, with a lowest bit that says "and something". */
static uint64_t scale_f64(td_pow5 g, uint64_t cp)
{
    const u128 high = (u128)g.hi * cp + (uint64_t)((u128)g.lo * cp >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

td_decimal td_shortest_f64(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    const int biased = (int)(bits >> 52);
    const uint64_t c = biased ? fraction | UINT64_C(1) << 52 : fraction;
    const int q = (biased ? biased : 1) - 1075;
    const bool is_nearer_below = !fraction && biased > 1, is_odd = c % 2;

    const int k = floor_log10_pow2(q, is_nearer_below);
    const int h = q + floor_log2_pow10(-k) + 1; /* 1 .. 4: what the powers' normalisation left over */
    const td_pow5 g = pow10_up(-k);

    return shortest_in((interval){ scale_f64(g, (4 * c - 2 + is_nearer_below) << h) + is_odd,
                                   scale_f64(g, 4 * c << h), scale_f64(g, (4 * c + 2) << h) - is_odd, k });
}

static uint64_t scale_f32(uint64_t g, uint64_t cp)
{
    const u128 product = (u128)g * cp;

    return (uint64_t)(product >> 64) | ((uint64_t)product >> 32 > 1);
}

/* c * 2^q of a type with at most float's range and digits; the one below is half as far if is_nearer_below. */
static inline td_decimal shortest_small(uint64_t c, int q, bool is_nearer_below)
{
    const bool is_odd = c % 2;
    const int k = floor_log10_pow2(q, is_nearer_below);
    const int h = q + floor_log2_pow10(-k) + 1;
    const td_pow5 p = td_pow5_table()[-k - TD_POW5_MIN];
    const uint64_t g = p.hi + (p.lo != 0); /* rounded up */

    return shortest_in((interval){ scale_f32(g, (4 * c - 2 + is_nearer_below) << h) + is_odd,
                                   scale_f32(g, 4 * c << h), scale_f32(g, (4 * c + 2) << h) - is_odd, k });
}

/* bits: exponent and fraction of a format whose fraction has so many bits, and whose number is 1 at the exponent bias. */
static inline td_decimal shortest_of(uint32_t bits, int fraction_bits, int bias)
{
    const uint32_t fraction = bits & ((UINT32_C(1) << fraction_bits) - 1);
    const int biased = (int)(bits >> fraction_bits);
    const uint64_t c = biased ? fraction | UINT32_C(1) << fraction_bits : fraction;

    return shortest_small(c, (biased ? biased : 1) - bias - fraction_bits, !fraction && biased > 1);
}

td_decimal td_shortest_f32(float v)
{
    return shortest_of(td_bits_of_f32(v), 23, 127);
}

td_decimal td_shortest_f16(td_f16 v)
{
    return shortest_of(v.bits, 10, 15);
}

td_decimal td_shortest_bf16(td_bf16 v)
{
    return shortest_of(v.bits, 7, 127);
}
