/* SPDX-License-Identifier: Apache-2.0 */
/* rcu.c -- counters of readers in two phases (the scheme of SRCU).
 *
 * Why a writer that has seen a counter at zero may go on: the reader's increment, the reader's load of the
 * pointer, the writer's store and the writer's look at the counter are all sequentially consistent, so they
 * have one order. Either the increment comes before the look (then the writer sees it and waits), or after it
 * (then the reader's load comes after the writer's store and finds the new pointer).
 *
 * Why two phases: new readers would keep one counter above zero for ever. The writer turns them to the other
 * one, waits for the first to drain, and does so for both, because a reader that was about to increment when
 * the phase changed may still arrive at either.
 */
#include "serve/rcu.h"

#include <sched.h>
#include <stdbool.h>

#include "base/clock.h"

enum { RCU_SPINS = 100, RCU_NAP_NS = 20000 };

void td_rcu_init(td_rcu *r)
{
    for (size_t i = 0; i < TD_STRIPES; i++)
        for (size_t phase = 0; phase < 2; phase++)
            atomic_init(&r->stripes[i].inside[phase], 0);
    atomic_init(&r->phase, 0);
    td_mutex_init(&r->writers, TD_LOCK_leaf);
}

void td_rcu_fini(td_rcu *r)
{
    td_mutex_fini(&r->writers);
}

td_rcu_ticket td_rcu_enter(td_rcu *r)
{
    /* relaxed: an old phase is fine, see the head of this file */
    const unsigned phase = atomic_load_explicit(&r->phase, memory_order_relaxed) & 1;
    const td_rcu_ticket ticket = &r->stripes[td_stripe_mine().index].inside[phase];

    atomic_fetch_add_explicit(ticket, 1, memory_order_seq_cst);
    return ticket;
}

void td_rcu_leave(td_rcu_ticket ticket)
{
    /* release: what this reader did happens before the writer frees */
    atomic_fetch_sub_explicit(ticket, 1, memory_order_release);
}

static void await_zero(atomic_uint *count)
{
    for (int i = 0; atomic_load_explicit(count, memory_order_seq_cst) != 0; i++) {
        if (i < RCU_SPINS)
            sched_yield();
        else
            td_sleep_ns(RCU_NAP_NS); /* the reader has lost its core */
    }
}

static void await_phase(td_rcu *r, unsigned phase)
{
    for (size_t i = 0; i < TD_STRIPES; i++)
        await_zero(&r->stripes[i].inside[phase]);
}

void td_rcu_synchronize(td_rcu *r)
{
    td_mutex_lock(&r->writers);
    const unsigned phase = atomic_load_explicit(&r->phase, memory_order_relaxed) & 1;

    await_phase(r, phase ^ 1); /* stragglers of the change before */
    atomic_store_explicit(&r->phase, phase ^ 1, memory_order_seq_cst);
    await_phase(r, phase);
    td_mutex_unlock(&r->writers);
}
