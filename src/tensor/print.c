/* SPDX-License-Identifier: Apache-2.0 */
/* print.c -- layout of numbers.
 *
 * Digits of floats are aligned to the left, as many as the type can need with zeros behind, and made text eight at a
 * time; copies have fixed lengths, and what is too much is overwritten or left behind the end. So little depends on
 * how many there are.
 */
#include "tensor/print.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "tensor/shortest.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static const uint64_t powers[] = { 1u,
                                   10u,
                                   100u,
                                   1000u,
                                   10000u,
                                   100000u,
                                   1000000u,
                                   10000000u,
                                   100000000u,
                                   1000000000u,
                                   10000000000u,
                                   100000000000u,
                                   1000000000000u,
                                   10000000000000u,
                                   100000000000000u,
                                   1000000000000000u,
                                   10000000000000000u,
                                   100000000000000000u,
                                   1000000000000000000u,
                                   10000000000000000000u };

static int count_digits(uint64_t v)
{
    const int bits = 64 - __builtin_clzll(v | 1);
    const int least = bits * 1233 >> 12; /* floor(bits * log10(2)): one less, or right */

    return least + ((v | 1) >= powers[least]);
}

/* Exactly n digits, ending before `end`. */
static void put_digits(char *end, uint64_t v, int n)
{
    while (n >= 2) {
        memcpy(end -= 2, pairs + v % 100 * 2, 2);
        v /= 100;
        n -= 2;
    }
    if (n) *--end = (char)('0' + v);
}

char *td_print_u64(char *out, uint64_t v)
{
    const int n = count_digits(v);

    put_digits(out + n, v, n);
    return out + n;
}

char *td_print_i64(char *out, int64_t v)
{
    if (v >= 0) return td_print_u64(out, (uint64_t)v);
    *out = '-';
    return td_print_u64(out + 1, 0 - (uint64_t)v);
}

/* Eight digits, leading zeros with them; v < 10^8. Halves, quarters and eighths of a register are split by
 * ten thousand, hundred and ten with multiplications that are exact for their ranges. */
static inline void put_eight(char *out, uint64_t v)
{
    uint64_t x = v / 10000 | v % 10000 << 32;
    uint64_t tens = x * 10486 >> 20 & 0x0000007f0000007f;

    x = tens | (x - tens * 100) << 16;
    tens = x * 103 >> 10 & 0x000f000f000f000f;
    x = tens | (x - tens * 10) << 8;
    x |= 0x3030303030303030;
    memcpy(out, &x, sizeof x);
}

/* Digits that a type can need: floats and smaller ones, doubles. What follows is compiled for each of the two. */
enum { FEW_DIGITS = 9, MOST_DIGITS = 17 };

#define FOR_BOTH static inline __attribute__((always_inline))

/* `most` digits, the n of v and zeros: the first at *first, the others at `others`. */
FOR_BOTH void put_aligned(char *first, char *others, uint64_t v, int n, int most)
{
    const uint64_t aligned = v * powers[most - n], high = most == FEW_DIGITS ? aligned : aligned / 100000000;

    *first = (char)('0' + high / 100000000);
    put_eight(others, high % 100000000);
    if (most > FEW_DIGITS) put_eight(others + 8, aligned % 100000000);
}

/* d.ddd, d */
FOR_BOTH char *put_one_and_fraction(char *out, uint64_t v, int n, int most)
{
    out[1] = '.';
    put_aligned(out, out + 2, v, n, most);
    return out + (n > 1 ? n + 1 : 1);
}

/* d.ddde-05 */
FOR_BOTH char *put_scientific(char *out, uint64_t v, int n, int exponent, int most)
{
    const int size = exponent < 0 ? -exponent : exponent;

    out = put_one_and_fraction(out, v, n, most);
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    if (size >= 100) *out++ = (char)('0' + size / 100);
    memcpy(out, pairs + size % 100 * 2, 2);
    return out + 2;
}

static char *put_whole(char *out, uint64_t v)
{
    out = td_print_u64(out, v);
    memcpy(out, ".0", 2);
    return out + 2;
}

