/* SPDX-License-Identifier: Apache-2.0 */
/* op_string.c -- strings: join, length, case, strip, regular expressions. */
#include <string.h>

#include "base/macros.h"
#include "ops/strings.h"
#include "ops/text/letter_case.h"
#include "ops/text/regex.h"

static char *alloc_string(void *ctx, size_t size)
{
    return td_string_alloc(ctx, size);
}

/* ---------------------------------------------------------------- StringJoin */

static td_status separator_parse(td_parse *p)
{
    *(td_string *)p->attrs = td_attr_string(p, "separator");
    return NULL;
}

static td_status join_infer(td_call *c)
{
    const td_shape *shape = NULL;

    for (uint32_t i = 0; i < c->n_in; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (s->rank == 0) continue;
        if (shape && !td_shape_equal(shape, s)) {
            char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

            return TD_ERR(INVALID_ARGUMENT, "Input shapes do not match: %s vs. %s",
                          td_shape_text(shape, a, sizeof a), td_shape_text(s, b, sizeof b));
        }
        shape = s;
    }
    td_out(c, 0)->shape = shape ? *shape : (td_shape){ 0 };
    return NULL;
}

static td_string element(const td_tensor *t, int64_t i)
{
    return ((const td_string *)t->data)[t->shape.rank == 0 ? 0 : i];
}

static td_status join_run(td_call *c)
{
    const td_string *const sep = c->attrs;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_out(c, 0)->shape);

    for (int64_t i = 0; i < n; i++) {
        size_t size = c->n_in ? sep->size * (c->n_in - 1) : 0, at = 0;

        for (uint32_t k = 0; k < c->n_in; k++)
            size += element(td_in(c, k), i).size;
        char *const bytes = td_string_alloc(c, size);
        if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string of %zu bytes", size);
        for (uint32_t k = 0; k < c->n_in; k++) {
            const td_string s = element(td_in(c, k), i);

            if (k && sep->size) memcpy(bytes + at, sep->data, sep->size);
            at += k ? sep->size : 0;
            if (s.size) memcpy(bytes + at, s.data, s.size);
            at += s.size;
        }
        out[i] = (td_string){ bytes, size };
    }
    return NULL;
}

/* ---------------------------------------------------------------- StringLength */

static td_status length_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_string_is(p, "unit", "UTF8_CHAR");
    return NULL;
}

static td_status length_run(td_call *c)
{
    const bool in_chars = *(const bool *)c->attrs;
    const td_string *const in = td_in(c, 0)->data;
    int32_t *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++) {
        size_t length = in[i].size;

        for (size_t k = 0; in_chars && k < in[i].size; k++)
            length -= ((unsigned char)in[i].data[k] & 0xc0) == 0x80; /* a continuation byte */
        out[i] = (int32_t)length;
    }
    return NULL;
}

/* ---------------------------------------------------------------- StringLower, StringUpper, StringStrip */

static td_status case_parse(td_parse *p)
{
    const td_string encoding = td_attr_string(p, "encoding");

    *(bool *)p->attrs = encoding.size > 0;
    if (!encoding.size) return NULL;
    if (!td_string_is(encoding, "utf-8"))
        return TD_ERR(INVALID_ARGUMENT, "only utf-8 or '' (no encoding) is supported, received %.*s",
                      (int)TD_MIN(encoding.size, (size_t)100), encoding.data);
    return td_case_check();
}

static td_status change_ascii(td_call *c, td_string in, bool upper, td_string *out)
{
    char *bytes;

    TD_TRY(td_text_alloc(c, in.size, &bytes));
    for (size_t k = 0; k < in.size; k++) {
        const char ch = in.data[k];

        if (upper)
            bytes[k] = ch >= 'a' && ch <= 'z' ? (char)(ch - 32) : ch;
        else
            bytes[k] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
    }
    *out = (td_string){ bytes, in.size };
    return NULL;
}

static td_status change_case(td_call *c, bool upper)
{
    const bool is_utf8 = *(const bool *)c->attrs;
    const td_string *const in = td_in(c, 0)->data;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(is_utf8 ? td_case_change(c, in[i], upper, &out[i]) : change_ascii(c, in[i], upper, &out[i]));
    return NULL;
}

static td_status lower_run(td_call *c)
{
    return change_case(c, false);
}

static td_status upper_run(td_call *c)
{
    return change_case(c, true);
}

static bool is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static td_status strip_run(td_call *c)
{
    const td_string *const in = td_in(c, 0)->data;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++) {
        const char *begin = in[i].size ? in[i].data : "", *end = begin + in[i].size;

        while (begin < end && is_blank(*begin))
            begin++;
        while (end > begin && is_blank(end[-1]))
            end--;
        char *const bytes = td_string_alloc(c, (size_t)(end - begin));
        if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string");
        if (end > begin) memcpy(bytes, begin, (size_t)(end - begin));
        out[i] = (td_string){ bytes, (size_t)(end - begin) };
    }
    return NULL;
}

/* ---------------------------------------------------------------- regular expressions */

typedef struct regex_attrs {
    td_string pattern, rewrite;
    bool all;
} regex_attrs;

typedef struct regex_state {
    td_regex *regex; /* of a pattern known beforehand */
} regex_state;

static td_status static_replace_parse(td_parse *p)
{
    *(regex_attrs *)p->attrs = (regex_attrs){ td_attr_string(p, "pattern"), td_attr_string(p, "rewrite"),
                                              td_attr_bool(p, "replace_global") };
    return NULL;
}

