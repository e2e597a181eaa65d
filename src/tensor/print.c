/* print.c -- layout of numbers. Digits are written in pairs from a table. */
#include "tensor/print.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "tensor/shortest.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static int count_digits(uint64_t v)
{
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

/* d.ddde-05 */
static char *put_scientific(char *out, const char *digits, int n, int exponent)
{
    *out++ = digits[0];
    if (n > 1) {
        *out++ = '.';
        memcpy(out, digits + 1, 16);
        out += n - 1;
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const int size = exponent < 0 ? -exponent : exponent;

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

/* 0.000ddd, dd.d; -5 < exponent < n - 1 */
static char *put_fixed(char *out, const char *digits, int n, int exponent)
{
    const int whole = exponent + 1; /* digits before the point */

    if (whole <= 0) {
        memcpy(out, "0.000", 5);
        out += 2 - whole;
        memcpy(out, digits, 17);
        return out + n;
    }
    memcpy(out, digits, 17);
    out[whole] = '.';
    memcpy(out + whole + 1, digits + whole, 17);
    return out + n + 1;
}

/* v is d. Whole numbers that are not scientific are written in full, not with zeros for the digits they could
 * do without. */
static char *put_decimal(char *out, td_decimal d, double v, int long_precision)
{
    char digits[40]; /* more than is used: copies have fixed lengths */
    const int n = count_digits(d.digits), exponent = d.exponent + n - 1;
    const int precision = n <= 6 ? 6 : long_precision;

    if (exponent >= -4 && exponent < precision && d.exponent >= 0) return put_whole(out, (uint64_t)v);
    put_digits(digits + n, d.digits, n);
    return exponent < -4 || exponent >= precision ? put_scientific(out, digits, n, exponent)
                                                  : put_fixed(out, digits, n, exponent);
}

/* What needs no digits; NULL for others. */
static char *put_special(char *out, double v)
{
    const char *const text = isnan(v) ? "NaN" : isinf(v) ? "Infinity" : NULL;

    if (!text) return NULL;
    const size_t n = strlen(text);

    memcpy(out, text, n);
    return out + n;
}

char *td_print_f32(char *out, float v)
{
    if (signbit(v) && !isnan(v)) {
        *out++ = '-';
        v = -v;
    }
    /* a common kind, and a quick one */
    if (v < 1e6f && v == (float)(uint32_t)v) return put_whole(out, (uint32_t)v);
    char *const special = put_special(out, (double)v);

    return special ? special : put_decimal(out, td_shortest_f32(v), (double)v, 9);
}

char *td_print_f64(char *out, double v)
{
    if (signbit(v) && !isnan(v)) {
        *out++ = '-';
        v = -v;
    }
    if (v < 1e6 && v == (double)(uint32_t)v) return put_whole(out, (uint32_t)v);
    char *const special = put_special(out, v);

    return special ? special : put_decimal(out, td_shortest_f64(v), v, 17);
}
