/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_unicode.c -- any bytes in any encoding: decoders get through them, and what they read is written as the same
 * characters again, in each encoding that is written.
 *
 * The first byte chooses the encoding. */
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "driver.h"
#include "ops/text/encoding.h"
#include "ops/text/letter_case.h"

static const char *const names[] = { "UTF-8",      "UTF-16-BE", "UTF-16-LE",    "UTF-16",
                                     "UTF-32-BE",  "UTF-32-LE", "UTF-32",       "US-ASCII",
                                     "ISO-8859-1", "SHIFT_JIS", "ISO-2022-JP",  "GB18030",
                                     "Big5-HKSCS", "EUC-JP",    "windows-1252", "UTF-7" };
static const char *const written[] = { "UTF-8", "UTF-16-BE", "UTF-32-BE" };

static td_string view(const char *s)
{
    return (td_string){ s, strlen(s) };
}

/* The character alone, written and read. */
static void try_char(int32_t code)
{
    char bytes[TD_CHAR_BYTES];

    for (size_t i = 0; i < TD_COUNT(written); i++) {
        td_encoding e;
        td_decoder d;
        td_char again;

        TD_ASSERT(td_encoding_find(view(written[i]), &e));
        TD_ASSERT(fuzz_end(td_decoder_open(view(written[i]), &d)));
        td_decoder_start(&d, (td_string){ bytes, td_char_put(e, (uint32_t)code, bytes) });
        TD_ASSERT(td_decoder_next(&d, &again) && again.code == code && !td_decoder_next(&d, &again));
    }
}

static void try_text(td_decoder *d, td_string text)
{
    size_t size = 0;

    td_decoder_start(d, text);
    const size_t mark = text.size - (size_t)(d->end - d->at);
    for (td_char ch; td_decoder_next(d, &ch); size += ch.size) {
        TD_ASSERT((ch.size > 0 || d->iconv) && ch.code >= -1 && ch.code <= 0x10ffff);
        if (ch.code >= 0 && (ch.code < 0xd800 || ch.code > 0xdfff)) try_char(ch.code);
    }
    TD_ASSERT(size + mark == text.size);
}

static void try_case(td_string text)
{
    td_arena *const arena = td_arena_make();
    td_call c = { .arena = arena };
    td_string upper, lower;

    if (fuzz_end(td_case_check()) && fuzz_end(td_case_change(&c, text, true, &upper)))
        (void)fuzz_end(td_case_change(&c, upper, false, &lower));
    td_arena_free(arena);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_decoder d;

    if (size < 1) return;
    const td_string text = { (const char *)data + 1, size - 1 };

    if (fuzz_end(td_decoder_open(view(names[data[0] % TD_COUNT(names)]), &d))) {
        try_text(&d, text);
        td_decoder_close(&d);
    }
    try_case(text);
}
