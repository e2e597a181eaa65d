/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h -- the calls of one signature that wait for a run, and which of them are run next.
 *
 * Who could not be in time is not let in; whose time has become too short while it waited is not run, as long as
 * others can use the core. So beyond capacity the cores still work for answers that somebody gets. It goes by what runs
 * have taken (sizes.h), and where nothing is known all are let in and run.
 *
 * Knows neither clock nor threads: it is told the time, and its owner's lock guards it.
 */
#ifndef TD_BATCH_QUEUE_H
#define TD_BATCH_QUEUE_H

#include "batch/batcher.h"
#include "batch/sizes.h"

/* Calls in the order in which they came. */
typedef struct td_batch_list {
    td_batch_call *first, **last;
    size_t n, rows;
} td_batch_list;

void td_batch_list_init(td_batch_list *l);
void td_batch_list_add(td_batch_list *l, td_batch_call *c);

typedef struct td_batch_queue {
    size_t max_rows, max_waiting; /* of a run; calls: the owner's to set */
    int most_running;             /* runs at the same time */
    td_batch_list calls;
    double waiting_ns,
        running_ns; /* core time that those which wait, and those which run, are expected to take */
    td_batch_sizes sizes;
} td_batch_queue;

void td_queue_init(td_batch_queue *q);

/* Why there is no use in letting c wait, with rows and expected_ns set, behind all others; NULL: there is. */
TD_MUST_USE td_status td_queue_refuse(const td_batch_queue *q, const td_batch_call *c, int64_t now_ns);
void td_queue_push(td_batch_queue *q, td_batch_call *c);

/* -> run: those to be run together now, the first that waits and those like it, up to the rows that are worth a run; none
 * when none waits. -> over: those that need no run any more, or would not be in time. What the run is expected to take
 * counts until td_queue_ran() is told the same. */
double td_queue_take(td_batch_queue *q, int64_t now_ns, td_batch_list *run, td_batch_list *over);
void td_queue_ran(td_batch_queue *q, double expected_ns);
/* Why c came to be over. */
td_status td_queue_why_over(const td_batch_call *c, int64_t now_ns);

/* The rows of the next run, which begins with c, when so many wait in all. */
size_t td_queue_goal(td_batch_queue *q, const td_batch_call *c, size_t rows);

#endif
