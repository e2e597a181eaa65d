/* SPDX-License-Identifier: Apache-2.0 */
/* op_json_example.c -- DecodeJSONExample: tensorflow.Example as JSON, to its wire format.
 *
 * The output is written while the text is read, fields in the order of the text, as protobuf's own converter does. Its
 * leniency is part of the contract: names in either case, bare names, single quotes, a comma too many, one value for a
 * list, null for what is not there, numbers as text. A message's length stands before it, so what a message turned out to
 * be is moved to make room for that. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/size.h"
#include "base/wire.h"
#include "obs/labels.h"
#include "ops/strings.h"

typedef struct reader {
    td_call *c;
    const char *at, *end;
    uint8_t *out; /* cap bytes, of which n are written */
    size_t n, cap;
} reader;

static td_status wrong(const reader *r, const char *what)
{
    return TD_ERR(INVALID_ARGUMENT, "Error while parsing JSON: %s, with %zu bytes to go", what,
                  (size_t)(r->end - r->at));
}

/* ---------------------------------------------------------------- writing */

/* The most bytes that a byte of text becomes is 5 of 2: a float of a digit, with its comma. */
enum { GROWS = 3, SLACK = 64, HEAD_MOST = 11 };

static td_status room(const reader *r, size_t size)
{
    return size <= r->cap - r->n ? NULL : TD_ERR(INTERNAL, "an Example grows beyond its JSON");
}

static td_status put_bytes(reader *r, uint32_t number, const void *data, size_t size)
{
    TD_TRY(room(r, td_wire_bytes_size(number, size)));
    r->n = (size_t)(td_wire_put_bytes(r->out + r->n, number, data, size) - r->out);
    return NULL;
}

/* What was written from `start` on becomes the message in a field. */
static td_status end_message(reader *r, uint32_t number, size_t start)
{
    uint8_t head[HEAD_MOST];
    const size_t size = r->n - start, head_size = (size_t)(td_wire_put_head(head, number, size) - head);

    TD_TRY(room(r, head_size));
    memmove(r->out + start + head_size, r->out + start, size);
    memcpy(r->out + start, head, head_size);
    r->n += head_size;
    return NULL;
}

/* ---------------------------------------------------------------- tokens */

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* Is the next character that one? It is taken, then. */
static bool take(reader *r, char ch)
{
    skip_space(r);
    if (r->at == r->end || *r->at != ch) return false;
    r->at++;
    return true;
}

static bool is_name(char ch, bool is_first)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' ||
           (!is_first && ch >= '0' && ch <= '9');
}

/* A bare word; empty: there is none. */
static td_string word(reader *r)
{
    const char *const from = r->at;

    while (r->at < r->end && is_name(*r->at, r->at == from))
        r->at++;
    return (td_string){ from, (size_t)(r->at - from) };
}

static bool take_null(reader *r)
{
    const char *const from = (skip_space(r), r->at);

    if (td_string_is(word(r), "null")) return true;
    r->at = from;
    return false;
}

static bool read_hex(reader *r, uint32_t *out)
{
    uint32_t v = 0;

    if (r->end - r->at < 4) return false;
    for (int i = 0; i < 4; i++) {
        const char ch = *r->at++;
        const int digit = ch >= '0' && ch <= '9'   ? ch - '0'
                          : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
                          : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                                   : -1;
        if (digit < 0) return false;
        v = v << 4 | (uint32_t)digit;
    }
    *out = v;
    return true;
}

static char *put_utf8(char *to, uint32_t v)
{
    if (v < 0x80) {
        *to++ = (char)v;
        return to;
    }
    const int more = v < 0x800 ? 1 : v < 0x10000 ? 2 : 3;

    *to++ = (char)((0xff00 >> (more + 1) & 0xff) | v >> (6 * more));
    for (int i = more - 1; i >= 0; i--)
        *to++ = (char)(0x80 | (v >> (6 * i) & 63));
    return to;
}

/* Behind \u: a character, or both halves of one beyond 16 bits. */
static bool read_unicode(reader *r, uint32_t *out)
{
    uint32_t high, low;

    if (!read_hex(r, &high)) return false;
    if (high >= 0xd800 && high < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return false;
        r->at += 2;
        if (!read_hex(r, &low) || low < 0xdc00 || low >= 0xe000) return false;
        high = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
    } else if (high >= 0xdc00 && high < 0xe000) {
        return false;
    }
    *out = high;
    return true;
}

