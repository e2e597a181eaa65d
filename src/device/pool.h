/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h -- threads for work that an event loop must not do itself: long runs, waits for a model that is
 * loading, loading itself.
 *
 * Threads start on demand, up to a limit, and end after some idle seconds. Tasks start in the
 * order in which they were submitted. Any thread may call anything, but td_pool_free() ends the
 * pool: no call may come after or beside it. */
#ifndef TD_DEVICE_POOL_H
#define TD_DEVICE_POOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct td_pool td_pool;

/* name: seen in top and gdb. max_threads below 1 is 1. max_queue: most tasks that wait for a thread. */
td_pool *td_pool_make(const char *name, int max_threads, size_t max_queue);
/* Queues fn(ctx). False when the queue is full, or no thread could be started at all: nothing was queued. */
bool td_pool_submit(td_pool *p, void (*fn)(void *ctx), void *ctx);
void td_pool_free(td_pool *p); /* finishes what is queued, joins; NULL is fine */

#endif
