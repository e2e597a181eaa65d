/* SPDX-License-Identifier: Apache-2.0 */
/* slabs.c -- blocks that are filled from their beginnings. Under sanitizers every piece is a block, so that they see who
 * leaves his own. */
#include "base/slabs.h"

#include <stdbool.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

enum { ALIGN = 64, SMALL_PIECE = 32 << 10, LEAST_BLOCK = 1 << 20 };

typedef struct block {
    unsigned char *data;
    size_t size, used;
    bool is_heap;
} block;

typedef struct piece {
    void *data;
    size_t size;
} piece;

void td_slabs_init(td_slabs *s)
{
    *s = (td_slabs){ .blocks = TD_VEC(block), .given = TD_VEC(piece) };
}

void td_slabs_fini(td_slabs *s)
{
    for (size_t i = 0; i < s->blocks.size; i++) {
        const block *const b = TD_VEC_AT(&s->blocks, block, i);

        if (b->is_heap)
            td_free(b->data);
        else
            td_free_pages(b->data, b->size);
    }
    td_vec_fini(&s->blocks);
    td_vec_fini(&s->given);
}

void td_slabs_expect(td_slabs *s, size_t bytes)
{
    s->expected = bytes;
}

static void *take_given(td_slabs *s, size_t size)
{
    for (size_t i = 0; i < s->given.size; i++) {
        piece *const p = TD_VEC_AT(&s->given, piece, i);
        void *const data = p->data;

        if (p->size != size) continue;
        *p = *(piece *)td_vec_pop(&s->given);
        return data;
    }
    return NULL;
}

/* What is small would waste most of a page or more. */
static void *take_alone(td_slabs *s, size_t size)
{
    void *const data = td_try_alloc(size, ALIGN);

    if (data) *(block *)td_vec_push(&s->blocks) = (block){ data, size, size, true };
    return data;
}

/* As large as is expected, or else by what was taken before: blocks double. */
static block *add_block(td_slabs *s, size_t size)
{
    const size_t wish = TD_MAX(s->expected, TD_MAX(s->total, (size_t)LEAST_BLOCK));
    block b = { .size = TD_MAX(wish, size) };

    b.data = td_try_pages(b.size);
    if (!b.data && b.size > size) b.data = td_try_pages(b.size = size);
    if (!b.data) return NULL;
    s->expected = 0;
    block *const at = td_vec_push(&s->blocks);

    *at = b;
    return at;
}

static block *find_block(td_slabs *s, size_t size)
{
    for (size_t i = s->blocks.size; i-- > 0;) {
        block *const b = TD_VEC_AT(&s->blocks, block, i);

        if (b->size - b->used >= size) return b;
    }
    return add_block(s, size);
}

void *td_slabs_take(td_slabs *s, size_t size)
{
    void *const old = take_given(s, size);
    size_t whole;

    if (old) return old;
    if (!td_add_size(size, ALIGN - 1, &whole)) return NULL;
    whole &= ~(size_t)(ALIGN - 1);
    if (td_mem_is_watched() || whole < SMALL_PIECE) return take_alone(s, size);
    block *const b = find_block(s, whole);

    if (!b) return NULL;
    void *const data = b->data + b->used;

    b->used += whole;
    s->total += whole;
    return data;
}

void td_slabs_give(td_slabs *s, void *p, size_t size)
{
    if (p) *(piece *)td_vec_push(&s->given) = (piece){ p, size };
}
