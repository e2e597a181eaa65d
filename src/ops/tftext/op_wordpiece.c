/* SPDX-License-Identifier: Apache-2.0 */
/* op_wordpiece.c -- WordpieceTokenizeWithOffsets: words to the longest pieces, from the left, that a table has.
 *
 * Pieces that do not begin a word are in the table, and in the answer, behind an indicator ("##"). */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "device/stop.h"
#include "ops/state/lookup.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/tftext/pieces.h"

typedef struct wordpiece_attrs {
    td_string indicator, unknown;
    int64_t most_bytes, most_chars; /* of a word; of a piece, 0 or less: any number */
    bool uses_unknown, splits_unknown, gives_lengths;
} wordpiece_attrs;

typedef struct finder {
    const wordpiece_attrs *attrs;
    td_lookup *table;
    td_string word;
    char *text;   /* the indicator and what is left of the word */
    size_t *ends; /* of characters, in what is left */
    td_pieces pieces;
} finder;

static td_status wordpiece_parse(td_parse *p)
{
    wordpiece_attrs *const a = p->attrs;

    *a = (wordpiece_attrs){ .indicator = td_attr_string(p, "suffix_indicator"),
                            .unknown = td_attr_string(p, "unknown_token"),
                            .most_bytes = td_attr_int(p, "max_bytes_per_word"),
                            .most_chars = td_attr_int(p, "max_chars_per_token"),
                            .uses_unknown = td_attr_bool(p, "use_unknown_token"),
                            .splits_unknown = td_attr_bool(p, "split_unknown_characters"),
                            .gives_lengths =
                                td_attr_string_is(p, "output_row_partition_type", "row_lengths") };
    if (a->gives_lengths || td_attr_string_is(p, "output_row_partition_type", "row_splits")) return NULL;
    return TD_ERR(INTERNAL, "Unexpected value for output_row_partition_type");
}

static td_status is_in_table(const finder *f, td_string key, bool *out)
{
    static const int64_t absent = -1;
    const td_tensor keys = { .dtype = TD_STRING, .data = &key };
    const td_tensor fallback = { .dtype = TD_I64, .data = (void *)(uintptr_t)&absent };
    int64_t value = absent;

    TD_TRY(td_lookup_find(f->table, &keys, &fallback, &value, NULL, NULL));
    *out = value != absent;
    return NULL;
}

static size_t find_ends(const finder *f, size_t begin)
{
    td_decoder d = td_decoder_utf8((td_string){ f->word.data + begin, f->word.size - begin });
    size_t n = 0, at = 0;

    for (td_char ch;
         td_decoder_next(&d, &ch) && (f->attrs->most_chars <= 0 || n < (size_t)f->attrs->most_chars);)
        f->ends[n++] = at += ch.size;
    return n;
}

/* The bytes of the longest piece at `begin`; 0: there is none. */
static td_status find_longest(const finder *f, size_t begin, size_t *size)
{
    const size_t n = find_ends(f, begin), prefix = begin ? f->attrs->indicator.size : 0;
    char *const text = f->text + f->attrs->indicator.size;
    bool found = false;

    memcpy(text, f->word.data + begin, f->word.size - begin);
    *size = 0;
    for (size_t i = n; i > 0 && !found && !td_stop_asked(); i--) {
        const td_string key = { text - prefix, prefix + f->ends[i - 1] };

        TD_TRY(is_in_table(f, key, &found));
        if (found) *size = f->ends[i - 1];
    }
    return NULL;
}

/* Adds text behind the indicator, unless it begins the word. */
static td_status add_piece(finder *f, td_string text, size_t begin, size_t end)
{
    td_piece piece = { text, 0, (int64_t)begin, (int64_t)end };

    if (begin) TD_TRY(td_pieces_join(&f->pieces, f->attrs->indicator, text, &piece.text));
    return td_pieces_add(&f->pieces, &piece);
}

static td_status add_whole(finder *f, size_t end)
{
    return add_piece(f, f->attrs->uses_unknown ? f->attrs->unknown : f->word, 0, end);
}

