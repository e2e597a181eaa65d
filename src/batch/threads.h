/* SPDX-License-Identifier: Apache-2.0 */
/* threads.h -- the threads that run batches by TensorFlow Serving's rules: num_batch_threads at most, shared by all
 * models.
 *
 * A line is what waits for one signature. Lines whose batches wait are a ring; a thread takes the next batch that
 * is due, one line after the other. Where none is, one thread waits for the time of the next, and the others leave:
 * nobody looks again and again.
 */
#ifndef TD_BATCH_THREADS_H
#define TD_BATCH_THREADS_H

#include "batch/waiting.h"

typedef struct td_batch_line td_batch_line;
struct td_batch_line {
    td_batch_waiting waiting;
    /* On one of the threads: takes g, runs and ends its calls. With the last of them the line may go. */
    void (*run)(td_batch_line *l, td_batch_group *g);
    td_batch_line *next, *prev; /* in the ring; NULL: nothing waits */
};

/* name: seen in top and gdb. n: at most; 0: one per core. */
td_batch_threads *td_batch_threads_make(const char *name, size_t n);
void td_batch_threads_free(td_batch_threads *t); /* nothing may wait or run; NULL is fine */

void td_batch_line_init(td_batch_line *l, const td_batching *rules,
                        void (*run)(td_batch_line *l, td_batch_group *g));

/* c waits in l. UNAVAILABLE as td_waiting_push(); c is then as it was. Does not wait. Any thread. */
TD_MUST_USE td_status td_batch_threads_submit(td_batch_threads *t, td_batch_line *l, td_batch_call *c);

/* The end comes: from now on nothing waits for time to pass. */
void td_batch_threads_hurry(td_batch_threads *t);

#endif
