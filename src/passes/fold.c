/* fold.c -- pure nodes whose inputs are constants become constants. The graph must be sorted. */
#include <string.h>

#include "base/mem.h"
#include "ops/kernel.h"
#include "passes/pass.h"

enum { SMALL = 4096, LARGE = 1 << 20 };

static bool is_foldable(const td_node *n)
{
    const uint32_t never = TD_OP_STATEFUL | TD_OP_CALL | TD_OP_CONTROL;

    if ((n->op->flags & never) || n->n_out == 0 || (!n->op->kernels && !(n->op->flags & TD_OP_ALIAS)))
        return false;
    if (n->n_in == 0 && !td_node_is(n, "VarHandleOp") && !n->op->infer) return false;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i].value.kind == TD_ATTR_FUNC) return false;
    for (uint32_t i = 0; i < n->n_in; i++)
        if (!td_edge_const(&n->in[i])) return false;
    for (uint32_t i = 0; i < n->n_out; i++)
        if (n->out_type[i] == TD_VARIANT) return false;
    return true;
}

/* Is the result worth keeping? Not when it is far larger than what it is made of. */
static bool is_worth(const td_node *n, const td_tensor *in, const td_tensor *out)
{
    size_t before = 0, after = 0;

    for (uint32_t i = 0; i < n->n_in; i++)
        before += td_tensor_bytes(&in[i]);
    for (uint32_t i = 0; i < n->n_out; i++)
        after += td_tensor_bytes(&out[i]);
    if (after <= SMALL) return true;
    if (n->op->flags & TD_OP_NO_FOLD) return false;
    return after <= LARGE || after <= 2 * before;
}

static void fold_node(td_pass *p, td_graph *g, td_node *n)
{
    td_tensor *const in = TD_NEW_N(td_tensor, n->n_in);
    td_tensor *const out = TD_NEW_N(td_tensor, n->n_out);

    for (uint32_t i = 0; i < n->n_in; i++)
        in[i] = *td_edge_const(&n->in[i]);
    const td_status s = td_node_eval(n, p->env, in, out);
    if (s) { /* the request gets the error, if it ever runs this node */
        td_status_free(s);
    } else if (is_worth(n, in, out)) {
        td_node **const consts = TD_ARENA_NEW_N(p->arena, td_node *, n->n_out);

        for (uint32_t i = 0; i < n->n_out; i++)
            consts[i] = td_pass_const(p, g, n->name, out[i]);
        n->mark = consts;
    } else {
        for (uint32_t i = 0; i < n->n_out; i++)
            td_tensor_unref(&out[i]);
    }
    td_free(in);
    td_free(out);
}

static void follow(td_edge *e)
{
    if (e->node->mark) *e = (td_edge){ ((td_node **)e->node->mark)[e->index], 0, NULL };
}

td_status td_pass_fold(td_pass *p, td_graph *g)
{
    const size_t n = g->n_nodes;

    for (size_t i = 0; i < n; i++)
        g->nodes[i]->mark = NULL;
    for (size_t i = 0; i < n; i++) {
        td_node *const node = g->nodes[i];

        for (uint32_t k = 0; k < node->n_in; k++)
            follow(&node->in[k]);
        if (is_foldable(node)) fold_node(p, g, node);
    }
    for (size_t i = 0; i < g->n_rets; i++)
        follow(&g->rets[i]);
    /* Control edges on folded nodes order nothing any more, but their own control inputs may: keep those by
     * keeping the edge only where the folded node had some. */
    for (size_t i = 0; i < n; i++) {
        td_node *const u = g->nodes[i];
        uint32_t kept = 0;

        for (uint32_t k = 0; k < u->n_ctrl; k++)
            if (!u->ctrl[k]->mark || u->ctrl[k]->n_ctrl > 0) u->ctrl[kept++] = u->ctrl[k];
        u->n_ctrl = kept;
    }
    return NULL;
}
