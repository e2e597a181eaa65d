/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c -- four characters for three bytes. */
#include "codec/json/base64.h"

#include <stdint.h>

#include "base/macros.h"
#include "codec/json/scan.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of each character and one; 0: it has none. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
    ['-'] = 63, ['_'] = 64,
};

static uint32_t value_of(char c)
{
    return (uint32_t)values[(unsigned char)c] - 1; /* very large: none */
}

/* As long as four characters of the alphabet follow each other. */
static const char *decode_fours(const char *p, const char *end, unsigned char **out)
{
    unsigned char *o = *out;

    for (; end - p >= 4; p += 4) {
        const uint32_t a = value_of(p[0]), b = value_of(p[1]), c = value_of(p[2]), d = value_of(p[3]);

        if (TD_UNLIKELY((a | b | c | d) > 63)) break;
        const uint32_t v = a << 18 | b << 12 | c << 6 | d;

        *o++ = (unsigned char)(v >> 16);
        *o++ = (unsigned char)(v >> 8);
        *o++ = (unsigned char)v;
    }
    *out = o;
    return p;
}

/* Only padding and white space may follow: as much as is missing, or none. */
static bool is_good_end(const char *p, const char *end, int missing)
{
    int padding = 0;

    for (; p < end; p++) {
        if (*p == '=')
            padding++;
        else if (!td_json_is_space(*p))
            return false;
    }
    return !padding || padding == missing;
}

bool td_base64_decode(const char *text, size_t size, unsigned char *out, size_t *out_size)
{
    const char *const end = text + size;
    unsigned char *o = out;
    const char *p = decode_fours(text, end, &o);
    uint32_t v = 0;
    int n = 0; /* characters in v */

    for (; p < end && *p != '='; p++) {
        const uint32_t one = value_of(*p);

        if (td_json_is_space(*p)) continue;
        if (one > 63) return false;
        v = v << 6 | one;
        if (++n < 4) continue;
        *o++ = (unsigned char)(v >> 16);
        *o++ = (unsigned char)(v >> 8);
        *o++ = (unsigned char)v;
        n = 0;
        v = 0;
    }
    if (n == 1 || !is_good_end(p, end, (4 - n) % 4)) return false;
    if (n >= 2) *o++ = (unsigned char)(n == 2 ? v >> 4 : v >> 10);
    if (n == 3) *o++ = (unsigned char)(v >> 2);
    *out_size = (size_t)(o - out);
    return true;
}

size_t td_base64_size(size_t size)
{
    return (size / 3 + (size % 3 != 0)) * 4;
}

char *td_base64_encode(char *out, const void *data, size_t size)
{
    const unsigned char *p = data;

    for (; size >= 3; size -= 3, p += 3) {
        const uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = alphabet[v >> 6 & 63];
        *out++ = alphabet[v & 63];
    }
    if (size) {
        const uint32_t v = (uint32_t)p[0] << 16 | (size == 2 ? (uint32_t)p[1] << 8 : 0);

        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = size == 2 ? alphabet[v >> 6 & 63] : '=';
        *out++ = '=';
    }
    return out;
}
