/* SPDX-License-Identifier: Apache-2.0 */
/* turns.c -- see turns.h. */
#include "net/grpc/turns.h"

#include "base/clock.h"

/* Between the guard's looks, while there are calls and while there are none. */
enum { LOOK_NS = 10000000, LOOK_IDLE_NS = 200000000 };

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
    if (atomic_exchange_explicit(&t->is_taken, true, memory_order_acquire)) return false;
    atomic_fetch_add_explicit(&t->takes, 1, memory_order_relaxed); /* by whoever has the turn only */
    return true;
}

void td_turns_leave(td_turns *t)
{
    atomic_store_explicit(&t->is_taken, false, memory_order_release);
}

static bool is_called(const td_turns *t) TD_REQUIRES(t->mu)
{
    return t->calls > 0 || t->is_over;
}

/* Until called, or whoever had the turn has not come back to it since the last look. */
static void guard(td_turns *t) TD_REQUIRES(t->mu)
{
    int64_t pause_ns = LOOK_NS;

    while (!is_called(t)) {
        const unsigned takes = atomic_load_explicit(&t->takes, memory_order_relaxed);
        const int64_t until_ns = td_now_ns() + pause_ns;

        while (!is_called(t) && td_cond_wait_until(&t->called, &t->mu, until_ns))
            continue;
        const bool came = atomic_load_explicit(&t->takes, memory_order_relaxed) != takes;

        if (!came && !atomic_load_explicit(&t->is_taken, memory_order_relaxed)) return;
        pause_ns = came ? LOOK_NS : LOOK_IDLE_NS;
    }
}

static void wait_for_call(td_turns *t) TD_REQUIRES(t->mu)
{
    while (!is_called(t) && t->has_guard)
        td_cond_wait(&t->called, &t->mu);
    if (is_called(t)) return;
    t->has_guard = true;
    guard(t);
    t->has_guard = false;
    td_cond_signal(&t->called); /* the next guard, if another rests */
}

void td_turns_rest(td_turns *t)
{
    td_mutex_lock(&t->mu);
    atomic_fetch_add_explicit(&t->resting, 1, memory_order_relaxed);
    wait_for_call(t);
    if (t->calls) t->calls--;
    atomic_fetch_sub_explicit(&t->resting, 1, memory_order_relaxed);
    td_mutex_unlock(&t->mu);
}

void td_turns_call(td_turns *t)
{
    if (!atomic_load_explicit(&t->resting, memory_order_relaxed)) return;
    td_mutex_lock(&t->mu);
    const bool is_needed = t->calls < atomic_load_explicit(&t->resting, memory_order_relaxed);
    t->calls += is_needed;
    td_mutex_unlock(&t->mu);
    if (is_needed) td_cond_signal(&t->called); /* who wakes up finds the lock free */
}

void td_turns_end(td_turns *t)
{
    td_mutex_lock(&t->mu);
    t->is_over = true;
    td_cond_broadcast(&t->called);
    td_mutex_unlock(&t->mu);
}
