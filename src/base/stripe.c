/* SPDX-License-Identifier: Apache-2.0 */
/* stripe.c -- who has which stripe.
 *
 * A plain add loses nothing: a stripe is taken with acquire and left with release, so whoever takes it next begins
 * with the numbers as they were left. A thread leaves its stripe by a key's destructor; what others add behind that
 * goes to a stripe that is shared.
 */
#include "base/stripe.h"

#include <pthread.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

static atomic_bool is_taken[TD_STRIPES_OWNED];
static atomic_uint next_shared;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key; /* without one nobody would hear of a thread's end: all are shared */

static _Thread_local td_stripe mine;
static _Thread_local bool has_mine;

static td_stripe take_shared(void)
{
    const unsigned turn = atomic_fetch_add_explicit(&next_shared, 1, memory_order_relaxed);

    return (td_stripe){ TD_STRIPES_OWNED + turn % (TD_STRIPES - TD_STRIPES_OWNED), false };
}

static void leave(void *unused)
{
    const unsigned index = mine.index;

    (void)unused;
    mine = take_shared();
    atomic_store_explicit(&is_taken[index], false, memory_order_release);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, leave) == 0;
}

static td_stripe take(void)
{
    (void)pthread_once(&key_once, make_key);
    for (unsigned i = 0; i < TD_STRIPES_OWNED && has_key; i++) {
        if (atomic_load_explicit(&is_taken[i], memory_order_relaxed) ||
            atomic_exchange_explicit(&is_taken[i], true, memory_order_acquire))
            continue;
        if (pthread_setspecific(key, is_taken) == 0) return (td_stripe){ i, true }; /* any pointer but NULL */
        atomic_store_explicit(&is_taken[i], false, memory_order_release);
        break;
    }
    return take_shared();
}

td_stripe td_stripe_mine(void)
{
    if (TD_UNLIKELY(!has_mine)) {
        mine = take();
        has_mine = true;
    }
    return mine;
}

void td_counts_init(td_counts *c, size_t n)
{
    c->n = n;
    for (size_t i = 0; i < TD_STRIPES; i++)
        atomic_init(&c->of[i], NULL);
}

void td_counts_fini(td_counts *c)
{
    for (size_t i = 0; i < TD_STRIPES; i++)
        td_free(atomic_load_explicit(&c->of[i], memory_order_relaxed)); /* nobody else is left */
}

/* Whole lines, so that no two stripes share one. */
static td_count *make_copies(size_t n)
{
    const size_t size = (n * sizeof(td_count) + TD_STRIPE_LINE - 1) / TD_STRIPE_LINE * TD_STRIPE_LINE;
    td_count *const copies = td_heap_alloc(size, TD_STRIPE_LINE);

    TD_ASSERT(copies != NULL); /* a few hundred bytes */
    memset((void *)copies, 0, size);
    return copies;
}

td_count *td_counts_make(td_counts *c, td_stripe stripe)
{
    td_count *const copies = make_copies(c->n);
    td_count *there = NULL;

    /* release: publishes the zeros; acquire: those of somebody who shares the stripe and was faster */
    if (atomic_compare_exchange_strong_explicit(&c->of[stripe.index], &there, copies, memory_order_acq_rel,
                                                memory_order_acquire))
        return copies;
    td_free(copies);
    return there;
}

uint64_t td_counts_sum(const td_counts *c, size_t i)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < TD_STRIPES; k++) {
        const td_count *const copies = atomic_load_explicit(&c->of[k], memory_order_acquire);

        if (copies) sum += atomic_load_explicit(&copies[i], memory_order_relaxed);
    }
    return sum;
}
