/* SPDX-License-Identifier: Apache-2.0 */
/* parse_number.c -- the hot path of JSON: an image is 150,000 of these.
 *
 * Digits are read eight at a time: eight bytes in a register become a number with three multiplications. A
 * number is then w * 10^e with w below 10^19 (more digits are cut off, which is noted). What remains is to
 * round it:
 *
 *   double  w and 10^|e| are exact doubles: one operation rounds once (W. Clinger). Otherwise w times a
 *           128-bit power of five (D. Lemire, "Number parsing at a gigabyte per second", 2021).
 *   float   a double with an error of at most 3 units in the last place is enough, unless it lies that
 *           near to a midpoint between two floats: the midpoints are the only places where the rounding
 *           turns over.
 *
 * What neither decides (one in millions, and subnormal numbers) goes to parse_exact.c.
 */
#include "tensor/parse_number.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "tensor/parse_exact.h"
#include "tensor/parse_quick.h"
#include "tensor/pow5.h"

__extension__ typedef unsigned __int128 u128;

enum { W_DIGITS = 19 }; /* so many always fit in 64 bits */

typedef struct number {
    uint64_t w;
    int64_t exponent;
    const char *start, *end;
    bool is_negative;
    bool is_cut; /* the value lies in [w, w + 1) * 10^exponent */
} number;

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

#define ASCII_ZEROS 0x3030303030303030u

/* x is eight bytes xor ASCII_ZEROS: digits are 0 to 9 now, all others more.
 * The top bit of each byte that is none. */
static inline uint64_t not_digits(uint64_t x)
{
    return (((x & 0x7f7f7f7f7f7f7f7fu) + 0x7676767676767676u) | x) & 0x8080808080808080u;
}

/* The digits 0 to 9 in the eight bytes of x, the first in the lowest byte. */
static inline uint64_t eight_digits(uint64_t x)
{
    const uint64_t mask = 0x000000ff000000ffu;

    x = x * 10 + (x >> 8); /* pairs */
    return ((x & mask) * 0x000f424000000064u + (x >> 16 & mask) * 0x0000271000000001u) >> 32;
}

/* Appends the digits at p to *w (modulo 2^64) and returns their end. */
static inline const char *read_digits(const char *p, const char *end, uint64_t *w)
{
    static const uint32_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };

    while (end - p >= 8) {
        uint64_t x;

        memcpy(&x, p, sizeof x);
        x ^= ASCII_ZEROS;
        const uint64_t others = not_digits(x);

        if (others) {
            const int n = __builtin_ctzll(others) / 8; /* leading zeros take the place of the bytes behind */

            *w = *w * powers[n] + eight_digits(x << 8 << (56 - 8 * n));
            return p + n;
        }
        *w = *w * 100000000 + eight_digits(x);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    return p;
}

/* w again, with the first 19 significant digits only. [p, end) has digits and at most one point. */
static void cut_digits(number *n, const char *p, const char *end)
{
    int64_t dropped = 0, behind_point = 0;
    bool is_behind_point = false;
    int digits = 0;

    n->w = 0;
    for (; p < end; p++) {
        if (*p == '.') {
            is_behind_point = true;
            continue;
        }
        behind_point += is_behind_point;
        if (!digits && *p == '0') continue;
        if (digits < W_DIGITS) {
            n->w = n->w * 10 + (uint64_t)(*p - '0');
            digits++;
        } else {
            dropped++;
        }
    }
    n->exponent = dropped - behind_point;
    n->is_cut = dropped > 0;
}

/* Reads "e-12" at p; NULL when there are no digits. */
static const char *read_exponent(const char *p, const char *end, int64_t *exponent)
{
    int64_t e = 0;

    p++;
    const bool is_negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    if (p == end || !is_digit(*p)) return NULL;
    for (; p < end && is_digit(*p); p++)
        if (e < INT64_MAX / 100) e = e * 10 + (*p - '0');
    *exponent += is_negative ? -e : e;
    return p;
}

/* The digits before the point; NULL when there are none. */
static inline const char *read_whole(const char *p, const char *end, uint64_t *w)
{
    if (TD_UNLIKELY(p == end || !is_digit(*p))) return NULL;
    return *p == '0' ? p + 1 : read_digits(p, end, w);
}

