/* SPDX-License-Identifier: Apache-2.0 */
/* fold.c -- pure nodes whose inputs are constants become constants, if they wait for nothing. The graph must be sorted.
 *
 * A constant that was made on the way and has no user left is given back at once: of a long chain only the last one stays.
 */
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "ops/kernel.h"
#include "passes/pass.h"

enum { SMALL = 4096, LARGE = 1 << 20 };

/* A function, or a list of them: the op runs bodies, which only a plan has. */
static bool names_functions(const td_attr_value *v)
{
    if (v->kind == TD_ATTR_LIST) return v->u.list.count && v->u.list.items[0].kind == TD_ATTR_FUNC;
    return v->kind == TD_ATTR_FUNC;
}

static bool is_foldable(const td_node *n)
{
    const uint32_t never = TD_OP_STATEFUL | TD_OP_CALL | TD_OP_CONTROL;

    if ((n->op->flags & never) || n->n_ctrl || n->n_out == 0 ||
        (!n->op->kernels && !(n->op->flags & TD_OP_ALIAS)))
        return false;
    if (n->n_in == 0 && !td_node_is(n, "VarHandleOp") && !n->op->infer) return false;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (names_functions(&n->attrs[i].value)) return false;
    for (uint32_t i = 0; i < n->n_in; i++)
        if (!td_edge_const(&n->in[i])) return false;
    for (uint32_t i = 0; i < n->n_out; i++)
        if (n->out_type[i] == TD_VARIANT) return false;
    return true;
}

/* A constant that takes the place of one output. */
typedef struct folded {
    td_node *node;
    td_tensor value;
    uint32_t uses;
} folded;

typedef struct folding {
    td_pass *p;
    td_graph *g;
    uint32_t *first; /* [node id]: where its outputs' counts begin */
    uint32_t *uses;  /* how often each output is used */
    td_node **made;  /* what was folded */
    size_t n_made;
} folding;

/* The most bytes that could be worth keeping, and one. */
static size_t most_worth(const td_node *n, const td_tensor *in)
{
    size_t before = 0;

    if (n->op->flags & TD_OP_NO_FOLD) return SMALL + 1;
    for (uint32_t i = 0; i < n->n_in; i++)
        if (!td_add_size(before, td_tensor_bytes(&in[i]), &before)) return SIZE_MAX;
    return TD_MAX((size_t)LARGE, before > SIZE_MAX / 4 ? SIZE_MAX / 2 : 2 * before) + 1;
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

static void count_uses(folding *f)
{
    td_graph *const g = f->g;
    size_t n = 0;

    td_graph_number(g);
    f->first = TD_NEW_N(uint32_t, g->n_nodes);
    for (size_t i = 0; i < g->n_nodes; i++) {
        f->first[i] = (uint32_t)n;
        n += g->nodes[i]->n_out;
    }
    f->uses = TD_NEW_N(uint32_t, n);
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            f->uses[f->first[g->nodes[i]->in[k].node->id] + g->nodes[i]->in[k].index]++;
    for (size_t i = 0; i < g->n_rets; i++)
        f->uses[f->first[g->rets[i].node->id] + g->rets[i].index]++;
}

static void give_back(folding *f, folded *x)
{
    td_budget_give(f->p->env->budget, TD_BUDGET_BYTES, td_tensor_bytes(&x->value));
    td_tensor_unref(&x->value);
}

/* Node n is done with: its inputs lose a user. */
static void release_inputs(folding *f, const td_node *n)
{
    for (uint32_t i = 0; i < n->n_in; i++) {
        folded *const x = n->in[i].node->mark;

        if (x && --x->uses == 0) give_back(f, x);
    }
}

/* Takes over out[]. */
static td_status keep(folding *f, td_node *n, td_tensor *out)
{
    folded *const x = TD_ARENA_NEW_N(f->p->arena, folded, n->n_out);
    td_status s = NULL;

    n->mark = x;
    f->made[f->n_made++] = n;
    for (uint32_t i = 0; i < n->n_out; i++) {
        if (!s) s = td_budget_take(f->p->env->budget, TD_BUDGET_BYTES, td_tensor_bytes(&out[i]), n->name);
        if (s) td_tensor_unref(&out[i]);
        if (s) continue;
        x[i] =
            (folded){ td_pass_const_of(f->p, f->g, n->name, out[i]), out[i], f->uses[f->first[n->id] + i] };
        x[i].node->mark = &x[i];
        if (!x[i].uses) give_back(f, &x[i]);
    }
    return s;
}

static td_status fold_values(folding *f, td_node *n, td_tensor *in, td_tensor *out)
{
    TD_TRY(td_budget_check(f->p->env->budget));
    for (uint32_t i = 0; i < n->n_in; i++)
        in[i] = *td_edge_const(&n->in[i]);
    const td_status s = td_node_eval_within(n, f->p->env, in, most_worth(n, in), out);

    td_status_free(s); /* the request gets the error, if it ever runs this node */
    if (s) return NULL;
    if (is_worth(n, in, out)) {
        const td_status over = keep(f, n, out);

        release_inputs(f, n);
        return over;
    }
    for (uint32_t i = 0; i < n->n_out; i++)
        td_tensor_unref(&out[i]);
    return NULL;
}

static td_status fold_node(folding *f, td_node *n)
{
    td_tensor *const in = TD_NEW_N(td_tensor, n->n_in);
    td_tensor *const out = TD_NEW_N(td_tensor, n->n_out);
    const td_status s = fold_values(f, n, in, out);

    td_free(in);
    td_free(out);
    return s;
}

static void follow(td_edge *e)
{
    if (e->node->mark) *e = (td_edge){ ((const folded *)e->node->mark)[e->index].node, 0, NULL };
}

static td_status fold_nodes(folding *f, size_t n)
{
    td_graph *const g = f->g;

    for (size_t i = 0; i < n; i++) {
        td_node *const node = g->nodes[i];

        for (uint32_t k = 0; k < node->n_in; k++)
            follow(&node->in[k]);
        if (is_foldable(node)) TD_TRY(fold_node(f, node));
    }
    for (size_t i = 0; i < g->n_rets; i++)
        follow(&g->rets[i]);
    return NULL;
}

/* Control edges on folded nodes, which waited for nothing, order nothing any more. */
static void drop_order(td_graph *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        td_node *const u = g->nodes[i];
        uint32_t kept = 0;

        for (uint32_t k = 0; k < u->n_ctrl; k++)
            if (!u->ctrl[k]->mark) u->ctrl[kept++] = u->ctrl[k];
        u->n_ctrl = kept;
    }
}

/* What still has users stays with the model. */
static void own_made(const folding *f)
{
    for (size_t i = 0; i < f->n_made; i++) {
        const folded *const x = f->made[i]->mark;

        for (uint32_t k = 0; k < f->made[i]->n_out; k++)
            if (x[k].value.buffer) td_pass_own(f->p, x[k].value);
    }
}

td_status td_pass_fold(td_pass *p, td_graph *g)
{
    const size_t n = g->n_nodes;
    folding f = { .p = p, .g = g, .made = TD_NEW_N(td_node *, n) };

    for (size_t i = 0; i < n; i++)
        g->nodes[i]->mark = NULL;
    count_uses(&f);
    const td_status s = fold_nodes(&f, n);

    if (!s) drop_order(g, n);
    own_made(&f);
    td_free(f.made);
    td_free(f.first);
    td_free(f.uses);
    return s;
}
