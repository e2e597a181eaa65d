/* SPDX-License-Identifier: Apache-2.0 */
/* expr_reader.h -- the parts of the reader of expressions (expr.h), for its own files.
 *
 * Values lie on a stack of cells, elements in C order: those of a list are its elements' one behind the other, and a call
 * replaces its arguments by what it makes of them. */
#ifndef TD_CLI_EXPR_READER_H
#define TD_CLI_EXPR_READER_H

#include "base/arena.h"
#include "tensord/tensor.h"

typedef enum td_expr_kind { TD_EXPR_BOOL, TD_EXPR_INT, TD_EXPR_FLOAT, TD_EXPR_TEXT } td_expr_kind;

typedef union td_expr_cell {
    int64_t i; /* BOOL, too */
    double f;
    td_string s; /* in the text or the arena */
} td_expr_cell;

typedef struct td_expr_value {
    td_expr_kind kind;
    td_shape shape;
    size_t at, n; /* its cells, the last ones of the stack */
} td_expr_value;

typedef struct td_expr_reader {
    const char *p; /* the text, with a NUL behind it */
    td_arena *arena;
    td_expr_cell *cells;
    size_t n, room;
    int depth;
    uint64_t random; /* state */
} td_expr_reader;

/* INVALID_ARGUMENT: "<what> at <the text there>"; _before: that is what follows what is wrong. */
TD_MUST_USE td_status td_expr_error(const td_expr_reader *r, const char *what);
TD_MUST_USE td_status td_expr_error_before(const td_expr_reader *r, const char *what);

/* Takes it if it is next, blanks before it or not. */
bool td_expr_take(td_expr_reader *r, const char *token);
/* The name that is next, dots in it; size 0: none is. It is not taken. */
td_string td_expr_name(td_expr_reader *r);

TD_MUST_USE td_status td_expr_value_read(td_expr_reader *r, td_expr_value *out);
TD_MUST_USE td_status td_expr_text_read(td_expr_reader *r,
                                        td_string *out); /* at a quote, or the letter before it */

/* Room for n more cells, which are the next ones from r->n on. */
TD_MUST_USE td_status td_expr_reserve(td_expr_reader *r, size_t n);

/* Makes v's cells those of the kind, as Python's conversions do; TEXT and numbers do not mix. INVALID_ARGUMENT: a float that
 * no integer is near. */
TD_MUST_USE td_status td_expr_convert(td_expr_reader *r, td_expr_value *v, td_expr_kind kind);
/* v as an array of dtype would hold it. INVALID_ARGUMENT: no type of numbers, or a number that does not fit. */
TD_MUST_USE td_status td_expr_cast(td_expr_reader *r, td_expr_value *v, td_dtype dtype);

/* expr_numpy.c: the call whose name, behind "np.", is at hand; and a method of *v, whose name, behind a point, is. */
TD_MUST_USE td_status td_expr_call(td_expr_reader *r, td_expr_value *out);
TD_MUST_USE td_status td_expr_method(td_expr_reader *r, td_expr_value *v);

#endif
