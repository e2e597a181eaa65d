/* SPDX-License-Identifier: Apache-2.0 */
/* op_ngrams.c -- StringNGrams: runs of so many words of each row of a ragged tensor, joined.
 *
 * Rows are padded at both ends, by less than the width of the n-gram, so that each has at least one word or both pads.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"

typedef struct ngram_attrs {
    td_string separator, left, right;
    const td_attr_value *widths;
    size_t n_widths;
    int64_t pad; /* negative: one less than the width */
    bool keeps_short;
} ngram_attrs;

static td_status ngram_parse(td_parse *p)
{
    ngram_attrs *const a = p->attrs;

    a->separator = td_attr_string(p, "separator");
    a->left = td_attr_string(p, "left_pad");
    a->right = td_attr_string(p, "right_pad");
    a->n_widths = td_attr_list(p, "ngram_widths", &a->widths);
    a->pad = td_attr_int(p, "pad_width");
    a->keeps_short = td_attr_bool(p, "preserve_short_sequences");
    for (size_t i = 0; i < a->n_widths; i++)
        if (a->widths[i].u.i <= 0 || a->widths[i].u.i > INT32_MAX)
            return TD_ERR(INVALID_ARGUMENT, "ngram_widths must contain positive values");
    if (a->pad > INT32_MAX) return TD_ERR(INVALID_ARGUMENT, "%s: pad_width is too large", p->node->name);
    return NULL;
}

static int64_t pad_of(const ngram_attrs *a, int64_t width)
{
    return a->pad < 0 ? width - 1 : TD_MIN(a->pad, width - 1);
}

static int64_t count_of(const ngram_attrs *a, int64_t words, int64_t width)
{
    return TD_MAX(words + 2 * pad_of(a, width) - width + 1, 0);
}

/* The pieces of an n-gram: pads at its left, words[0 .. n), pads at its right. */
typedef struct ngram {
    const td_string *words;
    int64_t left, n, right;
} ngram;

/* Number i of `count` of that width in a row. */
static ngram ngram_at(const ngram_attrs *a, const td_string *row, int64_t width, int64_t i, int64_t count)
{
    const int64_t pad = pad_of(a, width), left = TD_MAX(pad - i, 0), right = TD_MAX(pad - (count - i - 1), 0),
                  words = TD_MAX(width - left - right, 0);

    return (ngram){ words ? row + (left ? 0 : i - pad) : NULL, left, words, right };
}

static bool add_times(size_t *size, int64_t n, size_t each)
{
    size_t all;

    return td_mul_size((size_t)n, each, &all) && td_add_size(*size, all, size);
}

static char *put(char *at, td_string s)
{
    if (s.size) memcpy(at, s.data, s.size);
    return at + s.size;
}

/* All pieces with a separator in front, then without the first one. */
static td_status join_pieces(td_call *c, const ngram *g, td_string *out)
{
    const ngram_attrs *const a = c->attrs;
    size_t size = 0;
    bool fits = add_times(&size, g->left, a->left.size) && add_times(&size, g->right, a->right.size) &&
                add_times(&size, g->left + g->n + g->right, a->separator.size);
    char *text;

    for (int64_t i = 0; i < g->n && fits; i++)
        fits = td_add_size(size, g->words[i].size, &size);
    if (!fits) return TD_ERR(RESOURCE_EXHAUSTED, "an n-gram is too long");
    TD_TRY(td_text_alloc(c, size, &text));
    char *at = text;
    for (int64_t i = 0; i < g->left; i++)
        at = put(put(at, a->separator), a->left);
    for (int64_t i = 0; i < g->n; i++)
        at = put(put(at, a->separator), g->words[i]);
    for (int64_t i = 0; i < g->right; i++)
        at = put(put(at, a->separator), a->right);
    *out = (td_string){ text + a->separator.size, size - a->separator.size };
    return NULL;
}

/* ---------------------------------------------------------------- rows */

