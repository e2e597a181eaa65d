/* SPDX-License-Identifier: Apache-2.0 */
/* script.c -- properties of characters by patterns: an alternative for each value of a property, which leaves its number
 * as a mark. */
#include "ops/text/script.h"

#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ops/text/encoding.h"

enum { UNKNOWN = 103, NO_CHARACTER = -1 };

static const char scripts_pattern[] = "(?:"
#define TD_SCRIPT(name, number) "\\p{sc:" #name "}(*:" #number ")|"
#include "ops/text/script.inc"
#undef TD_SCRIPT
                                      "(*FAIL))";
static const char casing_pattern[] = "(?:\\p{Case_Ignorable}(*:2)|\\p{Cased}(*:1))";

static pcre2_code *scripts, *casings; /* NULL: no memory */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static pcre2_code *compile(const char *pattern)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *const code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                           PCRE2_UTF | PCRE2_ANCHORED, &error, &at, NULL);

    if (code) (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

static void compile_all(void)
{
    scripts = compile(scripts_pattern);
    casings = compile(casing_pattern);
}

static int32_t number_of(const pcre2_code *code, pcre2_match_data *data, uint32_t c, int32_t other)
{
    char text[TD_CHAR_BYTES];
    const size_t size = td_char_put(TD_UTF8, c, text);

    if (pcre2_match(code, (PCRE2_SPTR)text, size, 0, PCRE2_NO_UTF_CHECK, data, NULL) < 1) return other;
    const PCRE2_SPTR mark = pcre2_get_mark(data);

    return mark ? (int32_t)strtol((const char *)mark, NULL, 10) : other;
}

td_status td_script_find(const int32_t *codes, size_t n, int32_t *out)
{
    (void)pthread_once(&once, compile_all);
    pcre2_match_data *const data = scripts ? pcre2_match_data_create(1, NULL) : NULL;

    if (!data) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for the scripts of characters");
    for (size_t i = 0; i < n; i++) {
        const int32_t c = codes[i];
        const bool is_surrogate = c >= 0xd800 && c <= 0xdfff;

        out[i] = c < 0 || c > 0x10ffff ? NO_CHARACTER
                 : is_surrogate        ? UNKNOWN
                                       : number_of(scripts, data, (uint32_t)c, UNKNOWN);
    }
    pcre2_match_data_free(data);
    return NULL;
}

td_casing td_casing_of(uint32_t code)
{
    (void)pthread_once(&once, compile_all);
    pcre2_match_data *const data = casings ? pcre2_match_data_create(1, NULL) : NULL;
    const int32_t n = data ? number_of(casings, data, code, TD_CASELESS) : TD_CASELESS;

    pcre2_match_data_free(data);
    return (td_casing)n;
}

bool td_is_white_space(int32_t code)
{
    return (code >= 0x9 && code <= 0xd) || code == 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
           code == 0x205f || code == 0x3000;
}

/* ---------------------------------------------------------------- punctuation */

enum { PUNCTUATION_END = 0x20000 }; /* there is none from here on */

static uint8_t punctuation[PUNCTUATION_END / 8]; /* a bit a character: asked of each of a text */
static pthread_once_t punctuation_once = PTHREAD_ONCE_INIT;

static void find_punctuation(void)
{
    pcre2_code *const code = compile("\\p{P}(*:1)");
    pcre2_match_data *const data = code ? pcre2_match_data_create(1, NULL) : NULL;

    for (uint32_t c = 0; data && c < PUNCTUATION_END; c++)
        if ((c < 0xd800 || c > 0xdfff) && number_of(code, data, c, 0))
            punctuation[c / 8] |= (uint8_t)(1u << c % 8);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
}

bool td_is_punctuation(int32_t code)
{
    if (code < 0 || code >= PUNCTUATION_END) return false;
    (void)pthread_once(&punctuation_once, find_punctuation);
    return (punctuation[code / 8] >> code % 8 & 1) != 0;
}
