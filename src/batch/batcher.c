/* SPDX-License-Identifier: Apache-2.0 */
/* batcher.c -- a queue for each signature, and the threads that work it off: see batcher.h. */
#include "batch/batcher.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "batch/batch.h"
#include "batch/queue.h"
#include "batch/ruled.h"
#include "exec/joint.h"
#include "exec/lane.h"

enum { DEFAULT_ROWS = 256, DEFAULT_WAITING = 1 << 16 };

typedef struct queue {
    td_batcher *owner;
    bool is_joined; /* its rows may share a run */
    td_mutex mu;    /* guards all below */
    td_batch_queue calls;
    int running; /* threads that work it off */
    bool is_held;
} queue;

struct td_batcher {
    /* The owner's, and one for each thread that works a queue off: the end of the last call may be the owner's, too. */
    atomic_size_t refs;
    td_ruled *ruled; /* NULL: what follows is used */
    td_session *session;
    td_batch_options options;
    int most_running;
    const td_signature *signatures;
    size_t n;
    queue *queues;
    atomic_bool is_held; /* one of its queues is, still */
};

td_batcher *td_batcher_make(td_session *session, const td_batch_options *options)
{
    td_batcher *const b = TD_NEW(td_batcher);

    atomic_init(&b->refs, 1);
    if (options->rules) {
        b->ruled = td_ruled_make(session, options->rules, options->threads);
        return b;
    }
    b->session = session;
    b->options = *options;
    if (!b->options.max_rows) b->options.max_rows = DEFAULT_ROWS;
    b->options.max_rows = TD_MIN(b->options.max_rows, (size_t)TD_BATCH_MOST_ROWS);
    if (!b->options.max_waiting) b->options.max_waiting = DEFAULT_WAITING;
    b->most_running = td_lanes_cores();
    b->signatures = td_joint_signatures(session, &b->n);
    b->queues = TD_NEW_N(queue, b->n);
    atomic_init(&b->is_held, options->hold > 0);
    for (size_t i = 0; i < b->n; i++) {
        queue *const q = &b->queues[i];
        const char *why_not; /* `show` tells */

        q->owner = b;
        q->is_joined = !b->options.is_off && td_session_is_batchable(session, &b->signatures[i], &why_not);
        td_queue_init(&q->calls);
        q->calls.max_rows = b->options.max_rows;
        q->calls.max_waiting = b->options.max_waiting;
        q->calls.most_running = b->most_running;
        q->calls.sizes.slo_ns = (double)options->slo_ns;
        q->is_held = b->options.hold > 0;
        td_mutex_init(&q->mu, TD_LOCK_batch_queue);
    }
    return b;
}

void td_batcher_free(td_batcher *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
    td_ruled_free(b->ruled);
    for (size_t i = 0; i < b->n; i++)
        td_mutex_fini(&b->queues[i].mu);
    td_free(b->queues);
    td_free(b);
}

static queue *queue_of(const td_batcher *b, const td_signature *sig)
{
    return &b->queues[sig - b->signatures];
}

/* ---- running ---- */

/* Their time came before their run did. */
static void end_all(td_batch_call *first, size_t n)
{
    const int64_t now_ns = td_now_ns();

    while (n--) {
        td_batch_call *const c = first;

        first = c->next; /* c is its owner's once it is done */
        c->done(c, td_queue_why_over(c, now_ns));
    }
}

static void run_each(queue *q, td_batch_call *first, size_t n)
{
    while (n--) {
        td_batch_call *const c = first;

        first = c->next;
        c->done(c, td_batch_run_one(q->owner->session, c));
    }
}

static void learn(queue *q, size_t rows, int64_t ns)
{
    td_mutex_lock(&q->mu);
    td_batch_sizes_learn(&q->calls.sizes, rows, ns);
    td_mutex_unlock(&q->mu);
}

static void learn_stopped(queue *q, size_t rows, int64_t ns)
{
    td_mutex_lock(&q->mu);
    td_batch_sizes_learn_stopped(&q->calls.sizes, rows, ns);
    td_mutex_unlock(&q->mu);
}

