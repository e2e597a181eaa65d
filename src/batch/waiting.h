/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.h -- the batches of one signature that fill up and wait to be run, by TensorFlow Serving's rules.
 *
 *   closed, closed, ... | open | open | ...
 *
 * Of each shape of rows one batch is open: calls join it. It is due to run when it is full or its oldest call has
 * waited for batch_timeout_micros. A call that does not fit closes it and opens the next; a closed one is due. So
 * many as max_enqueued_batches may wait for a thread, and so many shapes for their time.
 *
 * Knows neither clock nor threads: it is told the time, and its owner's lock guards it.
 */
#ifndef TD_BATCH_WAITING_H
#define TD_BATCH_WAITING_H

#include "batch/batcher.h"
#include "config/batching.h"

typedef struct td_batch_group td_batch_group;
struct td_batch_group {
    td_batch_group *next;
    td_batch_call *first, **last;
    size_t n, rows;
    size_t bytes;       /* of its calls' inputs, as they came */
    int64_t since_ns;   /* when the first call came */
    int64_t soonest_ns; /* the first deadline of its calls; INT64_MAX: none */
    bool is_closed;
};

typedef struct td_batch_waiting {
    const td_batching *rules;
    td_batch_group *first, **last; /* by age */
    size_t n_closed, n_open;
} td_batch_waiting;

void td_waiting_init(td_batch_waiting *w, const td_batching *rules);

/* c, which the rules have admitted, waits from now on, whole or in parts. UNAVAILABLE: there is no room. */
TD_MUST_USE td_status td_waiting_push(td_batch_waiting *w, td_batch_call *c, int64_t now_ns);

/* The batch that is due and has waited longest (td_free() it), or NULL. Calls that nobody waits for any more, or
 * whose deadline has passed, are added to *over instead, whether their batch is due or not: from the first batches
 * up to the one that is returned. */
td_batch_group *td_waiting_take(td_batch_waiting *w, int64_t now_ns, td_batch_group *over);

/* All that waits is due. */
void td_waiting_flush(td_batch_waiting *w);

/* When td_waiting_take() will have something. INT64_MAX: nothing waits. */
int64_t td_waiting_due(const td_batch_waiting *w);

void td_group_init(td_batch_group *g); /* an empty one, outside of any queue */

#endif