static td_status split_word(finder *f)
{
    const wordpiece_attrs *const a = f->attrs;
    const size_t before = f->pieces.n;
    size_t size;

    if ((int64_t)f->word.size > a->most_bytes)
        return add_whole(f, a->uses_unknown ? a->unknown.size : f->word.size); /* its end is TensorFlow's */
    for (size_t begin = 0; begin < f->word.size && !td_stop_asked(); begin += size) {
        TD_TRY(find_longest(f, begin, &size));
        const bool is_unknown = size == 0;

        if (is_unknown && !a->splits_unknown) {
            f->pieces.n = before;
            return add_whole(f, f->word.size);
        }
        if (is_unknown) size = f->ends[0];
        const td_string part = { f->word.data + begin, size };

        TD_TRY(add_piece(f, is_unknown && a->uses_unknown ? a->unknown : part, begin, begin + size));
    }
    return NULL;
}

static size_t longest_word(const td_string *words, int64_t n)
{
    size_t most = 1;

    for (int64_t i = 0; i < n; i++)
        most = TD_MAX(most, words[i].size);
    return most;
}

static td_status make_room(finder *f, size_t most)
{
    size_t size;

    if (!td_add_size(most, f->attrs->indicator.size, &size))
        return TD_ERR(RESOURCE_EXHAUSTED, "a word is too long");
    TD_TRY(td_text_rooms(f->pieces.call, size, 1, &f->text));
    if (f->attrs->indicator.size) memcpy(f->text, f->attrs->indicator.data, f->attrs->indicator.size);
    return td_text_rooms(f->pieces.call, most, sizeof *f->ends, &f->ends);
}

static td_status open_table(const td_call *c, td_lookup **out)
{
    TD_TRY(td_lookup_of(td_in(c, 1), out));
    const td_lookup_kind *const kind = td_lookup_kind_of(*out);

    if (kind->key == TD_STRING && kind->value == TD_I64 && kind->value_shape.rank == 0) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: the table maps %s to %s, not strings to int64", c->node,
                  td_dtype_name(kind->key), td_dtype_name(kind->value));
}

/* Ends of rows, as the attribute wants them. */
static td_status put_partition(const finder *f, const int64_t *ends, int64_t n)
{
    td_call *const c = f->pieces.call;
    const bool is_lengths = f->attrs->gives_lengths;

    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { is_lengths ? n : n + 1 } }));
    int64_t *const out = td_out(c, 1)->data;

    if (!is_lengths) out[0] = 0;
    for (int64_t i = 0; i < n; i++)
        out[is_lengths ? i : i + 1] = ends[i] - (is_lengths && i ? ends[i - 1] : 0);
    return NULL;
}

static td_status wordpiece_run(td_call *c)
{
    const td_string *const words = td_strings_in(c, 0);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    finder f = { .attrs = c->attrs, .pieces = { .call = c } };
    int64_t *ends;

    TD_TRY(open_table(c, &f.table));
    TD_TRY(make_room(&f, longest_word(words, n)));
    TD_TRY(td_text_rooms(c, (size_t)n, sizeof *ends, &ends));
    for (int64_t i = 0; i < n; i++) {
        f.word = words[i];
        TD_TRY(split_word(&f));
        ends[i] = (int64_t)f.pieces.n;
    }
    TD_TRY(put_partition(&f, ends, n));
    TD_TRY(td_pieces_put_texts(&f.pieces, 0));
    TD_TRY(td_pieces_put_begins(&f.pieces, 2));
    return td_pieces_put_ends(&f.pieces, 3);
}

TD_RUN_KERNEL(wordpiece_kernels, 0, wordpiece_run);

const td_op td_ops_wordpiece[] = {
    { .name = "WordpieceTokenizeWithOffsets",
      .sig =
          "input_values: string, vocab_lookup_table: resource -> output_values: string, output_row_lengths: "
          "int64, start_values: int64, limit_values: int64",
      .attrs = "suffix_indicator: string, max_bytes_per_word: int, max_chars_per_token: int = 0, "
               "use_unknown_token: bool, unknown_token: string, split_unknown_characters: bool = false, "
               "output_row_partition_type: string = 'row_lengths'",
      .flags = TD_OP_STATEFUL | TD_OP_READS | TD_OP_DYNAMIC,
      .attrs_size = sizeof(wordpiece_attrs),
      .parse = wordpiece_parse,
      .kernels = wordpiece_kernels },
    { 0 },
};