/* ddd.d; apart from others, so that those need no stack. */
static __attribute__((noinline)) char *put_around_point(char *out, uint64_t v, int n, int whole)
{
    char digits[2 * MOST_DIGITS]; /* copies have fixed lengths */

    put_aligned(digits, digits + 1, v, n, MOST_DIGITS);
    memcpy(out, digits, MOST_DIGITS);
    out[whole] = '.';
    memcpy(out + whole + 1, digits + whole, MOST_DIGITS);
    return out + n + 1;
}

/* 0.000ddd, d.ddd, ddd.d; -5 < exponent < n - 1 */
FOR_BOTH char *put_fixed(char *out, uint64_t v, int n, int exponent, int most)
{
    const int whole = exponent + 1; /* digits before the point */

    if (whole == 1) return put_one_and_fraction(out, v, n, most);
    if (whole > 1) return put_around_point(out, v, n, whole);
    memcpy(out, "0.000", 5);
    out += 2 - whole;
    put_aligned(out, out + 1, v, n, most);
    return out + n;
}

/* v is d. Whole numbers that are not scientific are written in full,
 * not with zeros for the digits they could do without. */
FOR_BOTH char *put_decimal(char *out, td_decimal d, double v, int long_precision, int most)
{
    const int n = count_digits(d.digits), exponent = d.exponent + n - 1;
    const int precision = n <= 6 ? 6 : long_precision;

    if (exponent < -4 || exponent >= precision) return put_scientific(out, d.digits, n, exponent, most);
    return d.exponent < 0 ? put_fixed(out, d.digits, n, exponent, most) : put_whole(out, (uint64_t)v);
}

/* v is not finite, and its sign is written. */
static char *put_special(char *out, double v)
{
    const size_t n = isnan(v) ? 3 : 8;

    memcpy(out, isnan(v) ? "NaN     " : "Infinity", 8);
    return out + n;
}

char *td_print_f32(char *out, float v)
{
    *out = '-'; /* or not: a sign is a coin's throw that no branch predicts */
    out += signbit(v) && !isnan(v);
    v = isnan(v) ? v : fabsf(v);
    /* a common kind, and a quick one */
    if (v < 1e6f && v == (float)(uint32_t)v) return put_whole(out, (uint32_t)v);
    if (!isfinite(v)) return put_special(out, (double)v);
    return put_decimal(out, td_shortest_f32(v), (double)v, 9, FEW_DIGITS);
}

char *td_print_f64(char *out, double v)
{
    if (signbit(v) && !isnan(v)) {
        *out++ = '-';
        v = -v;
    }
    if (v < 1e6 && v == (double)(uint32_t)v) return put_whole(out, (uint32_t)v);
    if (!isfinite(v)) return put_special(out, v);
    return put_decimal(out, td_shortest_f64(v), v, 17, MOST_DIGITS);
}

/* The sign, and all of what has no digits to choose. False: those of *v, which is not negative, are still to be put. */
static bool put_easy(char **out, float *v)
{
    if (signbit(*v) && !isnan(*v)) {
        *(*out)++ = '-';
        *v = -*v;
    }
    if (*v < 1e6f && *v == (float)(uint32_t)*v)
        *out = put_whole(*out, (uint32_t)*v);
    else if (!isfinite(*v))
        *out = put_special(*out, (double)*v);
    else
        return false;
    return true;
}

char *td_print_f16(char *out, td_f16 h)
{
    float v = td_f16_to_f32(h);

    if (put_easy(&out, &v)) return out;
    return put_decimal(out, td_shortest_f16((td_f16){ h.bits & 0x7fff }), (double)v, 6, FEW_DIGITS);
}

char *td_print_bf16(char *out, td_bf16 h)
{
    float v = td_bf16_to_f32(h);

    if (put_easy(&out, &v)) return out;
    return put_decimal(out, td_shortest_bf16((td_bf16){ h.bits & 0x7fff }), (double)v, 6, FEW_DIGITS);
}
