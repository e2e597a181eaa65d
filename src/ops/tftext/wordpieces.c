/* SPDX-License-Identifier: Apache-2.0 */
/* wordpieces.c -- the walk. Each step along a failure makes a piece of a byte or more of the word, and pieces that go
 * beyond what was walked are refused: so any model comes to an end, soon. */
#include "ops/tftext/wordpieces.h"

#include "ops/text/encoding.h"
#include "ops/text/script.h"

enum {
    FIELD_TRIE,
    FIELD_FAILURES,
    FIELD_POPS,
    FIELD_SUFFIX_ROOT,
    FIELD_MOST_BYTES,
    FIELD_INDICATOR,
    FIELD_UNKNOWN,
    FIELD_UNKNOWN_ID,
    FIELD_OF_INDICATOR,
    FIELD_MARK_ROOT,
    FIELD_TAKES_TEXTS,
    FIELD_GIVES_TEXTS,
    FIELD_VOCABULARY,
    FIELD_GOES_ON
};

static const uint32_t no_node = UINT32_MAX;

static bool read_vectors(const td_flat_table *t, td_wordpieces *m)
{
    td_flat_vector units;

    if (!td_flat_vector_of(t, FIELD_TRIE, 4, &units) || !units.n) return false;
    m->trie = (td_trie){ units.data, units.n };
    return td_flat_vector_of(t, FIELD_FAILURES, 8, &m->failures) &&
           td_flat_vector_of(t, FIELD_POPS, 4, &m->pops) &&
           td_flat_vector_of(t, FIELD_OF_INDICATOR, 4, &m->of_indicator) &&
           td_flat_vector_of(t, FIELD_VOCABULARY, 4, &m->vocabulary) &&
           td_flat_vector_of(t, FIELD_GOES_ON, 1, &m->goes_on);
}

static bool read_scalars(const td_flat_table *t, td_wordpieces *m)
{
    return td_flat_u32(t, FIELD_SUFFIX_ROOT, 0, &m->suffix_root) &&
           td_flat_u32(t, FIELD_MARK_ROOT, 0, &m->mark_root) &&
           td_flat_i32(t, FIELD_MOST_BYTES, 0, &m->most_bytes) &&
           td_flat_i32(t, FIELD_UNKNOWN_ID, 0, &m->unknown_id) &&
           td_flat_string(t, FIELD_INDICATOR, &m->indicator) &&
           td_flat_string(t, FIELD_UNKNOWN, &m->unknown) &&
           td_flat_bool(t, FIELD_TAKES_TEXTS, &m->takes_texts) &&
           td_flat_bool(t, FIELD_GIVES_TEXTS, &m->gives_texts);
}

td_status td_wordpieces_open(const void *bytes, size_t size, td_wordpieces *out)
{
    td_flat_table t;

    if (td_flat_root(bytes, size, &t) && read_vectors(&t, out) && read_scalars(&t, out)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "FastWordpieceTokenizerConfig or its trie_array is null.");
}

static td_status damaged(void)
{
    return TD_ERR(INVALID_ARGUMENT, "the model of word pieces is damaged");
}

/* ---------------------------------------------------------------- a word */

typedef struct word {
    const td_wordpieces *model;
    td_pieces *out;
    size_t before;  /* pieces of words before */
    td_string text; /* from its begin on, maybe more than the word */
    size_t offset;  /* of that, in all of the text */
    size_t walked;  /* bytes of it that led to the node */
    size_t at;      /* bytes of it that are pieces already */
    td_trie_node node;
} word;

static td_status begin_word(word *w, td_string text, size_t offset)
{
    w->text = text;
    w->offset = offset;
    w->at = w->walked = 0;
    return td_trie_at(&w->model->trie, 0, &w->node) ? NULL : damaged();
}

