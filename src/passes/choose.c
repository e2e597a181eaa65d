/* SPDX-License-Identifier: Apache-2.0 */
/* choose.c -- conditionals whose condition is a constant take one branch for good, before the other is even
 * looked at: If and Case become calls, which the caller has inlined. */
#include "base/macros.h"
#include "ops/flow/cond.h"
#include "ops/signature.h"
#include "passes/pass.h"

/* The function that node n runs whatever the request holds; NULL when only a run can tell. */
static const char *chosen_function(const td_node *n)
{
    const bool is_if = td_node_is(n, "If") || td_node_is(n, "StatelessIf");
    const bool is_case = td_node_is(n, "Case") || td_node_is(n, "StatelessCase");

    if (!is_if && !is_case) return NULL;
    const td_tensor *const value = td_edge_const(&n->in[0]);
    if (!value) return NULL;
    if (is_if) return td_node_attr(n, td_cond_is_true(value) ? "then_branch" : "else_branch")->u.func;
    const td_attr_value *const branches = td_node_attr(n, "branches");
    if (!branches->u.list.count || value->dtype != TD_I32 || value->shape.rank != 0)
        return NULL; /* an error */
    const int32_t i = *(const int32_t *)value->data;
    const size_t last = branches->u.list.count - 1;
    return branches->u.list.items[i >= 0 && (size_t)i < last ? (size_t)i : last].u.func;
}

/* Stateful or not: calls are all inlined, and what is stateful in a body says so itself. */
static td_status make_call(td_pass *p, td_graph *g, td_node *n, const char *function)
{
    n->op_name = n->op->flags & TD_OP_STATEFUL ? "StatefulPartitionedCall" : "PartitionedCall";
    n->in++;
    n->n_in--;
    td_node_add_attr(g, n, "f", (td_attr_value){ .kind = TD_ATTR_FUNC, .u.func = function });
    return td_node_bind(n, p->arena);
}

td_status td_pass_choose(td_pass *p, td_graph *g, bool *changed)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const char *const function = chosen_function(g->nodes[i]);

        if (!function) continue;
        TD_TRY(make_call(p, g, g->nodes[i], function));
        *changed = true;
    }
    return NULL;
}
