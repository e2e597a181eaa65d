/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c -- see threads.h.
 *
 * 1. While something waits and fewer than `most` tasks are out, one of the tasks watches the clock, or is about
 *    to look for what is due.
 * 2. watched_ns is when the watcher will look by itself; who makes something due earlier wakes it.
 */
#include "batch/threads.h"

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "batch/batch.h"
#include "device/pool.h"
#include "exec/lane.h"

enum { MOST_THREADS = 1024 }; /* runs beyond wait for cores anyway */

struct td_batch_threads {
    td_pool *pool;
    size_t most;
    td_mutex mu;  /* guards all below, and every line */
    td_cond wake; /* of the watcher */
    size_t out;   /* tasks that are given to the pool, and have not ended */
    bool has_watcher;
    int64_t watched_ns;
    bool is_hurried;
    td_batch_line *ring; /* the one to be looked at next; NULL: nothing waits */
};

td_batch_threads *td_batch_threads_make(const char *name, size_t n)
{
    td_batch_threads *const t = TD_NEW(td_batch_threads);

    t->most = TD_MIN(n ? n : (size_t)td_lanes_cores(), (size_t)MOST_THREADS);
    t->pool = td_pool_make(name, (int)t->most, t->most);
    td_mutex_init(&t->mu, TD_LOCK_batch_threads);
    td_cond_init(&t->wake);
    return t;
}

void td_batch_threads_free(td_batch_threads *t)
{
    if (!t) return;
    td_pool_free(t->pool);
    td_cond_fini(&t->wake);
    td_mutex_fini(&t->mu);
    td_free(t);
}

/* ---- the ring ---- */

void td_batch_line_init(td_batch_line *l, const td_batching *rules,
                        void (*run)(td_batch_line *l, td_batch_group *g))
{
    td_waiting_init(&l->waiting, rules);
    l->run = run;
    l->next = l->prev = NULL;
}

/* Behind all others. */
static void link_locked(td_batch_threads *t, td_batch_line *l) TD_REQUIRES(t->mu)
{
    if (l->next) return;
    if (!t->ring) t->ring = l->next = l->prev = l;
    l->next = t->ring;
    l->prev = t->ring->prev;
    l->prev->next = l;
    l->next->prev = l;
}

static void unlink_locked(td_batch_threads *t, td_batch_line *l) TD_REQUIRES(t->mu)
{
    if (t->ring == l) t->ring = l->next == l ? NULL : l->next;
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->next = l->prev = NULL;
}

typedef struct work {
    td_batch_line *line;
    td_batch_group *group; /* to be run; NULL: none is due */
    td_batch_group over;   /* to be ended */
} work;

/* False: nothing is due. */
static bool take_locked(td_batch_threads *t, work *w) TD_REQUIRES(t->mu)
{
    const int64_t now = td_now_ns();
    const td_batch_line *const last = t->ring ? t->ring->prev : NULL;

    w->group = NULL;
    td_group_init(&w->over);
    for (bool is_more = last; is_more && !w->group && !w->over.n;) {
        td_batch_line *const l = w->line = t->ring;

        is_more = l != last;
        t->ring = l->next;
        w->group = td_waiting_take(&l->waiting, now, &w->over);
        if (!l->waiting.first) unlink_locked(t, l);
    }
    return w->group || w->over.n;
}

static int64_t due_locked(const td_batch_threads *t) TD_REQUIRES(t->mu)
{
    int64_t due = INT64_MAX;

    for (const td_batch_line *l = t->ring; l; l = l->next == t->ring ? NULL : l->next)
        due = TD_MIN(due, td_waiting_due(&l->waiting));
    return due;
}

/* ---- working ---- */

/* Nobody waits for them any more, or their time is over. */
static void end_over(td_batch_group *over)
{
    for (td_batch_call *c = over->first, *next; c; c = next) {
        next = c->next; /* c is its owner's once it is done */
        c->done(c, td_batch_is_unwanted(c)
                       ? TD_ERR(CANCELLED, "The call was cancelled")
                       : td_status_overload(TD_ERR(RESOURCE_EXHAUSTED,
                                                   "Run() timeout exceeded while waiting in batching queue"),
                                            0));
    }
}

static void work_off(void *threads);

/* Sees to it that somebody looks for what is due by then, if there is a thread left. False: there is none. */
static bool call_locked(td_batch_threads *t, int64_t due_ns) TD_REQUIRES(t->mu)
{
    if (t->has_watcher) {
        if (due_ns < t->watched_ns) td_cond_signal(&t->wake);
        return true;
    }
    if (t->out >= t->most) return true; /* they look when they have ended a run */
    if (td_pool_submit(t->pool, work_off, t))
        t->out++;
    else if (!t->out)
        return false;
    return true;
}

/* Until the next batch is due, or earlier. False: somebody else sees to that, or nothing waits. */
static bool watch_locked(td_batch_threads *t) TD_REQUIRES(t->mu)
{
    if (t->has_watcher || !t->ring) return false;
    t->has_watcher = true;
    t->watched_ns = due_locked(t);
    td_cond_wait_until(&t->wake, &t->mu, t->watched_ns);
    t->has_watcher = false;
    return true;
}

static void work_off(void *threads)
{
    td_batch_threads *const t = threads;
    work w;

    td_mutex_lock(&t->mu);
    do {
        while (take_locked(t, &w)) {
            if (t->ring) (void)call_locked(t, due_locked(t)); /* inv. 1 */
            td_mutex_unlock(&t->mu);
            end_over(&w.over);
            if (w.group) w.line->run(w.line, w.group);
            td_mutex_lock(&t->mu);
        }
    } while (watch_locked(t));
    t->out--;
    td_mutex_unlock(&t->mu);
}

/* ---- coming ---- */

td_status td_batch_threads_submit(td_batch_threads *t, td_batch_line *l, td_batch_call *c)
{
    td_mutex_lock(&t->mu);
    const td_status refusal = td_waiting_push(&l->waiting, c, td_now_ns());
    bool has_thread = true;

    if (!refusal) {
        if (t->is_hurried) td_waiting_flush(&l->waiting);
        link_locked(t, l);
        has_thread = call_locked(t, td_waiting_due(&l->waiting));
        if (!has_thread) t->out++;
    }
    td_mutex_unlock(&t->mu);
    if (!has_thread) work_off(t); /* there is no thread to be had but this one */
    return refusal;
}

void td_batch_threads_hurry(td_batch_threads *t)
{
    if (!t) return;
    td_mutex_lock(&t->mu);
    t->is_hurried = true;
    for (td_batch_line *l = t->ring; l; l = l->next == t->ring ? NULL : l->next)
        td_waiting_flush(&l->waiting);
    if (t->ring) (void)call_locked(t, INT64_MIN);
    td_mutex_unlock(&t->mu);
}
