/* SPDX-License-Identifier: Apache-2.0 */
/* strings.c -- what ops on strings share: memory, numbers. */
#include "ops/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "tensor/parse_number.h"

td_status td_text_alloc(td_call *c, size_t size, char **out)
{
    char *const bytes = td_string_alloc(c, size);

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string of %zu bytes", size);
    *out = bytes;
    return NULL;
}

td_status td_text_rooms(td_call *c, size_t n, size_t size, void *out)
{
    size_t bytes;
    void *const p =
        td_mul_size(n, size, &bytes) ? td_arena_try_alloc(c->arena, TD_MAX(bytes, (size_t)1), 16) : NULL;

    if (!p) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu strings", n);
    memcpy(out, &p, sizeof p);
    return NULL;
}

td_status td_text_grow(td_call *c, size_t n, size_t size, size_t *room, void *items)
{
    const size_t more = *room ? 2 * *room : 64;
    void *old, *made;

    if (n < *room) return NULL;
    TD_TRY(td_text_rooms(c, more, size, &made));
    memcpy(&old, items, sizeof old);
    if (n) memcpy(made, old, n * size);
    memcpy(items, &made, sizeof made);
    *room = more;
    return NULL;
}

td_status td_text_scalar(const td_call *c, uint32_t i, const char *what, td_string *out)
{
    const td_tensor *const t = td_in(c, i);
    char text[TD_SHAPE_TEXT];

    if (t->shape.rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s must be a scalar, got shape: %s", what,
                      td_shape_text(&t->shape, text, sizeof text));
    *out = *(const td_string *)t->data;
    return NULL;
}

td_status td_text_of_tensor(td_call *c, const td_tensor *t, td_proto_strings how, td_string *out)
{
    size_t size;
    char *bytes;

    TD_TRY(td_tensor_proto_size(t, how, &size));
    TD_TRY(td_text_alloc(c, size, &bytes));
    const uint8_t *const end = td_tensor_proto_put((uint8_t *)bytes, t, how);

    TD_ASSERT(end == (const uint8_t *)bytes + size);
    *out = (td_string){ bytes, size };
    return NULL;
}

static bool is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* What is between white space, as C's isspace() has it. */
static td_string trim(td_string s)
{
    while (s.size && is_space(*s.data)) {
        s.data++;
        s.size--;
    }
    while (s.size && is_space(s.data[s.size - 1]))
        s.size--;
    return s;
}

const char *td_text_find(td_string s, td_string what)
{
    while (s.size >= what.size) {
        const char *const at = memchr(s.data, *what.data, s.size - what.size + 1);

        if (!at || memcmp(at, what.data, what.size) == 0) return at;
        s.size -= (size_t)(at + 1 - s.data);
        s.data = at + 1;
    }
    return NULL;
}

/* ---------------------------------------------------------------- numbers */

/* Digits alone; max is that of the type for the sign it has. */
static bool read_digits(td_string s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.size; i++) {
        const uint64_t digit = (uint64_t)(unsigned char)s.data[i] - '0';

        if (digit > 9 || v > (max - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *out = v;
    return s.size > 0;
}

static bool read_int(td_string s, int64_t min, int64_t max, int64_t *out)
{
    const bool is_negative = s.size && *s.data == '-';
    uint64_t v;

    if (is_negative || (s.size && *s.data == '+')) {
        s.data++;
        s.size--;
    }
    if (!read_digits(s, is_negative ? 0 - (uint64_t)min : (uint64_t)max, &v)) return false;
    *out = (int64_t)(is_negative ? 0 - v : v);
    return true;
}

static bool read_uint(td_string s, uint64_t max, uint64_t *out)
{
    if (s.size && *s.data == '+') {
        s.data++;
        s.size--;
    }
    return read_digits(s, max, out);
}

/* Plain decimal numbers; C's grammar has more. */
static bool read_plain(td_dtype dtype, td_string s, void *out)
{
    if (s.size == 0) return false;
    const char *const end = s.data + s.size;

    return dtype == TD_F32 ? td_parse_f32(s.data, end, out) == end : td_parse_f64(s.data, end, out) == end;
}

static bool read_terminated(td_dtype dtype, const char *text, size_t size, void *out)
{
    char *end;

    if (dtype == TD_F32)
        *(float *)out = strtof(text, &end);
    else
        *(double *)out = strtod(text, &end);
    return size > 0 && end == text + size;
}

enum { NUMBER_MAX = 128 }; /* longer ones are copied to the arena */

static td_status read_float(td_call *c, td_dtype dtype, td_string s, void *out, bool *ok)
{
    char few[NUMBER_MAX], *text = few;

    *ok = read_plain(dtype, s, out);
    if (*ok) return NULL;
    if (s.size >= sizeof few) TD_TRY(td_text_alloc(c, s.size + 1, &text));
    if (s.size) memcpy(text, s.data, s.size);
    text[s.size] = 0;
    *ok = read_terminated(dtype, text, s.size, out);
    return NULL;
}

static bool read_integer(td_dtype dtype, td_string s, void *out)
{
    uint64_t u;
    int64_t i;

    switch (dtype) {
    case TD_I32:
        if (!read_int(s, INT32_MIN, INT32_MAX, &i)) return false;
        *(int32_t *)out = (int32_t)i;
        return true;
    case TD_I64:
        return read_int(s, INT64_MIN, INT64_MAX, out);
    case TD_U32:
        if (!read_uint(s, UINT32_MAX, &u)) return false;
        *(uint32_t *)out = (uint32_t)u;
        return true;
    default:
        return read_uint(s, UINT64_MAX, out);
    }
}

td_status td_text_number(td_call *c, td_dtype dtype, td_string text, void *out, bool *ok)
{
    const td_string s = trim(text);

    if (dtype == TD_F32 || dtype == TD_F64) return read_float(c, dtype, s, out, ok);
    *ok = read_integer(dtype, s, out);
    return NULL;
}

/* ---------------------------------------------------------------- base64 */

const char td_base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(char ch)
{
    const char *const at = ch ? strchr(td_base64_letters, ch) : NULL;

    return at ? (int)(at - td_base64_letters) : -1;
}

/* Without the padding, which only a whole group may have. */
static td_string without_padding(td_string s)
{
    if (s.size == 0 || s.size % 4 || s.data[s.size - 1] != '=') return s;
    s.size -= s.data[s.size - 2] == '=' ? 2 : 1;
    return s;
}

td_status td_text_of_base64(td_call *c, td_string in, td_string *out)
{
    const td_string s = without_padding(in);
    uint32_t bits = 0;
    size_t n = 0;
    char *text;

    if (s.size % 4 == 1) return TD_ERR(INVALID_ARGUMENT, "Base64 string length cannot be 1 modulo 4.");
    TD_TRY(td_text_alloc(c, s.size / 4 * 3 + 2, &text));
    for (size_t i = 0; i < s.size; i++) {
        const int value = value_of(s.data[i]);

        if (value < 0) return TD_ERR(INVALID_ARGUMENT, "Invalid character found in base64.");
        bits = bits << 6 | (uint32_t)value;
        if (i % 4) text[n++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    *out = (td_string){ text, n };
    return NULL;
}
