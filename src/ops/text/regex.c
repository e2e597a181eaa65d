/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c -- a thin layer over PCRE2: bounded matching, RE2's rewrite strings. */
#include "ops/text/regex.h"

#include "base/macros.h"

#include <stdint.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/strbuf.h"

struct td_regex {
    pcre2_code *code, *whole; /* as given; anchored at both ends */
    pcre2_match_context *limits;
};

static td_status compile(td_string pattern, uint32_t options, pcre2_code **out)
{
    int error;
    PCRE2_SIZE at;

    *out = pcre2_compile((PCRE2_SPTR)(pattern.size ? pattern.data : ""), pattern.size, options, &error, &at,
                         NULL);
    if (*out) {
        (void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
        return NULL;
    }
    PCRE2_UCHAR text[256];
    (void)pcre2_get_error_message(error, text, sizeof text);
    return TD_ERR(INVALID_ARGUMENT, "Invalid pattern: %.*s, error: %s", (int)TD_MIN(pattern.size, 200),
                  pattern.data, (const char *)text);
}

td_status td_regex_make(td_string pattern, td_regex **out)
{
    td_regex *const r = TD_NEW(td_regex);
    td_status s = compile(pattern, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &r->code);

    if (!s)
        s = compile(pattern, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED,
                    &r->whole);
    if (s) {
        td_regex_free(r);
        return s;
    }
    r->limits = pcre2_match_context_create(NULL);
    if (r->limits)
        (void)pcre2_set_match_limit(r->limits, 1000000); /* RE2 never explodes; PCRE2 must give up */
    *out = r;
    return NULL;
}

void td_regex_free(td_regex *r)
{
    if (!r) return;
    pcre2_code_free(r->code);
    pcre2_code_free(r->whole);
    pcre2_match_context_free(r->limits);
    td_free(r);
}

/* 1: matched, 0: no, -1: gave up. */
static int match(const td_regex *r, const pcre2_code *code, td_string text, size_t from,
                 pcre2_match_data *data)
{
    const int n =
        pcre2_match(code, (PCRE2_SPTR)(text.size ? text.data : ""), text.size, from, 0, data, r->limits);

    return n > 0 ? 1 : n == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static td_status gave_up(td_string text)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "the pattern takes too long on a text of %zu bytes", text.size);
}

td_status td_regex_full_match(const td_regex *r, td_string text, bool *out)
{
    pcre2_match_data *const data = pcre2_match_data_create_from_pattern(r->whole, NULL);
    const int found = data ? match(r, r->whole, text, 0, data) : -1;

    pcre2_match_data_free(data);
    if (found < 0) return gave_up(text);
    *out = found == 1;
    return NULL;
}

td_status td_regex_find(const td_regex *r, td_string text, bool *found, td_regex_match *out)
{
    pcre2_match_data *const data = pcre2_match_data_create_from_pattern(r->code, NULL);
    const int n = data ? match(r, r->code, text, 0, data) : -1;
    const PCRE2_SIZE *const at = n == 1 ? pcre2_get_ovector_pointer(data) : NULL;

    *found = at && pcre2_get_ovector_count(data) > 1;
    if (*found) {
        out->end = at[1];
        out->part = (td_string){ NULL, 0 };
        if (at[2] != PCRE2_UNSET) out->part = (td_string){ text.data + at[2], at[3] - at[2] };
    }
    pcre2_match_data_free(data);
    return n < 0 ? gave_up(text) : NULL;
}

/* What replacing makes: its size is the text's and the rewrite's affair, so it may be more than there is. */
typedef struct result {
    td_strbuf bytes;
    bool is_short; /* of memory: takes no more */
} result;

static void put(result *r, const char *data, size_t size)
{
    r->is_short = r->is_short || !td_strbuf_try_reserve(&r->bytes, size);
    if (!r->is_short) td_strbuf_add(&r->bytes, data, size);
}