static inline bool read_number(const char *p, const char *end, number *n)
{
    n->start = p;
    n->is_negative = p < end && *p == '-';
    n->is_cut = false;
    n->w = 0;
    n->exponent = 0;

    const char *const whole = p + n->is_negative;
    p = read_whole(whole, end, &n->w);
    if (!p) return false;
    if (p < end && *p == '.') {
        const char *const fraction = p + 1;

        p = read_digits(fraction, end, &n->w);
        if (p == fraction) return false;
        n->exponent = fraction - p;
    }
    const bool leads_with_zero = *whole == '0', has_point = n->exponent != 0;
    if (TD_UNLIKELY(p - whole - leads_with_zero - has_point > W_DIGITS)) cut_digits(n, whole, p);
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = read_exponent(p, end, &n->exponent);
        if (!p) return false;
    }
    n->end = p;
    return true;
}

enum { F32_POWER_MIN = -60, F32_POWER_MAX = 38 };

/* 10^F32_POWER_MIN ..., each rounded to nearest by the compiler. */
static const double powers_of_ten[] = {
    1e-60, 1e-59, 1e-58, 1e-57, 1e-56, 1e-55, 1e-54, 1e-53, 1e-52, 1e-51, 1e-50, 1e-49, 1e-48, 1e-47, 1e-46,
    1e-45, 1e-44, 1e-43, 1e-42, 1e-41, 1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32, 1e-31,
    1e-30, 1e-29, 1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16,
    1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,
    1e0,   1e1,   1e2,   1e3,   1e4,   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,  1e14,
    1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22,  1e23,  1e24,  1e25,  1e26,  1e27,  1e28,  1e29,
    1e30,  1e31,  1e32,  1e33,  1e34,  1e35,  1e36,  1e37,  1e38,
};
_Static_assert(sizeof powers_of_ten / sizeof *powers_of_ten == F32_POWER_MAX - F32_POWER_MIN + 1, "one each");

/* Half a unit in the last place is lost in each of: w to double, the power, the product;
 * a cut loses less than 1/500. */
enum { F32_SLACK = 3 };

static inline bool round_f32(const number *n, float *out)
{
    const uint32_t half = UINT32_C(1) << 28; /* a double has 29 bits more than a float */
    uint64_t bits;

    if (TD_UNLIKELY(n->exponent < F32_POWER_MIN || n->exponent > F32_POWER_MAX)) return false;
    const double d = (double)n->w * powers_of_ten[n->exponent - F32_POWER_MIN];

    memcpy(&bits, &d, sizeof bits);
    const uint32_t below = bits & (2 * half - 1);
    if (TD_UNLIKELY(below - (half - F32_SLACK) <= 2 * F32_SLACK)) return false;
    if (TD_UNLIKELY(!(d >= 1.2e-38 && d <= 3.4e38)) && n->w) return false; /* subnormal or too large */
    *out = (float)d;
    return true;
}

/* Up to seven digits and nothing behind, the pixels of an image; NULL: another shape. */
static inline const char *read_small_whole(const char *p, const char *end, float *out)
{
    const bool is_negative = *p == '-';
    uint64_t x;

    p += is_negative;
    if (end - p < (int)sizeof x) return NULL;
    memcpy(&x, p, sizeof x);
    x ^= ASCII_ZEROS;
    const uint64_t others = not_digits(x);
    const int n = others ? __builtin_ctzll(others) / 8 : 0;
    const char behind = p[n];

    if (!n || behind == '.' || (behind | 0x20) == 'e' || (*p == '0' && n > 1)) return NULL;
    const float v = (float)(int64_t)eight_digits(x << 8 << (56 - 8 * n));
    *out = is_negative ? -v : v;
    return p + n;
}

/* Apart from td_parse_f32(), so that that has no stack frame. */
static __attribute__((noinline)) const char *parse_any_f32(const char *p, const char *end, float *out)
{
    number n;
    float v;

    if (end - p > (int)sizeof(uint64_t)) {
        const char *const behind = read_small_whole(p, end, out);

        if (behind) return behind;
    }
    if (TD_UNLIKELY(!read_number(p, end, &n))) return NULL;
    if (TD_UNLIKELY(!round_f32(&n, &v))) {
        *out = td_parse_exact_f32(n.start, n.end);
    } else {
        *out = n.is_negative ? -v : v;
    }
    return n.end;
}

const char *td_parse_f32(const char *p, const char *end, float *out)
{
    td_quick_number n;
    float v;

    if (TD_LIKELY(end - p >= TD_QUICK_BYTES) && td_read_quick(p, &n) && TD_LIKELY(td_round_quick(&n, &v))) {
        *out = v;
        return n.end;
    }
    return parse_any_f32(p, end, out);
}

