/* SPDX-License-Identifier: Apache-2.0 */
/* spare.c -- lists of blocks that are kept, by size: four sizes from one power of two to the next.
 *
 * What a list had at least since the last look was not needed since then.
 */
#include "base/spare.h"

#include <stdint.h>

#include "base/account.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mem_fault.h"
#include "base/mem_forbid.h"
#include "base/mutex.h"
#include "base/size.h"

enum {
    STEPS = 4,
    LEAST_LOG2 = 16,
    MOST_LOG2 = 26,
    LISTS = (MOST_LOG2 - LEAST_LOG2) * STEPS + 1,
    PAGE = 4096
};
_Static_assert(TD_SPARE_LEAST == 1 << LEAST_LOG2 && TD_SPARE_MOST == 1 << MOST_LOG2,
               "lists have these sizes");

typedef struct block {
    struct block *next;
} block;

typedef struct list {
    block *first;
    size_t n, least; /* blocks now, and the fewest since the last td_spare_tidy() */
} list;

static struct {
    td_mutex mu;
    list lists[LISTS];
    size_t kept; /* bytes */
} pool = { .mu = TD_MUTEX_INIT(leaf) };

/* Of list i: 64, 80, 96, 112, 128, 160 ... KiB, and a page, since many a tensor has a power of two and its head. */
static size_t size_of(size_t i)
{
    return ((STEPS + i % STEPS) << (LEAST_LOG2 + i / STEPS) >> 2) + PAGE;
}

/* The first list of at least size bytes; LISTS: none. */
static size_t list_of(size_t size)
{
    size_t i = 0;

    while (i < LISTS && size_of(i) < size)
        i++;
    return i;
}

/* ---------------------------------------------------------------- kept blocks */

static block *pop_locked(size_t i) TD_REQUIRES(pool.mu)
{
    list *const l = &pool.lists[i];
    block *const b = l->first;

    if (!b) return NULL;
    l->first = b->next;
    l->n--;
    l->least = TD_MIN(l->least, l->n);
    pool.kept -= size_of(i);
    return b;
}

static bool push_locked(size_t i, block *b) TD_REQUIRES(pool.mu)
{
    list *const l = &pool.lists[i];

    if (pool.kept + size_of(i) > TD_SPARE_MOST) return false;
    b->next = l->first;
    l->first = b;
    l->n++;
    pool.kept += size_of(i);
    return true;
}

static void drop(void *p, size_t real)
{
    td_free_pages(p, real);
    td_account_give(NULL, real);
}

static bool tidy_list(size_t i, bool all)
{
    block *unused = NULL;

    td_mutex_lock(&pool.mu);
    for (size_t n = all ? pool.lists[i].n : pool.lists[i].least; n > 0; n--) {
        block *const b = pop_locked(i);

        b->next = unused;
        unused = b;
    }
    pool.lists[i].least = pool.lists[i].n;
    td_mutex_unlock(&pool.mu);
    const bool any = unused != NULL;

    while (unused) {
        block *const next = unused->next;

        drop(unused, size_of(i));
        unused = next;
    }
    return any;
}

bool td_spare_tidy(bool all)
{
    bool any = false;

    for (size_t i = 0; i < LISTS; i++)
        any = tidy_list(i, all) || any;
    return any;
}

/* ---------------------------------------------------------------- blocks */

static void *make(size_t real)
{
    if (!td_account_try(real) && !(td_spare_tidy(true) && td_account_try(real))) return NULL;
    void *const p = td_try_pages(real);

    if (!p) td_account_give(NULL, real);
    return p;
}

void *td_spare_take(size_t size, size_t *real)
{
    const size_t i = list_of(size);

    td_mem_ask();
    if (td_mem_fault(size) || size > SIZE_MAX / 2) return NULL;
    *real = i < LISTS ? size_of(i) : td_round_up(size, PAGE);
    if (i == LISTS) return make(*real);
    td_mutex_lock(&pool.mu);
    block *const b = pop_locked(i);
    td_mutex_unlock(&pool.mu);
    return b ? b : make(*real);
}

void td_spare_give(void *p, size_t real)
{
    const size_t i = list_of(real);
    bool is_kept = false;

    if (!p) return;
    if (TD_SPARE_KEEPS && i < LISTS) {
        td_mutex_lock(&pool.mu);
        is_kept = push_locked(i, p);
        td_mutex_unlock(&pool.mu);
    }
    if (!is_kept) drop(p, real);
}
