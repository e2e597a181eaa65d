/* SPDX-License-Identifier: Apache-2.0 */
/* op_ngrams_join.c -- TFText>NgramsStringJoin: runs of so many words of each row, joined. Rows are those of a tensor's
 * last dimension, or of the last splits of a ragged one. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/tftext/pieces.h"

typedef struct join_attrs {
    int64_t width;
    td_string separator;
} join_attrs;

static td_status join_parse(td_parse *p)
{
    join_attrs *const a = p->attrs;

    *a = (join_attrs){ td_attr_int(p, "width"), td_attr_string(p, "string_separator") };
    if (td_attr_int(p, "axis") != -1)
        return TD_ERR(INTERNAL, "axis != -1: %lld", (long long)td_attr_int(p, "axis"));
    if (a->width < 1) return TD_ERR(INVALID_ARGUMENT, "%s: width must be 1 or more", p->node->name);
    return NULL;
}

static char *put(char *at, td_string s)
{
    if (s.size) memcpy(at, s.data, s.size);
    return at + s.size;
}

static td_status join(td_call *c, const td_string *words, td_string *out)
{
    const join_attrs *const a = c->attrs;
    size_t size;
    bool fits = td_mul_size((size_t)(a->width - 1), a->separator.size, &size);
    char *text;

    for (int64_t i = 0; i < a->width && fits; i++)
        fits = td_add_size(size, words[i].size, &size);
    if (!fits) return TD_ERR(RESOURCE_EXHAUSTED, "an n-gram is too long");
    TD_TRY(td_text_alloc(c, size, &text));
    *out = (td_string){ text, size };
    for (int64_t i = 0; i < a->width; i++)
        text = put(i ? put(text, a->separator) : text, words[i]);
    return NULL;
}

static int64_t count_of(const td_call *c, int64_t words)
{
    const join_attrs *const a = c->attrs;

    return words < a->width ? 0 : words - a->width + 1;
}

/* The n-grams of a row; *out goes behind them. */
static td_status join_row(td_call *c, const td_string *row, int64_t words, td_string **out)
{
    for (int64_t i = 0; i < count_of(c, words); i++)
        TD_TRY(join(c, row + i, (*out)++));
    return NULL;
}

static td_status join_tensor(td_call *c)
{
    const td_string *const words = td_strings_in(c, 0);
    td_shape s = td_in(c, 0)->shape;

    if (s.rank < 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: input_values must have 1 dimension or more", c->node);
    const int64_t row = s.dims[s.rank - 1], n = td_shape_count(&s);

    s.dims[s.rank - 1] = count_of(c, row);
    TD_TRY(td_out_make(c, 0, &s));
    td_string *out = td_out(c, 0)->data;

    for (int64_t at = 0; at < n; at += row)
        TD_TRY(join_row(c, words + at, row, &out));
    return NULL;
}

static td_status join_ragged(td_call *c)
{
    const uint32_t last = c->n_in - 1;
    const td_tensor *const splits = td_in(c, last);
    const td_string *const words = td_strings_in(c, 0);

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(td_splits_check(c, last, td_in(c, 0)->shape.dims[0]));
    for (uint32_t i = 1; i < last; i++) {
        TD_TRY(td_vector_check(c, i, "input_row_splits"));
        TD_TRY(td_out_set(c, i, td_in(c, i)));
    }
    const int64_t rows = splits->shape.dims[0] - 1;
    int64_t total = 0;

    TD_TRY(td_pieces_start_splits(c, last, rows));
    for (int64_t r = 0; r < rows; r++) {
        total += count_of(c, td_tensor_int(splits, (size_t)r + 1) - td_tensor_int(splits, (size_t)r));
        td_tensor_set_int(td_out(c, last), (size_t)r + 1, total);
    }
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { total } }));
    td_string *out = td_out(c, 0)->data;

    for (int64_t r = 0; r < rows; r++) {
        const int64_t begin = td_tensor_int(splits, (size_t)r), end = td_tensor_int(splits, (size_t)r + 1);

        TD_TRY(join_row(c, words + begin, end - begin, &out));
    }
    return NULL;
}

static td_status join_run(td_call *c)
{
    return c->n_in == 1 ? join_tensor(c) : join_ragged(c);
}

TD_RUN_KERNEL(join_kernels, 0, join_run);

const td_op td_ops_ngrams_join[] = {
    { .name = "TFText>NgramsStringJoin",
      .sig = "input_values: string, input_row_splits: RAGGED_RANK*Tsplits -> output_values: string, "
             "output_row_splits: RAGGED_RANK*Tsplits",
      .attrs = "width: int, axis: int, string_separator: string, RAGGED_RANK: int, Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(join_attrs),
      .parse = join_parse,
      .kernels = join_kernels },
    { 0 },
};
