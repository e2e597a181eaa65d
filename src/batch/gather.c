/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c -- see gather.h. */
#include "batch/gather.h"

#include "base/clock.h"
#include "base/macros.h"
#include "batch/batch.h"
#include "batch/queue.h"

enum {
    WORTH_NS = 8000, /* a run that takes less is not worth the look */
    MOST = 64,       /* calls */
    HOPE = 8,        /* looks in vain, before most calls run at once */
    LOOK_EVERY = 16, /* calls, then */
};

void td_gather_init(td_gather *g)
{
    *g = (td_gather){ .last = &g->first };
}

bool td_gather_wants(td_gather *g, const td_batcher *b, const td_signature *sig, int64_t expected_ns)
{
    if (expected_ns < WORTH_NS || !b || !td_batcher_joins(b, sig)) return false;
    return g->n > 0 || g->hope > 0 || ++g->tries % LOOK_EVERY == 0;
}

void td_gather_add(td_gather *g, td_batcher *b, td_batch_call *c)
{
    c->batcher = b;
    c->rows = td_batch_rows(c);
    c->next = NULL;
    *g->last = c;
    g->last = &c->next;
    g->n++;
}

bool td_gather_is_full(const td_gather *g)
{
    return g->n >= MOST;
}

/* ---- who runs together ---- */

static bool is_alike(const td_batch_call *a, const td_batch_call *b)
{
    return a->rows && b->rows && a->batcher == b->batcher && td_batch_agree(a, b);
}

/* Rows of the first call and all like it. */
static size_t rows_alike(const td_gather *g)
{
    size_t rows = 0;

    for (const td_batch_call *c = g->first; c; c = c->next)
        if (c == g->first || is_alike(g->first, c)) rows += c->rows;
    return rows;
}

/* A size that never ran takes no longer than two of half as many rows, but for its plan, once. */
static bool is_quick(const td_batch_call *c, size_t rows)
{
    const td_session *const s = td_batcher_session(c->batcher);
    const size_t full = td_batch_full(rows);
    int64_t ns = td_batch_expect(s, c, full);

    if (!ns && full > 1) ns = 2 * td_batch_expect(s, c, full / 2);
    return ns > 0 && ns <= TD_QUICK_NS;
}

/* The rows of the next run: as many as are worth it and quick together. */
static size_t goal_of(const td_gather *g)
{
    const td_batch_call *const c = g->first;
    size_t goal = c->rows ? td_batcher_goal(c->batcher, c, rows_alike(g)) : 1;

    while (goal > c->rows && !is_quick(c, goal))
        goal /= 2;
    return goal;
}

static void take(td_gather *g, size_t goal, td_batch_list *out)
{
    td_batch_call **at = &g->first;

    td_batch_list_init(out);
    while (*at && (!out->n || out->rows < goal)) {
        td_batch_call *const c = *at;

        if (out->n && (out->rows + c->rows > goal || !is_alike(out->first, c))) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        td_batch_list_add(out, c);
        g->n--;
    }
    if (!*at) g->last = at;
}

/* ---- runs ---- */

static void send_away(td_batch_call *first, size_t n)
{
    while (n--) {
        td_batch_call *const c = first;

        first = c->next; /* c is its owner's again */
        c->elsewhere(c);
    }
}

static void run_each(td_batch_call *first, size_t n)
{
    while (n--) {
        td_batch_call *const c = first;

        first = c->next;
        const td_status error = td_batch_run_one(td_batcher_session(c->batcher), c);
        if (error || c->result)
            c->done(c, error);
        else
            c->elsewhere(c);
    }
}

static void run_together(const td_batch_list *g)
{
    td_batcher *const b = g->first->batcher;
    const size_t rows = td_batch_full(g->rows);
    const int64_t start = td_now_ns();
    const td_status error = td_batch_run(td_batcher_session(b), g->first, g->n, rows);

    if (!error && !g->first->batch) {
        send_away(g->first, g->n);
        return;
    }
    if (!error) td_batcher_learn(b, g->first->sig, rows, td_now_ns() - start);
    if (!td_batch_end_all(g->first, g->n, error)) run_each(g->first, g->n);
}

/* is_shared: there are others, so that what it takes is worth knowing. */
static void run_alone(td_batch_call *c, bool is_shared)
{
    td_batcher *const b = c->batcher;
    const int64_t start = td_now_ns();
    const td_status error = td_batch_run_one(td_batcher_session(b), c);
    const bool has_run = error || c->result;

    if (!error && has_run && is_shared && c->rows) td_batcher_learn(b, c->sig, c->rows, td_now_ns() - start);
    if (has_run)
        c->done(c, error); /* b may go with it */
    else
        c->elsewhere(c);
}

void td_gather_run(td_gather *g)
{
    const bool is_shared = g->n > 1;

    if (is_shared)
        g->hope = HOPE;
    else if (g->hope)
        g->hope--;
    while (g->first) {
        td_batch_list next;

        take(g, goal_of(g), &next);
        if (next.n > 1)
            run_together(&next);
        else
            run_alone(next.first, is_shared);
    }
}