/* Behind a backslash. */
static bool read_escape(reader *r, char **to)
{
    static const char from[] = "\"'\\/bfnrt", into[] = "\"'\\/\b\f\n\r\t";
    const char ch = *r->at++; /* what a backslash stands before is part of the text */
    const char *const known = ch ? strchr(from, ch) : NULL;
    uint32_t v;

    if (known) *(*to)++ = into[known - from];
    if (known) return true;
    if (ch != 'u' || !read_unicode(r, &v)) return false;
    *to = put_utf8(*to, v);
    return true;
}

static bool is_quote(const reader *r)
{
    return r->at < r->end && (*r->at == '"' || *r->at == '\'');
}

/* The quote that ends the text at r->at; NULL: there is none. */
static const char *find_close(const reader *r, char quote)
{
    for (const char *p = r->at; p < r->end; p++) {
        if (*p == quote) return p;
        if (*p == '\\') p++;
    }
    return NULL;
}

/* A quoted text, in the arena: nobody else has it. */
static td_status read_text(reader *r, char **out, size_t *size)
{
    const char quote = *r->at++, *const close = find_close(r, quote);
    char *text, *to;

    if (!close) return wrong(r, "unexpected EOF");
    TD_TRY(td_text_alloc(r->c, (size_t)(close - r->at), &text)); /* no escape is shorter than what it means */
    for (to = text; r->at < close;) {
        const size_t n = td_utf8_size(r->at, (size_t)(close - r->at));

        if (n == 0) return wrong(r, "invalid UTF-8 in a string");
        if (*r->at == '\\') {
            r->at++;
            if (!read_escape(r, &to)) return wrong(r, "an invalid escape");
            continue;
        }
        memcpy(to, r->at, n);
        to += n;
        r->at += n;
    }
    r->at = close + 1;
    *out = text;
    *size = (size_t)(to - text);
    return NULL;
}

/* The name of a member and its colon. */
static td_status read_name(reader *r, td_string *out)
{
    char *text;

    skip_space(r);
    if (is_quote(r)) {
        TD_TRY(read_text(r, &text, &out->size));
        out->data = text;
    } else {
        *out = word(r);
        if (!out->size || td_string_is(*out, "null") || td_string_is(*out, "true") ||
            td_string_is(*out, "false"))
            return wrong(r, r->at == r->end ? "unexpected EOF" : "expected a name");
    }
    return take(r, ':') ? NULL : wrong(r, r->at == r->end ? "unexpected EOF" : "expected ':'");
}

/* Is there one more member or element? The first one needs no comma before it, and the last one may have one behind. */
static td_status next(reader *r, char close, bool *is_first, bool *more)
{
    *more = false;
    if (take(r, close)) return NULL;
    if (!*is_first) {
        if (!take(r, ',')) return wrong(r, r->at == r->end ? "unexpected EOF" : "expected ','");
        if (take(r, close)) return NULL;
    }
    *is_first = false;
    *more = true;
    return NULL;
}

static td_status open_object(reader *r)
{
    if (take(r, '{')) return NULL;
    return wrong(r, r->at == r->end ? "unexpected EOF" : "unexpected character; expected '{'");
}

/* ---------------------------------------------------------------- values */

enum { BYTES_LIST = 1, FLOAT_LIST = 2, INT64_LIST = 3, VALUE = 1 };

static bool take_digits(reader *r)
{
    const char *const from = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > from;
}

/* A number as JSON writes it. */
static td_status read_literal(reader *r, td_string *out)
{
    const char *const from = r->at;

    if (r->at < r->end && *r->at == '-') r->at++;
    const char *const digits = r->at;

    if (!take_digits(r) || (*digits == '0' && r->at - digits > 1)) return wrong(r, "expected a number");
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (!take_digits(r)) return wrong(r, "expected a digit");
    }
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
        if (!take_digits(r)) return wrong(r, "expected a digit");
    }
    *out = (td_string){ from, (size_t)(r->at - from) };
    return NULL;
}

static td_status read_number(reader *r, td_string *out, bool *is_text)
{
    char *text;

    *is_text = is_quote(r);
    if (!*is_text) return read_literal(r, out);
    TD_TRY(read_text(r, &text, &out->size));
    out->data = text;
    return NULL;
}