static td_status add_piece(word *w, uint32_t encoded)
{
    const td_wordpieces *const m = w->model;
    const int32_t id = (int32_t)((encoded & 0x3fffffff) >> 8);
    size_t size = (encoded & 0xff) + 1;

    /* a word may itself begin with the indicator */
    if (!w->at && encoded >> 30) size += m->indicator.size;
    if (size > w->walked - w->at) return damaged();
    const td_string here = { w->text.data + w->at, size }, text = id == m->unknown_id ? m->unknown : here;
    td_piece piece = { text, id, (int64_t)(w->offset + w->at), (int64_t)(w->offset + w->at + size) };

    if (w->at) TD_TRY(td_pieces_join(w->out, m->indicator, text, &piece.text));
    w->at += size;
    return td_pieces_add(w->out, &piece);
}

/* All of the word, of so many bytes, is unknown. */
static td_status add_unknown(word *w, size_t size)
{
    const td_wordpieces *const m = w->model;

    w->out->n = w->before;
    TD_TRY(td_pieces_add(
        w->out, &(td_piece){ m->unknown, m->unknown_id, (int64_t)w->offset, (int64_t)(w->offset + size) }));
    w->before = w->out->n;
    return NULL;
}

static td_status add_pops(word *w, uint32_t pops)
{
    const td_wordpieces *const m = w->model;
    const size_t first = pops >> 8, n = (pops & 0xff) + 1;

    if (n > m->pops.n || first > m->pops.n - n) return damaged();
    for (size_t i = first; i < first + n; i++)
        TD_TRY(add_piece(w, td_flat_u32_at(&m->pops, i)));
    return NULL;
}

/* Along the node's failure. *moved false: it has none. */
static td_status follow_failure(word *w, bool *moved)
{
    const td_wordpieces *const m = w->model;
    int32_t piece;

    *moved = false;
    if (w->node.id >= m->failures.n) return damaged();
    const uint32_t link = td_flat_u32_at(&m->failures, 2 * (size_t)w->node.id);

    if (td_trie_value(&m->trie, &w->node, &piece)) {
        TD_TRY(add_piece(w, (uint32_t)piece));
    } else {
        if (link == no_node) return NULL;
        TD_TRY(add_pops(w, td_flat_u32_at(&m->failures, 2 * (size_t)w->node.id + 1)));
    }
    *moved = true;
    return td_trie_at(&m->trie, link, &w->node) ? NULL : damaged();
}

/* To where the next `size` bytes lead, along failures as long as they lead nowhere. *moved false: the word is unknown. */
static td_status advance(word *w, size_t size, bool *moved)
{
    const td_string next = { w->text.data + w->walked, size };

    *moved = true;
    while (*moved && !td_trie_walk(&w->model->trie, &w->node, next))
        TD_TRY(follow_failure(w, moved));
    if (*moved) w->walked += size;
    return NULL;
}

/* The word is the indicator. */
static td_status add_indicator(word *w, size_t size)
{
    const td_wordpieces *const m = w->model;
    const td_flat_vector *const pieces = &m->of_indicator;

    if (pieces->n == 1 && (int32_t)((td_flat_u32_at(pieces, 0) & 0x3fffffff) >> 8) == m->unknown_id)
        return add_unknown(w, size);
    for (size_t i = 0; i < pieces->n; i++)
        TD_TRY(add_piece(w, td_flat_u32_at(pieces, i)));
    w->before = w->out->n;
    return NULL;
}

/* What is left at the end of a word of so many bytes. */
static td_status end_word(word *w, size_t size)
{
    const td_wordpieces *const m = w->model;

    if (w->node.id == 0) return NULL;
    if (w->node.id == m->suffix_root && w->out->n == w->before) return add_indicator(w, size);
    while (w->node.id != m->suffix_root && w->node.id != m->mark_root) {
        bool moved;

        TD_TRY(follow_failure(w, &moved));
        if (!moved) return add_unknown(w, size);
    }
    w->before = w->out->n;
    return NULL;
}

