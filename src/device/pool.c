/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c -- a ring of tasks, and workers that come and go.
 *
 * A worker is a slot: free, running, or over (its thread has left its loop and can be joined without a wait
 * worth naming). Slots that are over are joined when they are needed again, or at the end.
 */
#include "device/pool.h"

#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/thread.h"

enum { POOL_FIRST_RING = 16 };
static const int64_t POOL_IDLE_NS = INT64_C(10) * 1000 * 1000 * 1000;

typedef struct task {
    void (*fn)(void *ctx);
    void *ctx;
} task;

typedef enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_OVER } slot_state;

typedef struct slot {
    td_pool *pool;
    pthread_t thread;
    slot_state state;
} slot;

struct td_pool {
    char *name;
    td_mutex mu;  /* guards all below */
    td_cond work; /* a task came, or the end */
    task *ring;
    size_t first, count, capacity, max_queue;
    slot *slots;
    size_t max_threads, running, idle;
    bool is_ending;
};

td_pool *td_pool_make(const char *name, int max_threads, size_t max_queue)
{
    td_pool *const p = TD_NEW(td_pool);

    p->name = td_strdup(name);
    td_mutex_init(&p->mu, TD_LOCK_leaf);
    td_cond_init(&p->work);
    p->max_queue = TD_MAX(max_queue, (size_t)1);
    p->capacity = TD_MIN(p->max_queue, (size_t)POOL_FIRST_RING);
    p->ring = TD_NEW_N(task, p->capacity);
    p->max_threads = (size_t)TD_MAX(max_threads, 1);
    p->slots = TD_NEW_N(slot, p->max_threads);
    return p;
}

static void grow_ring(td_pool *p)
{
    const size_t capacity = TD_MIN(p->capacity * 2, p->max_queue);
    task *const ring = TD_NEW_N(task, capacity);

    for (size_t i = 0; i < p->count; i++)
        ring[i] = p->ring[(p->first + i) % p->capacity];
    td_free(p->ring);
    p->ring = ring;
    p->capacity = capacity;
    p->first = 0;
}

static void push_task(td_pool *p, task t)
{
    if (p->count == p->capacity) grow_ring(p);
    p->ring[(p->first + p->count++) % p->capacity] = t;
}

static task pop_task(td_pool *p)
{
    const task t = p->ring[p->first];

    p->first = (p->first + 1) % p->capacity;
    p->count--;
    return t;
}

/* Waits for a task. False: none came for long, or the pool ends. */
static bool await_task_locked(td_pool *p) TD_REQUIRES(p->mu);

static bool await_task_locked(td_pool *p)
{
    const int64_t until = td_now_ns() + POOL_IDLE_NS;
    bool is_in_time = true;

    p->idle++;
    while (!p->count && !p->is_ending && is_in_time)
        is_in_time = td_cond_wait_until(&p->work, &p->mu, until);
    p->idle--;
    return p->count != 0;
}

static void *work_loop(void *arg)
{
    slot *const s = arg;
    td_pool *const p = s->pool;

    td_mutex_lock(&p->mu);
    while (await_task_locked(p)) {
        const task t = pop_task(p);

        td_mutex_unlock(&p->mu);
        t.fn(t.ctx);
        td_mutex_lock(&p->mu);
    }
    p->running--;
    s->state = SLOT_OVER;
    td_mutex_unlock(&p->mu);
    return NULL;
}

/* True when a worker more is running. */
static bool start_worker_locked(td_pool *p)
{
    slot *s = p->slots;

    while (s->state == SLOT_RUNNING)
        s++; /* there is another one: running < max_threads */
    if (s->state == SLOT_OVER) pthread_join(s->thread, NULL);
    s->pool = p;
    s->state = SLOT_FREE;
    const td_status status = td_thread_start(&s->thread, p->name, work_loop, s);
    if (status) {
        td_status_free(status); /* the others will do the work; without others, submit says false */
        return false;
    }
    s->state = SLOT_RUNNING;
    p->running++;
    return true;
}

bool td_pool_submit(td_pool *p, void (*fn)(void *ctx), void *ctx)
{
    td_mutex_lock(&p->mu);
    bool is_taken = p->count < p->max_queue && !p->is_ending;

    if (is_taken && p->idle <= p->count && p->running < p->max_threads)
        is_taken = start_worker_locked(p) || p->running;
    if (is_taken) push_task(p, (task){ fn, ctx });
    td_mutex_unlock(&p->mu);
    if (is_taken) td_cond_signal(&p->work); /* who wakes up finds the lock free */
    return is_taken;
}

/* No submit is left that could fill a free slot. */
static void join_slot(td_pool *p, slot *s)
{
    td_mutex_lock(&p->mu);
    const bool was_started = s->state != SLOT_FREE;

    td_mutex_unlock(&p->mu);
    if (was_started) pthread_join(s->thread, NULL);
}

void td_pool_free(td_pool *p)
{
    if (!p) return;
    td_mutex_lock(&p->mu);
    p->is_ending = true;
    td_cond_broadcast(&p->work);
    td_mutex_unlock(&p->mu);
    for (size_t i = 0; i < p->max_threads; i++)
        join_slot(p, &p->slots[i]);
    td_cond_fini(&p->work);
    td_mutex_fini(&p->mu);
    td_free(p->slots);
    td_free(p->ring);
    td_free(p->name);
    td_free(p);
}
