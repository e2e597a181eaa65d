/* SPDX-License-Identifier: Apache-2.0 */
/* op_script_tokenize.c -- WhitespaceTokenizeWithOffsets, UnicodeScriptTokenizeWithOffsets: characters, in rows, to words.
 *
 * White space belongs to no word, unless it is kept. The former parts words where it is, the latter where the script
 * changes; so it leaves "? !" a word of two characters, without the space. */
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/text/script.h"
#include "ops/tftext/pieces.h"

typedef struct word_attrs {
    bool by_script, keeps_white;
} word_attrs;

typedef struct words {
    td_pieces pieces;               /* id: characters of words before */
    const int32_t *codes, *scripts; /* scripts NULL: of no interest */
    int32_t *kept;
    int64_t n_kept;
    bool keeps_white;
} words;

static td_status white_parse(td_parse *p)
{
    *(word_attrs *)p->attrs = (word_attrs){ 0 };
    return NULL;
}

static td_status script_parse(td_parse *p)
{
    *(word_attrs *)p->attrs = (word_attrs){ true, td_attr_bool(p, "keep_whitespace") };
    return NULL;
}

/* Does character i, of a row from `begin` on, not belong to what the one before it belongs to? */
static bool is_other(const words *w, int64_t i, int64_t begin)
{
    const bool is_white = td_is_white_space(w->codes[i]);

    if (!w->scripts) return is_white;
    if (w->scripts[i] != (i > begin ? w->scripts[i - 1] : -1)) return true;
    return w->keeps_white && is_white != (i > begin && td_is_white_space(w->codes[i - 1]));
}

static td_status split_row(words *w, int64_t begin, int64_t end)
{
    int64_t passed = 0; /* white characters since the last other one */
    bool is_in = false;

    for (int64_t i = begin; i < end; i++) {
        const bool is_passed = !w->keeps_white && td_is_white_space(w->codes[i]);

        if (is_other(w, i, begin)) {
            if (is_in) w->pieces.items[w->pieces.n - 1].end = i - begin - passed;
            is_in = false;
        }
        passed = is_passed ? passed + 1 : 0;
        if (is_passed) continue;
        if (!is_in) TD_TRY(td_pieces_add(&w->pieces, &(td_piece){ .id = w->n_kept, .begin = i - begin }));
        is_in = true;
        w->kept[w->n_kept++] = w->codes[i];
    }
    if (is_in) w->pieces.items[w->pieces.n - 1].end = end - begin - passed;
    return NULL;
}

/* The characters of words, and where each begins among them. */
static td_status put_words(const words *w)
{
    td_call *const c = w->pieces.call;
    const int64_t n = (int64_t)w->pieces.n;

    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { w->n_kept } }));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { n + 1 } }));
    for (int64_t i = 0; i < w->n_kept; i++)
        ((int32_t *)td_out(c, 0)->data)[i] = w->kept[i];
    for (int64_t i = 0; i <= n; i++)
        td_tensor_set_int(td_out(c, 1), (size_t)i, i < n ? w->pieces.items[i].id : w->n_kept);
    TD_TRY(td_pieces_put_begins(&w->pieces, 2));
    return td_pieces_put_ends(&w->pieces, 3);
}

static td_status tokenize_run(td_call *c)
{
    const word_attrs *const a = c->attrs;
    const td_tensor *const splits = td_in(c, 1);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    words w = { .pieces = { .call = c }, .codes = td_in(c, 0)->data, .keeps_white = a->keeps_white };

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(td_splits_check(c, 1, n));
    if (splits->dtype == TD_I32 && n > INT32_MAX)
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: too many characters for int32 splits", c->node);
    TD_TRY(td_text_rooms(c, (size_t)n, sizeof *w.kept, &w.kept));
    if (a->by_script) {
        int32_t *scripts;

        TD_TRY(td_text_rooms(c, (size_t)n, sizeof *scripts, &scripts));
        TD_TRY(td_script_find(w.codes, (size_t)n, scripts));
        w.scripts = scripts;
    }
    const int64_t rows = splits->shape.dims[0] - 1;

    TD_TRY(td_pieces_start_splits(c, 4, rows));
    for (int64_t i = 0; i < rows; i++) {
        TD_TRY(split_row(&w, td_tensor_int(splits, (size_t)i), td_tensor_int(splits, (size_t)i + 1)));
        TD_TRY(td_pieces_end_row(&w.pieces, 4, i));
    }
    return put_words(&w);
}

TD_RUN_KERNEL(tokenize_kernels, 0, tokenize_run);

#define WORDS_SIG                                                                                            \
    "input_values: int32, input_splits: Tsplits -> output_values: int32, output_values_inner_splits: "       \
    "Tsplits, output_offset_starts: int64, output_offset_limits: int64, output_outer_splits: Tsplits"

const td_op td_ops_script_tokenize[] = {
    { .name = "WhitespaceTokenizeWithOffsets",
      .sig = WORDS_SIG,
      .attrs = "Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(word_attrs),
      .parse = white_parse,
      .kernels = tokenize_kernels },
    { .name = "UnicodeScriptTokenizeWithOffsets",
      .sig = WORDS_SIG,
      .attrs = "Tsplits: type = int64, keep_whitespace: bool = false",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(word_attrs),
      .parse = script_parse,
      .kernels = tokenize_kernels },
    { 0 },
};
