/* textproto_lex.c -- one token at a time; comments and blanks vanish here. */
#include "config/textproto_lex.h"

#include <ctype.h>
#include <stdint.h>

static int peek(const td_lexer *l)
{
    return l->p < l->end ? (unsigned char)*l->p : -1;
}

static void step(td_lexer *l)
{
    if (*l->p++ == '\n') {
        l->line++;
        l->column = 1;
    } else {
        l->column++;
    }
}

static void skip_blanks(td_lexer *l)
{
    while (peek(l) == '#' || (peek(l) >= 0 && isspace(peek(l)))) {
        if (peek(l) == '#') {
            while (peek(l) >= 0 && peek(l) != '\n')
                step(l);
        } else {
            step(l);
        }
    }
}

static bool is_word_char(int c)
{
    return c >= 0 && (isalnum(c) || c == '_');
}

static void take_ident(td_lexer *l)
{
    while (is_word_char(peek(l)))
        step(l);
    l->kind = TD_TOKEN_IDENT;
}

static void take_number(td_lexer *l)
{
    const bool is_hex = l->end - l->p > 1 && l->p[0] == '0' && (l->p[1] | 0x20) == 'x';

    while (is_word_char(peek(l)) || peek(l) == '.') {
        const bool is_exponent = !is_hex && (*l->p | 0x20) == 'e';

        step(l);
        if (is_exponent && (peek(l) == '+' || peek(l) == '-')) step(l);
    }
    l->kind = TD_TOKEN_NUMBER;
}

/* ---------------------------------------------------------------- strings */

static int digit_of(int c, int base)
{
    const int d = c >= '0' && c <= '9' ? c - '0' : isalpha(c) ? (c | 0x20) - 'a' + 10 : base;

    return d < base ? d : -1;
}

/* At most max digits; -1 for none. */
static int64_t take_digits(td_lexer *l, int base, int max)
{
    int64_t value = -1;

    for (int i = 0; i < max && peek(l) >= 0 && digit_of(peek(l), base) >= 0; i++) {
        value = (value < 0 ? 0 : value) * base + digit_of(peek(l), base);
        step(l);
    }
    return value;
}

static void put_utf8(td_strbuf *b, uint32_t c)
{
    if (c < 0x80) {
        td_strbuf_putc(b, (char)c);
        return;
    }
    if (c < 0x800) {
        td_strbuf_putc(b, (char)(0xc0 | c >> 6));
    } else if (c < 0x10000) {
        td_strbuf_putc(b, (char)(0xe0 | c >> 12));
        td_strbuf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
    } else {
        td_strbuf_putc(b, (char)(0xf0 | c >> 18));
        td_strbuf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        td_strbuf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    td_strbuf_putc(b, (char)(0x80 | (c & 0x3f)));
}

/* l->p is behind the backslash. */
static td_status take_escape(td_lexer *l)
{
    static const char names[] = "abfnrtv\\'\"?", values[] = "\a\b\f\n\r\t\v\\'\"?";
    const int c = peek(l);
    const char *const simple = c > 0 ? strchr(names, c) : NULL;
    int64_t value = -1;

    if (c >= '0' && c <= '7') {
        value = take_digits(l, 8, 3);
        td_strbuf_putc(&l->string, (char)value);
        return NULL;
    }
    if (c < 0) return TD_LEX_ERR(l, "%s", "String is not closed.");
    step(l);
    if (simple) {
        td_strbuf_putc(&l->string, values[simple - names]);
        return NULL;
    }
    if (c == 'x' || c == 'X') {
        value = take_digits(l, 16, 2);
        if (value >= 0) td_strbuf_putc(&l->string, (char)value);
    } else if (c == 'u' || c == 'U') {
        value = take_digits(l, 16, c == 'u' ? 4 : 8);
        if (value > 0x10ffff) value = -1;
        if (value >= 0) put_utf8(&l->string, (uint32_t)value);
    }
    return value < 0 ? TD_LEX_ERR(l, "%s", "Invalid escape sequence in string literal.") : NULL;
}

static td_status take_string(td_lexer *l)
{
    const int quote = peek(l);

    td_strbuf_fini(&l->string);
    l->kind = TD_TOKEN_STRING;
    for (step(l); peek(l) != quote;) {
        if (peek(l) < 0 || peek(l) == '\n')
            return TD_LEX_ERR(l, "%s", "String literals cannot cross line boundaries.");
        const char c = *l->p;

        step(l);
        if (c == '\\')
            TD_TRY(take_escape(l));
        else
            td_strbuf_putc(&l->string, c);
    }
    step(l);
    return NULL;
}

/* ---------------------------------------------------------------- */

td_status td_lexer_next(td_lexer *l)
{
    skip_blanks(l);
    l->start = l->p;
    l->token_line = l->line;
    l->token_column = l->column;

    const int c = peek(l);
    const int after = l->end - l->p > 1 ? (unsigned char)l->p[1] : -1;

    if (c < 0) {
        l->kind = TD_TOKEN_END;
    } else if (isalpha(c) || c == '_') {
        take_ident(l);
    } else if (isdigit(c) || (c == '.' && after >= 0 && isdigit(after))) {
        take_number(l);
    } else if (c == '"' || c == '\'') {
        TD_TRY(take_string(l));
    } else {
        step(l);
        l->kind = TD_TOKEN_SYMBOL;
    }
    l->size = (size_t)(l->p - l->start);
    return NULL;
}

td_status td_lexer_init(td_lexer *l, const char *text, size_t size)
{
    *l = (td_lexer){ .p = text, .end = text + size, .line = 1, .column = 1 };
    return td_lexer_next(l);
}

void td_lexer_fini(td_lexer *l)
{
    td_strbuf_fini(&l->string);
}

bool td_lexer_is(const td_lexer *l, char symbol)
{
    return l->kind == TD_TOKEN_SYMBOL && *l->start == symbol;
}

bool td_lexer_is_word(const td_lexer *l, const char *word)
{
    return l->kind == TD_TOKEN_IDENT && strlen(word) == l->size && !memcmp(word, l->start, l->size);
}
