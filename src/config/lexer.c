/* SPDX-License-Identifier: Apache-2.0 */
/* lexer.c -- words, numbers and quoted strings of protobuf's text format. */
#include "config/lexer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

td_status td_lexer_error(const td_lexer *l, const char *where, const char *fmt, ...)
{
    size_t line = 1, column = 1;
    char text[512];
    va_list args;

    for (const char *p = l->begin; p < where; p++) {
        column++;
        if (*p == '\t') column = (column + 6) / 8 * 8 + 1; /* as protobuf counts */
        if (*p == '\n') line++, column = 1;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return TD_ERR(INVALID_ARGUMENT, "%zu:%zu: %s", line, column, text);
}

static void skip_space(td_lexer *l)
{
    for (; l->at < l->end; l->at++) {
        if (*l->at == '#')
            while (l->at + 1 < l->end && l->at[1] != '\n')
                l->at++;
        else if (!memchr(" \t\r\n\v\f", *l->at, 6))
            return;
    }
}

bool td_lexer_at_end(td_lexer *l)
{
    skip_space(l);
    return l->at == l->end;
}

char td_lexer_peek(td_lexer *l)
{
    skip_space(l);
    return l->at < l->end ? *l->at : 0;
}

bool td_lexer_take(td_lexer *l, char c)
{
    if (td_lexer_peek(l) != c || l->at == l->end) return false;
    l->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

td_string td_lexer_word(td_lexer *l)
{
    skip_space(l);
    const char *const start = l->at;
    if (l->at < l->end && !is_letter(*l->at)) return (td_string){ start, 0 };
    while (l->at < l->end && (is_letter(*l->at) || is_digit(*l->at)))
        l->at++;
    return (td_string){ start, (size_t)(l->at - start) };
}

td_string td_lexer_number(td_lexer *l)
{
    skip_space(l);
    const char *const start = l->at;
    for (; l->at < l->end; l->at++) {
        const char c = *l->at;
        if (is_letter(c) || is_digit(c) || c == '.') continue;
        if ((c == '+' || c == '-') && l->at > start && (l->at[-1] == 'e' || l->at[-1] == 'E')) continue;
        break;
    }
    return (td_string){ start, (size_t)(l->at - start) };
}

/* What comes next, for an error text: nothing at the end. */
static td_string next_token(td_lexer *l)
{
    const char quote = td_lexer_peek(l);
    const char *const start = l->at;
    size_t size = 1;

    if (td_lexer_at_end(l)) return (td_string){ start, 0 };
    const td_string number = td_lexer_number(l);
    l->at = start;
    if (number.size) return number;
    if (quote == '"' || quote == '\'')
        while (start + size < l->end && start[size - 1] != '\n' && (size == 1 || start[size - 1] != quote))
            size++;
    return (td_string){ start, size };
}

static int shown(td_string text)
{
    return (int)(text.size < 100 ? text.size : 100);
}

td_status td_lexer_expected(td_lexer *l, const char *symbol)
{
    const td_string found = next_token(l);

    return td_lexer_error(l, found.data, "Expected \"%s\", found \"%.*s\".", symbol, shown(found),
                          found.data);
}

td_status td_lexer_got(td_lexer *l, const char *what)
{
    const td_string found = next_token(l);

    return td_lexer_error(l, found.data, "Expected %s, got: %.*s", what, shown(found), found.data);
}

/* ---- quoted strings ------------------------------------------------------------------------------------ */

static int digit_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/* Up to `most` digits of that base; how many there were. */
static int take_digits(td_lexer *l, int base, int most, uint32_t *value)
{
    int n = 0;

    *value = 0;
    for (; n < most && l->at < l->end && digit_value(*l->at) < base; n++, l->at++)
        *value = *value * (uint32_t)base + (uint32_t)digit_value(*l->at);
    return n;
}

static void put_utf8(td_strbuf *out, uint32_t c)
{
    if (c < 0x80) {
        td_strbuf_putc(out, (char)c);
        return;
    }
    if (c < 0x800) {
        td_strbuf_putc(out, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            td_strbuf_putc(out, (char)(0xe0 | c >> 12));
        } else {
            td_strbuf_putc(out, (char)(0xf0 | c >> 18));
            td_strbuf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        td_strbuf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    td_strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* \uXXXX (perhaps a pair of surrogates) or \UXXXXXXXX, behind the letter. */
static bool take_unicode(td_lexer *l, int digits, td_strbuf *out)
{
    uint32_t c, low;

    if (take_digits(l, 16, digits, &c) != digits || c > 0x10ffff) return false;
    if (c >= 0xd800 && c < 0xdc00 && l->end - l->at >= 6 && l->at[0] == '\\' && l->at[1] == 'u') {
        l->at += 2;
        if (take_digits(l, 16, 4, &low) != 4 || low < 0xdc00 || low > 0xdfff) return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    if (c >= 0xd800 && c < 0xe000) return false;
    put_utf8(out, c);
    return true;
}

/* What follows a backslash. */
static bool take_escape(td_lexer *l, td_strbuf *out)
{
    static const char names[] = "nrtabfv\"'\\?", values[] = "\n\r\t\a\b\f\v\"'\\?";
    uint32_t value;

    if (l->at == l->end) return false;
    if (take_digits(l, 8, 3, &value)) {
        td_strbuf_putc(out, (char)(value & 0xff));
        return true;
    }
    const char c = *l->at++;
    if (c == 'x' || c == 'X') {
        if (!take_digits(l, 16, 2, &value)) return false;
        td_strbuf_putc(out, (char)value);
        return true;
    }
    if (c == 'u') return take_unicode(l, 4, out);
    if (c == 'U') return take_unicode(l, 8, out);
    const char *const found = c ? strchr(names, c) : NULL;
    if (!found) return false;
    td_strbuf_putc(out, values[found - names]);
    return true;
}

static td_status take_quoted(td_lexer *l, td_strbuf *out)
{
    const char quote = *l->at++;

    while (l->at < l->end && *l->at != quote) {
        const char *const where = l->at;
        if (*where == '\n') return td_lexer_error(l, where, "String literals cannot cross line boundaries.");
        if (*where != '\\') {
            td_strbuf_putc(out, *l->at++);
            continue;
        }
        l->at++;
        if (!take_escape(l, out))
            return td_lexer_error(l, where, "Invalid escape sequence in string literal.");
    }
    if (l->at == l->end) return td_lexer_error(l, l->at, "Unexpected end of string.");
    l->at++;
    return NULL;
}

td_status td_lexer_string(td_lexer *l, td_strbuf *out)
{
    char c = td_lexer_peek(l);

    if (c != '"' && c != '\'') return td_lexer_got(l, "string");
    for (; c == '"' || c == '\''; c = td_lexer_peek(l))
        TD_TRY(take_quoted(l, out));
    return NULL;
}
