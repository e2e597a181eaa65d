/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sentencepieces.c -- any bytes as a model of SentencePiece: the places of pieces lie in the text, in order, and
 * pieces make a text again.
 *
 * The first byte says how many bytes of text follow; the rest is the model. */
#include "base/arena.h"
#include "base/macros.h"
#include "driver.h"
#include "ops/tftext/sentencepieces.h"

static void check_pieces(const td_sentencepieces *m, const td_pieces *p, td_string text)
{
    int64_t before = 0;

    for (size_t i = 0; i < p->n; i++) {
        TD_ASSERT(p->items[i].id >= 0 && p->items[i].id < (int64_t)m->n);
        TD_ASSERT(p->items[i].begin >= before && p->items[i].begin <= p->items[i].end);
        before = p->items[i].begin;
        TD_ASSERT(p->items[i].end <= (int64_t)text.size);
    }
}

static void try_text(const td_sentencepieces *m, td_string text, td_arena *arena)
{
    td_call call = { .node = "fuzz", .arena = arena };
    td_pieces p = { .call = &call };
    td_string back;

    if (!fuzz_end(td_sp_encode(m, text, &(td_sp_options){ 0 }, &p))) return;
    check_pieces(m, &p, text);
    (void)fuzz_end(td_sp_decode(m, &p, &(td_sp_options){ .adds_bos = true, .reverses = true }, &back));
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const td_sentencepieces *m;

    if (size < 1 || (size_t)data[0] + 1 > size) return;
    const td_string text = { (const char *)data + 1, data[0] };
    const td_string bytes = { (const char *)data + 1 + text.size, size - 1 - text.size };
    td_arena *const arena = td_arena_make();

    if (fuzz_end(td_sentencepieces_open(bytes, arena, &m))) try_text(m, text, arena);
    td_arena_free(arena);
}
