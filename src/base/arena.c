/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c -- a chain of blocks, filled from the bottom.
 *
 *   newest block          older blocks (full, or too small for a later request)
 *   [head|used....|free] -> [head|used......] -> NULL
 *
 * Blocks double from 4 KiB up to 1 MiB; a request that does not fit makes a block at least its own size.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mem_fault.h"
#include "base/mem_forbid.h"
#include "base/mem_meter.h"
#include "base/size.h"

enum {
    ARENA_FIRST = 4 << 10,
    ARENA_GROW_MAX = 1 << 20, /* doubling stops here */
    ARENA_KEEP_MAX = 8 << 20, /* a reset gives larger blocks back */
    ARENA_PAGES = 1 << 20,    /* blocks that large lie in pages of their own, unless they are to be counted */
    ARENA_ALIGN = 16,
};

typedef struct arena_block {
    struct arena_block *older;
    size_t size; /* with this head */
    bool has_pages;
} arena_block;

struct td_arena {
    unsigned char *at, *end; /* the free part of the newest block */
    arena_block *newest;
    size_t next_size;
    size_t closed; /* bytes used in older blocks */
};

td_arena *td_arena_make(void)
{
    td_arena *const a = TD_NEW(td_arena);

    a->next_size = ARENA_FIRST;
    return a;
}

static unsigned char *block_start(arena_block *b)
{
    return (unsigned char *)(b + 1);
}

static arena_block *make_block(size_t size)
{
    const bool has_pages = size >= ARENA_PAGES && !td_mem_meter_is_on();
    arena_block *const b = has_pages ? td_heap_pages(size) : td_heap_alloc(size, _Alignof(arena_block));

    if (b) *b = (arena_block){ .size = size, .has_pages = has_pages };
    return b;
}

static void free_block(arena_block *b)
{
    if (b && b->has_pages)
        td_free_pages(b, b->size);
    else
        td_free(b);
}

static void free_chain(arena_block *b)
{
    while (b) {
        arena_block *const older = b->older;

        free_block(b);
        b = older;
    }
}

void td_arena_free(td_arena *a)
{
    if (!a) return;
    free_chain(a->newest);
    td_free(a);
}

static void open_block(td_arena *a, arena_block *b)
{
    a->newest = b;
    a->at = block_start(b);
    a->end = (unsigned char *)b + b->size;
}

/* Keeps the largest block that is not too large: the next request is likely to be as big as this one. */
void td_arena_shrink(td_arena *a, size_t most)
{
    arena_block *keep = NULL, *b = a->newest;

    while (b) {
        arena_block *const older = b->older;

        if (b->size <= most && (!keep || b->size > keep->size)) {
            free_block(keep);
            keep = b;
        } else {
            free_block(b);
        }
        b = older;
    }
    a->newest = NULL;
    a->at = a->end = NULL;
    a->closed = 0;
    if (keep) {
        keep->older = NULL;
        open_block(a, keep);
    }
}

void td_arena_reset(td_arena *a)
{
    td_arena_shrink(a, ARENA_KEEP_MAX);
}

size_t td_arena_held(const td_arena *a)
{
    size_t bytes = sizeof *a;

    for (const arena_block *b = a->newest; b; b = b->older)
        bytes += b->size;
    return bytes;
}

size_t td_arena_used(const td_arena *a)
{
    return a->closed + (a->newest ? (size_t)(a->at - block_start(a->newest)) : 0);
}

/* A new block with room for size bytes at any address that is a multiple of align. */
static bool grow(td_arena *a, size_t size, size_t align)
{
    size_t want;

    if (!td_add_size(size, align + sizeof(arena_block), &want)) return false;
    const size_t block_size = TD_MAX(want, a->next_size);
    const bool was_forbidden = td_mem_forbid(false);
    arena_block *const b = make_block(block_size);
    (void)td_mem_forbid(was_forbidden);

    if (!b) return false;
    if (a->next_size < ARENA_GROW_MAX) a->next_size *= 2;
    a->closed = td_arena_used(a);
    b->older = a->newest;
    open_block(a, b);
    return true;
}

/* NULL without memory. */
static void *place(td_arena *a, size_t size, size_t align)
{
    TD_ASSERT(align && !(align & (align - 1)));
    for (;;) {
        const size_t pad = (size_t) - (uintptr_t)a->at & (align - 1);
        const size_t room = (size_t)(a->end - a->at);

        if (TD_LIKELY(a->newest && pad <= room && size <= room - pad)) {
            unsigned char *const p = a->at + pad;

            a->at = p + size;
            return p;
        }
        if (!grow(a, size, align)) return NULL;
    }
}

void *td_arena_try_alloc(td_arena *a, size_t size, size_t align)
{
    return td_mem_fault(size) || td_mem_meter_refuses(size) ? NULL : place(a, size, align);
}

static void *must_alloc(td_arena *a, size_t size, size_t align)
{
    void *const p = place(a, size, align);

    if (TD_UNLIKELY(!p)) {
        fprintf(stderr, "tensord: out of memory: %zu bytes for an arena\n", size);
        abort();
    }
    return p;
}

void *td_arena_alloc(td_arena *a, size_t size)
{
    return memset(must_alloc(a, size, ARENA_ALIGN), 0, size);
}

void *td_arena_alloc_array(td_arena *a, size_t n, size_t size)
{
    size_t bytes;

    return td_arena_alloc(a, td_mul_size(n, size, &bytes) ? bytes : SIZE_MAX);
}

char *td_arena_strndup(td_arena *a, const char *s, size_t n)
{
    size_t bytes;
    char *const copy = must_alloc(a, td_add_size(n, 1, &bytes) ? bytes : SIZE_MAX, 1);

    if (n) memcpy(copy, s, n);
    copy[n] = 0;
    return copy;
}

char *td_arena_strdup(td_arena *a, const char *s)
{
    return td_arena_strndup(a, s, strlen(s));
}

char *td_arena_format(td_arena *a, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    TD_ASSERT(n >= 0);

    char *const text = must_alloc(a, (size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}
