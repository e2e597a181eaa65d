/* SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.c -- see vocabulary.h. */
#include "ops/state/vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* ---------------------------------------------------------------- types */

static bool is_integer(td_dtype d)
{
    return d == TD_I8 || d == TD_I16 || d == TD_I32 || d == TD_I64 || d == TD_U8 || d == TD_U16 ||
           d == TD_U32 || d == TD_U64;
}

static td_status check_column(const char *what, int64_t index, td_dtype dtype)
{
    const char *const lower = *what == 'K' ? "key" : "value";

    if (index == TD_VOCABULARY_NUMBER && dtype != TD_I64)
        return TD_ERR(INVALID_ARGUMENT, "%s index for line number requires table %s dtype of int64, got %s",
                      what, lower, td_dtype_name(dtype));
    if (index == TD_VOCABULARY_LINE && dtype != TD_STRING && !is_integer(dtype))
        return TD_ERR(INVALID_ARGUMENT,
                      "%s index for whole line requires table %s dtype of integer or string, got %s", what,
                      lower, td_dtype_name(dtype));
    return NULL;
}

td_status td_vocabulary_check(const td_vocabulary *v, td_dtype key, td_dtype value)
{
    TD_TRY(check_column("Key", v->key_index, key));
    return check_column("Value", v->value_index, value);
}

/* ---------------------------------------------------------------- fields */

/* How many columns the line has; column `index` goes to *out. */
static int64_t take_field(td_string line, char delimiter, int64_t index, td_string *out)
{
    const char *p = line.data, *const end = line.data + line.size;

    for (int64_t i = 0;; i++) {
        const char *const stop = memchr(p, delimiter, (size_t)(end - p));
        const char *const to = stop ? stop : end;

        if (i == index) *out = (td_string){ p, (size_t)(to - p) };
        if (!stop) return i + 1;
        p = stop + 1;
    }
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* strtoll() and its kin skip space in front; this one says whether nothing but space is behind. */
static bool ends_at(const char *text, const char *end)
{
    if (end == text) return false;
    while (is_space(*end))
        end++;
    return !*end;
}

static bool parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return ends_at(text, end) && errno == 0 && *out >= min && *out <= max;
}

/* text as an element of dtype; "" ends it too early for none of them. */
static bool parse_number(td_dtype dtype, const char *text, void *out)
{
    int64_t i;
    char *end;

    switch (dtype) {
    case TD_I64:
        return parse_int(text, INT64_MIN, INT64_MAX, out);
    case TD_I32:
        if (!parse_int(text, INT32_MIN, INT32_MAX, &i)) return false;
        *(int32_t *)out = (int32_t)i;
        return true;
    case TD_F32: /* what is too large is an infinity */
        *(float *)out = strtof(text, &end);
        return ends_at(text, end);
    default:
        *(double *)out = strtod(text, &end);
        return ends_at(text, end);
    }
}

enum { NUMBER_MAX = 400 }; /* more than any number that somebody writes has */

static td_status parse_field(td_dtype dtype, td_string field, int64_t number, void *out)
{
    char text[NUMBER_MAX];

    if (dtype == TD_STRING) {
        *(td_string *)out = field;
        return NULL;
    }
    if (dtype != TD_I64 && dtype != TD_I32 && dtype != TD_F32 && dtype != TD_F64)
        return TD_ERR(INVALID_ARGUMENT, "Data type %s not supported.", td_dtype_name(dtype));
    const bool fits = field.size < sizeof text;

    if (fits) {
        memcpy(text, field.data, field.size);
        text[field.size] = 0;
    }
    if (!fits || !parse_number(dtype, text, out))
        return TD_ERR(INVALID_ARGUMENT, "Field %.*s in line %lld is not a valid %s.",
                      (int)TD_MIN(field.size, NUMBER_MAX), field.data, (long long)number,
                      td_dtype_name(dtype));
    return NULL;
}

/* ---------------------------------------------------------------- lines */

typedef struct reader {
    const td_vocabulary *v;
    const char *text, *at, *end;
    int64_t number; /* lines so far */
} reader;

/* False at the end of the file. The line is without its end, "\n" or "\r\n"; a "\r" may also end the file. */
static bool next_line(reader *r, td_string *line)
{
    if (r->at == r->end) return false;
    const char *const stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *to = stop ? stop : r->end;

    if (to > r->at && to[-1] == '\r') to--;
    *line = (td_string){ r->at, (size_t)(to - r->at) };
    r->at = stop ? stop + 1 : r->end;
    return stop || line->size;
}

static td_status read_column(const reader *r, td_string line, int64_t index, td_dtype dtype, void *out)
{
    td_string field = line;

    if (index == TD_VOCABULARY_NUMBER) {
        *(int64_t *)out = (int64_t)((uint64_t)r->number + (uint64_t)r->v->offset);
        return NULL;
    }
    if (index != TD_VOCABULARY_LINE) (void)take_field(line, r->v->delimiter, index, &field);
    return parse_field(dtype, field, r->number, out);
}

static td_status read_line(reader *r, td_string line, td_tensor *keys, td_tensor *values)
{
    const td_vocabulary *const v = r->v;
    const int64_t last = TD_MAX(v->key_index, v->value_index);
    td_string unused;

    if (!line.size)
        return TD_ERR(INVALID_ARGUMENT, "Invalid content in %s: empty line found at position %td.", v->name,
                      r->at - r->text);
    const int64_t columns = last < 0 ? 0 : take_field(line, v->delimiter, last, &unused);
    if (last >= columns)
        return TD_ERR(INVALID_ARGUMENT,
                      "Invalid number of columns in %s line %lld (%.*s) : expected at least %lld got %lld",
                      v->name, (long long)r->number, (int)TD_MIN(line.size, 1000), line.data,
                      (long long)last + 1, (long long)columns);
    TD_TRY(read_column(r, line, v->key_index, keys->dtype,
                       (char *)keys->data + (size_t)r->number * td_dtype_size(keys->dtype)));
    TD_TRY(read_column(r, line, v->value_index, values->dtype,
                       (char *)values->data + (size_t)r->number * td_dtype_size(values->dtype)));
    r->number++;
    return NULL;
}

static size_t count_lines(td_string text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.size; i++)
        n += text.data[i] == '\n';
    return n;
}

td_status td_vocabulary_read(const td_vocabulary *v, td_string text, td_arena *arena, td_tensor *keys,
                             td_tensor *values)
{
    const char *const begin = text.size ? text.data : "";
    reader r = { .v = v, .text = begin, .at = begin, .end = begin + text.size };
    const size_t lines = count_lines(text);
    td_string line;

    keys->data = td_arena_try_alloc(arena, lines * td_dtype_size(keys->dtype), TD_ALIGN);
    values->data = td_arena_try_alloc(arena, lines * td_dtype_size(values->dtype), TD_ALIGN);
    if (!keys->data || !values->data) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu lines", lines);
    while (r.number != v->size && next_line(&r, &line))
        TD_TRY(read_line(&r, line, keys, values));
    if (v->size > r.number)
        return TD_ERR(INVALID_ARGUMENT, "Invalid vocab_size in %s: expected %lld but got %lld", v->name,
                      (long long)v->size, (long long)r.number);
    if (!r.number)
        return v->size < 0 || !text.size
                   ? TD_ERR(OUT_OF_RANGE, "Read less bytes than requested")
                   : TD_ERR(OUT_OF_RANGE, "Finished reading 0 of lines from %s", v->name);
    keys->shape = values->shape = (td_shape){ 1, { r.number } };
    return NULL;
}