/* w * 10^e for w > 0, correctly rounded; false when 128 bits do not decide, or it is subnormal. */
static bool round_by_pow5(uint64_t w, int64_t e, double *out)
{
    if (e < TD_POW5_MIN || e > 308) {
        *out = e < 0 ? 0 : HUGE_VAL;
        return true;
    }
    td_pow5 power = td_pow5_table()[e - TD_POW5_MIN];
    if (e < 0 && e >= -27) power.hi += !++power.lo; /* rounded up where the proof wants it */

    const int zeros = __builtin_clzll(w);
    const u128 first = (u128)(w << zeros) * power.hi;
    uint64_t high = (uint64_t)(first >> 64), low = (uint64_t)first;
    if ((high & 0x1ff) == 0x1ff) { /* the bits below could carry into those we keep */
        const uint64_t more = (uint64_t)((u128)(w << zeros) * power.lo >> 64);

        low += more;
        high += low < more;
        if (low == UINT64_MAX && (e < -27 || e > 55)) return false;
    }

    const int top = (int)(high >> 63), shift = top + 9; /* keeps 54 bits: one to round by */
    uint64_t mantissa = high >> shift;
    int64_t exponent = ((217706 * e) >> 16) + 63 + top - zeros + 1023; /* 217706 / 2^16 = log2(10) */
    if (exponent <= 0) return false;
    if (low <= 1 && e >= -4 && e <= 23 && (mantissa & 3) == 1 && mantissa << shift == high)
        mantissa--; /* exactly between: to even */
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >> 53) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent >= 0x7ff) {
        *out = HUGE_VAL;
        return true;
    }
    const uint64_t bits = (mantissa & ((UINT64_C(1) << 52) - 1)) | (uint64_t)exponent << 52;
    memcpy(out, &bits, sizeof bits);
    return true;
}

static inline bool round_f64(const number *n, double *out)
{
    const double *const one = &powers_of_ten[-F32_POWER_MIN]; /* 10^0 to 10^22 are exact */
    double next;

    if (n->w <= UINT64_C(1) << 53 && n->exponent >= -22 && n->exponent <= 22 && !n->is_cut) {
        const double w = (double)n->w;

        *out = n->exponent < 0 ? w / one[-n->exponent] : w * one[n->exponent];
        return true;
    }
    if (!n->w) {
        *out = 0;
        return true;
    }
    if (!round_by_pow5(n->w, n->exponent, out)) return false;
    return !n->is_cut || (round_by_pow5(n->w + 1, n->exponent, &next) && next == *out);
}

const char *td_parse_f64(const char *p, const char *end, double *out)
{
    number n;
    double v;

    if (TD_UNLIKELY(!read_number(p, end, &n))) return NULL;
    if (TD_UNLIKELY(!round_f64(&n, &v))) {
        *out = td_parse_exact_f64(n.start, n.end);
    } else {
        *out = n.is_negative ? -v : v;
    }
    return n.end;
}

/* A whole number's digits as 64 bits; NULL when it is none or does not fit. */
static inline const char *read_integer(const char *p, const char *end, uint64_t *w)
{
    const char *const whole = p;

    *w = 0;
    p = read_whole(whole, end, w);
    if (TD_UNLIKELY(!p || (p < end && (*p == '.' || *p == 'e' || *p == 'E')))) return NULL;
    if (TD_LIKELY(p - whole <= W_DIGITS)) return p;
    if (p - whole > W_DIGITS + 1) return NULL;
    const uint64_t wrapped = *w; /* 20 digits: right modulo 2^64, and 10^19 <= v < 10^20 < 6 * 2^64 */
    return *whole == '1' && wrapped >= UINT64_C(10000000000000000000) ? p : NULL;
}

const char *td_parse_u64(const char *p, const char *end, uint64_t *out)
{
    const bool is_negative = p < end && *p == '-';
    uint64_t w;

    p = read_integer(p + is_negative, end, &w);
    if (!p || (is_negative && w)) return NULL;
    *out = w;
    return p;
}

const char *td_parse_i64(const char *p, const char *end, int64_t *out)
{
    const bool is_negative = p < end && *p == '-';
    uint64_t w;

    p = read_integer(p + is_negative, end, &w);
    if (!p || w > (uint64_t)INT64_MAX + is_negative) return NULL;
    *out = is_negative ? (int64_t)(0 - w) : (int64_t)w;
    return p;
}

const char *td_scan_number(const char *p, const char *end, bool *is_integer)
{
    number n;

    if (!read_number(p, end, &n)) return NULL;
    *is_integer = true;
    for (p = n.start; p < n.end; p++)
        if (*p == '.' || *p == 'e' || *p == 'E') *is_integer = false;
    return n.end;
}
