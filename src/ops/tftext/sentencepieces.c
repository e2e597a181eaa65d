/* SPDX-License-Identifier: Apache-2.0 */
/* sentencepieces.c -- the model: what its protocol buffer says, and finding its pieces. */
#include "ops/tftext/sentencepieces.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/wire.h"

/* ---------------------------------------------------------------- the protocol buffer */

static td_string text_of(const td_wire_field *f)
{
    return (td_string){ (const char *)f->data, f->size };
}

static bool is_varint(const td_wire_field *f)
{
    return f->type == TD_WIRE_VARINT;
}

static bool read_piece(td_wire w, td_sp_piece *p)
{
    td_wire_field f;

    *p = (td_sp_piece){ .type = TD_SP_NORMAL };
    while (td_wire_next(&w, &f)) {
        const uint32_t bits = (uint32_t)f.value;

        if (f.number == 1 && f.type == TD_WIRE_BYTES) p->text = text_of(&f);
        if (f.number == 2 && f.type == TD_WIRE_FIXED32) memcpy(&p->score, &bits, sizeof p->score);
        if (f.number == 3 && is_varint(&f) && f.value >= TD_SP_NORMAL && f.value <= TD_SP_BYTE)
            p->type = (td_sp_type)f.value;
    }
    return !w.bad;
}

static bool read_trainer(td_wire w, td_sentencepieces *m)
{
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (f.type == TD_WIRE_BYTES) {
            if (f.number == 44) m->unknown_surface = text_of(&f);
            if (f.number == 46 && f.size) m->bos = text_of(&f);
            if (f.number == 47 && f.size) m->eos = text_of(&f);
        } else if (is_varint(&f)) {
            if (f.number == 3 && f.value >= TD_SP_UNIGRAM && f.value <= TD_SP_CHAR)
                m->kind = (td_sp_kind)f.value;
            if (f.number == 24) m->rules.puts_prefix_last = f.value != 0;
            if (f.number == 35) m->falls_back = f.value != 0;
        }
    }
    return !w.bad;
}

/* The trie's bytes, the trie, then the texts. */
static td_status read_charsmap(td_string map, td_sp_rules *r)
{
    const uint8_t *const p = (const uint8_t *)map.data;

    if (!map.size) return NULL;
    if (map.size <= 4) return TD_ERR(INTERNAL, "Blob for normalization rule is broken.");
    const size_t size = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;

    if (size >= map.size - 4) return TD_ERR(INTERNAL, "Trie data size exceeds the input blob size.");
    r->trie = (td_trie){ p + 4, size / 4 };
    r->texts = (td_string){ map.data + 4 + size, map.size - 4 - size };
    return NULL;
}

static bool read_rules(td_wire w, td_sp_rules *r, td_string *charsmap)
{
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (f.number == 2 && f.type == TD_WIRE_BYTES) *charsmap = text_of(&f);
        if (!is_varint(&f)) continue;
        if (f.number == 3) r->adds_prefix = f.value != 0;
        if (f.number == 4) r->removes_spaces = f.value != 0;
        if (f.number == 5) r->escapes_spaces = f.value != 0;
    }
    return !w.bad;
}

static td_status damaged(void)
{
    return TD_ERR(INTERNAL, "the model of SentencePiece is damaged");
}

static td_status count_pieces(td_string bytes, size_t *n)
{
    td_wire w = td_wire_of(bytes.data, bytes.size);
    td_wire_field f;

    *n = 0;
    while (td_wire_next(&w, &f))
        *n += f.number == 1 && f.type == TD_WIRE_BYTES;
    return w.bad || *n > INT32_MAX ? damaged() : NULL;
}

static td_status read_model(td_string bytes, td_sentencepieces *m)
{
    td_string map = { 0 }, denormal = { 0 };
    td_wire w = td_wire_of(bytes.data, bytes.size);
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (f.type != TD_WIRE_BYTES) continue;
        const td_wire inside = td_wire_inside(&f);

        if ((f.number == 1 && !read_piece(inside, &m->pieces[m->n++])) ||
            (f.number == 2 && !read_trainer(inside, m)) ||
            (f.number == 3 && !read_rules(inside, &m->rules, &map)) ||
            (f.number == 5 && !read_rules(inside, &m->denormal, &denormal)))
            return damaged();
    }
    TD_TRY(read_charsmap(map, &m->rules));
    return read_charsmap(denormal, &m->denormal);
}

