/* SPDX-License-Identifier: Apache-2.0 */
/* normal.c -- parts of a text: from a character that takes nothing to itself that is before it, up to the next one, or
 * up to one that nothing behind it is taken to.
 *
 * Each part is decomposed character by character, its marks are put in order, and what composes is composed. The order
 * is made here: the library's takes the square of a text of marks. */
#include "ops/tftext/normal.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/macros.h"
#include "kernels/codec/library.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"

static struct {
    __typeof__(utf8proc_get_property) *property;
    __typeof__(utf8proc_decompose_char) *decompose;
    __typeof__(utf8proc_normalize_utf32) *compose;
} lib;

static const td_symbol symbols[] = {
    { "utf8proc_get_property", (void *)&lib.property },
    { "utf8proc_decompose_char", (void *)&lib.decompose },
    { "utf8proc_normalize_utf32", (void *)&lib.compose },
    { 0 },
};

static const td_shared_library library = { "libutf8proc.so.2", "libutf8proc2", symbols };

static const utf8proc_option_t options[] = {
    [TD_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
    [TD_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
    [TD_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
    [TD_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    [TD_NFKC_CASEFOLD] =
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
};

/* ---------------------------------------------------------------- characters */

enum { HANGUL_L = 0x1100, HANGUL_V = 0x1161, HANGUL_T = 0x11a7, HANGUL_S = 0xac00 };

static bool is_between(int32_t code, int32_t first, int32_t n)
{
    return code >= first && code < first + n;
}

static int class_of(int32_t code)
{
    return lib.property(code)->combining_class;
}

/* Pairs that compose are listed by number: those of first halves are below 0x8000. */
static bool may_be_first(int32_t code)
{
    return lib.property(code)->comb_index < 0x8000 || is_between(code, HANGUL_L, 19) ||
           is_between(code, HANGUL_V, 21) || is_between(code, HANGUL_S, 11172);
}

static bool may_be_second(int32_t code)
{
    const uint16_t index = lib.property(code)->comb_index;

    return (index >= 0x8000 && index != UINT16_MAX) || is_between(code, HANGUL_V, 21) ||
           is_between(code, HANGUL_T, 28);
}

static bool composes(const td_normalizer *n)
{
    return (options[n->form] & UTF8PROC_COMPOSE) != 0;
}

/* Does a part begin here, whatever is before? */
static bool begins_part(const td_normalizer *n, int32_t first)
{
    return class_of(first) == 0 && !(composes(n) && may_be_second(first));
}

static bool ends_part(const td_normalizer *n, int32_t last)
{
    return class_of(last) == 0 && !(composes(n) && may_be_first(last));
}

/* ---------------------------------------------------------------- a part */

static td_status add_edit(td_normalizer *n, size_t from, size_t to, bool is_change)
{
    td_edit *const last = n->n_edits ? &n->edits[n->n_edits - 1] : NULL;

    if (!from && !to) return NULL;
    if (last && !is_change && !last->is_change) {
        last->from += (uint32_t)from;
        last->to += (uint32_t)to;
        return NULL;
    }
    TD_TRY(td_text_grow(n->call, n->n_edits, sizeof *n->edits, &n->edit_room, &n->edits));
    n->edits[n->n_edits++] = (td_edit){ (uint32_t)from, (uint32_t)to, is_change };
    return NULL;
}

static td_status put(td_normalizer *n, const char *data, size_t size)
{
    if (!td_strbuf_try_reserve(&n->text, size)) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string");
    td_strbuf_add(&n->text, data, size);
    return NULL;
}

static td_status keep(td_normalizer *n, td_string bytes)
{
    TD_TRY(put(n, bytes.data, bytes.size));
    return add_edit(n, bytes.size, bytes.size, false);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Marks of one base, by their class; those of one class stay as they are. */
static td_status order_marks(td_normalizer *n, int32_t *codes, size_t count)
{
    bool is_ordered = true;
    uint64_t *keys;

    for (size_t i = 1; i < count && is_ordered; i++)
        is_ordered = class_of(codes[i - 1]) <= class_of(codes[i]);
    if (is_ordered) return NULL;
    TD_TRY(td_text_rooms(n->call, count, sizeof *keys, &keys));
    for (size_t i = 0; i < count; i++) /* 8 bits of class, 35 of place, 21 of code */
        keys[i] = (uint64_t)class_of(codes[i]) << 56 | (uint64_t)i << 21 | (uint32_t)codes[i];
    qsort(keys, count, sizeof *keys, by_number);
    for (size_t i = 0; i < count; i++)
        codes[i] = (int32_t)(keys[i] & 0x1fffff);
    return NULL;
}

static td_status order_part(td_normalizer *n, size_t count)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && class_of(n->codes[end]) != 0;)
            end++;
        TD_TRY(order_marks(n, n->codes + begin, end - begin));
        if (end == begin) end++;
    }
    return NULL;
}

/* The part of the first `count` codes, which was `bytes`, is whole: writes it. The other codes begin the next one. */
static td_status end_part(td_normalizer *n, size_t count, td_string bytes)
{
    const size_t before = n->text.size;
    size_t m = count;
    char text[TD_CHAR_BYTES];

    TD_TRY(order_part(n, count));
    if (composes(n) && count) m = (size_t)lib.compose(n->codes, (utf8proc_ssize_t)count, options[n->form]);
    for (size_t i = 0; i < m; i++)
        TD_TRY(put(n, text, td_char_put(TD_UTF8, (uint32_t)n->codes[i], text)));
    const size_t size = n->text.size - before;
    const bool is_same =
        size == bytes.size && (!size || memcmp(n->text.data + before, bytes.data, size) == 0);

    n->n_codes -= count;
    memmove(n->codes, n->codes + count, n->n_codes * sizeof *n->codes);
    return add_edit(n, bytes.size, size, !is_same);
}

/* Not yet characters, but to be passed over when they are: the library leaves them as they are. */
static bool is_reserved_ignorable(int32_t code)
{
    return code == 0x2065 || is_between(code, 0xfff0, 9) || is_between(code, 0xe0000, 0x1000);
}

/* Adds what the character decomposes to. */
static td_status decompose(td_normalizer *n, int32_t code)
{
    enum { MOST = 32 }; /* characters that one becomes: 18 */
    int kind = 0;

    if (n->form == TD_NFKC_CASEFOLD && is_reserved_ignorable(code)) return NULL;
    while (n->code_room < n->n_codes + MOST)
        TD_TRY(td_text_grow(n->call, n->code_room, sizeof *n->codes, &n->code_room, &n->codes));
    const utf8proc_ssize_t m = lib.decompose(code, n->codes + n->n_codes, MOST, options[n->form], &kind);

    if (m < 0 || m > MOST) return TD_ERR(INTERNAL, "character %d has no normal form", (int)code);
    n->n_codes += (size_t)m;
    return NULL;
}

/* ---------------------------------------------------------------- a text */

/* Bytes that stay as they are, whatever is around them: ASCII, but for its last character, which a mark may follow. */
static size_t count_plain(const td_normalizer *n, td_string text)
{
    size_t i = 0;

    while (i < text.size && (unsigned char)text.data[i] < 0x80 &&
           !(n->form == TD_NFKC_CASEFOLD && text.data[i] >= 'A' && text.data[i] <= 'Z'))
        i++;
    return i == text.size || !i ? i : i - 1;
}

static td_status normalize(td_normalizer *n, td_string text)
{
    size_t begin = 0; /* of the part at hand */
    bool is_open = false;

    for (size_t at = 0; at < text.size;) {
        const size_t plain = is_open ? 0 : count_plain(n, (td_string){ text.data + at, text.size - at });

        if (plain) {
            TD_TRY(keep(n, (td_string){ text.data + at, plain }));
            begin = at += plain;
            continue;
        }
        td_decoder d = td_decoder_utf8((td_string){ text.data + at, text.size - at });
        td_char ch;

        if (!td_decoder_next(&d, &ch)) break;
        const size_t before = n->n_codes;

        if (ch.code >= 0) TD_TRY(decompose(n, ch.code));
        const bool is_empty = n->n_codes == before;

        if (is_open && (ch.code < 0 || (!is_empty && begins_part(n, n->codes[before])))) {
            TD_TRY(end_part(n, before, (td_string){ text.data + begin, at - begin }));
            begin = at;
        }
        at += ch.size;
        is_open = ch.code >= 0;
        if (!is_open) TD_TRY(keep(n, (td_string){ text.data + begin, ch.size }));
        if (is_open && !is_empty && ends_part(n, n->codes[n->n_codes - 1])) {
            TD_TRY(end_part(n, n->n_codes, (td_string){ text.data + begin, at - begin }));
            is_open = false;
        }
        if (!is_open) begin = at;
    }
    return is_open ? end_part(n, n->n_codes, (td_string){ text.data + begin, text.size - begin }) : NULL;
}

td_status td_normalize(td_normalizer *n, td_string text)
{
    enum { MOST_TIMES = 32 }; /* what a text may grow to: the most that Unicode has is 18 */

    TD_TRY(td_shared_library_open(&library));
    if (text.size > INT32_MAX / MOST_TIMES) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
    n->n_edits = n->n_codes = 0;
    n->text.size = 0;
    return normalize(n, text);
}
