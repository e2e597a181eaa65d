/* SPDX-License-Identifier: Apache-2.0 */
/* op_string_split.c -- StringSplit, StringSplitV2: a vector of texts to a sparse matrix of their parts.
 *
 * Texts are walked twice: to count parts, then to write them. Parts are views of the texts. */
#include <string.h>

#include "base/macros.h"
#include "ops/strings.h"

typedef struct split_attrs {
    bool skip_empty; /* StringSplit */
    int64_t most;    /* StringSplitV2: splits, not parts; negative: any number */
} split_attrs;

static td_status split_parse(td_parse *p)
{
    ((split_attrs *)p->attrs)->skip_empty = td_attr_bool(p, "skip_empty");
    return NULL;
}

static td_status split_v2_parse(td_parse *p)
{
    ((split_attrs *)p->attrs)->most = td_attr_int(p, "maxsplit");
    return NULL;
}

/* What is left of a text, and how it is split. */
typedef struct splitter {
    const split_attrs *a;
    td_string rest, sep;
    int64_t splits;
    bool is_done;
} splitter;

/* False: there is none, and *part may be anything. */
typedef bool next_fn(splitter *s, td_string *part);

/* rest up to `size`; the separator behind it is skipped. */
static td_string take(splitter *s, size_t size, size_t skip)
{
    const td_string part = { s->rest.data, size };

    s->rest.data += size + skip;
    s->rest.size -= size + skip;
    return part;
}

static td_string take_all(splitter *s)
{
    s->is_done = true;
    return s->rest;
}

/* StringSplit: at any byte of sep; each byte is a part when there is none. */
static bool next_v1(splitter *s, td_string *part)
{
    while (!s->is_done) {
        size_t size = 0;

        if (!s->sep.size) {
            if (!s->rest.size) return false;
            *part = take(s, 1, 0);
            return true;
        }
        while (size < s->rest.size && !memchr(s->sep.data, s->rest.data[size], s->sep.size))
            size++;
        *part = size < s->rest.size ? take(s, size, 1) : take_all(s);
        if (part->size || !s->a->skip_empty) return true;
    }
    return false;
}

static bool is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static void skip_space(splitter *s)
{
    while (s->rest.size && is_space(*s->rest.data))
        (void)take(s, 1, 0);
}

/* Words, as Python's str.split() has them; after the last split, all that is left. */
static bool next_word(splitter *s, td_string *part)
{
    size_t size = 0;

    if (s->is_done) return false;
    skip_space(s);
    if (s->a->most > 0 && s->splits == s->a->most) {
        *part = take_all(s);
        return true;
    }
    if (!s->rest.size) return false;
    while (size < s->rest.size && !is_space(s->rest.data[size]))
        size++;
    *part = take(s, size, 0);
    s->splits++;
    return true;
}

/* At whole separators, as Python's str.split(sep) does. */
static bool next_v2(splitter *s, td_string *part)
{
    if (s->is_done) return false;
    if (!s->sep.size && s->a->most != 0) return next_word(s, part);
    const char *const at = s->a->most >= 0 && s->splits == s->a->most ? NULL : td_text_find(s->rest, s->sep);

    *part = at ? take(s, (size_t)(at - s->rest.data), s->sep.size) : take_all(s);
    s->splits++;
    return true;
}

/* ---------------------------------------------------------------- the matrix */

static splitter start(const td_call *c, td_string text, td_string sep)
{
    return (splitter){ .a = c->attrs, .rest = text.size ? text : (td_string){ "", 0 }, .sep = sep };
}

/* StringSplit makes nothing of an empty text. */
static bool is_skipped(next_fn *next, td_string text)
{
    return next == next_v1 && !text.size;
}

static void count_parts(td_call *c, next_fn *next, td_string sep, int64_t *total, int64_t *longest)
{
    const td_string *const texts = td_strings_in(c, 0);
    const int64_t n = td_in(c, 0)->shape.dims[0];

    *total = *longest = 0;
    for (int64_t i = 0; i < n; i++) {
        splitter s = start(c, texts[i], sep);
        int64_t parts = 0;

        for (td_string part; !is_skipped(next, texts[i]) && next(&s, &part);)
            parts++;
        *total += parts;
        *longest = TD_MAX(*longest, parts);
    }
}

static void write_parts(td_call *c, next_fn *next, td_string sep)
{
    const td_string *const texts = td_strings_in(c, 0);
    const int64_t n = td_in(c, 0)->shape.dims[0];
    int64_t *index = td_out(c, 0)->data;
    td_string *value = td_out(c, 1)->data;

    for (int64_t i = 0; i < n; i++) {
        splitter s = start(c, texts[i], sep);
        td_string part; /* behind the last value is no room for an empty part that is skipped */

        for (int64_t k = 0; !is_skipped(next, texts[i]) && next(&s, &part); k++) {
            *index++ = i;
            *index++ = k;
            *value++ = part;
        }
    }
}

static td_status split_texts(td_call *c, next_fn *next, const char *what)
{
    const td_shape *const shape = &td_in(c, 0)->shape;
    int64_t total, longest;
    td_string sep;
    char text[TD_SHAPE_TEXT];

    if (shape->rank != 1)
        return TD_ERR(INVALID_ARGUMENT, "input must be a vector, got shape: %s",
                      td_shape_text(shape, text, sizeof text));
    TD_TRY(td_text_scalar(c, 1, what, &sep));
    count_parts(c, next, sep, &total, &longest);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { total, 2 } }));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { total } }));
    TD_TRY(td_out_make(c, 2, &(td_shape){ 1, { 2 } }));
    write_parts(c, next, sep);
    int64_t *const dims = td_out(c, 2)->data;
    dims[0] = shape->dims[0];
    dims[1] = longest;
    return NULL;
}

static td_status split_run(td_call *c)
{
    return split_texts(c, next_v1, "delimiter");
}

static td_status split_v2_run(td_call *c)
{
    return split_texts(c, next_v2, "sep");
}

TD_RUN_KERNEL(split_kernels, 0, split_run);
TD_RUN_KERNEL(split_v2_kernels, 0, split_v2_run);

const td_op td_ops_string_split[] = {
    { .name = "StringSplit",
      .sig = "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
      .attrs = "skip_empty: bool = true",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(split_attrs),
      .parse = split_parse,
      .kernels = split_kernels },
    { .name = "StringSplitV2",
      .sig = "input: string, sep: string -> indices: int64, values: string, shape: int64",
      .attrs = "maxsplit: int = -1",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(split_attrs),
      .parse = split_v2_parse,
      .kernels = split_v2_kernels },
    { 0 },
};
