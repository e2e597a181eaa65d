/* SPDX-License-Identifier: Apache-2.0 */
/* turns.c -- see turns.h. */
#include "net/grpc/turns.h"

void td_turns_init(td_turns *t)
{
    *t = (td_turns){ 0 };
    td_mutex_init(&t->mu, TD_LOCK_leaf);
    td_cond_init(&t->called);
}

void td_turns_fini(td_turns *t)
{
    td_cond_fini(&t->called);
    td_mutex_fini(&t->mu);
}

bool td_turns_take(td_turns *t)
{
    return !atomic_exchange_explicit(&t->is_taken, true, memory_order_acquire);
}

void td_turns_leave(td_turns *t)
{
    atomic_store_explicit(&t->is_taken, false, memory_order_release);
}

/* Whoever has the turn, or is at work, comes back to take it: somebody always waits for events. */
void td_turns_rest(td_turns *t)
{
    td_mutex_lock(&t->mu);
    atomic_fetch_add_explicit(&t->resting, 1, memory_order_relaxed);
    while (!t->calls && !t->is_over)
        td_cond_wait(&t->called, &t->mu);
    if (t->calls) t->calls--;
    atomic_fetch_sub_explicit(&t->resting, 1, memory_order_relaxed);
    td_mutex_unlock(&t->mu);
}

void td_turns_call(td_turns *t)
{
    if (!atomic_load_explicit(&t->resting, memory_order_relaxed)) return;
    td_mutex_lock(&t->mu);
    if (t->calls < atomic_load_explicit(&t->resting, memory_order_relaxed)) {
        t->calls++;
        td_cond_signal(&t->called);
    }
    td_mutex_unlock(&t->mu);
}

void td_turns_end(td_turns *t)
{
    td_mutex_lock(&t->mu);
    t->is_over = true;
    td_cond_broadcast(&t->called);
    td_mutex_unlock(&t->mu);
}