static td_status split_word(word *w, td_string text)
{
    TD_TRY(begin_word(w, text, 0));
    if (w->model->most_bytes >= 0 && text.size > (size_t)w->model->most_bytes)
        return add_unknown(w, text.size);
    for (size_t i = 0; i < text.size; i++) {
        bool moved;

        TD_TRY(advance(w, 1, &moved));
        if (!moved) return add_unknown(w, text.size);
    }
    return end_word(w, text.size);
}

/* ---------------------------------------------------------------- a text */

typedef struct walk {
    td_string text;
    size_t at, next;      /* the character that is looked at, and the one behind it */
    int32_t before, code; /* the one looked at before, and this one */
} walk;

static td_string rest_of(const walk *k)
{
    return (td_string){ k->text.data + k->at, k->text.size - k->at };
}

static bool is_mark(int32_t code)
{
    static const int32_t marks[][2] = {
        /* of ASCII, and what Chinese is written in */
        { 0x21, 0x2f },       { 0x3a, 0x40 },       { 0x5b, 0x60 },       { 0x7b, 0x7e },
        { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xf900, 0xfaff },   { 0x20000, 0x2a6df },
        { 0x2a700, 0x2b73f }, { 0x2b740, 0x2b81f }, { 0x2b820, 0x2ceaf }, { 0x2f800, 0x2fa1f },
    };

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (code >= marks[i][0] && code <= marks[i][1]) return true;
    return td_is_punctuation(code);
}

static int32_t look(const walk *k, size_t *next)
{
    td_decoder d = td_decoder_utf8(rest_of(k));
    td_char ch = { 0 };

    (void)td_decoder_next(&d, &ch);
    *next = k->at + ch.size;
    return ch.code;
}

/* As far as the trie leads: to the end of the text, or the character that it has no way for. */
static td_status walk_word(word *w, walk *k)
{
    const size_t begin = k->at;

    while (k->at < k->text.size) {
        bool moved;

        k->before = k->code;
        k->code = look(k, &k->next);
        if ((int64_t)(k->next - begin) > w->model->most_bytes) return NULL;
        TD_TRY(advance(w, k->next - k->at, &moved));
        if (!moved) return NULL;
        k->at = k->next;
    }
    return NULL;
}

/* Passes by what is left of a word, and a white character behind it. Returns the word's end. */
static size_t pass_word(walk *k)
{
    size_t next;

    while (k->at < k->text.size) {
        const int32_t code = look(k, &next);
        const size_t here = k->at;

        if (is_mark(code)) return here;
        k->at = next;
        if (td_is_white_space(code)) return here;
    }
    return k->at;
}

/* The next word, mark or white space of a text. */
static td_status split_next(word *w, walk *k)
{
    const size_t begin = k->at;

    TD_TRY(begin_word(w, rest_of(k), begin));
    TD_TRY(walk_word(w, k));
    if (k->at >= k->text.size) return end_word(w, w->text.size);
    const bool is_white = td_is_white_space(k->code);

    if (is_white || is_mark(k->code) || (k->at && is_mark(k->before))) {
        const bool is_empty = k->at == begin;

        TD_TRY(end_word(w, k->at - begin));
        if (is_white || is_empty) k->at = k->next;
        return is_white || !is_empty ? NULL : add_unknown(w, k->at - begin);
    }
    k->at = k->next;
    return add_unknown(w, pass_word(k) - begin);
}

static td_status split_text(word *w, td_string text)
{
    walk k = { .text = text };

    while (k.at < text.size) {
        const size_t before = k.at;

        TD_TRY(split_next(w, &k));
        if (k.at == before)
            return TD_ERR(INTERNAL, "Failed to make any progress in tokenizing the input text.");
    }
    return NULL;
}

td_status td_wordpieces_split(const td_wordpieces *m, td_string text, td_pieces *out)
{
    word w = { .model = m, .out = out, .before = out->n };

    if (!text.size) return NULL;
    if (text.size > INT32_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
    return m->takes_texts ? split_text(&w, text) : split_word(&w, text);
}
