/* SPDX-License-Identifier: Apache-2.0 */
/* op_fast_wordpiece.c -- FastWordpieceTokenizeWithOffsets, TFText>FastWordpieceDetokenize. */
#include <string.h>

#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/tftext/wordpieces.h"

static td_status open_model(const td_call *c, uint32_t i, td_wordpieces *out)
{
    const td_tensor *const bytes = td_in(c, i);

    TD_TRY(td_vector_check(c, i, "wp_model"));
    return td_wordpieces_open(bytes->data, (size_t)bytes->shape.dims[0], out);
}

static td_status tokenize_run(td_call *c)
{
    const td_string *const texts = td_strings_in(c, 0);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    td_pieces p = { .call = c };
    td_wordpieces m;

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(open_model(c, 1, &m));
    TD_TRY(td_pieces_start_splits(c, 2, n));
    for (int64_t i = 0; i < n; i++) {
        TD_TRY(td_wordpieces_split(&m, texts[i], &p));
        TD_TRY(td_pieces_end_row(&p, 2, i));
    }
    TD_TRY(td_pieces_put_texts(&p, 0));
    TD_TRY(td_pieces_put_ids(&p, 1));
    TD_TRY(td_pieces_put_begins(&p, 3));
    return td_pieces_put_ends(&p, 4);
}

/* ---------------------------------------------------------------- pieces to texts */

/* Writes to out, or only counts. */
static size_t put(char *out, size_t size, td_string text)
{
    if (out && text.size) memcpy(out + size, text.data, text.size);
    return text.size;
}

static td_status check_id(const td_wordpieces *m, int32_t id)
{
    if (id >= 0 && (size_t)id < m->vocabulary.n && (size_t)id < m->goes_on.n) return NULL;
    return TD_ERR(OUT_OF_RANGE, "Token ID out of bounds: %d", id);
}

/* Words apart, pieces that go on with a word behind what they go on with; none to go on with: behind the indicator. */
static td_status join_row(const td_wordpieces *m, const int32_t *ids, int64_t n, char *out, size_t *total)
{
    size_t size = 0;
    td_string piece;

    for (int64_t i = 0; i < n; i++) {
        TD_TRY(check_id(m, ids[i]));
        const bool goes_on = m->goes_on.data[ids[i]] != 0;

        if (i == 0 && goes_on) size += put(out, size, m->indicator);
        if (i > 0 && !goes_on) size += put(out, size, (td_string){ " ", 1 });
        if (!td_flat_string_at(&m->vocabulary, (size_t)ids[i], &piece))
            return TD_ERR(INTERNAL, "Null vocab string in vocab_array.");
        size += put(out, size, piece);
        if (size > INT32_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
    }
    *total = size;
    return NULL;
}

static td_status detokenize_run(td_call *c)
{
    const int32_t *const ids = td_in(c, 0)->data;
    const td_tensor *const splits = td_in(c, 1);
    td_wordpieces m;

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(td_splits_check(c, 1, td_in(c, 0)->shape.dims[0]));
    TD_TRY(open_model(c, 2, &m));
    const int64_t n = splits->shape.dims[0] - 1;

    if (n && !m.gives_texts)
        return TD_ERR(FAILED_PRECONDITION,
                      "Detokenize function is only enabled when support_detokenization is "
                      "true in the config flatbuffer.");
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n } }));
    for (int64_t i = 0; i < n; i++) {
        const int64_t begin = td_tensor_int(splits, (size_t)i), end = td_tensor_int(splits, (size_t)i + 1);
        size_t size;
        char *text;

        TD_TRY(join_row(&m, ids + begin, end - begin, NULL, &size));
        TD_TRY(td_text_alloc(c, size, &text));
        TD_TRY(join_row(&m, ids + begin, end - begin, text, &size));
        ((td_string *)td_out(c, 0)->data)[i] = (td_string){ text, size };
    }
    return NULL;
}

TD_RUN_KERNEL(tokenize_kernels, 0, tokenize_run);
TD_RUN_KERNEL(detokenize_kernels, 0, detokenize_run);

const td_op td_ops_fast_wordpiece[] = {
    { .name = "FastWordpieceTokenizeWithOffsets",
      .sig = "input_values: string, wp_model: uint8 -> output_subwords: string, output_ids: int64, "
             "output_row_splits: int64, start_values: int64, end_values: int64",
      .flags = TD_OP_DYNAMIC,
      .kernels = tokenize_kernels },
    { .name = "TFText>FastWordpieceDetokenize",
      .sig = "input_values: int32, input_row_splits: int64, wp_model: uint8 -> output_words: string",
      .flags = TD_OP_DYNAMIC,
      .kernels = detokenize_kernels },
    { 0 },
};
