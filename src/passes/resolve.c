/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c -- binds nodes to ops and edges to outputs, and checks that types agree: kernels trust them. */
#include <string.h>

#include "base/mem.h"
#include "ops/signature.h"
#include "passes/pass.h"

static td_status resolve_edge(td_edge *e, const char *user)
{
    uint32_t first = 0, count = e->node->n_out;

    if (td_node_is_missing(e->node)) { /* what it puts out nobody can know, or will ask for */
        *e = (td_edge){ e->node, 0, NULL };
        return NULL;
    }
    if (e->port && !td_node_port(e->node, e->port, &first, &count))
        return TD_ERR(INVALID_ARGUMENT, "node %s: op %s has no output named %s (wanted by %s)", e->node->name,
                      e->node->op_name, e->port, user);
    if (e->index >= count)
        return TD_ERR(INVALID_ARGUMENT, "node %s (op %s) has %u outputs, %s wants number %u", e->node->name,
                      e->node->op_name, count, user, e->index);
    e->index += first;
    e->port = NULL;
    return NULL;
}

static td_dtype value_type(td_dtype t)
{
    return t >= TD_DTYPE_REF ? t - TD_DTYPE_REF : t;
}

static td_status check_types(td_pass *p, const td_node *n)
{
    td_dtype *const want = TD_ARENA_NEW_N(p->arena, td_dtype, n->n_in + 1);

    if (td_node_is_missing(n)) return NULL;
    td_node_in_types(n, want);
    for (uint32_t i = 0; i < n->n_in; i++) {
        const td_edge *const e = &n->in[i];
        const td_dtype got = e->node->out_type[e->index];

        if (td_node_is_missing(e->node)) continue;
        if (value_type(got) != value_type(want[i]))
            return TD_ERR(INVALID_ARGUMENT,
                          "Input %u of node %s was passed %s from %s:%u incompatible with expected %s.", i,
                          n->name, td_dtype_name(value_type(got)), e->node->name, e->index,
                          td_dtype_name(value_type(want[i])));
        if (want[i] >= TD_DTYPE_REF && got < TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "Input %u of node %s must be a variable, %s is none", i, n->name,
                          e->node->name);
    }
    return NULL;
}

static td_status check_const(const td_node *n)
{
    if (!td_node_is(n, "Const")) return NULL;
    const td_attr_value *const v = td_node_attr(n, "value");

    if (!v || v->kind != TD_ATTR_TENSOR || !v->u.tensor)
        return TD_ERR(INVALID_ARGUMENT,
                      "Saved model contains node \"%s\" (op \"Const\") which is a constant tensor but no "
                      "value has been provided",
                      n->name);
    if (v->u.tensor->dtype != n->out_type[0])
        return TD_ERR(INVALID_ARGUMENT, "Const node %s holds %s, its attribute dtype says %s", n->name,
                      td_dtype_name(v->u.tensor->dtype), td_dtype_name(n->out_type[0]));
    return NULL;
}

static td_status bind(td_pass *p, td_node *n)
{
    if (!td_op_find(n->op_name)) {
        td_node_set_missing(n, p->arena);
        return NULL;
    }
    TD_TRY(td_node_bind(n, p->arena));
    return check_const(n);
}

td_status td_pass_resolve(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->op) TD_TRY(bind(p, g->nodes[i]));
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];

        for (uint32_t k = 0; k < n->n_in; k++)
            TD_TRY(resolve_edge(&n->in[k], n->name));
        TD_TRY(check_types(p, n));
    }
    for (size_t i = 0; i < g->n_rets; i++)
        TD_TRY(resolve_edge(&g->rets[i], g->name));
    return NULL;
}
