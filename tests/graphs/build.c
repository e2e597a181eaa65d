/* SPDX-License-Identifier: Apache-2.0 */
/* build.c -- see build.h. */
#include "build.h"

#include <stdio.h>

#include "base/macros.h"
#include "node_text.h"
#include "ops/kernel.h"
#include "ops/resources.h"
#include "ops/signature.h"

static void get_inputs(const fz_node *n, td_node *const *nodes, td_edge *in)
{
    for (uint32_t k = 0; k < n->n_in; k++)
        in[k] = (td_edge){ .node = nodes[n->in[k].node], .index = n->in[k].out };
}

/* Edges to later nodes, which spoiled graphs have, were left open. */
static void close_edges(const fz_graph *f, td_graph *g, td_node *const *nodes)
{
    for (uint32_t i = 0; i < f->n_nodes; i++)
        for (uint32_t k = 0; k < f->nodes[i].n_in && k < nodes[i]->n_in; k++)
            if (!nodes[i]->in[k].node) nodes[i]->in[k].node = nodes[f->nodes[i].in[k].node];
    for (size_t i = 0; i < g->n_nodes; i++) /* within what stands for a node */
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (!g->nodes[i]->in[k].node) g->nodes[i]->in[k].node = nodes[0];
}

td_node *fz_build_node(const fz_node *n, td_graph *g, td_node *const *nodes)
{
    td_edge in[FZ_MAX_IN];

    if (n->kind == FZ_ARG) return node_of_arg(g, n->dtype);
    if (n->kind == FZ_CONST) return node_of_tensor(g, &n->data[0]);
    get_inputs(n, nodes, in);
    return node_of_text(g, n->text, in, n->n_in);
}

/* ---------------------------------------------------------------- variables */

/* The handle of node i of f. */
static td_node *handle_of(const fz_graph *f, uint32_t i, td_graph *g)
{
    const td_tensor *const t = &f->nodes[i].data[0];
    char text[96];

    (void)snprintf(text, sizeof text, "VarHandleOp dtype=%%%s shared_name='%s/%u", td_dtype_name(t->dtype),
                   f->name, i);
    td_node *const n = node_of_text(g, text, NULL, 0);
    td_node_add_attr(g, n, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &t->shape });
    return n;
}

static td_node *read_of(const fz_graph *f, uint32_t i, td_graph *g)
{
    const td_edge handle = { .node = handle_of(f, i, g) };
    char text[64];

    (void)snprintf(text, sizeof text, "ReadVariableOp dtype=%%%s", td_dtype_name(f->nodes[i].dtype));
    return node_of_text(g, text, &handle, 1);
}

static td_status set_variable(const fz_graph *f, uint32_t i, td_env *env, td_arena *arena)
{
    td_node *const n = handle_of(f, i, td_graph_make(arena, "init"));
    td_tensor at = { 0 };
    td_variable *v = NULL;

    TD_TRY(td_node_bind(n, arena));
    TD_TRY(td_node_eval(n, env, NULL, &at));
    td_status s = td_variable_of(&at, &v);
    if (!s) s = td_variable_assign(v, &f->nodes[i].data[0]);
    td_tensor_unref(&at);
    return s;
}

td_status fz_set_variables(const fz_model *m, td_env *env, td_arena *arena)
{
    for (uint32_t k = 0; k <= m->n_functions; k++) {
        const fz_graph *const f = k ? m->functions[k - 1] : m->main;
        for (uint32_t i = 0; i < f->n_nodes; i++)
            if (f->nodes[i].is_variable) TD_TRY(set_variable(f, i, env, arena));
    }
    return NULL;
}

/* ---------------------------------------------------------------- branches as TensorFlow 1 has them */

static td_node *build_node(const fz_model *m, const fz_graph *f, uint32_t i, td_graph *g,
                           td_node *const *nodes);

static td_node *typed(td_graph *g, const char *op, td_dtype type, const td_edge *in, uint32_t n_in)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s T=%%%s", op, td_dtype_name(type));
    return node_of_text(g, text, in, n_in);
}

