/* SPDX-License-Identifier: Apache-2.0 */
/* parse_quick.h -- the shape that nearly all floats of a request have: "-0.8444218515250481", one or two
 * bytes, a point, digits, no exponent.
 *
 * Sixteen digits behind the point are made one number, whether they are there or not: bytes behind the last
 * digit count as zeros, so nothing depends on how many there are, and no branch can be guessed wrong. Further
 * digits are passed over; they add less than 10^-16, and the caller checks that this does not matter.
 */
#ifndef TD_TENSOR_PARSE_QUICK_H
#define TD_TENSOR_PARSE_QUICK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

typedef struct td_quick_number {
    double value; /* of the magnitude, wrong by at most 3 units in the last place; and what was passed over */
    uint64_t is_cut; /* 1: digits were passed over, the magnitude is less than 10^-16 above; 0: none */
    bool is_negative;
    const char *end;
} td_quick_number;

#if defined(__SSE4_1__)
#include <smmintrin.h>

enum { TD_QUICK_BYTES = 34 }; /* must be readable at p */

/* false: another shape; nothing is said about the number then. end - p >= TD_QUICK_BYTES.
 *
 * The next number can only start when this one's end is known, so the way from p to n->end
 * is kept short. It looks from the third byte on: there stands the first digit of the
 * fraction, or the point if there was a sign. */
static inline bool td_read_quick(const char *p, td_quick_number *n)
{
    static const unsigned char prefixes[48] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, /* then zeros */
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    };
    const __m128i zero = _mm_set1_epi8('0'), to_top_bit = _mm_set1_epi8(128 - 10);

    const __m128i a = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 2)), zero);
    const __m128i b = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 18)), zero);
    const uint32_t others = (uint32_t)_mm_movemask_epi8(_mm_adds_epu8(a, to_top_bit)) |
                            (uint32_t)_mm_movemask_epi8(_mm_adds_epu8(b, to_top_bit)) << 16;
    const uint32_t behind = others & ~1u;
    if (TD_UNLIKELY(!behind)) return false;
    const int end = __builtin_ctz(behind) + 2;

    n->end = p + end;
    n->is_negative = *p == '-';
    const int start = n->is_negative + 2; /* of the fraction */
    if (TD_UNLIKELY(p[start - 1] != '.' || (unsigned char)(p[start - 2] - '0') > 9 || end == start ||
                    (others & 1) != n->is_negative || (*n->end | 0x20) == 'e'))
        return false;

    const int digits = end - start;
    const __m128i fraction16 =
        _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + start)), zero);
    const __m128i prefix = _mm_loadu_si128((const __m128i *)(const void *)(prefixes + 32 - digits));
    const __m128i by2 = _mm_maddubs_epi16(_mm_and_si128(fraction16, prefix), _mm_set1_epi16(10 | 1 << 8));
    const __m128i by4 = _mm_madd_epi16(by2, _mm_set1_epi32(100 | 1 << 16));
    const __m128i by8 = _mm_madd_epi16(_mm_packus_epi32(by4, by4), _mm_set1_epi32(10000 | 1 << 16));
    const uint64_t halves = (uint64_t)_mm_cvtsi128_si64(by8);
    const uint64_t fraction = (halves & 0xffffffffu) * 100000000 + (halves >> 32);
    const uint64_t whole = (uint64_t)(p[start - 2] - '0') * 10000000000000000;

    n->value = (double)(int64_t)(whole + fraction) * 1e-16;
    n->is_cut = (uint64_t)digits >> 4; /* also for 16, which does no harm */
    return true;
}

#else

enum { TD_QUICK_BYTES = 0 };

static inline bool td_read_quick(const char *p, td_quick_number *n)
{
    (void)p;
    (void)n;
    return false;
}

#endif

/* 10^-16 is less than 1000 units in the last place of any double from 2^-10 on, whose bits are these. */
enum { TD_QUICK_SLACK = 1024 };
#define TD_QUICK_LEAST UINT64_C(0x3f50000000000000)

/* The nearest float, or false: too close to the middle between two. In whole numbers, so that nothing
 * branches on the digits. */
static inline bool td_round_quick(const td_quick_number *n, float *out)
{
    const uint32_t half = UINT32_C(1) << 28;
    double signed_value;
    uint64_t bits;

    memcpy(&bits, &n->value, sizeof bits);
    const uint32_t below = (uint32_t)bits & (2 * half - 1);
    const uint64_t is_too_small = (bits - TD_QUICK_LEAST) >> 63 & n->is_cut;

    bits |= (uint64_t)n->is_negative << 63;
    memcpy(&signed_value, &bits, sizeof bits);
    *out = (float)signed_value;
    return !is_too_small && below - (half - TD_QUICK_SLACK) > 2 * TD_QUICK_SLACK;
}

#endif