/* The highest group that the rewrite asks for, and whether its escapes are all groups or backslashes. As in RE2,
 * a group that the pattern lacks means no replacement; any other escape means none where only the first match is
 * replaced, and ends the text of each where all are. */
static int highest_group(td_string rewrite, bool *is_whole)
{
    int highest = 0;

    *is_whole = true;
    for (size_t i = 0; i < rewrite.size; i++) {
        if (rewrite.data[i] != '\\') continue;
        const char next = ++i < rewrite.size ? rewrite.data[i] : 0;

        if (next >= '0' && next <= '9')
            highest = TD_MAX(highest, next - '0');
        else if (next != '\\')
            *is_whole = false;
    }
    return highest;
}

static bool rewrites(const td_regex *r, td_string rewrite, bool all)
{
    uint32_t groups = 0;
    bool is_whole;
    const int highest = highest_group(rewrite, &is_whole);

    (void)pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    return (uint32_t)highest <= groups && (all || is_whole);
}

static void add_rewrite(result *b, td_string text, td_string rewrite, pcre2_match_data *data)
{
    const PCRE2_SIZE *const at = pcre2_get_ovector_pointer(data);
    const uint32_t groups = pcre2_get_ovector_count(data);

    for (size_t i = 0; i < rewrite.size; i++) {
        const char ch = rewrite.data[i];

        if (ch != '\\') {
            put(b, &ch, 1);
            continue;
        }
        const char next = ++i < rewrite.size ? rewrite.data[i] : 0;
        const uint32_t g = (uint32_t)(next - '0');
        if (next == '\\')
            put(b, &next, 1);
        else if (next < '0' || next > '9')
            return;
        else if (g < groups && at[2 * g] != PCRE2_UNSET)
            put(b, text.data + at[2 * g], at[2 * g + 1] - at[2 * g]);
    }
}

/* Bytes of the UTF-8 character at p, 1 where there is none. */
static size_t char_size(const char *p, size_t left)
{
    const unsigned char c = (unsigned char)*p;
    const size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return n <= left ? n : 1;
}

/* As RE2 does it: no empty match right behind the last match; then a character goes by as it is. */
static int replace_all(const td_regex *r, td_string text, td_string rewrite, bool all, pcre2_match_data *data,
                       result *b)
{
    const PCRE2_SIZE *const at = pcre2_get_ovector_pointer(data);
    size_t from = 0, last_end = SIZE_MAX;
    int found = 0;

    if (!rewrites(r, rewrite, all)) {
        put(b, text.data, text.size);
        return 0;
    }
    while (from <= text.size && !b->is_short && (found = match(r, r->code, text, from, data)) == 1) {
        const size_t begin = at[0], end = at[1];

        put(b, text.data + from, begin - from);
        from = begin;
        if (begin == end && begin == last_end) {
            const size_t n = from < text.size ? char_size(text.data + from, text.size - from) : 0;

            if (n == 0) break;
            put(b, text.data + from, n);
            from += n;
            continue;
        }
        add_rewrite(b, text, rewrite, data);
        from = last_end = end;
        if (!all) break;
    }
    if (found >= 0 && from < text.size) put(b, text.data + from, text.size - from);
    return found;
}

td_status td_regex_replace(const td_regex *r, td_string text, td_string rewrite, bool all,
                           char *(*alloc)(void *ctx, size_t size), void *ctx, td_string *out)
{
    pcre2_match_data *const data = pcre2_match_data_create_from_pattern(r->code, NULL);
    result b = { 0 };
    if (!text.size) text.data = ""; /* it may be NULL */
    const int found = data ? replace_all(r, text, rewrite, all, data, &b) : -1;
    const size_t size = b.bytes.size;
    char *const bytes = found >= 0 && !b.is_short ? alloc(ctx, size) : NULL;

    if (bytes && size) memcpy(bytes, b.bytes.data, size);
    if (bytes) *out = (td_string){ bytes, size };
    td_strbuf_fini(&b.bytes);
    pcre2_match_data_free(data);
    if (found < 0) return gave_up(text);
    return bytes ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string");
}
