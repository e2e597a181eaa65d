/* SPDX-License-Identifier: Apache-2.0 */
/* op_whitespace.c -- TFText>WhitespaceTokenizeWithOffsetsV2: texts to words, parted by white space.
 *
 * What is white comes with the call: a bit for each character, up to the last that is. */
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/tftext/pieces.h"

static bool is_white(td_string bits, int32_t code)
{
    return code >= 0 && (size_t)code / 8 < bits.size && ((unsigned char)bits.data[code / 8] >> code % 8 & 1);
}

static td_status add_word(td_pieces *p, td_string text, int64_t begin, int64_t end)
{
    const td_string word = { text.data + begin, (size_t)(end - begin) };

    return td_pieces_add(p, &(td_piece){ word, 0, begin, end });
}

/* TensorFlow's words end one byte before the end of the white character behind them, however many bytes it has. */
static td_status split_text(td_pieces *p, td_string bits, td_string text)
{
    td_decoder d = td_decoder_utf8(text);
    int64_t at = 0, begin = -1;

    for (td_char ch; td_decoder_next(&d, &ch);) {
        const int64_t before = at;

        at += (int64_t)ch.size;
        if (!is_white(bits, ch.code)) {
            if (begin < 0) begin = before;
        } else if (begin >= 0) {
            TD_TRY(add_word(p, text, begin, at - 1));
            begin = -1;
        }
    }
    return begin >= 0 ? add_word(p, text, begin, at) : NULL;
}

static td_status whitespace_run(td_call *c)
{
    const td_string *const texts = td_strings_in(c, 0);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    td_pieces p = { .call = c };
    td_string bits;

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(td_text_scalar(c, 1, "input_config", &bits));
    TD_TRY(td_pieces_start_splits(c, 1, n));
    for (int64_t i = 0; i < n; i++) {
        if (texts[i].size > INT32_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
        TD_TRY(split_text(&p, bits, texts[i]));
        TD_TRY(td_pieces_end_row(&p, 1, i));
    }
    TD_TRY(td_pieces_put_texts(&p, 0));
    TD_TRY(td_pieces_put_begins(&p, 2));
    return td_pieces_put_ends(&p, 3);
}

TD_RUN_KERNEL(whitespace_kernels, 0, whitespace_run);

const td_op td_ops_whitespace[] = {
    { .name = "TFText>WhitespaceTokenizeWithOffsetsV2",
      .sig = "input_values: string, input_config: string -> output_tokens: string, output_row_splits: int64, "
             "output_start_offsets: int32, output_end_offsets: int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = whitespace_kernels },
    { 0 },
};
