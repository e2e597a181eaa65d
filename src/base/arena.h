/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h -- memory that is given back all at once: one per model, one per request.
 *
 * Blocks grow from 4 KiB; nothing moves. One thread at a time. */
#ifndef TD_BASE_ARENA_H
#define TD_BASE_ARENA_H

#include <stddef.h>

#include "base/macros.h"

typedef struct td_arena td_arena;

TD_NONNULL_RETURN td_arena *td_arena_make(void);
void td_arena_free(td_arena *a);                /* NULL is fine */
void td_arena_reset(td_arena *a);               /* forgets everything, keeps one block for the next use */
void td_arena_shrink(td_arena *a, size_t most); /* likewise, unless the block is larger than that */
size_t td_arena_held(const td_arena *a);        /* bytes it has of the heap */
size_t td_arena_used(const td_arena *a);        /* bytes handed out */

TD_NONNULL_RETURN void *td_arena_alloc(td_arena *a, size_t size); /* zeroed, 16-aligned */
void *td_arena_try_alloc(td_arena *a, size_t size, size_t align); /* not cleared; NULL without memory */
TD_NONNULL_RETURN char *td_arena_strdup(td_arena *a, const char *s);
TD_NONNULL_RETURN char *td_arena_strndup(td_arena *a, const char *s, size_t n); /* NUL-terminated */
TD_NONNULL_RETURN char *td_arena_format(td_arena *a, const char *fmt, ...) TD_PRINTF(2, 3);

#define TD_ARENA_NEW(a, type)      ((type *)td_arena_alloc((a), sizeof(type)))
#define TD_ARENA_NEW_N(a, type, n) ((type *)td_arena_alloc_array((a), (n), sizeof(type)))

TD_NONNULL_RETURN void *td_arena_alloc_array(td_arena *a, size_t n, size_t size); /* zeroed */

#endif
