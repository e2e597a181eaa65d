/* SPDX-License-Identifier: Apache-2.0 */
/* stripe.h -- counters that many threads add to without meeting each other.
 *
 * Every thread has a stripe, and adds to the copy of a counter that lies in it. The first threads have one to
 * themselves, so that adding is a plain load and a store; those that come when all of these are taken share the
 * rest, and add atomically. A thread that ends leaves its stripe to the next one. The value of a counter is the sum
 * over the stripes.
 */
#ifndef TD_BASE_STRIPE_H
#define TD_BASE_STRIPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TD_STRIPES = 64, TD_STRIPES_OWNED = 56, TD_STRIPE_LINE = 128 };

typedef struct td_stripe {
    unsigned index; /* below TD_STRIPES */
    bool is_own;    /* no other thread uses it */
} td_stripe;

td_stripe td_stripe_mine(void); /* of this thread: the same until it ends */

typedef _Atomic(uint64_t) td_count;

/* By the thread whose stripe c lies in. Relaxed: a number that publishes nothing. */
static inline void td_count_add(td_count *c, uint64_t n, bool is_own)
{
    if (is_own)
        atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* n counters, from zero. A stripe's copies of them lie together, and come with the first thread that adds. */
typedef struct td_counts {
    size_t n;
    _Atomic(td_count *) of[TD_STRIPES];
} td_counts;

void td_counts_init(td_counts *c, size_t n);
void td_counts_fini(td_counts *c);
td_count *td_counts_make(td_counts *c, td_stripe mine); /* what td_counts_mine() does the first time */
/* Any thread, beside those that add: what it misses, it sees the next time. Numbers of threads that were joined, or
 * whose work was waited for, are all in it. */
uint64_t td_counts_sum(const td_counts *c, size_t i);

/* This thread's copies, [n]. */
static inline td_count *td_counts_mine(td_counts *c, td_stripe mine)
{
    td_count *const there = atomic_load_explicit(&c->of[mine.index], memory_order_acquire);

    return there ? there : td_counts_make(c, mine);
}

#endif
