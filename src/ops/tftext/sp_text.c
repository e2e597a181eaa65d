/* SPDX-License-Identifier: Apache-2.0 */
/* sp_text.c -- texts to pieces with their places, and pieces to texts, as SentencePiece 0.1.96 does it, the one that
 * TensorFlow Text has. */
#include <string.h>

#include "base/macros.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/tftext/sp_split.h"

static bool is_type(const td_sentencepieces *m, int64_t id, td_sp_type type)
{
    return m->pieces[id].type == type;
}

/* ---------------------------------------------------------------- the ends of a row */

static td_status check_end(const td_sentencepieces *m, td_string text)
{
    if (!is_type(m, td_sentencepieces_find(m, text), TD_SP_UNKNOWN)) return NULL;
    return TD_ERR(INTERNAL, "id for `%.*s` is not defined.", (int)TD_MIN(text.size, (size_t)100), text.data);
}

/* Its place is 0, of the end, too. */
static td_piece end_piece(const td_sentencepieces *m, td_string text)
{
    return (td_piece){ text, td_sentencepieces_find(m, text), 0, 0 };
}

/* To the pieces from `begin` on. */
static td_status apply_options(const td_sentencepieces *m, const td_sp_options *o, size_t begin, td_pieces *p)
{
    if (o->adds_bos) {
        TD_TRY(check_end(m, m->bos));
        TD_TRY(td_pieces_add(p, &(td_piece){ 0 }));
        memmove(p->items + begin + 1, p->items + begin, (p->n - 1 - begin) * sizeof *p->items);
        p->items[begin] = end_piece(m, m->bos);
    }
    if (o->adds_eos) {
        TD_TRY(check_end(m, m->eos));
        const td_piece eos = end_piece(m, m->eos);

        TD_TRY(td_pieces_add(p, &eos));
    }
    for (size_t i = begin, k = p->n; o->reverses && i + 1 < k; i++) {
        const td_piece last = p->items[--k];

        p->items[k] = p->items[i];
        p->items[i] = last;
    }
    return NULL;
}

/* ---------------------------------------------------------------- texts to pieces */

static td_status add_bytes(const td_sentencepieces *m, const td_piece *unknown, td_pieces *out)
{
    for (size_t i = 0; i < unknown->text.size; i++) {
        const uint32_t id = m->bytes[(unsigned char)unknown->text.data[i]];
        const bool is_last = i + 1 == unknown->text.size;

        TD_TRY(td_pieces_add(out, &(td_piece){ m->pieces[id].text, id, unknown->begin,
                                               is_last ? unknown->end : unknown->begin }));
    }
    return NULL;
}

/* Unknown pieces in a row are one. */
static td_status add_piece(const td_sentencepieces *m, const td_piece *piece, bool is_after_unknown,
                           td_pieces *out)
{
    const bool is_unknown = is_type(m, piece->id, TD_SP_UNKNOWN);

    if (is_unknown && m->falls_back) return add_bytes(m, piece, out);
    if (!is_unknown || !is_after_unknown) return td_pieces_add(out, piece);
    out->items[out->n - 1].text.size += piece->text.size;
    out->items[out->n - 1].end = piece->end;
    return NULL;
}

td_status td_sp_encode(const td_sentencepieces *m, td_string text, const td_sp_options *options,
                       td_pieces *out)
{
    td_sp_text normal = { .call = out->call };
    td_pieces parts = { .call = out->call };
    const size_t begin = out->n;
    size_t at = 0;
    bool is_after_unknown = false;

    TD_TRY(td_sp_normalize(m, &m->rules, text, &normal));
    TD_TRY(td_sp_split(m, (td_string){ normal.text, normal.size }, &parts));
    for (size_t i = 0; i < parts.n; i++) {
        td_piece *const p = &parts.items[i];

        if (is_type(m, p->id, TD_SP_CONTROL))
            return TD_ERR(INTERNAL, "all normalized characters are not consumed.");
        p->begin = normal.from[at];
        p->end = normal.from[at += p->text.size];
        TD_TRY(add_piece(m, p, is_after_unknown, out));
        is_after_unknown = is_type(m, p->id, TD_SP_UNKNOWN);
    }
    return apply_options(m, options, begin, out);
}

