/* SPDX-License-Identifier: Apache-2.0 */
/* sp_normalize.c -- texts as SentencePiece wants them: replacements by the model's trie, spaces joined and escaped. */
#include <string.h>

#include "base/macros.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/tftext/sentencepieces.h"

static const td_string space_mark = { "\xe2\x96\x81", 3 };

/* What a text begins with, as it is to be, and how many of its bytes that is. */
typedef struct prefix {
    td_string as;
    size_t size;
} prefix;

static prefix by_trie(const td_sp_rules *r, td_string text)
{
    td_trie_node node;
    prefix longest = { 0 };
    int32_t at;

    if (!td_trie_at(&r->trie, 0, &node)) return longest;
    for (size_t i = 0; i < text.size && td_trie_walk(&r->trie, &node, (td_string){ text.data + i, 1 }); i++) {
        if (!td_trie_value(&r->trie, &node, &at)) continue;
        const size_t left = (size_t)at < r->texts.size ? r->texts.size - (size_t)at : 0;

        longest.size = i + 1;
        longest.as =
            (td_string){ left ? r->texts.data + at : "", left ? strnlen(r->texts.data + at, left) : 0 };
    }
    return longest;
}

static prefix first_of(const td_sentencepieces *m, const td_sp_rules *r, td_string text)
{
    const size_t kept = r->kept ? td_sp_longest(m, r->kept, text) : 0;
    td_decoder d = td_decoder_utf8(text);
    td_char ch = { 0 };

    if (kept) return (prefix){ { text.data, kept }, kept };
    const prefix p = by_trie(r, text);

    if (p.size) return p;
    (void)td_decoder_next(&d, &ch);
    if (ch.code < 0) return (prefix){ { "\xef\xbf\xbd", 3 }, 1 };
    return (prefix){ { text.data, ch.size }, ch.size };
}

static bool is_space(td_string s)
{
    return s.size == 1 && *s.data == ' ';
}

/* What the text is by then may not be more than so many times what it was: the longest that Unicode has is 11. */
enum { MOST_TIMES = 256, MOST_MORE = 1024 };

static td_status put(td_sp_text *t, td_string bytes, size_t from)
{
    for (size_t i = 0; i < bytes.size; i++) {
        TD_TRY(td_text_grow(t->call, t->size, 1, &t->text_room, &t->text));
        TD_TRY(td_text_grow(t->call, t->size, sizeof *t->from, &t->from_room, &t->from));
        t->text[t->size] = bytes.data[i];
        t->from[t->size++] = (uint32_t)from;
    }
    return NULL;
}

static td_string space_of(const td_sp_rules *r)
{
    return r->escapes_spaces ? space_mark : (td_string){ " ", 1 };
}

static td_status put_escaped(td_sp_text *t, const td_sp_rules *r, td_string bytes, size_t from)
{
    for (size_t i = 0; i < bytes.size; i++) {
        const td_string byte = { bytes.data + i, 1 };

        TD_TRY(put(t, is_space(byte) ? space_of(r) : byte, from));
    }
    return NULL;
}

static td_string rest_of(td_string text, size_t at)
{
    return (td_string){ text.data + at, text.size - at };
}

/* Spaces at the end go. Returns where what is left ends in the text. */
static size_t cut_spaces(td_sp_text *t, const td_sp_rules *r, size_t at)
{
    const td_string space = space_of(r);

    while (t->size >= space.size && memcmp(t->text + t->size - space.size, space.data, space.size) == 0) {
        t->size -= space.size;
        at = t->from[t->size];
    }
    return at;
}

static td_status put_all(const td_sentencepieces *m, const td_sp_rules *r, td_string text, size_t *at,
                         td_sp_text *t)
{
    bool is_after_space = r->removes_spaces;

    while (*at < text.size) {
        prefix p = first_of(m, r, rest_of(text, *at));

        while (is_after_space && p.as.size && *p.as.data == ' ')
            p.as = rest_of(p.as, 1);
        TD_TRY(put_escaped(t, r, p.as, *at));
        if (p.as.size) is_after_space = r->removes_spaces && p.as.data[p.as.size - 1] == ' ';
        *at += p.size;
        if (t->size > MOST_TIMES * text.size + MOST_MORE)
            return TD_ERR(RESOURCE_EXHAUSTED, "a normalized text is too long");
    }
    return NULL;
}

td_status td_sp_normalize(const td_sentencepieces *m, const td_sp_rules *r, td_string text, td_sp_text *t)
{
    size_t at = 0;

    t->size = 0;
    if (text.size > INT32_MAX / MOST_TIMES) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
    while (r->removes_spaces && at < text.size) {
        const prefix p = first_of(m, r, rest_of(text, at));

        if (!is_space(p.as)) break;
        at += p.size;
    }
    if (at == text.size) return NULL;
    if (r->adds_prefix && !r->puts_prefix_last) TD_TRY(put(t, space_of(r), at));
    TD_TRY(put_all(m, r, text, &at, t));
    if (r->removes_spaces) at = cut_spaces(t, r, at);
    if (r->adds_prefix && r->puts_prefix_last) TD_TRY(put(t, space_of(r), at));
    TD_TRY(td_text_grow(t->call, t->size, sizeof *t->from, &t->from_room, &t->from));
    t->from[t->size] = (uint32_t)at;
    return NULL;
}
