/* SPDX-License-Identifier: Apache-2.0 */
/* op_regex_split.c -- RegexSplitWithOffsets: texts to what lies between matches of a pattern, and to those matches that
 * another pattern says are kept.
 *
 * The delimiter is the first group of its pattern. Each search begins a text of its own, behind the last match. */
#include <string.h>

#include "device/stop.h"
#include "ops/strings.h"
#include "ops/text/regex.h"
#include "ops/tftext/pieces.h"

typedef struct split_state {
    td_regex *delimiter, *kept; /* NULL: patterns that come with the request */
} split_state;

static td_status make_patterns(const td_call *c, split_state *s)
{
    td_string delimiter, kept;

    TD_TRY(td_text_scalar(c, 1, "Pattern", &delimiter));
    TD_TRY(td_text_scalar(c, 2, "Pattern", &kept));
    TD_TRY(td_regex_make(delimiter, &s->delimiter));
    return td_regex_make(kept, &s->kept);
}

static void free_patterns(void *state)
{
    split_state *const s = state;

    td_regex_free(s->delimiter);
    td_regex_free(s->kept);
    *s = (split_state){ 0 };
}

static td_status split_prepare(td_call *c)
{
    if (!td_in_is_const(c, 1) || !td_in_is_const(c, 2)) return NULL;
    const td_status s = make_patterns(c, c->state);

    if (s) free_patterns(c->state);
    return s;
}

static td_status add_part(td_pieces *p, td_string text, const char *begin, const char *end)
{
    if (begin == end) return NULL;
    return td_pieces_add(p, &(td_piece){ .text = { begin, (size_t)(end - begin) },
                                         .begin = begin - text.data,
                                         .end = end - text.data });
}

static td_status keep_match(td_pieces *p, const split_state *s, td_string text, td_string part)
{
    bool is_kept;

    TD_TRY(td_regex_full_match(s->kept, part, &is_kept));
    if (!is_kept) return NULL;
    const int64_t begin = part.data - text.data;

    return td_pieces_add(p, &(td_piece){ part, 0, begin, begin + (int64_t)part.size });
}

static td_status split_text(td_pieces *p, const split_state *s, bool keeps, td_string text)
{
    td_string left = text;
    td_regex_match m;
    bool found;

    for (;;) {
        TD_TRY(td_regex_find(s->delimiter, left, &found, &m));
        if (!found || td_stop_asked()) break;
        if (!m.part.data || m.end == 0)
            return TD_ERR(INVALID_ARGUMENT, "a delimiter of no bytes splits nothing");
        TD_TRY(add_part(p, text, left.data, m.part.data));
        if (keeps) TD_TRY(keep_match(p, s, text, m.part));
        left = (td_string){ left.data + m.end, left.size - m.end };
    }
    return add_part(p, text, left.data, left.data + left.size);
}

/* TensorFlow reads its texts as C does. */
static td_string until_nul(td_string s)
{
    if (!s.size) return (td_string){ "", 0 };
    return (td_string){ s.data, strnlen(s.data, s.size) };
}

static td_status split_texts(td_call *c, const split_state *s)
{
    const td_string *const texts = td_strings_in(c, 0);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    const bool keeps = td_strings_in(c, 2)->size > 0;
    td_pieces p = { .call = c };

    TD_TRY(td_pieces_start_splits(c, 3, n));
    for (int64_t i = 0; i < n; i++) {
        TD_TRY(split_text(&p, s, keeps, until_nul(texts[i])));
        TD_TRY(td_pieces_end_row(&p, 3, i));
    }
    TD_TRY(td_pieces_put_texts(&p, 0));
    TD_TRY(td_pieces_put_begins(&p, 1));
    return td_pieces_put_ends(&p, 2);
}

static td_status split_run(td_call *c)
{
    const split_state *const known = c->state;
    split_state own = { 0 };

    if (known->delimiter) return split_texts(c, known);
    td_status s = make_patterns(c, &own);
    if (!s) s = split_texts(c, &own);
    free_patterns(&own);
    return s;
}

static const td_kernel split_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(split_state), split_prepare, split_run, free_patterns }, { 0 }
};

const td_op td_ops_regex_split[] = {
    { .name = "RegexSplitWithOffsets",
      .sig =
          "input: string, delim_regex_pattern: string, keep_delim_regex_pattern: string -> tokens: string, "
          "begin_offsets: int64, end_offsets: int64, row_splits: int64",
      .flags = TD_OP_DYNAMIC,
      .kernels = split_kernels },
    { 0 },
};
