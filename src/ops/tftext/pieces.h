/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.h -- what tokenizers make of texts: pieces, row after row. Nobody knows how many before they are made. */
#ifndef TD_OPS_PIECES_H
#define TD_OPS_PIECES_H

#include "ops/op.h"

typedef struct td_piece {
    td_string text;
    int64_t id, begin, end; /* in the row's text */
} td_piece;

/* In the arena of a run. All zeros but `call` is empty. */
typedef struct td_pieces {
    td_call *call;
    td_piece *items;
    size_t n, room;
} td_pieces;

TD_MUST_USE td_status td_pieces_add(td_pieces *p, const td_piece *piece);
/* The text of a piece: prefix, then text. */
TD_MUST_USE td_status td_pieces_join(const td_pieces *p, td_string prefix, td_string text, td_string *out);

/* Makes a vector of output i: the rows' ends, after a 0. */
TD_MUST_USE td_status td_pieces_start_splits(td_call *c, uint32_t i, int64_t rows);
/* Says that row `row` ends with what there is. RESOURCE_EXHAUSTED: more than the output's type counts. */
TD_MUST_USE td_status td_pieces_end_row(const td_pieces *p, uint32_t i, int64_t row);

/* Make a vector of output i, of any integer type for all but texts. */
TD_MUST_USE td_status td_pieces_put_texts(const td_pieces *p, uint32_t i);
TD_MUST_USE td_status td_pieces_put_ids(const td_pieces *p, uint32_t i);
TD_MUST_USE td_status td_pieces_put_begins(const td_pieces *p, uint32_t i);
TD_MUST_USE td_status td_pieces_put_ends(const td_pieces *p, uint32_t i);

/* The splits of input i into rows of n items: a vector of 1 element or more, from 0 or more to n or less, none smaller
 * than the one before. INVALID_ARGUMENT otherwise. */
TD_MUST_USE td_status td_splits_check(const td_call *c, uint32_t i, int64_t n);
/* Input i, a vector. INVALID_ARGUMENT, naming it: anything else. */
TD_MUST_USE td_status td_vector_check(const td_call *c, uint32_t i, const char *what);

#endif
