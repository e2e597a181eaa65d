/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c -- see gate.h. */
#include "base/gate.h"

#include "base/macros.h"

void td_gate_init(td_gate *g, size_t limit)
{
    *g = (td_gate){ .limit = limit };
    td_mutex_init(&g->mu, TD_LOCK_leaf);
    g->last = &g->first;
}

void td_gate_fini(td_gate *g)
{
    TD_ASSERT(!g->first && !g->inside);
    td_mutex_fini(&g->mu);
}

void td_gate_limit(td_gate *g, size_t limit)
{
    td_mutex_lock(&g->mu);
    g->limit = limit;
    td_mutex_unlock(&g->mu);
}

static bool has_room_locked(const td_gate *g, size_t bytes) TD_REQUIRES(g->mu)
{
    return !g->inside || (g->inside <= g->limit && bytes <= g->limit - g->inside);
}

static void let_in_locked(td_gate *g, td_gate_pass *p) TD_REQUIRES(g->mu)
{
    g->inside += p->bytes;
    p->place = TD_GATE_INSIDE;
}

static void unlink_locked(td_gate *g, td_gate_pass **at) TD_REQUIRES(g->mu)
{
    td_gate_pass *const p = *at;

    *at = p->next;
    if (!*at) g->last = at;
    p->next = NULL;
}

bool td_gate_enter(td_gate *g, td_gate_pass *p, size_t bytes, void (*go)(void *ctx), void *ctx)
{
    td_mutex_lock(&g->mu);
    *p = (td_gate_pass){ TD_GATE_IN_LINE, TD_MAX(bytes, (size_t)1), go, ctx, NULL };
    const bool is_in = !g->first && has_room_locked(g, p->bytes);

    if (is_in) {
        let_in_locked(g, p);
    } else {
        *g->last = p;
        g->last = &p->next;
    }
    td_mutex_unlock(&g->mu);
    return is_in;
}

bool td_gate_hurry(td_gate *g, td_gate_pass *p)
{
    td_mutex_lock(&g->mu);
    const bool was_in_line = p->place == TD_GATE_IN_LINE;

    if (was_in_line) {
        td_gate_pass **at = &g->first;

        while (*at != p)
            at = &(*at)->next;
        unlink_locked(g, at);
        let_in_locked(g, p);
    }
    td_mutex_unlock(&g->mu);
    return was_in_line;
}

/* Those in line for whom there is room, in their order. */
static td_gate_pass *take_in_locked(td_gate *g) TD_REQUIRES(g->mu)
{
    td_gate_pass *first = NULL, **last = &first;

    while (g->first && has_room_locked(g, g->first->bytes)) {
        td_gate_pass *const p = g->first;

        unlink_locked(g, &g->first);
        let_in_locked(g, p);
        *last = p;
        last = &p->next;
    }
    return first;
}

void td_gate_leave(td_gate *g, td_gate_pass *p)
{
    td_gate_pass *next = NULL;

    td_mutex_lock(&g->mu);
    TD_ASSERT(p->place != TD_GATE_IN_LINE);
    if (p->place == TD_GATE_INSIDE) {
        g->inside -= p->bytes;
        next = take_in_locked(g);
    }
    p->place = TD_GATE_OUTSIDE;
    td_mutex_unlock(&g->mu);
    while (next) {
        td_gate_pass *const in = next;

        next = in->next; /* in may be gone once it has gone on */
        in->go(in->ctx);
    }
}
