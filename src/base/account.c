/* SPDX-License-Identifier: Apache-2.0 */
/* account.c -- a few counters. All of them are relaxed: they say nothing about other memory. */
#include "base/account.h"

#include <stdint.h>

#include "base/macros.h"

typedef bool free_idle_fn(int round);

static struct {
    atomic_size_t used, limit;
    _Atomic(free_idle_fn *) free_idle;
} all = { .limit = SIZE_MAX };

static size_t get(const atomic_size_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add(atomic_size_t *counter, size_t bytes)
{
    (void)atomic_fetch_add_explicit(counter, bytes, memory_order_relaxed);
}

static void sub(atomic_size_t *counter, size_t bytes)
{
    const size_t before = atomic_fetch_sub_explicit(counter, bytes, memory_order_relaxed);

    TD_ASSERT(before >= bytes);
}

void td_accounts_limit(size_t bytes, free_idle_fn *free_idle)
{
    atomic_store_explicit(&all.limit, bytes, memory_order_relaxed);
    atomic_store_explicit(&all.free_idle, free_idle, memory_order_relaxed);
}

size_t td_accounts_used(void)
{
    return get(&all.used);
}

size_t td_accounts_limit_now(void)
{
    return get(&all.limit);
}

static bool take_of_all(size_t bytes)
{
    const size_t limit = get(&all.limit);
    size_t used = get(&all.used);

    do
        if (bytes > limit || used > limit - bytes) return false;
    while (!atomic_compare_exchange_weak_explicit(&all.used, &used, used + bytes, memory_order_relaxed,
                                                  memory_order_relaxed));
    return true;
}

static bool take_or_free(size_t bytes)
{
    if (TD_LIKELY(take_of_all(bytes))) return true;
    free_idle_fn *const free_idle = atomic_load_explicit(&all.free_idle, memory_order_relaxed);
    bool is_more = free_idle && bytes <= get(&all.limit);

    for (int round = 0; is_more; round++) {
        is_more = free_idle(round);
        if (take_of_all(bytes)) return true;
    }
    return false;
}

/* How many of the bytes had been taken ahead. */
static size_t take_reserved(td_account *a, size_t bytes)
{
    size_t reserved = get(&a->reserved), taken;

    do
        taken = TD_MIN(reserved, bytes);
    while (taken && !atomic_compare_exchange_weak_explicit(&a->reserved, &reserved, reserved - taken,
                                                           memory_order_relaxed, memory_order_relaxed));
    return taken;
}

td_status td_account_take(td_account *a, size_t bytes, const char *what)
{
    const size_t ahead = a ? take_reserved(a, bytes) : 0;

    if (!take_or_free(bytes - ahead)) {
        if (a) add(&a->reserved, ahead);
        return TD_ERR(RESOURCE_EXHAUSTED,
                      "%s needs %zu bytes of memory; %zu of %zu are in use (--max_memory_bytes)", what, bytes,
                      get(&all.used), get(&all.limit));
    }
    if (a) add(&a->used, bytes - ahead);
    return NULL;
}

void td_account_give(td_account *a, size_t bytes)
{
    if (a) sub(&a->used, bytes);
    sub(&all.used, bytes);
}

bool td_account_try(size_t bytes)
{
    return take_of_all(bytes);
}

static _Thread_local bool in_run;

bool td_account_run_swap(bool on)
{
    const bool before = in_run;

    in_run = on;
    return before;
}

bool td_account_in_run(void)
{
    return in_run;
}

void td_account_move(td_account *a, td_account *b, size_t bytes)
{
    if (a) sub(&a->used, bytes);
    if (b) add(&b->used, bytes);
}

td_status td_account_reserve(td_account *a, size_t bytes, const char *what)
{
    TD_TRY(td_account_take(a, bytes, what));
    add(&a->reserved, bytes);
    return NULL;
}

void td_account_unreserve(td_account *a)
{
    td_account_give(a, atomic_exchange_explicit(&a->reserved, 0, memory_order_relaxed));
}
