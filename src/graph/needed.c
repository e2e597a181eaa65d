/* SPDX-License-Identifier: Apache-2.0 */
/* needed.c -- which nodes does a function need? What its results and control results reach backwards. */
#include "base/mem.h"
#include "graph/graph.h"

typedef struct reach {
    td_graph *g;
    bool *is_needed; /* by node id */
    td_node **stack; /* a node is on it at most once */
    size_t depth;
} reach;

static void need(reach *r, td_node *node)
{
    if (!node || r->is_needed[node->id]) return;
    r->is_needed[node->id] = true;
    r->stack[r->depth++] = node;
}

static void need_inputs(reach *r, const td_node *node)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        need(r, node->in[i].node);
    for (uint32_t i = 0; i < node->n_ctrl; i++)
        need(r, node->ctrl[i]);
}

static void need_roots(reach *r)
{
    const td_graph *const g = r->g;

    for (size_t i = 0; i < g->n_args; i++)
        need(r, g->args[i]);
    for (size_t i = 0; i < g->n_rets; i++)
        need(r, g->rets[i].node);
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        need(r, g->ctrl_rets[i]);
}

void td_graph_drop_unneeded(td_graph *g)
{
    reach r = { .g = g };
    size_t kept = 0;

    td_graph_number(g);
    r.is_needed = TD_NEW_N(bool, g->n_nodes);
    r.stack = TD_NEW_N(td_node *, g->n_nodes);
    need_roots(&r);
    while (r.depth)
        need_inputs(&r, r.stack[--r.depth]);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (r.is_needed[i]) g->nodes[kept++] = g->nodes[i];
    g->n_nodes = kept;
    td_graph_number(g);
    td_free(r.stack);
    td_free(r.is_needed);
}
