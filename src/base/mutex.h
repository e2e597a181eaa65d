/* SPDX-License-Identifier: Apache-2.0 */
/* mutex.h -- locks with a rank (locks.inc), and conditions whose time-outs are on td_now_ns()'s clock.
 *
 * Debug builds assert that ranks rise in every thread, so that no two threads can wait for each other, and
 * that "held" is true where it is claimed.
 */
#ifndef TD_BASE_MUTEX_H
#define TD_BASE_MUTEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

typedef enum td_lock_rank {
#define TD_LOCK(name, help) TD_LOCK_##name,
#include "base/locks.inc"
#undef TD_LOCK
    TD_LOCK_COUNT,
} td_lock_rank;

typedef struct TD_CAPABILITY("mutex") td_mutex {
    pthread_mutex_t mu;
    td_lock_rank rank;
} td_mutex;

/* For a mutex that is there before anything runs. */
#define TD_MUTEX_INIT(rank_name)                                                                             \
    {                                                                                                        \
        PTHREAD_MUTEX_INITIALIZER, TD_LOCK_##rank_name                                                       \
    }

/* Many readers or one writer. */
typedef struct TD_CAPABILITY("rwlock") td_rwlock {
    pthread_rwlock_t rw;
    td_lock_rank rank;
} td_rwlock;

typedef struct td_cond {
    pthread_cond_t cond;
} td_cond;

void td_mutex_init(td_mutex *m, td_lock_rank rank);
void td_mutex_fini(td_mutex *m);
void td_mutex_lock(td_mutex *m) TD_ACQUIRE(*m);
void td_mutex_unlock(td_mutex *m) TD_RELEASE(*m);
void td_mutex_assert_held(const td_mutex *m); /* by this thread; debug builds only */

void td_rwlock_init(td_rwlock *l, td_lock_rank rank);
void td_rwlock_fini(td_rwlock *l);
void td_rwlock_read(td_rwlock *l) TD_ACQUIRE_SHARED(*l);
void td_rwlock_write(td_rwlock *l) TD_ACQUIRE(*l);
void td_rwlock_unlock(td_rwlock *l) TD_RELEASE_ANY(*l);

void td_cond_init(td_cond *c);
void td_cond_fini(td_cond *c);
void td_cond_wait(td_cond *c, td_mutex *m) TD_REQUIRES(*m); /* may wake up for no reason */
/* false: deadline_ns (td_now_ns() time) has passed. */
bool td_cond_wait_until(td_cond *c, td_mutex *m, int64_t deadline_ns) TD_REQUIRES(*m);
void td_cond_signal(td_cond *c);
void td_cond_broadcast(td_cond *c);

#endif
