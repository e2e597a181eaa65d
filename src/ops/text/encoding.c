/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.c -- texts to characters and back. */
#include "ops/text/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

enum { BAD = -1, NAME_MAX_SIZE = 64 };

/* ---------------------------------------------------------------- decoders: one character, or BAD */

/* What the second byte may be: some first bytes allow less than 0x80 to 0xbf. */
static bool is_second(unsigned char first, unsigned char second)
{
    const unsigned char low = first == 0xe0   ? 0xa0
                              : first == 0xf0 ? 0x90
                                              : 0x80,
                        high = first == 0xed   ? 0x9f
                               : first == 0xf4 ? 0x8f
                                               : 0xbf;

    return second >= low && second <= high;
}

static int32_t next_utf8(td_decoder *d)
{
    const unsigned char first = *d->at++;
    const int more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    int32_t code = first & (0x3f >> more);

    if (first < 0x80) return first;
    if (!more) return BAD;
    for (int i = 0; i < more; i++) {
        if (d->at == d->end) return BAD;
        if (i == 0 ? !is_second(first, *d->at) : (*d->at & 0xc0) != 0x80) return BAD;
        code = code << 6 | (*d->at++ & 0x3f);
    }
    return code;
}

static int32_t unit16(const td_decoder *d, const unsigned char *p)
{
    return d->is_little ? p[0] | p[1] << 8 : p[0] << 8 | p[1];
}

