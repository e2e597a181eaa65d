/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c -- constants inside the branches of TF1's conditionals.
 *
 * A constant has no input that could be dead; what says that it belongs to a branch is a control edge from
 * the branch's pivot. Where a graph has a Switch, such a constant gets a _Gate behind it, which the pivot's
 * value keeps alive, and which waits for all that the constant waited for.
 */
#include "passes/pass.h"

static td_node *pivot_of(const td_node *n)
{
    for (uint32_t i = 0; i < n->n_ctrl; i++)
        if (n->ctrl[i]->n_out > 0 && !td_node_is(n->ctrl[i], "Const")) return n->ctrl[i];
    return NULL;
}

static td_status add_gate(td_pass *p, td_graph *g, td_node *constant, td_node *pivot)
{
    const td_attr attrs[] = {
        { "T", { .kind = TD_ATTR_TYPE, .u.type = constant->out_type[0] } },
        { "U", { .kind = TD_ATTR_TYPE, .u.type = pivot->out_type[0] } },
    };
    const td_edge value = { constant, 0, NULL }, when = { pivot, 0, NULL };
    td_node *gate;

    TD_TRY(td_pass_node(p, g, constant->name, "_Gate", (td_edge[]){ when, when }, 2, attrs, 2, &gate));
    td_pass_replace(g, value, (td_edge){ gate, 0, NULL });
    gate->in[0] = value;
    for (uint32_t i = 0; i < constant->n_ctrl; i++)
        if (constant->ctrl[i] != pivot) td_node_add_ctrl(g, gate, constant->ctrl[i]);
    constant->n_ctrl = 0;
    return NULL;
}

td_status td_pass_gate(td_pass *p, td_graph *g)
{
    const size_t n = g->n_nodes;
    bool has_switch = false;

    for (size_t i = 0; i < n; i++)
        has_switch = has_switch || td_node_is(g->nodes[i], "Switch");
    for (size_t i = 0; has_switch && i < n; i++) {
        td_node *const constant = g->nodes[i];
        td_node *const pivot = td_node_is(constant, "Const") ? pivot_of(constant) : NULL;

        if (pivot) TD_TRY(add_gate(p, g, constant, pivot));
    }
    return NULL;
}