static td_status static_match_parse(td_parse *p)
{
    *(regex_attrs *)p->attrs = (regex_attrs){ .pattern = td_attr_string(p, "pattern") };
    return NULL;
}

static td_status replace_parse(td_parse *p)
{
    *(regex_attrs *)p->attrs = (regex_attrs){ .all = td_attr_bool(p, "replace_global") };
    return NULL;
}

static td_status static_prepare(td_call *c)
{
    return td_regex_make(((const regex_attrs *)c->attrs)->pattern, &((regex_state *)c->state)->regex);
}

static void regex_release(void *state)
{
    td_regex_free(((regex_state *)state)->regex);
}

static td_status replace_each(td_call *c, const td_regex *r, td_string rewrite, bool all)
{
    const td_string *const in = td_in(c, 0)->data;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(td_regex_replace(r, in[i], rewrite, all, alloc_string, c, &out[i]));
    return NULL;
}

static td_status match_each(td_call *c, const td_regex *r)
{
    const td_string *const in = td_in(c, 0)->data;
    bool *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(td_regex_full_match(r, in[i], &out[i]));
    return NULL;
}

static td_status static_replace_run(td_call *c)
{
    const regex_attrs *const a = c->attrs;

    return replace_each(c, ((const regex_state *)c->state)->regex, a->rewrite, a->all);
}

static td_status static_match_run(td_call *c)
{
    return match_each(c, ((const regex_state *)c->state)->regex);
}

/* The pattern comes with the request. */
static td_status pattern_of(const td_call *c, uint32_t i, td_string *out)
{
    const td_tensor *const t = td_in(c, i);

    if (t->shape.rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s must be scalar, but received %s", i == 1 ? "Pattern" : "Rewrite",
                      c->node);
    *out = *(const td_string *)t->data;
    return NULL;
}

static td_status replace_run(td_call *c)
{
    td_string pattern, rewrite;
    td_regex *r;

    TD_TRY(pattern_of(c, 1, &pattern));
    TD_TRY(pattern_of(c, 2, &rewrite));
    TD_TRY(td_regex_make(pattern, &r));
    const td_status s = replace_each(c, r, rewrite, ((const regex_attrs *)c->attrs)->all);
    td_regex_free(r);
    return s;
}

static td_status match_run(td_call *c)
{
    td_string pattern;
    td_regex *r;

    TD_TRY(pattern_of(c, 1, &pattern));
    TD_TRY(td_regex_make(pattern, &r));
    const td_status s = match_each(c, r);
    td_regex_free(r);
    return s;
}

TD_RUN_KERNEL(join_kernels, 0, join_run);
TD_RUN_KERNEL(length_kernels, 0, length_run);
TD_RUN_KERNEL(lower_kernels, 0, lower_run);
TD_RUN_KERNEL(upper_kernels, 0, upper_run);
TD_RUN_KERNEL(strip_kernels, 0, strip_run);
TD_RUN_KERNEL(replace_kernels, 0, replace_run);
TD_RUN_KERNEL(match_kernels, 0, match_run);

static const td_kernel static_replace_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(regex_state), static_prepare, static_replace_run, regex_release }, { 0 }
};
static const td_kernel static_match_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(regex_state), static_prepare, static_match_run, regex_release }, { 0 }
};

const td_op td_ops_string[] = {
    { .name = "StringJoin",
      .sig = "inputs: N*string -> output: string",
      .attrs = "N: int, separator: string = ''",
      .attrs_size = sizeof(td_string),
      .parse = separator_parse,
      .infer = join_infer,
      .kernels = join_kernels },
    { .name = "StringLength",
      .sig = "input: string -> output: int32",
      .attrs = "unit: string = 'BYTE'",
      .attrs_size = sizeof(bool),
      .parse = length_parse,
      .infer = td_infer_same,
      .kernels = length_kernels },
    { .name = "StringLower",
      .sig = "input: string -> output: string",
      .attrs = "encoding: string = ''",
      .attrs_size = sizeof(bool),
      .flags = TD_OP_ALLOCATES, /* PCRE2 does, for utf-8 */
      .parse = case_parse,
      .infer = td_infer_same,
      .kernels = lower_kernels },
    { .name = "StringUpper",
      .sig = "input: string -> output: string",
      .attrs = "encoding: string = ''",
      .attrs_size = sizeof(bool),
      .flags = TD_OP_ALLOCATES, /* PCRE2 does, for utf-8 */
      .parse = case_parse,
      .infer = td_infer_same,
      .kernels = upper_kernels },
    { .name = "StringStrip",
      .sig = "input: string -> output: string",
      .infer = td_infer_same,
      .kernels = strip_kernels },
    { .name = "StaticRegexReplace",
      .sig = "input: string -> output: string",
      .attrs = "pattern: string, rewrite: string, replace_global: bool = true",
      .attrs_size = sizeof(regex_attrs),
      .parse = static_replace_parse,
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = static_replace_kernels },
    { .name = "StaticRegexFullMatch",
      .sig = "input: string -> output: bool",
      .attrs = "pattern: string",
      .attrs_size = sizeof(regex_attrs),
      .parse = static_match_parse,
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = static_match_kernels },
    { .name = "RegexReplace",
      .sig = "input: string, pattern: string, rewrite: string -> output: string",
      .attrs = "replace_global: bool = true",
      .attrs_size = sizeof(regex_attrs),
      .parse = replace_parse,
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = replace_kernels },
    { .name = "RegexFullMatch",
      .sig = "input: string, pattern: string -> output: bool",
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = match_kernels },
    { 0 },
};
