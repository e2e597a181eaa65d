/* SPDX-License-Identifier: Apache-2.0 */
/* lexer.h -- the words of protobuf's text format. Space and comments before a word are skipped by every
 * function. For textproto.c only. */
#ifndef TD_CONFIG_LEXER_H
#define TD_CONFIG_LEXER_H

#include <stdbool.h>

#include "tensord/tensor.h"

#include "base/strbuf.h"

typedef struct td_lexer {
    const char *begin, *at, *end;
} td_lexer;

/* INVALID_ARGUMENT: "line:column: text", of the place `where`. */
TD_MUST_USE td_status td_lexer_error(const td_lexer *l, const char *where, const char *fmt, ...)
    TD_PRINTF(3, 4);

/* "Expected ":", found "x"." and "Expected string, got: x", of what comes next. */
TD_MUST_USE td_status td_lexer_expected(td_lexer *l, const char *symbol);
TD_MUST_USE td_status td_lexer_got(td_lexer *l, const char *what);

bool td_lexer_at_end(td_lexer *l);
char td_lexer_peek(td_lexer *l);         /* the next character; 0 at the end */
bool td_lexer_take(td_lexer *l, char c); /* takes it if it comes next */
td_string td_lexer_word(td_lexer *l);    /* an identifier; empty when none comes next */
td_string td_lexer_number(td_lexer *l);  /* what a number or a word may be made of, without a sign */
/* One or more quoted strings, joined and unescaped, after what is in out. */
TD_MUST_USE td_status td_lexer_string(td_lexer *l, td_strbuf *out);

#endif
