/* SPDX-License-Identifier: Apache-2.0 */
/* sp_split.c -- the best path through a text: at each place, the best sum of scores of pieces that end there. Sums are
 * what SentencePiece's are, to the bit: of doubles, kept as floats. */
#include "ops/tftext/sp_split.h"

#include <string.h>

#include "device/stop.h"
#include "ops/strings.h"

static const float unknown_costs = 10;

/* The last piece of the best path to a place. */
typedef struct step {
    int32_t begin; /* -1: no path */
    uint32_t id;
    float score;
} step;

static void offer(step *s, size_t begin, uint32_t id, double score)
{
    if (s->begin >= 0 && score <= (double)s->score) return;
    *s = (step){ (int32_t)begin, id, (float)score };
}

/* Paths go on from `begin` by every piece there, and by an unknown character where it is no piece. */
static void extend(const td_sentencepieces *m, td_string text, size_t begin, step *steps)
{
    const size_t character = td_sp_char_size((td_string){ text.data + begin, text.size - begin });
    const float before = steps[begin].score;
    td_sp_search s = td_sp_search_in(m, &m->in_texts);
    bool has_character = false;
    uint32_t id;

    for (size_t at = begin; at < text.size && td_sp_search_next(&s, text.data[at]); at++) {
        if (!td_sp_search_found(&s, &id) || m->pieces[id].type == TD_SP_UNUSED) continue;
        const bool is_users = m->pieces[id].type == TD_SP_USER_DEFINED;
        const double score =
            is_users ? (double)((float)s.depth * m->highest) - 0.1 : (double)m->pieces[id].score;

        offer(&steps[begin + s.depth], begin, id, score + (double)before);
        has_character = has_character || s.depth == character;
    }
    if (!has_character)
        offer(&steps[begin + character], begin, m->unknown, (double)(m->lowest - unknown_costs + before));
}

static td_status split_by_scores(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    const size_t before = out->n;
    step *steps;

    TD_TRY(td_text_rooms(out->call, text.size + 1, sizeof *steps, &steps));
    for (size_t i = 0; i <= text.size; i++)
        steps[i] = (step){ .begin = -1 };
    for (size_t at = 0; at < text.size && !td_stop_asked();) {
        extend(m, text, at, steps);
        at += td_sp_char_size((td_string){ text.data + at, text.size - at });
    }
    for (size_t end = text.size; end > 0 && steps[end].begin >= 0; end = (size_t)steps[end].begin) {
        const size_t begin = (size_t)steps[end].begin;

        TD_TRY(td_pieces_add(out, &(td_piece){ { text.data + begin, end - begin }, steps[end].id, 0, 0 }));
    }
    for (size_t i = before, k = out->n; i + 1 < k; i++) {
        const td_piece last = out->items[--k];

        out->items[k] = out->items[i];
        out->items[i] = last;
    }
    return NULL;
}

/* ---------------------------------------------------------------- words, characters */

static td_status add_found(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    return td_pieces_add(out, &(td_piece){ text, td_sentencepieces_find(m, text), 0, 0 });
}

/* Words begin with the mark of a space. */
static td_status split_by_words(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    size_t begin = 0;

    for (size_t at = 0; at < text.size;) {
        const size_t size = td_sp_char_size((td_string){ text.data + at, text.size - at });

        if (at > begin && size == 3 && memcmp(text.data + at, "\xe2\x96\x81", 3) == 0) {
            TD_TRY(add_found(m, (td_string){ text.data + begin, at - begin }, out));
            begin = at;
        }
        at += size;
    }
    return add_found(m, (td_string){ text.data + begin, text.size - begin }, out);
}

static td_status split_by_characters(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    while (text.size) {
        const size_t users = td_sp_longest(m, &m->user_defined, text);
        const size_t size = users ? users : td_sp_char_size(text);

        TD_TRY(add_found(m, (td_string){ text.data, size }, out));
        text = (td_string){ text.data + size, text.size - size };
    }
    return NULL;
}

td_status td_sp_split(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    if (!text.size) return NULL;
    switch (m->kind) {
    case TD_SP_BPE:
        return td_sp_split_by_merges(m, text, out);
    case TD_SP_WORD:
        return split_by_words(m, text, out);
    case TD_SP_CHAR:
        return split_by_characters(m, text, out);
    case TD_SP_UNIGRAM:
    default:
        return split_by_scores(m, text, out);
    }
}
