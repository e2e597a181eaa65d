/* SPDX-License-Identifier: Apache-2.0 */
/* workspace.c -- a short list of idle pieces behind one lock. */
#include "exec/workspace.h"

#include <stdint.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "exec/lane.h"

enum {
    MOST_KEPT = 64,
    PAGES_LEAST = 256 << 10,
    LENT_LEAST = 1 << 20, /* of what is no run's */
};

static struct {
    td_mutex mu;
    td_workspace idle[MOST_KEPT + 1];
    size_t n_idle;
} pool = { .mu = TD_MUTEX_INIT(exec_workspaces) };

/* Large ones are pages of their own: the heap would keep them long after they were freed. */
static bool has_pages(const td_workspace *w)
{
    return !w->is_own && w->size >= PAGES_LEAST;
}

static void free_memory(const td_workspace *w)
{
    if (has_pages(w))
        td_free_pages(w->data, w->size);
    else
        td_free(w->data);
}

/* Its account is nobody's already. */
static void drop(const td_workspace *w)
{
    if (!w->data) return;
    free_memory(w);
    td_account_give(NULL, w->size);
}

static size_t most_kept(void)
{
    return TD_MIN((size_t)td_lanes_cores(), (size_t)MOST_KEPT);
}

/* Takes the i-th out of the list. */
static td_workspace pick_locked(size_t i) TD_REQUIRES(pool.mu)
{
    const td_workspace w = pool.idle[i];

    pool.idle[i] = pool.idle[--pool.n_idle];
    return w;
}

/* The smallest of at least size bytes; SIZE_MAX: none. */
static size_t smallest_locked(size_t size) TD_REQUIRES(pool.mu)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < pool.n_idle; i++)
        if (pool.idle[i].size >= size && (best == SIZE_MAX || pool.idle[i].size < pool.idle[best].size))
            best = i;
    return best;
}

static td_status make(td_account *a, size_t size, bool is_own, const char *what, td_workspace *out)
{
    td_workspace w = { .size = size, .need = size, .account = a, .is_own = is_own };

    TD_TRY(td_account_take(a, size, what));
    w.data = has_pages(&w) ? td_try_pages(size) : td_try_alloc(size, 64);
    if (!w.data) {
        td_account_give(a, size);
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %s of %zu bytes", what, size);
    }
    *out = w;
    return NULL;
}

static td_status lend(td_workspace w, td_account *a, size_t size, const char *what, td_workspace *out)
{
    if (!w.data) return make(a, size, false, what, out);
    td_account_move(NULL, a, w.size);
    w.account = a;
    w.need = TD_MAX(w.need, size);
    *out = w;
    return NULL;
}

td_status td_workspace_take(td_account *a, size_t size, const char *what, td_workspace *out)
{
    const size_t kept = most_kept();
    td_workspace w = { 0 }, useless = { 0 };

    td_mutex_lock(&pool.mu);
    const size_t fits = smallest_locked(size);
    if (fits != SIZE_MAX)
        w = pick_locked(fits);
    else if (pool.n_idle >= kept)
        useless = pick_locked(smallest_locked(0)); /* the new one will be kept in its place */
    td_mutex_unlock(&pool.mu);
    drop(&useless);
    return lend(w, a, size, what, out);
}

td_status td_workspace_take_other(td_account *a, size_t size, const char *what, td_workspace *out)
{
    td_workspace w = { 0 };

    if (size < LENT_LEAST) return make(a, size, true, what, out);
    td_mutex_lock(&pool.mu);
    const size_t fits = smallest_locked(size);
    if (fits != SIZE_MAX && pool.idle[fits].size / 2 <= size) w = pick_locked(fits);
    td_mutex_unlock(&pool.mu);
    return lend(w, a, size, what, out);
}

void td_workspace_give(td_workspace *w)
{
    const size_t kept = most_kept();
    td_workspace smallest = { 0 };

    if (!w->data) return;
    td_account_move(w->account, NULL, w->size);
    w->account = NULL;
    if (w->is_own) {
        drop(w);
    } else {
        td_mutex_lock(&pool.mu);
        pool.idle[pool.n_idle++] = *w;
        if (pool.n_idle > kept) smallest = pick_locked(smallest_locked(0));
        td_mutex_unlock(&pool.mu);
        drop(&smallest);
    }
    *w = (td_workspace){ 0 };
}

bool td_workspaces_tidy(bool all)
{
    td_workspace unused[MOST_KEPT];
    size_t n = 0;

    td_mutex_lock(&pool.mu);
    for (size_t i = pool.n_idle; i-- > 0;) {
        td_workspace *const w = &pool.idle[i];

        if (all || w->need < w->size / 2)
            unused[n++] = pick_locked(i);
        else
            w->need = 0;
    }
    td_mutex_unlock(&pool.mu);
    for (size_t i = 0; i < n; i++)
        drop(&unused[i]);
    return n > 0;
}
