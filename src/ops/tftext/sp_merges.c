/* SPDX-License-Identifier: Apache-2.0 */
/* sp_merges.c -- pairs of neighbours become one piece, the pair of the best score first, the leftmost of those.
 *
 * Pieces that are not to be used are taken apart again, into the pair that last made one. */
#include <string.h>

#include "base/macros.h"
#include "device/stop.h"
#include "ops/strings.h"
#include "ops/tftext/sp_split.h"

/* A part of the text so far; size 0: the one before has it. */
typedef struct symbol {
    size_t begin, size;
    int32_t before, after; /* -1: the end */
    bool is_kept;          /* of the user: merges with nothing */
} symbol;

typedef struct pair {
    int32_t left, right;
    float score;
    size_t size;
} pair;

/* How an unused piece was made: open addressing by its number. */
typedef struct made {
    uint32_t id; /* + 1; 0: free */
    size_t left; /* bytes */
} made;

typedef struct merger {
    const td_sentencepieces *model;
    td_pieces *out;
    td_string text;
    symbol *symbols;
    size_t n;
    pair *heap;
    size_t n_pairs, pair_room;
    made *table; /* NULL: no such piece */
    size_t n_made, table_size;
} merger;

/* ---------------------------------------------------------------- pairs, the best first */

static bool is_better(const pair *a, const pair *b)
{
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void swap_pairs(pair *a, pair *b)
{
    const pair p = *a;

    *a = *b;
    *b = p;
}

static td_status push(merger *g, pair p)
{
    size_t i = g->n_pairs;

    TD_TRY(td_text_grow(g->out->call, g->n_pairs, sizeof *g->heap, &g->pair_room, &g->heap));
    g->heap[g->n_pairs++] = p;
    for (; i && is_better(&g->heap[i], &g->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap_pairs(&g->heap[i], &g->heap[(i - 1) / 2]);
    return NULL;
}

static pair pop(merger *g)
{
    const pair best = g->heap[0];

    g->heap[0] = g->heap[--g->n_pairs];
    for (size_t i = 0, child = 1; child < g->n_pairs; i = child, child = 2 * i + 1) {
        if (child + 1 < g->n_pairs && is_better(&g->heap[child + 1], &g->heap[child])) child++;
        if (!is_better(&g->heap[child], &g->heap[i])) break;
        swap_pairs(&g->heap[i], &g->heap[child]);
    }
    return best;
}

/* ---------------------------------------------------------------- unused pieces */

static made *slot_of(const merger *g, uint32_t id)
{
    size_t i = id * UINT32_C(2654435761) & (g->table_size - 1);

    while (g->table[i].id && g->table[i].id != id + 1)
        i = (i + 1) & (g->table_size - 1);
    return &g->table[i];
}

static td_status grow_table(merger *g)
{
    made *const old = g->table;
    const size_t n = g->table_size;

    g->table_size = n ? 2 * n : 64;
    TD_TRY(td_text_rooms(g->out->call, g->table_size, sizeof *g->table, &g->table));
    memset(g->table, 0, g->table_size * sizeof *g->table);
    for (size_t i = 0; i < n; i++)
        if (old[i].id) *slot_of(g, old[i].id - 1) = old[i];
    return NULL;
}

static td_status remember(merger *g, uint32_t id, size_t left)
{
    if (2 * (g->n_made + 1) > g->table_size) TD_TRY(grow_table(g));
    made *const s = slot_of(g, id);

    g->n_made += s->id == 0;
    *s = (made){ id + 1, left };
    return NULL;
}

/* ---------------------------------------------------------------- merging */

/* Pieces that texts may hold, only. */
static bool find_piece(const td_sentencepieces *m, td_string text, uint32_t *id)
{
    td_sp_search s = td_sp_search_in(m, &m->in_texts);

    for (size_t i = 0; i < text.size; i++)
        if (!td_sp_search_next(&s, text.data[i])) return false;
    return td_sp_search_found(&s, id);
}

static td_status offer(merger *g, int32_t left, int32_t right)
{
    if (left < 0 || right < 0) return NULL;
    const symbol *const a = &g->symbols[left], *const b = &g->symbols[right];
    const td_string text = { g->text.data + a->begin, a->size + b->size };
    uint32_t id;

    if (a->is_kept || b->is_kept || !find_piece(g->model, text, &id)) return NULL;
    if (g->model->pieces[id].type == TD_SP_UNUSED) TD_TRY(remember(g, id, a->size));
    return push(g, (pair){ left, right, g->model->pieces[id].score, text.size });
}

static td_status take_apart(merger *g)
{
    size_t room = 0;

    for (size_t at = 0; at < g->text.size; g->n++) {
        const td_string rest = { g->text.data + at, g->text.size - at };
        const size_t users = td_sp_longest(g->model, &g->model->user_defined, rest);
        const size_t size = users ? users : td_sp_char_size(rest);

        TD_TRY(td_text_grow(g->out->call, g->n, sizeof *g->symbols, &room, &g->symbols));
        g->symbols[g->n] =
            (symbol){ at, size, (int32_t)g->n - 1, size < rest.size ? (int32_t)g->n + 1 : -1, users > 0 };
        at += size;
    }
    for (size_t i = 1; i < g->n; i++)
        TD_TRY(offer(g, (int32_t)i - 1, (int32_t)i));
    return NULL;
}

static td_status merge_best(merger *g)
{
    const pair p = pop(g);
    symbol *const a = &g->symbols[p.left], *const b = &g->symbols[p.right];

    if (!a->size || !b->size || a->size + b->size != p.size) return NULL; /* one of them is another by now */
    a->size += b->size;
    a->after = b->after;
    if (b->after >= 0) g->symbols[b->after].before = p.left;
    b->size = 0;
    TD_TRY(offer(g, a->before, p.left));
    return offer(g, p.left, a->after);
}

/* ---------------------------------------------------------------- what is left */

/* How many bytes of it the first of its two parts has; 0: it stays. */
static size_t split_of(const merger *g, uint32_t id)
{
    if (!g->table || g->model->pieces[id].type != TD_SP_UNUSED) return 0;
    return slot_of(g, id)->left;
}

/* Adds a symbol, or the parts that it was made of. Parts to come lie behind each other: their ends are enough. */
static td_status add_symbol(merger *g, td_string text)
{
    size_t *ends = NULL, n = 0, room = 0, begin = 0;

    TD_TRY(td_text_grow(g->out->call, n, sizeof *ends, &room, &ends));
    ends[n++] = text.size;
    while (n) {
        const td_string part = { text.data + begin, ends[n - 1] - begin };
        const uint32_t id = td_sentencepieces_find(g->model, part);
        const size_t left = split_of(g, id);

        if (left && left < part.size) {
            TD_TRY(td_text_grow(g->out->call, n, sizeof *ends, &room, &ends));
            ends[n++] = begin + left;
            continue;
        }
        TD_TRY(td_pieces_add(g->out, &(td_piece){ part, id, 0, 0 }));
        begin = ends[--n];
    }
    return NULL;
}

td_status td_sp_split_by_merges(const td_sentencepieces *m, td_string text, td_pieces *out)
{
    merger g = { .model = m, .out = out, .text = text };

    TD_TRY(take_apart(&g));
    while (g.n_pairs && !td_stop_asked())
        TD_TRY(merge_best(&g));
    for (int32_t i = 0; i >= 0; i = g.symbols[i].after)
        TD_TRY(add_symbol(&g, (td_string){ text.data + g.symbols[i].begin, g.symbols[i].size }));
    return NULL;
}
