/* SPDX-License-Identifier: Apache-2.0 */
/* quote.c -- see quote.h. */
#include "obs/quote.h"

#include <string.h>

#include "base/macros.h"
#include "obs/labels.h"

/* One character of n bytes; n is 1 for what is none. */
static size_t put_character(const char *text, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char c = (unsigned char)*text;

    if (c == '"' || c == '\\') {
        memcpy(out, (const char[]){ '\\', *text }, 2);
        return 2;
    }
    if (c < ' ' || c == 0x7f) {
        memcpy(out, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, TD_QUOTE_MOST);
        return TD_QUOTE_MOST;
    }
    memcpy(out, n == 1 && c >= 0x80 ? "?" : text, n);
    return n;
}

size_t td_quote(const char *text, size_t size, char *out)
{
    char *p = out;

    *p++ = '"';
    for (size_t i = 0, n; i < size; i += n) {
        n = TD_MAX(td_utf8_size(text + i, size - i), (size_t)1);
        p += put_character(text + i, n, p);
    }
    *p++ = '"';
    return (size_t)(p - out);
}
