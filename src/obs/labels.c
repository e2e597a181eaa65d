/* SPDX-License-Identifier: Apache-2.0 */
/* labels.c -- label text, and what of it is UTF-8. */
#include "obs/labels.h"

size_t td_utf8_size(const char *p, size_t size)
{
    const unsigned char *const b = (const unsigned char *)p;
    /* the least second byte keeps longer forms of shorter characters out, the greatest surrogates and what is beyond
     * U+10FFFF */
    const unsigned char least = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char greatest = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
    const size_t n = b[0] < 0x80   ? 1
                     : b[0] < 0xc2 ? 0
                     : b[0] < 0xe0 ? 2
                     : b[0] < 0xf0 ? 3
                     : b[0] < 0xf5 ? 4
                                   : 0;

    if (n > size || (n > 1 && (b[1] < least || b[1] > greatest))) return 0;
    for (size_t i = 2; i < n; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    return n;
}

static void put_value(td_strbuf *out, const char *value)
{
    for (size_t left = strlen(value), n; left; left -= n, value += n) {
        n = td_utf8_size(value, left);
        if (*value == '\n')
            td_strbuf_puts(out, "\\n");
        else if (*value == '\\' || *value == '"')
            td_strbuf_add(out, (const char[]){ '\\', *value }, 2);
        else
            td_strbuf_add(out, n ? value : "?", n ? n : 1);
        n = n ? n : 1;
    }
}

void td_labels_put(td_strbuf *out, const char *names, const char *const *values)
{
    for (size_t i = 0; *names; i++) {
        const size_t n = strcspn(names, ",");

        if (i) td_strbuf_putc(out, ',');
        td_strbuf_add(out, names, n);
        td_strbuf_puts(out, "=\"");
        put_value(out, values[i]);
        td_strbuf_putc(out, '"');
        names += names[n] ? n + 1 : n;
    }
}