/* Branch `side` on arguments that come from switches; constants die with it by its pivot. */
static void inline_branch(const fz_model *m, const fz_graph *f, td_graph *g, td_node *const *switches,
                          uint32_t side, td_node *pivot, td_edge *out)
{
    td_node *nodes[FZ_MAX_NODES] = { NULL };
    uint32_t next = 0;

    for (uint32_t i = 0; i < f->n_nodes; i++) {
        const td_edge in = { .node = switches[next], .index = side };
        if (f->nodes[i].kind == FZ_ARG) {
            nodes[i] = typed(g, "Identity", f->nodes[i].dtype, &in, 1);
            next++;
            continue;
        }
        nodes[i] = build_node(m, f, i, g, nodes);
        if (f->nodes[i].kind == FZ_CONST) td_node_add_ctrl(g, nodes[i], pivot);
    }
    for (uint32_t i = 0; i < f->n_rets; i++)
        out[i] = (td_edge){ .node = nodes[f->rets[i].node], .index = f->rets[i].out };
}

static td_node *join(td_graph *g, const td_attr_value *types, const td_edge *no, const td_edge *yes)
{
    td_edge joined[FZ_MAX_ENDS];
    char text[256];
    int at = snprintf(text, sizeof text, "IdentityN T={");

    for (size_t i = 0; i < types->u.list.count; i++) {
        const td_dtype t = types->u.list.items[i].u.type;
        const td_edge in[] = { no[i], yes[i] };
        char merge[64];
        (void)snprintf(merge, sizeof merge, "Merge N=2 T=%%%s", td_dtype_name(t));
        joined[i] = (td_edge){ .node = node_of_text(g, merge, in, 2) };
        at += snprintf(text + at, sizeof text - (size_t)at, "%%%s", td_dtype_name(t));
    }
    (void)snprintf(text + at, sizeof text - (size_t)at, "}");
    return node_of_text(g, text, joined, (uint32_t)types->u.list.count);
}

static td_node *lower_if(const fz_model *m, const fz_node *n, td_graph *g, td_node *const *nodes)
{
    const td_node *const form = node_of_text(td_graph_make(g->arena, ""), n->text, NULL, 0);
    static const char *const names[] = { "else_branch", "then_branch" };
    td_edge in[FZ_MAX_IN], out[2][FZ_MAX_ENDS];
    td_node *switches[FZ_MAX_IN];

    get_inputs(n, nodes, in);
    const td_edge both[] = { in[0], in[0] };
    td_node *const pivot = typed(g, "Switch", TD_BOOL, both, 2);
    const fz_graph *const any = fz_function(m, td_node_attr(form, names[0])->u.func);
    for (uint32_t k = 1; k < n->n_in; k++) {
        const td_edge x[] = { in[k], in[0] };
        switches[k - 1] = typed(g, "Switch", any->nodes[any->args[k - 1]].dtype, x, 2);
    }
    for (uint32_t side = 0; side < 2; side++) {
        const td_edge live = { .node = pivot, .index = side };
        td_node *const at = typed(g, "Identity", TD_BOOL, &live, 1);
        inline_branch(m, fz_function(m, td_node_attr(form, names[side])->u.func), g, switches, side, at,
                      out[side]);
    }
    return join(g, td_node_attr(form, "Tout"), out[0], out[1]);
}

/* ---------------------------------------------------------------- the whole */

static td_node *build_node(const fz_model *m, const fz_graph *f, uint32_t i, td_graph *g,
                           td_node *const *nodes)
{
    if (f->nodes[i].is_variable) return read_of(f, i, g);
    if (f->nodes[i].is_lowered) return lower_if(m, &f->nodes[i], g, nodes);
    return fz_build_node(&f->nodes[i], g, nodes);
}

td_graph *fz_build(const fz_model *m, const fz_graph *f, td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, f->name);
    td_node *nodes[FZ_MAX_NODES] = { NULL };

    for (uint32_t i = 0; i < f->n_nodes; i++)
        nodes[i] = build_node(m, f, i, g, nodes);
    close_edges(f, g, nodes);
    for (uint32_t i = 0; i < f->n_rets; i++)
        node_return(g, (td_edge){ .node = nodes[f->rets[i].node], .index = f->rets[i].out });
    return g;
}