/* ---------------------------------------------------------------- sets of pieces */

typedef struct entry {
    td_string text;
    uint32_t id;
} entry;

static int compare(td_string a, td_string b)
{
    const size_t size = TD_MIN(a.size, b.size);
    const int order = size ? memcmp(a.data, b.data, size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_text(const void *a, const void *b)
{
    return compare(((const entry *)a)->text, ((const entry *)b)->text);
}

static td_status fill_set(const entry *entries, uint32_t n, uint32_t *ids)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i && compare(entries[i - 1].text, entries[i].text) == 0)
            return TD_ERR(INTERNAL, "%.*s is already defined.",
                          (int)TD_MIN(entries[i].text.size, (size_t)100), entries[i].text.data);
        ids[i] = entries[i].id;
    }
    return NULL;
}

/* Of all pieces whose type is among `types`, a bit each. */
static td_status make_set(const td_sentencepieces *m, unsigned types, td_arena *arena, td_sp_set *out)
{
    entry *const entries = td_try_alloc((m->n + (size_t)1) * sizeof *entries, _Alignof(entry));
    uint32_t n = 0;

    for (uint32_t i = 0; entries && i < m->n; i++)
        if (types >> m->pieces[i].type & 1) entries[n++] = (entry){ m->pieces[i].text, i };
    uint32_t *const ids =
        entries ? td_arena_try_alloc(arena, (n + (size_t)1) * sizeof *ids, _Alignof(uint32_t)) : NULL;

    if (!ids) {
        td_free(entries);
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %u pieces", (unsigned)m->n);
    }
    qsort(entries, n, sizeof *entries, by_text);
    const td_status s = fill_set(entries, n, ids);

    td_free(entries);
    *out = (td_sp_set){ ids, n };
    return s;
}

td_sp_search td_sp_search_in(const td_sentencepieces *m, const td_sp_set *set)
{
    return (td_sp_search){ m, set, 0, set->n, 0 };
}

/* The first of [first, end) whose byte at depth is `byte` or more; those that end before are less. */
static uint32_t lower_bound(const td_sp_search *s, uint32_t first, unsigned byte)
{
    uint32_t end = s->end;

    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        const td_string text = s->model->pieces[s->set->ids[middle]].text;

        if (text.size > s->depth && (unsigned char)text.data[s->depth] >= byte)
            end = middle;
        else
            first = middle + 1;
    }
    return first;
}

bool td_sp_search_next(td_sp_search *s, char byte)
{
    s->first = lower_bound(s, s->first, (unsigned char)byte);
    s->end = lower_bound(s, s->first, (unsigned char)byte + 1U);
    s->depth++;
    return s->first < s->end;
}

bool td_sp_search_found(const td_sp_search *s, uint32_t *id)
{
    if (s->first >= s->end || s->model->pieces[s->set->ids[s->first]].text.size != s->depth) return false;
    *id = s->set->ids[s->first];
    return true;
}

static bool find_in(const td_sentencepieces *m, const td_sp_set *set, td_string text, uint32_t *id)
{
    td_sp_search s = td_sp_search_in(m, set);

    for (size_t i = 0; i < text.size; i++)
        if (!td_sp_search_next(&s, text.data[i])) return false;
    return td_sp_search_found(&s, id);
}

uint32_t td_sentencepieces_find(const td_sentencepieces *m, td_string text)
{
    uint32_t id = m->unknown;

    if (!find_in(m, &m->reserved, text, &id)) (void)find_in(m, &m->in_texts, text, &id);
    return id;
}

size_t td_sp_char_size(td_string text)
{
    static const uint8_t sizes[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };

    return TD_MIN((size_t)sizes[(unsigned char)*text.data >> 4], text.size);
}

size_t td_sp_longest(const td_sentencepieces *m, const td_sp_set *set, td_string text)
{
    td_sp_search s = td_sp_search_in(m, set);
    size_t size = 0;
    uint32_t id;

    for (size_t i = 0; set->n && i < text.size && td_sp_search_next(&s, text.data[i]); i++)
        if (td_sp_search_found(&s, &id)) size = s.depth;
    return size;
}

