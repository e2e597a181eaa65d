/* textproto_lex.h -- protobuf text format to tokens. Only textproto*.c include it. */
#ifndef TD_CONFIG_TEXTPROTO_LEX_H
#define TD_CONFIG_TEXTPROTO_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "tensord/status.h"

#include "base/strbuf.h"

typedef enum td_token_kind {
    TD_TOKEN_END,
    TD_TOKEN_IDENT,  /* name, true, inf */
    TD_TOKEN_NUMBER, /* starts with a digit or a point; not looked at any closer */
    TD_TOKEN_STRING, /* quotes and escapes are gone */
    TD_TOKEN_SYMBOL, /* one of {}<>[]:,;-/ and whatever else */
} td_token_kind;

typedef struct td_lexer {
    const char *p, *end;
    int line, column; /* of p, from 1 */

    /* The token in hand. */
    td_token_kind kind;
    const char *start; /* in the text */
    size_t size;
    td_strbuf string; /* of a STRING; may hold NULs */
    int token_line, token_column;
} td_lexer;

/* Makes the first token the one in hand. The text must outlive the lexer; td_lexer_fini() it in any case. */
TD_MUST_USE td_status td_lexer_init(td_lexer *l, const char *text, size_t size);
void td_lexer_fini(td_lexer *l);
TD_MUST_USE td_status td_lexer_next(td_lexer *l);

bool td_lexer_is(const td_lexer *l, char symbol);
bool td_lexer_is_word(const td_lexer *l, const char *word); /* an IDENT spelled so */

#define TD_LEX_ERR(l, fmt, ...)                                                                              \
    TD_ERR(INVALID_ARGUMENT, "%d:%d: " fmt, (l)->token_line, (l)->token_column, __VA_ARGS__)

#endif
