/* pool.h -- threads for work that an event loop must not do itself: long runs, waits for a model that is
 * loading.
 *
 * Threads start on demand, up to a limit, and end after some idle seconds. */
#ifndef TD_DEVICE_POOL_H
#define TD_DEVICE_POOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct td_pool td_pool;

td_pool *td_pool_make(const char *name, int max_threads, size_t max_queue);
/* Queues fn(ctx). False when the queue is full: nothing was queued. */
bool td_pool_submit(td_pool *p, void (*fn)(void *ctx), void *ctx);
size_t td_pool_queued(const td_pool *p);
void td_pool_free(td_pool *p); /* finishes what is queued, joins; NULL is fine */

#endif