/* is_shared: others waited or ran meanwhile, so that what it takes is worth knowing. */
static void run_group(queue *q, const td_batch_list *g, bool is_shared)
{
    const size_t rows = g->n > 1 ? td_batch_full(g->rows) : g->rows;
    const int64_t start = td_now_ns();
    const td_status error = g->n > 1 ? td_batch_run(q->owner->session, g->first, g->n, rows)
                                     : td_batch_run_one(q->owner->session, g->first);

    const int64_t took = td_now_ns() - start;

    if (!error && is_shared && rows) learn(q, rows, took);
    if (td_status_code(error) == TD_DEADLINE_EXCEEDED && rows) learn_stopped(q, rows, took);
    if (!td_batch_end_all(g->first, g->n, error)) run_each(q, g->first, g->n);
}

/* Works the queue off, as one of its threads. */
static void work(queue *q)
{
    td_batcher *const b = q->owner;

    for (double expected_ns = 0.0;;) {
        td_batch_list g, over;

        td_mutex_lock(&q->mu);
        td_queue_ran(&q->calls, expected_ns);
        expected_ns = td_queue_take(&q->calls, td_now_ns(), &g, &over);
        const bool is_shared = q->running > 1 || q->calls.calls.n > 0, is_empty = !g.n && !over.n;
        if (is_empty) q->running--;
        td_mutex_unlock(&q->mu);
        if (is_empty) break;
        end_all(over.first, over.n);
        if (g.n) run_group(q, &g, is_shared);
    }
    td_batcher_free(b);
}

/* ---- coming ---- */

/* Whether this thread is to work the queue off. */
static bool start_locked(queue *q) TD_REQUIRES(q->mu)
{
    if (q->is_held && q->calls.calls.n < q->owner->options.hold) return false;
    if (q->is_held) atomic_store(&q->owner->is_held, false);
    q->is_held = false;
    if (q->running >= q->owner->most_running) return false;
    q->running++;
    atomic_fetch_add_explicit(&q->owner->refs, 1, memory_order_relaxed);
    return true;
}

bool td_batcher_is_strict(const td_batcher *b)
{
    return b->ruled || atomic_load_explicit(&b->is_held, memory_order_relaxed);
}

void td_batcher_submit(td_batcher *b, td_batch_call *c)
{
    if (b->ruled) {
        td_ruled_submit(b->ruled, c);
        return;
    }
    queue *const q = queue_of(b, c->sig);

    c->rows = q->is_joined ? td_batch_rows(c) : 0;
    if (!c->rows) c->expected_ns = (double)td_session_expect(b->session, c->sig, c->in);
    td_mutex_lock(&q->mu);
    const bool has_to_wait = q->is_held || q->running >= b->most_running;
    const td_status refusal = has_to_wait ? td_queue_refuse(&q->calls, c, td_now_ns()) : NULL;
    if (!refusal) td_queue_push(&q->calls, c);
    const bool is_worker = !refusal && start_locked(q);
    td_mutex_unlock(&q->mu);
    if (refusal)
        c->done(c, refusal);
    else if (is_worker)
        work(q);
}

/* ---- gathered calls ---- */

bool td_batcher_joins(const td_batcher *b, const td_signature *sig)
{
    return !td_batcher_is_strict(b) && queue_of(b, sig)->is_joined;
}

td_session *td_batcher_session(const td_batcher *b)
{
    return b->session;
}

size_t td_batcher_goal(td_batcher *b, const td_batch_call *c, size_t rows)
{
    queue *const q = queue_of(b, c->sig);

    td_mutex_lock(&q->mu);
    const size_t goal = td_queue_goal(&q->calls, c, rows);
    td_mutex_unlock(&q->mu);
    return goal;
}

void td_batcher_learn(td_batcher *b, const td_signature *sig, size_t rows, int64_t ns)
{
    learn(queue_of(b, sig), rows, ns);
}