static td_status check_splits(const td_call *c)
{
    const td_tensor *const splits = td_in(c, 1);
    const int64_t n = td_shape_count(&splits->shape), words = td_shape_count(&td_in(c, 0)->shape);

    if (splits->shape.rank != 1 || td_in(c, 0)->shape.rank != 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: data and data_splits must be vectors", c->node);
    if (n == 0) return NULL;
    int64_t before = td_tensor_int(splits, 0);
    if (before != 0) return TD_ERR(INVALID_ARGUMENT, "First split value must be 0, got %" PRId64, before);
    for (int64_t i = 1; i < n; i++) {
        const int64_t v = td_tensor_int(splits, (size_t)i);

        if (v < before || v > words)
            return TD_ERR(INVALID_ARGUMENT,
                          "Invalid split value %" PRId64 ", must be in [%" PRId64 ", %" PRId64 "]", v, before,
                          words);
        before = v;
    }
    if (before != words)
        return TD_ERR(INVALID_ARGUMENT,
                      "Last split value must be data size. Expected %" PRId64 ", got %" PRId64, words,
                      before);
    return NULL;
}

/* n-grams of a row of so many words. *is_short: one of all its words instead. */
static int64_t count_row(const ngram_attrs *a, int64_t words, bool *is_short)
{
    int64_t n = 0;

    for (size_t i = 0; i < a->n_widths; i++)
        if (!td_add_i64(n, count_of(a, words, a->widths[i].u.i), &n)) return -1;
    *is_short = n == 0 && words > 0 && a->keeps_short;
    return n + *is_short;
}

static int64_t words_of(const td_call *c, int64_t row)
{
    const td_tensor *const splits = td_in(c, 1);

    return td_tensor_int(splits, (size_t)row + 1) - td_tensor_int(splits, (size_t)row);
}

/* Pads alone make n-grams of empty rows, unless all of them are. */
static td_status write_splits(td_call *c, int64_t *total)
{
    const bool has_words = td_shape_count(&td_in(c, 0)->shape) > 0;
    td_tensor *const out = td_out(c, 1);
    const int64_t n = td_shape_count(&out->shape);
    bool is_short = false;

    *total = 0;
    if (n) td_tensor_set_int(out, 0, 0);
    for (int64_t i = 0; i + 1 < n; i++) {
        const int64_t more = has_words ? count_row(c->attrs, words_of(c, i), &is_short) : 0;

        if (more < 0 || !td_add_i64(*total, more, total) || (out->dtype == TD_I32 && *total > INT32_MAX))
            return TD_ERR(RESOURCE_EXHAUSTED, "too many n-grams");
        if (is_short && ((const ngram_attrs *)c->attrs)->pad < 0)
            return TD_ERR(
                INVALID_ARGUMENT,
                "Pad width should be >= 0 when preserve_short_sequences is True and ngram_widths are "
                "not provided, got %" PRId64,
                ((const ngram_attrs *)c->attrs)->pad);
        td_tensor_set_int(out, (size_t)i + 1, *total);
    }
    return NULL;
}

static td_status write_row(td_call *c, const td_string *row, int64_t words, td_string **out)
{
    const ngram_attrs *const a = c->attrs;
    bool is_short;

    (void)count_row(a, words, &is_short);
    if (is_short) return join_pieces(c, &(ngram){ row, a->pad, words, a->pad }, (*out)++);
    for (size_t w = 0; w < a->n_widths; w++) {
        const int64_t width = a->widths[w].u.i, count = count_of(a, words, width);

        for (int64_t i = 0; i < count; i++) {
            const ngram g = ngram_at(a, row, width, i, count);

            TD_TRY(join_pieces(c, &g, (*out)++));
        }
    }
    return NULL;
}

static td_status ngram_run(td_call *c)
{
    const int64_t n = td_shape_count(&td_in(c, 1)->shape);
    const td_string *row = td_strings_in(c, 0);
    int64_t total;

    TD_TRY(check_splits(c));
    TD_TRY(td_out_make(c, 1, &td_in(c, 1)->shape));
    TD_TRY(write_splits(c, &total));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { total } }));
    td_string *out = td_out(c, 0)->data;
    for (int64_t i = 0; i + 1 < n && total; i++) {
        TD_TRY(write_row(c, row, words_of(c, i), &out));
        row += words_of(c, i);
    }
    return NULL;
}

TD_RUN_KERNEL(ngram_kernels, 0, ngram_run);

const td_op td_ops_ngrams[] = {
    { .name = "StringNGrams",
      .sig = "data: string, data_splits: Tsplits -> ngrams: string, ngrams_splits: Tsplits",
      .attrs =
          "separator: string, ngram_widths: list(int), left_pad: string, right_pad: string, pad_width: int, "
          "preserve_short_sequences: bool, Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(ngram_attrs),
      .parse = ngram_parse,
      .kernels = ngram_kernels },
    { 0 },
};
