/* SPDX-License-Identifier: Apache-2.0 */
/* build.c -- see build.h. */
#include "build.h"

#include <stdio.h>
#include <string.h>

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

td_status fz_fill_table(const fz_node *n, td_env *env, td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "init");
    td_node *const table = node_of_text(g, n->text, NULL, 0);
    const td_edge in[] = { { .node = table },
                           { .node = node_of_tensor(g, &n->data[0]) },
                           { .node = node_of_tensor(g, &n->data[1]) } };
    td_tensor from[] = { { 0 }, n->data[0], n->data[1] };
    char text[80];

    (void)snprintf(text, sizeof text, "InitializeTableV2 Tkey=%%%s Tval=%%%s",
                   td_dtype_name(n->data[0].dtype), td_dtype_name(n->data[1].dtype));
    td_node *const fills = node_of_text(g, text, in, 3);
    for (size_t i = 0; i < TD_COUNT(in); i++)
        TD_TRY(td_node_bind(in[i].node, arena));
    TD_TRY(td_node_bind(fills, arena));
    TD_TRY(td_node_eval(table, env, NULL, &from[0]));
    const td_status s = td_node_eval(fills, env, from, NULL);
    td_tensor_unref(&from[0]);
    return s;
}

td_status fz_set_state(const fz_model *m, td_env *env, td_arena *arena)
{
    for (uint32_t k = 0; k <= m->n_functions; k++) {
        const fz_graph *const f = k ? m->functions[k - 1] : m->main;
        for (uint32_t i = 0; i < f->n_nodes; i++) {
            if (f->nodes[i].is_variable) TD_TRY(set_variable(f, i, env, arena));
            if (f->nodes[i].is_table) TD_TRY(fz_fill_table(&f->nodes[i], env, arena));
        }
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

/* A body on these arguments; what takes nothing hangs on the pivot, and is not run when that is dead. */
static void inline_body(const fz_model *m, const fz_graph *f, td_graph *g, const td_edge *args,
                        td_node *pivot, td_edge *out)
{
    td_node *nodes[FZ_MAX_NODES] = { NULL };
    uint32_t next = 0;

    for (uint32_t i = 0; i < f->n_nodes; i++) {
        if (f->nodes[i].kind == FZ_ARG) {
            nodes[i] = typed(g, "Identity", f->nodes[i].dtype, &args[next++], 1);
            continue;
        }
        nodes[i] = build_node(m, f, i, g, nodes);
        if (f->nodes[i].n_in == 0) td_node_add_ctrl(g, nodes[i], pivot);
    }
    for (uint32_t i = 0; i < f->n_rets; i++)
        out[i] = (td_edge){ .node = nodes[f->rets[i].node], .index = f->rets[i].out };
}

/* One node that has all of in[] as its outputs. */
static td_node *gather_edges(td_graph *g, const td_attr_value *types, const td_edge *in)
{
    char text[512];
    int at = snprintf(text, sizeof text, "IdentityN T={");

    for (size_t i = 0; i < types->u.list.count; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%%%s",
                       td_dtype_name(types->u.list.items[i].u.type));
    (void)snprintf(text + at, sizeof text - (size_t)at, "}");
    return node_of_text(g, text, in, (uint32_t)types->u.list.count);
}

static td_node *merge(td_graph *g, td_dtype type, td_edge a, td_edge b)
{
    const td_edge in[] = { a, b };
    char text[64];

    (void)snprintf(text, sizeof text, "Merge N=2 T=%%%s", td_dtype_name(type));
    return node_of_text(g, text, in, 2);
}

static td_node *lower_if(const fz_model *m, const fz_node *n, td_graph *g, td_node *const *nodes)
{
    const td_node *const form = node_of_text(td_graph_make(g->arena, ""), n->text, NULL, 0);
    static const char *const names[] = { "else_branch", "then_branch" };
    td_edge in[FZ_MAX_IN], args[FZ_MAX_IN], out[2][FZ_MAX_ENDS], joined[FZ_MAX_ENDS];
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
        for (uint32_t k = 1; k < n->n_in; k++)
            args[k - 1] = (td_edge){ .node = switches[k - 1], .index = side };
        inline_body(m, fz_function(m, td_node_attr(form, names[side])->u.func), g, args, at, out[side]);
    }
    const td_attr_value *const types = td_node_attr(form, "Tout");
    for (size_t i = 0; i < types->u.list.count; i++)
        joined[i] = (td_edge){ .node = merge(g, types->u.list.items[i].u.type, out[0][i], out[1][i]) };
    return gather_edges(g, types, joined);
}

/* ---------------------------------------------------------------- loops as TensorFlow 1 has them */

/* A variable of a loop that is being built; those that the body hands on as they are only enter. */
typedef struct loop_var {
    td_dtype type;
    bool is_constant;
    td_node *enter, *merge, *branches, *now; /* now: in the body */
} loop_var;

static void enter_loop(td_graph *g, loop_var *v, td_edge from, const char *frame)
{
    char text[128];

    (void)snprintf(text, sizeof text, "Enter T=%%%s frame_name='%s is_constant=%s", td_dtype_name(v->type),
                   frame, v->is_constant ? "true" : "false");
    v->now = v->enter = node_of_text(g, text, &from, 1);
    if (v->is_constant) return;
    const td_edge at = { .node = v->enter };
    v->now = v->merge = merge(g, v->type, at, at); /* the second is what comes back */
}

static void branch_off(td_graph *g, loop_var *v, td_node *cond)
{
    if (v->is_constant) return;
    const td_edge in[] = { { .node = v->merge }, { .node = cond } };
    v->branches = typed(g, "Switch", v->type, in, 2);
    const td_edge goes_on = { .node = v->branches, .index = 1 };
    v->now = typed(g, "Identity", v->type, &goes_on, 1);
}

static void now_of(const loop_var *vars, uint32_t n, td_edge *out)
{
    for (uint32_t k = 0; k < n; k++)
        out[k] = (td_edge){ .node = vars[k].now };
}

static bool hands_on(const fz_graph *body, uint32_t k)
{
    return body->rets[k].node == body->args[k];
}

/* The first variable that changes; n: none. */
static uint32_t first_changing(const loop_var *vars, uint32_t n)
{
    uint32_t k = 0;

    while (k < n && vars[k].is_constant)
        k++;
    return k;
}

static td_node *lower_loop(const fz_model *m, const fz_node *n, td_graph *g, td_node *const *nodes)
{
    const td_node *const form = node_of_text(td_graph_make(g->arena, ""), n->text, NULL, 0);
    const fz_graph *const cond = fz_function(m, td_node_attr(form, "cond")->u.func),
                          *const body = fz_function(m, td_node_attr(form, "body")->u.func);
    const char *const frame = td_arena_format(g->arena, "loop%zu", g->n_nodes);
    td_edge in[FZ_MAX_IN], now[FZ_MAX_IN], out[FZ_MAX_ENDS], go;
    loop_var vars[FZ_MAX_IN];

    get_inputs(n, nodes, in);
    for (uint32_t k = 0; k < n->n_in; k++) {
        vars[k] = (loop_var){ .type = body->nodes[body->args[k]].dtype, .is_constant = hands_on(body, k) };
        enter_loop(g, &vars[k], in[k], frame);
    }
    const uint32_t first = first_changing(vars, n->n_in);
    if (first == n->n_in) return fz_build_node(n, g, nodes);
    now_of(vars, n->n_in, now);
    inline_body(m, cond, g, now, vars[first].merge, &go);
    td_node *const goes_on = node_of_text(g, "LoopCond", &go, 1);
    for (uint32_t k = 0; k < n->n_in; k++)
        branch_off(g, &vars[k], goes_on);
    now_of(vars, n->n_in, now);
    inline_body(m, body, g, now, vars[first].now, out);
    for (uint32_t k = 0; k < n->n_in; k++) {
        if (vars[k].is_constant) {
            out[k] = in[k];
            continue;
        }
        vars[k].merge->in[1] = (td_edge){ .node = typed(g, "NextIteration", vars[k].type, &out[k], 1) };
        const td_edge ends = { .node = vars[k].branches };
        out[k] = (td_edge){ .node = typed(g, "Exit", vars[k].type, &ends, 1) };
    }
    return gather_edges(g, td_node_attr(form, "T"), out);
}

/* ---------------------------------------------------------------- the whole */

static td_node *build_node(const fz_model *m, const fz_graph *f, uint32_t i, td_graph *g,
                           td_node *const *nodes)
{
    if (f->nodes[i].is_variable) return read_of(f, i, g);
    if (f->nodes[i].is_lowered)
        return (strstr(f->nodes[i].text, "body=") ? lower_loop : lower_if)(m, &f->nodes[i], g, nodes);
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
