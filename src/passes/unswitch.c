/* SPDX-License-Identifier: Apache-2.0 */
/* unswitch.c -- TF1's conditionals with a constant predicate: the untaken branch dies here, not in every run.
 *
 * A Switch sends its input to one output, the other is dead; a node with a dead input or a dead control input
 * is dead, but for a Merge, which is what its live inputs make it. Where predicates are constants all of that
 * is known now: their Switches become Identities (or gates, in a branch of a conditional that only a run can
 * choose), a Merge loses its dead inputs, and what is dead is needed by nobody any more.
 *
 * The graph must be sorted. Where a result would be dead, or a Merge is asked which input came, it stays as
 * it is: a run knows better.
 */
#include "ops/flow/cond.h"
#include "ops/signature.h"
#include "passes/pass.h"

enum { FALSE_DEAD = 1, TRUE_DEAD = 2, ALL_DEAD = 3 };

/* As many conditionals within each other, a few hops each, as are looked through. */
enum { MAX_HOPS = 100 };

/* The constant that e has if it is alive: in a branch of another conditional constants are behind gates. */
static const td_tensor *const_if_alive(const td_edge *e)
{
    for (int hops = 0; hops < MAX_HOPS; hops++) {
        const td_node *const n = e->node;

        if (!td_node_is(n, "_Gate") && !td_node_is(n, "Identity") && !td_node_is(n, "Switch"))
            return td_edge_const(e);
        e = &n->in[0];
    }
    return NULL;
}

/* Which of Switch's outputs is dead by its constant predicate; 0: only a run can tell. */
static uint8_t switch_dead(const td_node *n)
{
    const td_tensor *const pred = td_node_is(n, "Switch") ? const_if_alive(&n->in[1]) : NULL;

    if (!pred) return 0;
    return td_cond_is_true(pred) ? FALSE_DEAD : TRUE_DEAD;
}

static bool edge_is_dead(const uint8_t *dead, const td_edge *e)
{
    return (dead[e->node->id] >> (e->index & 1) & 1) != 0 || dead[e->node->id] == ALL_DEAD;
}

static uint32_t live_inputs(const uint8_t *dead, const td_node *n)
{
    uint32_t live = 0;

    for (uint32_t i = 0; i < n->n_in; i++)
        live += !edge_is_dead(dead, &n->in[i]);
    return live;
}

static uint8_t node_dead(const uint8_t *dead, const td_node *n)
{
    const uint32_t live = live_inputs(dead, n);

    if (td_node_is(n, "Merge")) return live ? 0 : ALL_DEAD;
    if (live < n->n_in) return ALL_DEAD;
    for (uint32_t i = 0; i < n->n_ctrl; i++)
        if (dead[n->ctrl[i]->id] == ALL_DEAD) return ALL_DEAD;
    return switch_dead(n);
}

/* Can the graph do without what is dead? */
static bool is_plain(const td_graph *g, const uint8_t *dead)
{
    for (size_t i = 0; i < g->n_rets; i++)
        if (edge_is_dead(dead, &g->rets[i])) return false;
    for (size_t i = 0; i < g->n_rets; i++)
        if (td_node_is(g->rets[i].node, "Merge") && g->rets[i].index == 1) return false;
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (td_node_is(g->nodes[i]->in[k].node, "Merge") && g->nodes[i]->in[k].index == 1) return false;
    return true;
}

static td_status make_identity(td_pass *p, td_node *n)
{
    n->op_name = "Identity";
    n->n_in = 1;
    return td_node_bind(n, p->arena);
}

/* The output that lives is the input, and is alive when the predicate is. */
static td_status open_switch(td_pass *p, td_graph *g, td_node *n)
{
    if (td_edge_const(&n->in[1])) return make_identity(p, n);
    n->op_name = "_Gate";
    td_node_add_attr(g, n, "U", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = TD_BOOL });
    return td_node_bind(n, p->arena);
}

static td_status shrink_merge(td_pass *p, td_graph *g, const uint8_t *dead, td_node *n)
{
    uint32_t live = 0;

    for (uint32_t i = 0; i < n->n_in; i++)
        if (!edge_is_dead(dead, &n->in[i])) n->in[live++] = n->in[i];
    if (live == 1) return make_identity(p, n);
    n->n_in = live;
    td_node_add_attr(g, n, "N", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = live });
    return td_node_bind(n, p->arena);
}

static void follow(td_edge *e)
{
    if (e->node->n_out == 1) e->index = 0; /* it was a Switch's output 1 */
}

/* A Merge lives on although what comes before it in order is dead. */
static void drop_dead_ctrl(const uint8_t *dead, td_node *n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n->n_ctrl; i++)
        if (dead[n->ctrl[i]->id] != ALL_DEAD) n->ctrl[kept++] = n->ctrl[i];
    n->n_ctrl = kept;
}

static td_status rewrite(td_pass *p, td_graph *g, const uint8_t *dead)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];

        if (dead[i] == ALL_DEAD) continue;
        drop_dead_ctrl(dead, n);
        if (td_node_is(n, "Merge") && live_inputs(dead, n) < n->n_in) TD_TRY(shrink_merge(p, g, dead, n));
        if (dead[i]) TD_TRY(open_switch(p, g, n));
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; dead[i] != ALL_DEAD && k < g->nodes[i]->n_in; k++)
            follow(&g->nodes[i]->in[k]);
    for (size_t i = 0; i < g->n_rets; i++)
        follow(&g->rets[i]);
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        if (dead[g->ctrl_rets[i]->id] != ALL_DEAD) g->ctrl_rets[kept++] = g->ctrl_rets[i];
    g->n_ctrl_rets = kept;
    return NULL;
}

td_status td_pass_unswitch(td_pass *p, td_graph *g, bool *changed)
{
    uint8_t *dead;
    bool any = false;

    for (size_t i = 0; i < g->n_nodes; i++)
        any = any || switch_dead(g->nodes[i]);
    if (!any) return NULL;
    td_graph_number(g);
    dead = TD_ARENA_NEW_N(p->arena, uint8_t, g->n_nodes);
    for (size_t i = 0; i < g->n_nodes; i++)
        dead[i] = node_dead(dead, g->nodes[i]);
    if (!is_plain(g, dead)) return NULL;
    *changed = true;
    return rewrite(p, g, dead);
}