static td_status put_float(reader *r)
{
    td_string text;
    bool is_text, ok;
    double wide;

    TD_TRY(read_number(r, &text, &is_text));
    TD_TRY(td_text_number(r->c, TD_F64, text, &wide, &ok));
    if (!ok || (isinf(wide) && !is_text)) return wrong(r, "invalid number");
    const float v = (float)wide;
    uint8_t *const to = r->out + r->n;

    if (isinf(v) && !isinf(wide)) return wrong(r, "a float out of range");
    TD_TRY(room(r, 1 + sizeof v));
    to[0] = (uint8_t)td_wire_tag(VALUE, TD_WIRE_FIXED32);
    memcpy(to + 1, &v, sizeof v);
    r->n += 1 + sizeof v;
    return NULL;
}

static bool is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* An integer, or a number with a fraction of zeros or an exponent that a double holds for certain. */
static td_status int_of(reader *r, td_string text, int64_t *out)
{
    const double most = 9007199254740992.0;
    double wide;
    bool ok;

    if (!text.size || is_space(text.data[0]) || is_space(text.data[text.size - 1]))
        return wrong(r, "invalid number");
    TD_TRY(td_text_number(r->c, TD_I64, text, out, &ok));
    if (ok) return NULL;
    TD_TRY(td_text_number(r->c, TD_F64, text, &wide, &ok));
    if (!ok || !(fabs(wide) <= most) || wide != floor(wide)) return wrong(r, "invalid integer");
    *out = (int64_t)wide;
    return NULL;
}

static td_status put_int(reader *r)
{
    td_string text;
    bool is_text;
    int64_t v;

    TD_TRY(read_number(r, &text, &is_text));
    TD_TRY(int_of(r, text, &v));
    TD_TRY(room(r, td_wire_number_size(VALUE, (uint64_t)v)));
    r->n = (size_t)(td_wire_put_number(r->out + r->n, VALUE, (uint64_t)v) - r->out);
    return NULL;
}

static td_status put_base64(reader *r)
{
    td_string bytes;
    char *text;
    size_t size;

    if (!is_quote(r)) return wrong(r, "expected a string");
    TD_TRY(read_text(r, &text, &size));
    for (size_t i = 0; i < size; i++) /* both alphabets are fine, even at once */
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    TD_TRY(td_text_of_base64(r->c, (td_string){ text, size }, &bytes));
    return put_bytes(r, VALUE, bytes.data, bytes.size);
}

/* null is a zero, or no bytes. */
static td_status put_default(reader *r, uint32_t kind)
{
    static const uint8_t zero_float[] = { VALUE << 3 | TD_WIRE_FIXED32, 0, 0, 0, 0 },
                         zero_int[] = { VALUE << 3 | TD_WIRE_VARINT, 0 };

    if (kind == BYTES_LIST) return put_bytes(r, VALUE, "", 0);
    const size_t size = kind == FLOAT_LIST ? sizeof zero_float : sizeof zero_int;

    TD_TRY(room(r, size));
    memcpy(r->out + r->n, kind == FLOAT_LIST ? zero_float : zero_int, size);
    r->n += size;
    return NULL;
}

enum { MAX_DEPTH = 64 };

/* A value, or a list of them, whose lists are taken for what is in them. */
static td_status put_values(reader *r, uint32_t kind, int depth)
{
    bool is_first = true, more;

    skip_space(r);
    if (depth > MAX_DEPTH) return wrong(r, "lists nest too deep");
    if (!take(r, '['))
        return kind == BYTES_LIST ? put_base64(r) : kind == FLOAT_LIST ? put_float(r) : put_int(r);
    for (;;) {
        TD_TRY(next(r, ']', &is_first, &more));
        if (!more) return NULL;
        if (take_null(r))
            TD_TRY(put_default(r, kind));
        else
            TD_TRY(put_values(r, kind, depth + 1));
    }
}

/* ---------------------------------------------------------------- messages */

/* The next member's name; NULL data: the object is over. */
static td_status next_member(reader *r, bool *is_first, td_string *name)
{
    bool more;

    *name = (td_string){ 0 };
    TD_TRY(next(r, '}', is_first, &more));
    return more ? read_name(r, name) : NULL;
}

