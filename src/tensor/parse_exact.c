/* SPDX-License-Identifier: Apache-2.0 */
/* parse_exact.c -- strtod() on a bounded copy.
 *
 * A midpoint between two doubles has at most 767 significant digits, so of what is behind the first 800 it
 * only matters whether it is zero: one more digit says so. That bounds the copy, whatever a client sends. The
 * process never leaves the "C" locale, so the point is a point.
 */
#include "tensor/parse_exact.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXACT_DIGITS = 800,
    EXACT_TEXT = EXACT_DIGITS + 32,
    EXPONENT_LIMIT = 100000, /* far beyond any double, far from overflow */
};

/* The number behind 'e', held within +-limit. */
static int64_t read_exponent(const char *p, const char *end, int64_t limit)
{
    const bool is_negative = p < end && *p == '-';
    int64_t v = 0;

    for (p += p < end && (*p == '-' || *p == '+'); p < end; p++)
        if (v < limit) v = v * 10 + (*p - '0');
    return is_negative ? -v : v;
}

/* "-ddd...dde-123": the same number in a bounded text. */
static void normalise(const char *p, const char *end, char *text)
{
    int64_t exponent = 0;
    bool is_behind_point = false, has_rest = false;
    int n = 0;

    if (*p == '-') *text++ = *p++;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            is_behind_point = true;
            continue;
        }
        exponent -= is_behind_point;
        if (!n && *p == '0') continue;
        if (n < EXACT_DIGITS) {
            text[n++] = *p;
        } else {
            exponent++;
            has_rest |= *p != '0';
        }
    }
    if (!n) text[n++] = '0';
    if (has_rest) {
        text[n++] = '1';
        exponent--;
    }
    /* a text of 10^6 zeros may have an exponent that brings it back:
     * the limit is beyond the text's own length */
    if (p < end) exponent += read_exponent(p + 1, end, INT64_MAX / 100);
    if (exponent > EXPONENT_LIMIT) exponent = EXPONENT_LIMIT;
    if (exponent < -EXPONENT_LIMIT) exponent = -EXPONENT_LIMIT;
    snprintf(text + n, 16, "e%" PRId64, exponent);
}

double td_parse_exact_f64(const char *p, const char *end)
{
    char text[EXACT_TEXT];

    normalise(p, end, text);
    return strtod(text, NULL);
}

float td_parse_exact_f32(const char *p, const char *end)
{
    char text[EXACT_TEXT];

    normalise(p, end, text);
    return strtof(text, NULL);
}
