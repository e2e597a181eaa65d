/* SPDX-License-Identifier: Apache-2.0 */
/* letter_case.c -- upper and lower case of all of Unicode. */
#include "ops/text/letter_case.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/macros.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/text/newer.h"
#include "ops/text/script.h"

enum { MOST = 3, SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, DOTTED_I = 0x130, MALFORMED = 0xfffd, IOTA = 0x399 };

static locale_t utf8; /* 0: there is none; lives as long as the process */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_locale(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

td_status td_case_check(void)
{
    (void)pthread_once(&once, open_locale);
    return utf8 ? NULL : TD_ERR(UNIMPLEMENTED, "letter case of encoding utf-8 needs the C library's C.UTF-8");
}

static const uint32_t long_upper[][1 + MOST] = {
#define TD_UPPER(...) { __VA_ARGS__ },
#include "ops/text/upper.inc"
#undef TD_UPPER
};

static int by_code(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static size_t upper_of(uint32_t c, uint32_t out[MOST])
{
    static const uint32_t bases[] = { 0x1f08, 0x1f28, 0x1f68 };
    const uint32_t *const row = bsearch(&c, long_upper, TD_COUNT(long_upper), sizeof *long_upper, by_code);
    size_t n = 1;

    if (c >= 0x1f80 && c <= 0x1faf) { /* with an iota below, which gets out */
        out[0] = bases[(c - 0x1f80) >> 4] + (c & 7);
        out[1] = IOTA;
        return 2;
    }
    out[0] = row ? row[1] : (uint32_t)towupper_l((wint_t)c, utf8);
    for (; row && n < MOST && row[1 + n]; n++)
        out[n] = row[1 + n];
    return n;
}

static uint32_t code_of(td_char ch)
{
    return ch.code < 0 ? MALFORMED : (uint32_t)ch.code;
}

/* The first of the characters from here that is not passed over has case. */
static bool is_cased(td_decoder rest)
{
    td_casing casing = TD_CASE_IGNORED;

    for (td_char ch; casing == TD_CASE_IGNORED && td_decoder_next(&rest, &ch);)
        casing = td_casing_of(code_of(ch));
    return casing == TD_CASED;
}

/* A text while its characters are changed one by one. behind catches up with rest when a sigma asks what is before it. */
typedef struct walk {
    td_decoder rest, behind;
    bool is_after_cased; /* of behind */
} walk;

static walk walk_of(td_string text)
{
    return (walk){ td_decoder_utf8(text), td_decoder_utf8(text), false };
}

/* Does a letter come before the sigma at `at`? */
static bool follows_cased(walk *w, const unsigned char *at)
{
    for (td_char ch; w->behind.at < at && td_decoder_next(&w->behind, &ch);) {
        const td_casing casing = td_casing_of(code_of(ch));

        if (casing != TD_CASE_IGNORED) w->is_after_cased = casing == TD_CASED;
    }
    return w->is_after_cased;
}

static size_t lower_of(walk *w, uint32_t c, size_t size, uint32_t out[MOST])
{
    if (c == DOTTED_I) {
        out[0] = 'i';
        out[1] = 0x307; /* the dot */
        return 2;
    }
    out[0] = (uint32_t)towlower_l((wint_t)c, utf8);
    if (c == SIGMA && follows_cased(w, w->rest.at - size) && !is_cased(w->rest)) out[0] = FINAL_SIGMA;
    return 1;
}

/* What the character becomes; returns how many. */
static size_t change_one(walk *w, td_char ch, bool upper, uint32_t out[MOST])
{
    const uint32_t code = code_of(ch);

    if (!td_char_is_newer(code)) return upper ? upper_of(code, out) : lower_of(w, code, ch.size, out);
    out[0] = code;
    return 1;
}

/* Writes to out, or only counts. */
static size_t change(td_string text, bool upper, char *out)
{
    walk w = walk_of(text);
    size_t size = 0;

    for (td_char ch; td_decoder_next(&w.rest, &ch);) {
        uint32_t other[MOST];
        const size_t n = change_one(&w, ch, upper, other);

        for (size_t i = 0; i < n; i++)
            size += td_char_put(TD_UTF8, other[i], out ? out + size : NULL);
    }
    return size;
}

td_status td_case_change(td_call *c, td_string text, bool upper, td_string *out)
{
    const char *const nul = text.size ? memchr(text.data, 0, text.size) : NULL;
    char *bytes;

    if (nul) text.size = (size_t)(nul - text.data); /* to TensorFlow the text ends there */
    if (text.size > SIZE_MAX / (MOST * TD_CHAR_BYTES))
        return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
    const size_t size = change(text, upper, NULL);
    TD_TRY(td_text_alloc(c, size, &bytes));
    (void)change(text, upper, bytes);
    *out = (td_string){ bytes, size };
    return NULL;
}
