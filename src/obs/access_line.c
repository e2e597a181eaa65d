/* SPDX-License-Identifier: Apache-2.0 */
/* access_line.c -- one walk over the fields; text, too, is escaped as JSON is, so that a line stays one. */
#include "obs/access_line.h"

#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "obs/document.h"
#include "obs/quote.h"

enum { TEXT_MOST = 128 };

typedef struct out {
    cJSON *json; /* NULL: a line of text */
    char *at, *end;
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
    put(o, " ", 1);
    put(o, name, strlen(name));
    put(o, "=", 1);
}

/* name is a literal: the document points to it. */
static void put_text(out *o, const char *name, const char *text)
{
    char cut[TEXT_MOST + 1], quoted[TD_QUOTE_MOST * TEXT_MOST + 2];
    const size_t n = strnlen(text, TEXT_MOST);

    if (!n) return;
    if (o->json) {
        memcpy(cut, text, n);
        cut[n] = '\0';
        td_document_member(o->json, name, td_document_string(cut));
    } else {
        put_name(o, name);
        put(o, quoted, td_quote(text, n, quoted));
    }
}

/* Digits as they are: cJSON's way to write a double takes longer than most requests' other work. */
static void put_digits_of(out *o, const char *name, const char *digits)
{
    if (o->json) {
        td_document_member(o->json, name, cJSON_CreateRaw(digits));
    } else {
        put_name(o, name);
        put(o, digits, strlen(digits));
    }
}

static void put_number(out *o, const char *name, uint64_t n)
{
    char digits[32];
    out text = { .at = digits, .end = digits + sizeof digits };

    put_digits(&text, n, 1);
    *text.at = '\0';
    put_digits_of(o, name, digits);
}

static void put_micros(out *o, const char *name, uint64_t ns)
{
    char digits[32];
    out text = { .at = digits, .end = digits + sizeof digits };

    put_digits(&text, ns / 1000, 1);
    put(&text, ".", 1);
    put_digits(&text, ns % 1000, 3);
    *text.at = '\0';
    put_digits_of(o, name, digits);
}

/* "2026-01-31T23:59:59.123456Z" */
static void put_date(out *o, int64_t now_ns)
{
    const time_t seconds = (time_t)(now_ns / 1000000000);
    struct tm t;

    gmtime_r(&seconds, &t);
    const int parts[] = { t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec };

    for (size_t i = 0; i < TD_COUNT(parts); i++) {
        put_digits(o, (uint64_t)parts[i], 2);
        put(o, &"--T::."[i], 1);
    }
    put_digits(o, (uint64_t)(now_ns % 1000000000 / 1000), 6);
    put(o, "Z", 1);
}

static void put_fields(out *o, const td_access *a)
{
    put_text(o, "model", a->model);
    if (*a->version) put_digits_of(o, "version", a->version);
    put_text(o, "signature", a->signature);
    put_text(o, "protocol", a->protocol);
    put_text(o, "method", a->method);
    put_text(o, "code", a->code);
    put_number(o, "bytes_in", a->bytes_in);
    put_number(o, "bytes_out", a->bytes_out);
    put_number(o, "rows", a->rows);
    put_number(o, "batch", a->batch);
    put_micros(o, "total_us", a->total_ns);
    put_micros(o, "parse_us", a->stage_ns[TD_STAGE_PARSE]);
    put_micros(o, "queue_us", a->stage_ns[TD_STAGE_QUEUE]);
    put_micros(o, "run_us", a->stage_ns[TD_STAGE_RUN]);
    put_micros(o, "write_us", a->stage_ns[TD_STAGE_WRITE]);
    put_text(o, "request_id", a->request_id);
    put_text(o, "trace_id", a->trace_id);
}

static size_t write_text(const td_access *a, char line[TD_ACCESS_LINE])
{
    out o = { .at = line, .end = line + TD_ACCESS_LINE };

    put(&o, "time=", 5);
    put_date(&o, a->now_ns);
    put_fields(&o, a);
    put(&o, "\n", 1);
    return (size_t)(o.at - line);
}

static size_t write_json(const td_access *a, char line[TD_ACCESS_LINE])
{
    out date = { .at = line, .end = line + TD_ACCESS_LINE }, o = { .json = td_document_make() };

    put_date(&date, a->now_ns);
    *date.at = '\0';
    td_document_member(o.json, "time", cJSON_CreateString(line));
    put_fields(&o, a);
    return td_document_end_line(o.json, line, TD_ACCESS_LINE);
}

size_t td_access_line(td_access_format format, const td_access *a, char line[TD_ACCESS_LINE])
{
    return format == TD_ACCESS_JSON ? write_json(a, line) : write_text(a, line);
}