static int32_t next_utf16(td_decoder *d)
{
    if (d->end - d->at < 2) {
        d->at = d->end;
        return BAD;
    }
    const int32_t high = unit16(d, d->at);
    d->at += 2;
    if (high < 0xd800 || high > 0xdfff) return high;
    if (high > 0xdbff) return BAD;
    if (d->end - d->at < 2) {
        d->at = d->end;
        return BAD;
    }
    const int32_t low = unit16(d, d->at);
    if (low < 0xdc00 || low > 0xdfff) return BAD;
    d->at += 2;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static int32_t next_utf32(td_decoder *d)
{
    const unsigned char *const p = d->at;

    if (d->end - p < 4) {
        d->at = d->end;
        return BAD;
    }
    const uint32_t big = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
                   code = d->is_little ? __builtin_bswap32(big) : big;
    d->at += 4;
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? BAD : (int32_t)code;
}

static int32_t next_latin1(td_decoder *d)
{
    return *d->at++;
}

static int32_t next_ascii(td_decoder *d)
{
    return *d->at < 0x80 ? *d->at++ : (d->at++, BAD);
}

/* What iconv() keeps to the end: in some encodings a few bytes are two characters, or one that the next may change. */
static bool last_iconv(td_decoder *d, int32_t *code)
{
    char *out = (char *)code;
    size_t room = sizeof *code;

    (void)iconv((iconv_t)d->iconv, NULL, NULL, &out, &room);
    return !room;
}

/* iconv() stops when there is no room for a second character. */
static int32_t next_iconv(td_decoder *d)
{
    char *in = (char *)(uintptr_t)d->at;
    int32_t code = 0;
    char *out = (char *)&code;
    size_t left = (size_t)(d->end - d->at), room = sizeof code;
    const size_t n = iconv((iconv_t)d->iconv, &in, &left, &out, &room);
    const int error = n == (size_t)-1 ? errno : 0;

    d->at = (const unsigned char *)in;
    if (!room || (!error && last_iconv(d, &code))) return code;
    if (error == EILSEQ && d->at < d->end) {
        const unsigned char byte = *d->at++;

        return d->has_controls && byte >= 0x80 && byte < 0xa0 ? byte : BAD;
    }
    d->at = d->end;
    return BAD;
}

/* ---------------------------------------------------------------- names */

/* Letters and digits only, as ICU compares names; "" when it is too long. */
static void plain_name(td_string name, char out[NAME_MAX_SIZE])
{
    size_t n = 0;

    for (size_t i = 0; i < name.size && n < NAME_MAX_SIZE - 1; i++) {
        const char ch = name.data[i];

        if (ch >= 'a' && ch <= 'z') out[n++] = (char)(ch - 32);
        if ((ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9')) out[n++] = ch;
    }
    out[name.size < NAME_MAX_SIZE ? n : 0] = 0;
}

static const struct {
    const char *name;
    td_decoder decoder;
} own[] = {
    { "UTF8", { .next = next_utf8 } },
    { "UTF16BE", { .next = next_utf16 } },
    { "UTF16LE", { .next = next_utf16, .is_little = true } },
    { "UTF16", { .next = next_utf16, .has_bom = true } },
    { "UTF32BE", { .next = next_utf32 } },
    { "UTF32LE", { .next = next_utf32, .is_little = true } },
    { "UTF32", { .next = next_utf32, .has_bom = true } },
    { "ISO88591", { .next = next_latin1 } },
    { "LATIN1", { .next = next_latin1 } },
    { "USASCII", { .next = next_ascii } },
    { "ASCII", { .next = next_ascii } },
};

static td_status open_other(td_string encoding, const char *plain, td_decoder *out)
{
    char name[NAME_MAX_SIZE] = "";
    const bool is_sjis = strcmp(plain, "SHIFTJIS") == 0; /* to ICU that is Microsoft's */

    if (encoding.size < sizeof name) memcpy(name, encoding.data, encoding.size);
    iconv_t const cd = *plain && !memchr(name, '/', sizeof name)
                           ? iconv_open("UTF-32LE", is_sjis ? "CP932" : name)
                           : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return TD_ERR(INVALID_ARGUMENT, "Could not create converter for input encoding: %.*s",
                      (int)TD_MIN(encoding.size, (size_t)NAME_MAX_SIZE), encoding.size ? encoding.data : "");
    *out = (td_decoder){ .next = next_iconv,
                         .iconv = cd,
                         .has_controls = strncmp(plain, "WINDOWS125", 10) == 0 };
    return NULL;
}

td_status td_decoder_open(td_string encoding, td_decoder *out)
{
    char plain[NAME_MAX_SIZE];

    plain_name(encoding, plain);
    for (size_t i = 0; i < TD_COUNT(own); i++)
        if (strcmp(plain, own[i].name) == 0) {
            *out = own[i].decoder;
            return NULL;
        }
    return open_other(encoding, plain, out);
}

void td_decoder_close(td_decoder *d)
{
    if (d->iconv) (void)iconv_close((iconv_t)d->iconv);
    d->iconv = NULL;
}

/* A mark at the beginning says which byte comes first; without one it is the high one. */
static void read_bom(td_decoder *d)
{
    const size_t size = d->next == next_utf16 ? 2 : 4;

    for (int little = 0; little < 2; little++) {
        d->is_little = little;
        if ((size_t)(d->end - d->at) < size) continue;
        td_decoder probe = *d;

        if (probe.next(&probe) != 0xfeff) continue;
        d->at += size;
        return;
    }
    d->is_little = false;
}

void td_decoder_start(td_decoder *d, td_string text)
{
    static const unsigned char none[1];

    d->at = text.size ? (const unsigned char *)text.data : none;
    d->end = d->at + text.size;
    if (d->has_bom) read_bom(d);
    if (d->iconv) (void)iconv((iconv_t)d->iconv, NULL, NULL, NULL, NULL);
}

bool td_decoder_next(td_decoder *d, td_char *out)
{
    const unsigned char *const before = d->at;

    if (d->at == d->end) {
        out->size = 0;
        return d->iconv && last_iconv(d, &out->code);
    }
    out->code = d->next(d);
    out->size = (size_t)(d->at - before);
    return true;
}

td_decoder td_decoder_utf8(td_string text)
{
    td_decoder d = { .next = next_utf8 };

    td_decoder_start(&d, text);
    return d;
}

/* ---------------------------------------------------------------- writing */

bool td_encoding_find(td_string name, td_encoding *out)
{
    static const char *const names[] = { "UTF-8", "UTF-16-BE", "UTF-32-BE" };

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (td_string_is(name, names[i])) {
            *out = (td_encoding)i;
            return true;
        }
    return false;
}

static size_t put_utf8(uint32_t c, char out[TD_CHAR_BYTES])
{
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(heads[n] | c);
    return n;
}

static void put16(uint32_t unit, char *out)
{
    out[0] = (char)(unit >> 8);
    out[1] = (char)unit;
}

static size_t put_utf16(uint32_t c, char out[TD_CHAR_BYTES])
{
    if (c < 0x10000) {
        put16(c, out);
        return 2;
    }
    put16(0xd800 + ((c - 0x10000) >> 10), out);
    put16(0xdc00 + ((c - 0x10000) & 0x3ff), out + 2);
    return 4;
}

size_t td_char_put(td_encoding e, uint32_t code, char *out)
{
    char own_bytes[TD_CHAR_BYTES], *const to = out ? out : own_bytes;

    if (e == TD_UTF8) return put_utf8(code, to);
    if (e == TD_UTF16_BE) return put_utf16(code, to);
    put16(code >> 16, to);
    put16(code, to + 2);
    return 4;
}
