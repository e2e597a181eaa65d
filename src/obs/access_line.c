/* SPDX-License-Identifier: Apache-2.0 */
/* access_line.c -- one walk over the fields; both formats escape texts as JSON does, so that a line stays one. */
#include "obs/access_line.h"

#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "obs/quote.h"

enum { TEXT_MOST = 128 };

typedef struct out {
    char *at, *end;
    bool is_json, is_first;
} out;

static void put(out *o, const char *p, size_t n)
{
    TD_ASSERT(n <= (size_t)(o->end - o->at)); /* texts are cut, and there are not many */
    memcpy(o->at, p, n);
    o->at += n;
}

/* By hand: there are a dozen numbers in a line, and printf takes most of its time for them. At least so many digits. */
static void put_digits(out *o, uint64_t n, size_t least)
{
    char text[24], *const end = text + sizeof text, *p = end;

    for (; n || (size_t)(end - p) < least; n /= 10)
        *--p = (char)('0' + n % 10);
    put(o, p, (size_t)(end - p));
}

static void put_name(out *o, const char *name)
{
    if (!o->is_first) put(o, o->is_json ? "," : " ", 1);
    o->is_first = false;
    if (o->is_json) put(o, "\"", 1);
    put(o, name, strlen(name));
    put(o, o->is_json ? "\":" : "=", o->is_json ? 2 : 1);
}

static void put_quoted(out *o, const char *text)
{
    char quoted[TD_QUOTE_MOST * TEXT_MOST + 2];

    put(o, quoted, td_quote(text, strnlen(text, TEXT_MOST), quoted));
}

static void put_text(out *o, const char *name, const char *text)
{
    if (!*text) return;
    put_name(o, name);
    put_quoted(o, text);
}

static void put_number(out *o, const char *name, uint64_t n)
{
    put_name(o, name);
    put_digits(o, n, 1);
}

static void put_micros(out *o, const char *name, uint64_t ns)
{
    put_name(o, name);
    put_digits(o, ns / 1000, 1);
    put(o, ".", 1);
    put_digits(o, ns % 1000, 3);
}

/* "2026-01-31T23:59:59.123456Z" */
static void put_time(out *o, int64_t now_ns)
{
    const time_t seconds = (time_t)(now_ns / 1000000000);
    struct tm t;

    gmtime_r(&seconds, &t);
    const int parts[] = { t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec };

    put_name(o, "time");
    if (o->is_json) put(o, "\"", 1);
    for (size_t i = 0; i < TD_COUNT(parts); i++) {
        put_digits(o, (uint64_t)parts[i], 2);
        put(o, &"--T::."[i], 1);
    }
    put_digits(o, (uint64_t)(now_ns % 1000000000 / 1000), 6);
    put(o, "Z\"", o->is_json ? 2 : 1);
}

size_t td_access_line(td_access_format format, const td_access *a, char line[TD_ACCESS_LINE])
{
    out o = { line, line + TD_ACCESS_LINE, format == TD_ACCESS_JSON, true };

    if (o.is_json) put(&o, "{", 1);
    put_time(&o, a->now_ns);
    put_text(&o, "model", a->model);
    if (*a->version) {
        put_name(&o, "version");
        put(&o, a->version, strlen(a->version)); /* a number */
    }
    put_text(&o, "signature", a->signature);
    put_text(&o, "protocol", a->protocol);
    put_text(&o, "method", a->method);
    put_text(&o, "code", a->code);
    put_number(&o, "bytes_in", a->bytes_in);
    put_number(&o, "bytes_out", a->bytes_out);
    put_number(&o, "rows", a->rows);
    put_number(&o, "batch", a->batch);
    put_micros(&o, "total_us", a->total_ns);
    put_micros(&o, "parse_us", a->stage_ns[TD_STAGE_PARSE]);
    put_micros(&o, "queue_us", a->stage_ns[TD_STAGE_QUEUE]);
    put_micros(&o, "run_us", a->stage_ns[TD_STAGE_RUN]);
    put_micros(&o, "write_us", a->stage_ns[TD_STAGE_WRITE]);
    put_text(&o, "request_id", a->request_id);
    put_text(&o, "trace_id", a->trace_id);
    put(&o, o.is_json ? "}\n" : "\n", o.is_json ? 2 : 1);
    return (size_t)(o.at - line);
}
