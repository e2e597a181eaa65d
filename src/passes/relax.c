/* SPDX-License-Identifier: Apache-2.0 */
/* relax.c -- control edges that order nothing go, so that other passes may take those that are left at their word: a
 * node that waits for something is not folded, fused, or looked through.
 *
 * A node waits for nothing where all that is before its control edge is arguments, constants and NoOps; files have many
 * of these, once reads of variables are constants. And a pure value need not wait for what runs anyway, if nothing after
 * it could see that it does not: function bodies have their asserts so. Switches end this second rule, since a
 * control edge then says whether its node is alive.
 */
#include "base/mem.h"
#include "passes/pass.h"

typedef struct relaxing {
    td_graph *g;        /* sorted, numbered */
    bool *has_weight;   /* by node: waiting for it is waiting for something */
    bool *runs_anyway;  /* a control return needs it */
    bool *is_before;    /* something with an effect, or that sees one, comes after it */
    bool has_dead_ends; /* some Switch */
} relaxing;

static bool is_nothing(const td_node *n)
{
    static const char *const ops[] = { "NoOp",        "ControlTrigger", "_Arg",    "Const",
                                       "Placeholder", "VarHandleOp",    "Identity" };

    for (size_t i = 0; i < TD_COUNT(ops); i++)
        if (td_node_is(n, ops[i])) return true;
    return false;
}

static bool is_stateful(const td_node *n)
{
    return (n->op->flags & TD_OP_STATEFUL) && !is_nothing(n);
}

static void find_weights(relaxing *r)
{
    for (size_t i = 0; i < r->g->n_nodes; i++) {
        const td_node *const n = r->g->nodes[i];
        bool any = !is_nothing(n);

        for (uint32_t k = 0; k < n->n_in; k++)
            any = any || r->has_weight[n->in[k].node->id];
        for (uint32_t k = 0; k < n->n_ctrl; k++)
            any = any || r->has_weight[n->ctrl[k]->id];
        r->has_weight[i] = any;
        r->has_dead_ends = r->has_dead_ends || (n->op->flags & TD_OP_CONTROL);
    }
}

/* Both of these go from users to what they use. */
static void find_needs(relaxing *r)
{
    for (size_t i = 0; i < r->g->n_ctrl_rets; i++)
        r->runs_anyway[r->g->ctrl_rets[i]->id] = true;
    for (size_t i = r->g->n_nodes; i-- > 0;) {
        const td_node *const n = r->g->nodes[i];
        const bool sees = r->is_before[i] || is_stateful(n);

        for (uint32_t k = 0; k < n->n_in + n->n_ctrl; k++) {
            const uint32_t id = k < n->n_in ? n->in[k].node->id : n->ctrl[k - n->n_in]->id;

            r->runs_anyway[id] = r->runs_anyway[id] || r->runs_anyway[i];
            r->is_before[id] = r->is_before[id] || sees;
        }
    }
}

static bool orders_nothing(const relaxing *r, const td_node *before, const td_node *n)
{
    if (!r->has_weight[before->id]) return true;
    if (r->has_dead_ends || !r->runs_anyway[before->id]) return false;
    return !r->runs_anyway[n->id] /* maybe by this edge */ && !is_stateful(n) && !r->is_before[n->id];
}

static void drop_edges(const relaxing *r, td_node *n)
{
    uint32_t kept = 0;

    for (uint32_t k = 0; k < n->n_ctrl; k++)
        if (!orders_nothing(r, n->ctrl[k], n)) n->ctrl[kept++] = n->ctrl[k];
    n->n_ctrl = kept;
}

void td_pass_relax(td_graph *g)
{
    const size_t n = g->n_nodes;
    relaxing r = { .g = g,
                   .has_weight = TD_NEW_N(bool, n),
                   .runs_anyway = TD_NEW_N(bool, n),
                   .is_before = TD_NEW_N(bool, n) };

    td_graph_number(g);
    find_weights(&r);
    find_needs(&r);
    for (size_t i = 0; i < n; i++)
        drop_edges(&r, g->nodes[i]);
    td_free(r.has_weight);
    td_free(r.runs_anyway);
    td_free(r.is_before);
}