/* ---------------------------------------------------------------- pieces to texts */

typedef struct writer {
    const td_sentencepieces *model;
    td_call *call;
    char *text;
    size_t n, room;
} writer;

static td_status put(writer *w, td_string s)
{
    for (size_t i = 0; i < s.size; i++) {
        TD_TRY(td_text_grow(w->call, w->n, 1, &w->room, &w->text));
        w->text[w->n++] = s.data[i];
    }
    return NULL;
}

static bool begins_with_mark(td_string s)
{
    return s.size >= 3 && memcmp(s.data, "\xe2\x96\x81", 3) == 0;
}

/* Marks of spaces are spaces; one that begins the text is none, if the model puts it there or removes spaces. */
static td_status put_piece(writer *w, const td_piece *p)
{
    const td_sentencepieces *const m = w->model;
    td_string text = p->text;

    if (is_type(m, p->id, TD_SP_CONTROL)) return NULL;
    if (is_type(m, p->id, TD_SP_UNKNOWN)) {
        const td_string own = m->pieces[p->id].text;
        const bool is_own = own.size == text.size && memcmp(own.data, text.data, own.size) == 0;

        return put(w, is_own ? m->unknown_surface : text);
    }
    if (!w->n && (m->rules.adds_prefix || m->rules.removes_spaces) && begins_with_mark(text))
        text = (td_string){ text.data + 3, text.size - 3 };
    while (text.size) {
        const size_t size = begins_with_mark(text) ? 3 : 1;

        TD_TRY(put(w, size == 3 ? (td_string){ " ", 1 } : (td_string){ text.data, 1 }));
        text = (td_string){ text.data + size, text.size - size };
    }
    return NULL;
}

/* Bytes, of pieces in a row, that are no characters become U+FFFD each. */
static td_status put_bytes(writer *w, const td_piece *pieces, size_t n)
{
    char *bytes;
    size_t at = 0;

    TD_TRY(td_text_rooms(w->call, n, 1, &bytes));
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)td_sp_byte_of(w->model->pieces[pieces[i].id].text);
    while (at < n) {
        td_decoder d = td_decoder_utf8((td_string){ bytes + at, n - at });
        td_char ch = { 0 };

        (void)td_decoder_next(&d, &ch);
        const bool is_good = ch.code >= 0;

        TD_TRY(put(w, is_good ? (td_string){ bytes + at, ch.size } : (td_string){ "\xef\xbf\xbd", 3 }));
        at += is_good ? ch.size : 1;
    }
    return NULL;
}

static td_status denormalize(writer *w, td_string *out)
{
    td_sp_text t = { .call = w->call };

    *out = (td_string){ w->text, w->n };
    if (!w->model->denormal.trie.n) return NULL;
    TD_TRY(td_sp_normalize(w->model, &w->model->denormal, *out, &t));
    *out = (td_string){ t.text, t.size };
    return NULL;
}

td_status td_sp_decode(const td_sentencepieces *m, td_pieces *p, const td_sp_options *options, td_string *out)
{
    writer w = { .model = m, .call = p->call };
    size_t begin = 0; /* of bytes in a row */

    TD_TRY(apply_options(m, options, 0, p));
    for (size_t i = 0; i <= p->n; i++) {
        if (i < p->n && is_type(m, p->items[i].id, TD_SP_BYTE)) continue;
        if (i > begin) TD_TRY(put_bytes(&w, p->items + begin, i - begin));
        begin = i + 1;
        if (i < p->n) TD_TRY(put_piece(&w, &p->items[i]));
    }
    return denormalize(&w, out);
}
