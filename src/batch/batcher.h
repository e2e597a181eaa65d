/* SPDX-License-Identifier: Apache-2.0 */
/* batcher.h -- joins calls of one session that wait for the same thing.
 *
 * An idle model runs a call at once, on the caller's thread. While as many runs are going on as there are cores, calls
 * wait; a thread that has ended a run takes what waits by then as its next one, as many rows as are worth it
 * (sizes.h). Nothing waits for time to pass, so that nobody is slower for it.
 *
 * Only signatures whose rows do not know of each other are joined (td_session_is_batchable()), and calls whose rows have
 * the same shape. When a joined run fails its calls are run one by one: one bad request fails alone.
 *
 * Who gives it TensorFlow Serving's rules gets these instead: ruled.h.
 */
#ifndef TD_BATCH_BATCHER_H
#define TD_BATCH_BATCHER_H

#include "tensord/session.h"

#include "config/batching.h"
#include "obs/trace.h"

typedef struct td_batcher td_batcher;
typedef struct td_batch td_batch;
typedef struct td_batch_call td_batch_call;
typedef struct td_batch_threads td_batch_threads; /* batch/threads.h */

typedef struct td_batch_options {
    bool is_off;        /* no two calls share a run */
    size_t max_rows;    /* of a run; 0: 256 */
    size_t max_waiting; /* calls of a signature; 0: 65536 */
    int64_t slo_ns; /* runs are so short that a call which waits for one takes no longer; 0: nobody asks */
    size_t hold;    /* tests: nothing runs until so many calls wait; 0: no such thing */

    const td_batching *rules;  /* copied; nothing of the above counts then. NULL: none */
    td_batch_threads *threads; /* that run batches by rules */
} td_batch_options;

/* The caller's, untouched by it until done(). */
struct td_batch_call {
    const td_signature *sig;
    const td_tensor *in; /* sig->n_inputs, as td_session_run() takes them; until td_batch_call_close() */
    const size_t *want;
    size_t n_want;
    td_run_options options; /* but for trace */
    bool is_traced;         /* its client asks where the time of its run goes: td_batch_call_trace() */
    td_tensor *out;         /* n_want: views of the results, until td_batch_call_close() */
    /* Its run begins, maybe once more; on whatever thread. NULL: nobody asks. */
    void (*began)(td_batch_call *c);
    /* It is over: out is filled, or error says why not (takes it). On whatever thread; others may wait for it to
     * return. */
    void (*done)(td_batch_call *c, td_status error);
    /* Gathered calls (gather.h): it is not to run on this thread, and is the caller's again. */
    void (*elsewhere)(td_batch_call *c);

    /* What came of it. */
    int64_t began_ns, ended_ns; /* of the run; 0: there was none */
    size_t joined_rows;         /* of the run, all calls together; 0: not known */
    bool is_lead;               /* the first call of its run */

    /* The batcher's. */
    td_batch_call *next;
    td_batcher *batcher; /* of gathered ones */
    size_t rows;         /* 0: it runs alone */
    double expected_ns;  /* its part of a run's time; 0: not known */
    int64_t came_ns;     /* to wait, by rules */
    td_result *result;   /* one of them holds out */
    td_trace *trace;     /* of a run of its own */
    td_batch *batch;
    struct td_split *split;
};

/* session is borrowed. */
td_batcher *td_batcher_make(td_session *session, const td_batch_options *options);
void td_batcher_free(td_batcher *b); /* no call may be under way; NULL is fine */

/* Runs c, now or later: done() may have been called on return. The thread may be kept for as long as calls come
 * behind one another. Calls whose deadline cannot be met behind those that wait end at once with
 * RESOURCE_EXHAUSTED, and so do those for whom there is no room. */
void td_batcher_submit(td_batcher *b, td_batch_call *c);
/* Gives back what holds c->out. Once for each call that was submitted, after done(). */
void td_batch_call_close(td_batch_call *c);

/* Of the run that answered it, which others may have had a part in; until td_batch_call_close(). NULL: there is none. */
const td_trace *td_batch_call_trace(const td_batch_call *c);

/* Must all calls come here, the shortest, too? It waits for options.hold, or has rules. */
bool td_batcher_is_strict(const td_batcher *b);

/* For calls that are run without being submitted (gather.h). Are calls of sig joined, when nothing else is said? */
bool td_batcher_joins(const td_batcher *b, const td_signature *sig);
td_session *td_batcher_session(const td_batcher *b);
/* The rows that are worth a run, of so many that there are, c's among them. */
size_t td_batcher_goal(td_batcher *b, const td_batch_call *c, size_t rows);
/* A run of so many rows took ns, while there were others. */
void td_batcher_learn(td_batcher *b, const td_signature *sig, size_t rows, int64_t ns);

#endif