static td_status put_list(reader *r, uint32_t kind)
{
    bool is_first = true;
    td_string name;

    TD_TRY(open_object(r));
    for (;;) {
        TD_TRY(next_member(r, &is_first, &name));
        if (!name.data) return NULL;
        if (!td_string_is(name, "value")) return wrong(r, "no such field");
        if (!take_null(r)) TD_TRY(put_values(r, kind, 0));
    }
}

static uint32_t kind_of(td_string name)
{
    static const char *const names[][2] = { { "bytesList", "bytes_list" },
                                            { "floatList", "float_list" },
                                            { "int64List", "int64_list" } };

    for (uint32_t i = 0; i < TD_COUNT(names); i++)
        if (td_string_is(name, names[i][0]) || td_string_is(name, names[i][1])) return BYTES_LIST + i;
    return 0;
}

static td_status put_feature(reader *r)
{
    bool is_first = true, has_list = false;
    td_string name;

    TD_TRY(open_object(r));
    for (;;) {
        TD_TRY(next_member(r, &is_first, &name));
        if (!name.data) return NULL;
        const uint32_t kind = kind_of(name);
        const size_t start = r->n;

        if (!kind) return wrong(r, "no such field");
        if (take_null(r)) continue;
        if (has_list) return wrong(r, "a feature of more than one list");
        has_list = true;
        TD_TRY(put_list(r, kind));
        TD_TRY(end_message(r, kind, start));
    }
}

enum { FEATURES = 1, FEATURE = 1, KEY = 1 };

static td_status put_entry(reader *r, td_map *names)
{
    const size_t start = r->n;
    td_string name;

    TD_TRY(read_name(r, &name));
    if (td_map_get_n(names, name.data, name.size)) return wrong(r, "a feature is there twice");
    (void)td_map_put_n(names, name.data, name.size, names);
    TD_TRY(put_bytes(r, KEY, name.data, name.size));
    if (!take_null(r)) {
        const size_t feature = r->n;

        TD_TRY(put_feature(r));
        TD_TRY(end_message(r, 2, feature));
    }
    return end_message(r, FEATURE, start);
}

static td_status put_entries(reader *r, td_map *names)
{
    bool is_first = true, more;

    TD_TRY(open_object(r));
    for (;;) {
        TD_TRY(next(r, '}', &is_first, &more));
        if (!more) return NULL;
        TD_TRY(put_entry(r, names));
    }
}

static td_status put_features(reader *r)
{
    bool is_first = true;
    td_string name;

    TD_TRY(open_object(r));
    for (;;) {
        TD_TRY(next_member(r, &is_first, &name));
        if (!name.data) return NULL;
        if (!td_string_is(name, "feature")) return wrong(r, "no such field");
        if (take_null(r)) continue;
        td_map names = { 0 };
        const td_status s = put_entries(r, &names);

        td_map_fini(&names);
        if (s) return s;
    }
}

static td_status put_example(reader *r)
{
    bool is_first = true;
    td_string name;

    TD_TRY(open_object(r));
    for (;;) {
        TD_TRY(next_member(r, &is_first, &name));
        if (!name.data) break;
        const size_t start = r->n;

        if (!td_string_is(name, "features")) return wrong(r, "no such field");
        if (take_null(r)) continue;
        TD_TRY(put_features(r));
        TD_TRY(end_message(r, FEATURES, start));
    }
    skip_space(r);
    return r->at == r->end ? NULL : wrong(r, "extraneous characters after end of JSON object");
}

static td_status convert(td_call *c, td_string json, td_string *out)
{
    reader r = { .c = c, .at = json.data, .end = json.size ? json.data + json.size : json.data };
    char *bytes;

    if (!td_mul_size(json.size, GROWS, &r.cap) || !td_add_size(r.cap, SLACK, &r.cap))
        return TD_ERR(RESOURCE_EXHAUSTED, "a string is too long");
    TD_TRY(td_text_alloc(c, r.cap, &bytes));
    r.out = (uint8_t *)bytes;
    TD_TRY(put_example(&r));
    *out = (td_string){ bytes, r.n };
    return NULL;
}

static td_status decode_run(td_call *c)
{
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(convert(c, in[i], &out[i]));
    return NULL;
}

TD_RUN_KERNEL(decode_kernels, 0, decode_run);

const td_op td_ops_json_example[] = {
    { .name = "DecodeJSONExample",
      .sig = "json_examples: string -> binary_examples: string",
      .attrs = "",
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = decode_kernels },
    { 0 },
};
