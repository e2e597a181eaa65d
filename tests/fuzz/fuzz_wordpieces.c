/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wordpieces.c -- any bytes as a model of word pieces: the pieces lie in the text, in order, and come to an end.
 *
 * The first byte says how many bytes of text follow; the rest is the model. */
#include "base/arena.h"
#include "base/macros.h"
#include "driver.h"
#include "ops/tftext/wordpieces.h"

static void check_pieces(const td_pieces *p, td_string text)
{
    int64_t before = 0;

    TD_ASSERT(p->n <= text.size);
    for (size_t i = 0; i < p->n; i++) {
        TD_ASSERT(p->items[i].begin >= before && p->items[i].begin <= p->items[i].end);
        before = p->items[i].end;
    }
    TD_ASSERT(before <= (int64_t)text.size);
}

static void split(const td_wordpieces *m, td_string text)
{
    td_arena *const arena = td_arena_make();
    td_call call = { .node = "fuzz", .arena = arena };
    td_pieces p = { .call = &call };

    if (fuzz_end(td_wordpieces_split(m, text, &p))) check_pieces(&p, text);
    td_arena_free(arena);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_wordpieces m;

    if (size < 1 || (size_t)data[0] + 1 > size) return;
    const td_string text = { (const char *)data + 1, data[0] };

    if (fuzz_end(td_wordpieces_open(data + 1 + text.size, size - 1 - text.size, &m))) split(&m, text);
}
