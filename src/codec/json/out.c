/* SPDX-License-Identifier: Apache-2.0 */
/* out.c -- strings and structure; numbers are put by those who have them. */
#include "codec/json/out.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/size.h"
#include "codec/json/base64.h"
#include "codec/json/scan.h"
#include "ops/text/encoding.h"

enum { OUT_FIRST = 512 };

bool td_json_out_grow(td_json_out *o, size_t more)
{
    size_t want;

    if (o->is_broken || !td_add_size(o->size, more, &want) || want > PTRDIFF_MAX / 2) {
        o->is_broken = true;
        return false;
    }
    const size_t capacity = TD_MAX(TD_MAX(o->capacity * 2, want), (size_t)OUT_FIRST);
    char *const data = td_try_grow(o->data, o->capacity, capacity);

    if (!data) {
        o->is_broken = true;
        return false;
    }
    o->data = data;
    o->capacity = capacity;
    return true;
}

void td_json_out_fini(td_json_out *o)
{
    td_free_grown(o->data, o->capacity);
    *o = (td_json_out){ 0 };
}

td_status td_json_out_check(const td_json_out *o)
{
    if (!o->is_broken) return NULL;
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply of more than %zu bytes", o->size);
}

void td_json_put_text(td_json_out *o, const char *text)
{
    td_json_put_bytes(o, text, strlen(text));
}

void td_json_put_format(td_json_out *o, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) td_json_put_bytes(o, text, TD_MIN((size_t)n, sizeof text - 1));
}

/* ---- strings ---- */

static size_t count_plain(const char *p, size_t size)
{
    size_t n = 0;

    while (n < size && (unsigned char)p[n] >= 0x20 && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

static void put_escaped(td_json_out *o, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char known[] = "\"\\\b\f\n\r\t", codes[] = "\"\\bfnrt";
    const char *const at = c ? strchr(known, c) : NULL;

    if (at) {
        const char text[2] = { '\\', codes[at - known] };

        td_json_put_bytes(o, text, sizeof text);
    } else {
        const char text[6] = { '\\', 'u', '0', '0', digits[c >> 4 & 15], digits[c & 15] };

        td_json_put_bytes(o, text, sizeof text);
    }
}

static void put_content(td_json_out *o, td_string s)
{
    const char *p = s.data;

    for (size_t left = s.size; left;) {
        const size_t plain = count_plain(p, left);

        td_json_put_bytes(o, p, plain);
        p += plain;
        left -= plain;
        if (left) {
            put_escaped(o, *p++);
            left--;
        }
    }
}

void td_json_put_string(td_json_out *o, td_string s)
{
    TD_JSON_PUT(o, "\"");
    put_content(o, s);
    TD_JSON_PUT(o, "\"");
}

static bool is_ascii(td_string s)
{
    unsigned char all = 0;

    for (size_t i = 0; i < s.size; i++)
        all |= (unsigned char)s.data[i];
    return all < 0x80;
}

/* Bytes of the longest beginning that is UTF-8; *bad: those of what follows and is none. */
static size_t count_utf8(td_string s, size_t *bad)
{
    td_decoder d = td_decoder_utf8(s);
    size_t n = 0;

    *bad = 0;
    for (td_char ch; td_decoder_next(&d, &ch); n += ch.size) {
        if (ch.code >= 0) continue;
        *bad = TD_MAX(ch.size, 1);
        break;
    }
    return n;
}

bool td_json_is_utf8(td_string s)
{
    size_t bad = 0;

    return is_ascii(s) || (count_utf8(s, &bad), !bad);
}

void td_json_put_c_string(td_json_out *o, const char *text)
{
    td_string s = { text, strlen(text) };

    TD_JSON_PUT(o, "\"");
    while (s.size) {
        size_t bad = 0;
        const size_t good = is_ascii(s) ? s.size : count_utf8(s, &bad);

        put_content(o, (td_string){ s.data, good });
        if (bad) TD_JSON_PUT(o, "\xef\xbf\xbd");
        s = (td_string){ s.data + good + bad, s.size - good - bad };
    }
    TD_JSON_PUT(o, "\"");
}

void td_json_put_base64(td_json_out *o, td_string s)
{
    TD_JSON_PUT(o, "{\"b64\": \"");
    if (td_json_out_reserve(o, td_base64_size(s.size)))
        o->size = (size_t)(td_base64_encode(o->data + o->size, s.data, s.size) - o->data);
    TD_JSON_PUT(o, "\"}");
}

/* ---- dumps ---- */

typedef struct dump {
    char *at, *end;
    size_t depth;
} dump;

static void dump_bytes(dump *d, const char *data, size_t size)
{
    const size_t n = TD_MIN(size, (size_t)(d->end - d->at));

    memcpy(d->at, data, n);
    d->at += n;
}

static void dump_line(dump *d)
{
    dump_bytes(d, "\n", 1);
    for (size_t i = 0; i < d->depth && d->at < d->end; i++)
        dump_bytes(d, "    ", 4);
}

/* One token at p (none of them space). Returns the first byte behind it. */
static const char *dump_token(dump *d, const char *p)
{
    td_json_fault fault;
    td_json_raw raw;
    const char *const start = p;

    switch (*p) {
    case '[':
    case '{':
        dump_bytes(d, p, 1);
        p = td_json_skip_space(p + 1);
        if (*p == ']' || *p == '}') {
            dump_bytes(d, p, 1);
            return p + 1;
        }
        d->depth++;
        dump_line(d);
        return p;
    case ']':
    case '}':
        d->depth--;
        dump_line(d);
        dump_bytes(d, p, 1);
        return p + 1;
    case ',':
        dump_bytes(d, ",", 1);
        dump_line(d);
        return p + 1;
    case ':':
        dump_bytes(d, ": ", 2);
        return p + 1;
    case '"':
        p = td_json_skip_string(p, &raw, &fault);
        dump_bytes(d, start, (size_t)(p - start));
        return p;
    default:
        while (*p && !td_json_is_space(*p) && *p != ',' && *p != ']' && *p != '}')
            p++;
        dump_bytes(d, start, (size_t)(p - start));
        return p;
    }
}

char *td_json_dump(const char *p, char buf[TD_JSON_DUMP])
{
    dump d = { .at = buf, .end = buf + TD_JSON_DUMP - 1 };

    do {
        p = dump_token(&d, td_json_skip_space(p));
    } while (d.depth && d.at < d.end);
    *d.at = '\0';
    return buf;
}