/* ---------------------------------------------------------------- is it sound? */

int td_sp_byte_of(td_string text)
{
    static const char digits[] = "0123456789ABCDEF";

    if (text.size != 6 || memcmp(text.data, "<0x", 3) != 0 || text.data[5] != '>') return -1;
    const char *const high = memchr(digits, text.data[3], 16), *const low = memchr(digits, text.data[4], 16);

    return high && low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

static td_status check_bytes(td_sentencepieces *m)
{
    bool found[256] = { false };
    int n = 0;

    for (uint32_t i = 0; i < m->n; i++) {
        const td_sp_piece *const p = &m->pieces[i];
        const int byte = p->type == TD_SP_BYTE ? td_sp_byte_of(p->text) : 0;

        if (p->type != TD_SP_BYTE) continue;
        if (!m->falls_back)
            return TD_ERR(INTERNAL, "a byte piece is found although `byte_fallback` is false.");
        if (byte < 0) return TD_ERR(INTERNAL, "a byte piece is invalid.");
        n += !found[byte];
        found[byte] = true;
        m->bytes[byte] = i;
    }
    if (!m->falls_back || n == 256) return NULL;
    return TD_ERR(INTERNAL, "there are not 256 byte pieces although `byte_fallback` is true.");
}

static td_status check_pieces(td_sentencepieces *m)
{
    bool has_unknown = false;

    m->lowest = FLT_MAX;
    m->highest = FLT_MIN;
    for (uint32_t i = 0; i < m->n; i++) {
        const td_sp_piece *const p = &m->pieces[i];

        if (!p->text.size) return TD_ERR(INTERNAL, "piece must not be empty.");
        if (p->type == TD_SP_UNKNOWN && has_unknown) return TD_ERR(INTERNAL, "unk is already defined.");
        if (p->type == TD_SP_UNKNOWN) m->unknown = i;
        has_unknown = has_unknown || p->type == TD_SP_UNKNOWN;
        if (p->type != TD_SP_NORMAL) continue;
        m->lowest = p->score < m->lowest ? p->score : m->lowest;
        m->highest = p->score > m->highest ? p->score : m->highest;
    }
    return has_unknown ? check_bytes(m) : TD_ERR(INTERNAL, "unk is not defined.");
}

static td_status make_sets(td_sentencepieces *m, td_arena *arena)
{
    const unsigned in_texts = 1U << TD_SP_NORMAL | 1U << TD_SP_USER_DEFINED | 1U << TD_SP_UNUSED;

    TD_TRY(make_set(m, in_texts, arena, &m->in_texts));
    TD_TRY(make_set(m, ~in_texts, arena, &m->reserved));
    TD_TRY(make_set(m, 1U << TD_SP_USER_DEFINED, arena, &m->user_defined));
    m->rules.kept = &m->user_defined;
    return m->kind == TD_SP_UNIGRAM && !m->in_texts.n ? TD_ERR(INTERNAL, "no pieces are loaded.") : NULL;
}

td_status td_sentencepieces_open(td_string bytes, td_arena *arena, const td_sentencepieces **out)
{
    td_sentencepieces *const m = TD_ARENA_NEW(arena, td_sentencepieces);
    size_t n;

    if (!bytes.size) return TD_ERR(INVALID_ARGUMENT, "Model argument must be specified.");
    TD_TRY(count_pieces(bytes, &n));
    m->kind = TD_SP_UNIGRAM;
    m->unknown_surface = (td_string){ " \xe2\x81\x87 ", 5 };
    m->bos = (td_string){ "<s>", 3 };
    m->eos = (td_string){ "</s>", 4 };
    m->rules = (td_sp_rules){ .adds_prefix = true, .removes_spaces = true, .escapes_spaces = true };
    m->denormal = m->rules;
    m->pieces = td_arena_try_alloc(arena, (n + 1) * sizeof *m->pieces, _Alignof(td_sp_piece));
    if (!m->pieces) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu pieces", n);
    TD_TRY(read_model(bytes, m));
    TD_TRY(check_pieces(m));
    TD_TRY(make_sets(m, arena));
    *out = m;
    return NULL;
}
