/* SPDX-License-Identifier: Apache-2.0 */
/* mutex.c -- pthread locks; in debug builds every thread keeps a list of the locks it holds. */
#include "base/mutex.h"

#include <errno.h>
#include <time.h>

/* The functions below are the locks: what they do inside is not for the analysis. */
#if defined(__clang__)
#define UNCHECKED __attribute__((no_thread_safety_analysis))
#else
#define UNCHECKED
#endif

enum { NS_PER_S = 1000000000 };

#if defined(TD_DEBUG)

typedef struct held_lock {
    const void *lock;
    td_lock_rank rank;
} held_lock;

static _Thread_local held_lock held[TD_LOCK_COUNT]; /* ranks rise, so no thread can hold more */
static _Thread_local int n_held;

static void note_lock(const void *lock, td_lock_rank rank)
{
    for (int i = 0; i < n_held; i++)
        TD_ASSERT(held[i].rank < rank); /* locks.inc gives the order */
    held[n_held++] = (held_lock){ lock, rank };
}

static void note_unlock(const void *lock)
{
    int i = 0;

    while (i < n_held && held[i].lock != lock)
        i++;
    TD_ASSERT(i < n_held);
    for (n_held--; i < n_held; i++)
        held[i] = held[i + 1];
}

void td_mutex_assert_held(const td_mutex *m)
{
    for (int i = 0; i < n_held; i++)
        if (held[i].lock == m) return;
    td_assert_failed("mutex is held", __FILE__, __LINE__);
}

#else

static void note_lock(const void *lock, td_lock_rank rank)
{
    (void)lock;
    (void)rank;
}

static void note_unlock(const void *lock)
{
    (void)lock;
}

void td_mutex_assert_held(const td_mutex *m)
{
    (void)m;
}

#endif

void td_mutex_init(td_mutex *m, td_lock_rank rank)
{
    TD_ASSERT(!pthread_mutex_init(&m->mu, NULL));
    m->rank = rank;
}

void td_mutex_fini(td_mutex *m)
{
    TD_ASSERT(!pthread_mutex_destroy(&m->mu));
}

UNCHECKED void td_mutex_lock(td_mutex *m)
{
    note_lock(m, m->rank); /* before: a deadlock is reported, not entered */
    TD_ASSERT(!pthread_mutex_lock(&m->mu));
}

UNCHECKED void td_mutex_unlock(td_mutex *m)
{
    note_unlock(m);
    TD_ASSERT(!pthread_mutex_unlock(&m->mu));
}

void td_rwlock_init(td_rwlock *l, td_lock_rank rank)
{
    TD_ASSERT(!pthread_rwlock_init(&l->rw, NULL));
    l->rank = rank;
}

void td_rwlock_fini(td_rwlock *l)
{
    TD_ASSERT(!pthread_rwlock_destroy(&l->rw));
}

UNCHECKED void td_rwlock_read(td_rwlock *l)
{
    note_lock(l, l->rank);
    TD_ASSERT(!pthread_rwlock_rdlock(&l->rw));
}

UNCHECKED void td_rwlock_write(td_rwlock *l)
{
    note_lock(l, l->rank);
    TD_ASSERT(!pthread_rwlock_wrlock(&l->rw));
}

UNCHECKED void td_rwlock_unlock(td_rwlock *l)
{
    note_unlock(l);
    TD_ASSERT(!pthread_rwlock_unlock(&l->rw));
}

void td_cond_init(td_cond *c)
{
    pthread_condattr_t attr;

    TD_ASSERT(!pthread_condattr_init(&attr));
    TD_ASSERT(!pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    TD_ASSERT(!pthread_cond_init(&c->cond, &attr));
    pthread_condattr_destroy(&attr);
}

void td_cond_fini(td_cond *c)
{
    TD_ASSERT(!pthread_cond_destroy(&c->cond));
}

void td_cond_wait(td_cond *c, td_mutex *m)
{
    td_mutex_assert_held(m);
    TD_ASSERT(!pthread_cond_wait(&c->cond, &m->mu));
}

bool td_cond_wait_until(td_cond *c, td_mutex *m, int64_t deadline_ns)
{
    const int64_t at = TD_MAX(deadline_ns, 0);
    const struct timespec t = { .tv_sec = at / NS_PER_S, .tv_nsec = at % NS_PER_S };

    td_mutex_assert_held(m);
    const int error = pthread_cond_timedwait(&c->cond, &m->mu, &t);
    TD_ASSERT(!error || error == ETIMEDOUT);
    return !error;
}

void td_cond_signal(td_cond *c)
{
    TD_ASSERT(!pthread_cond_signal(&c->cond));
}

void td_cond_broadcast(td_cond *c)
{
    TD_ASSERT(!pthread_cond_broadcast(&c->cond));
}
