/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_neutral.c -- what changes nothing goes: IdentityN, and products with a constant one. Keras' swish is an IdentityN of
 * x * sigmoid(1 * x), which no pattern would know. */
#include "kernels/wide/wide.h"
#include "passes/fuse.h"

static bool is_one(const td_edge *e)
{
    const td_tensor *const t = td_edge_const(e);
    double value = 0;

    if (!t || !t->data || t->shape.rank != 0 || !(TD_FLOAT_TYPES & TD_DTYPE_BIT(t->dtype))) return false;
    td_to_double(t->dtype, t->data, 1, &value);
    return value == 1.0;
}

/* What e is a copy of, one step back; false: it is none. */
static bool step_back(td_edge *e)
{
    const td_node *const n = e->node;

    if (n->n_ctrl) return false;
    if (td_node_is(n, "IdentityN")) {
        *e = n->in[e->index];
        return true;
    }
    for (uint32_t i = 0; td_node_is(n, "Mul") && i < 2; i++)
        if (is_one(&n->in[i])) {
            *e = n->in[1 - i];
            return true;
        }
    return false;
}

static void follow(td_edge *e, bool *changed)
{
    while (step_back(e))
        *changed = true;
}

td_status td_fuse_neutral(td_pass *p, td_graph *g, bool *changed)
{
    (void)p;
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            follow(&g->nodes[i]->in[k], changed);
    for (size_t i = 0; i < g->n_rets; i++)
        follow(&g->rets[i], changed);
    return NULL;
}
