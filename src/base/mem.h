/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h -- the heap. Sizes that a client or a model controls go through td_try_alloc() and become a status;
 * the rest is small bookkeeping, for which running out of memory ends the process with a message. */
#ifndef TD_BASE_MEM_H
#define TD_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

TD_NONNULL_RETURN void *td_alloc(size_t size);               /* zeroed */
TD_NONNULL_RETURN void *td_realloc(void *p, size_t size);    /* new bytes are not cleared */
TD_NONNULL_RETURN char *td_strdup(const char *s);            /* a copy */
TD_NONNULL_RETURN char *td_strndup(const char *s, size_t n); /* NUL-terminated */
void *td_try_alloc(size_t size, size_t align); /* not cleared; NULL without memory; td_free() it */
void *td_try_realloc(void *p, size_t size);    /* not cleared; NULL without memory: p stays as it was */
/* Pages straight from the system and straight back to it, for what is large and must not stay in the heap when it is
 * freed; huge ones for what is very large. Page-aligned (64-byte under sanitizers), not to be taken for cleared; NULL
 * without memory. No meter counts them: they are lent. */
void *td_try_pages(size_t size);
void td_free_pages(void *p, size_t size); /* size as it was asked for; NULL is fine */
/* A buffer that grows (p NULL, size 0: at first): in the heap while it is small, then in pages, which are moved and not copied.
 * NULL without memory: p stays as it was. */
void *td_try_grow(void *p, size_t size, size_t new_size);
void td_free_grown(void *p, size_t size);       /* size as it was asked for last; NULL is fine */
void *td_heap_alloc(size_t size, size_t align); /* td_try_alloc() that no test has failed on purpose */
void *td_heap_pages(size_t size);               /* td_try_pages(), likewise */
void td_free(void *p);                          /* NULL is fine */
TD_NONNULL_RETURN char *td_format(const char *fmt, ...) TD_PRINTF(1, 2); /* a new string */

bool td_mem_is_watched(void); /* by a sanitizer, piece by piece */

/* Bytes that this process may have: the machine's, or its control group's. Reads files. */
size_t td_memory_limit(void);

/* Gives free memory back to the system: after something big came or went,
 * on a thread that may take its time. */
void td_heap_trim(void);
size_t td_heap_holes(void); /* bytes that are free inside of it, given back or not; 0: not known */

#define TD_NEW(type)      ((type *)td_alloc(sizeof(type)))
#define TD_NEW_N(type, n) ((type *)td_alloc_array((n), sizeof(type)))

TD_NONNULL_RETURN void *td_alloc_array(size_t n, size_t size); /* zeroed; not NULL for n = 0 either */

#endif
