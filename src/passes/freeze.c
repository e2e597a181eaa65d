/* SPDX-License-Identifier: Apache-2.0 */
/* freeze.c -- a variable that no served signature assigns is a constant.
 *
 * First every signature's graph marks what it assigns (also through the bodies of If, Case and While); then
 * graphs are frozen: a read of an unmarked, initialised variable becomes a Const that shares the variable's
 * buffer, a look-up in it a gather from that Const, whose shape is known to plans.
 */
#include <string.h>

#include "base/mem.h"
#include "ops/kernel.h"
#include "ops/resources.h"
#include "passes/pass.h"

td_status td_pass_variable(td_pass *p, const td_edge *e, td_variable **out)
{
    const td_tensor *handle = td_edge_const(e);
    td_tensor made = { 0 };

    *out = NULL;
    if (e->node->n_out == 0) return NULL;
    if (handle && handle->dtype != TD_RESOURCE) return NULL;
    if (!handle) {
        if (!td_node_is(e->node, "VarHandleOp")) return NULL;
        TD_TRY(td_node_eval(e->node, p->env, NULL, &made));
        handle = &made;
    }
    td_status_free(td_variable_of(handle, out)); /* another resource: *out stays NULL */
    td_tensor_unref(&made);
    return NULL;
}

typedef struct search {
    td_pass *p;
    td_map seen;
    const char **stack;
    size_t n, cap;
} search;

static void push_functions(search *s, const td_node *n)
{
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const td_attr_value *const v = &n->attrs[i].value;
        const size_t count = v->kind == TD_ATTR_LIST ? v->u.list.count : 1;

        for (size_t k = 0; k < count; k++) {
            const td_attr_value *const f = v->kind == TD_ATTR_LIST ? &v->u.list.items[k] : v;

            if (f->kind != TD_ATTR_FUNC || !*f->u.func || n->attrs[i].name[0] == '_') continue;
            if (td_map_has(&s->seen, f->u.func)) continue;
            (void)td_map_put(&s->seen, f->u.func, NULL);
            if (s->n == s->cap) {
                s->cap = s->cap ? 2 * s->cap : 16;
                s->stack = td_realloc(s->stack, s->cap * sizeof(char *));
            }
            s->stack[s->n++] = f->u.func;
        }
    }
}

/* How an op changes the variable of its first input, if it does. */
typedef struct change {
    bool assigns, gives; /* it may have had no value before */
} change;

static void note_change(const td_op *op, change *out)
{
    if (!op || !(op->flags & TD_OP_ASSIGNS)) return;
    out->assigns = true;
    out->gives = out->gives || !(op->flags & TD_OP_READS);
}

/* Does anything that n's functions reach assign a variable? */
static td_status body_changes(td_pass *p, const td_node *n, change *out)
{
    search s = { .p = p };
    td_status status = NULL;

    push_functions(&s, n);
    while (!status && !out->gives && s.n > 0) {
        const td_graph *body;

        status = td_pass_look_at_body(p, s.stack[--s.n], &body);
        for (size_t i = 0; !status && i < body->n_nodes; i++) {
            note_change(td_op_find(body->nodes[i]->op_name), out);
            push_functions(&s, body->nodes[i]);
        }
    }
    td_map_fini(&s.seen);
    td_free(s.stack);
    return status;
}

enum { IS_ASSIGNED = 1, IS_GIVEN = 2 };

/* What is done through the handles that n makes, as the bits above. */
static uintptr_t done_with(const td_node *n)
{
    return (uintptr_t)n->mark;
}

/* The same is done with the handles that n takes. */
static void hand_back(td_node *n, uintptr_t done)
{
    for (uint32_t i = 0; i < n->n_in; i++) {
        td_node *const from = n->in[i].node;

        if (n->in[i].index < from->n_out && from->out_type[n->in[i].index] == TD_RESOURCE)
            from->mark = (void *)(done_with(from) | done);
    }
}

static td_status mark_variable(td_pass *p, td_node *n)
{
    td_variable *v;

    TD_TRY(td_pass_variable(p, &(td_edge){ n, 0, NULL }, &v));
    if (v) v->is_assigned = true;
    if (v) v->is_given = v->is_given || (done_with(n) & IS_GIVEN);
    return NULL;
}

/* From the last node to the first: who takes a handle and makes one hands on one of those that it takes. */
td_status td_pass_mark_assigned(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        g->nodes[i]->mark = NULL;
    for (size_t i = g->n_nodes; i-- > 0;) {
        td_node *const n = g->nodes[i];
        change c = { 0 };

        note_change(n->op, &c);
        if (!c.assigns && !(n->op->flags & TD_OP_CALL)) TD_TRY(body_changes(p, n, &c));
        if (c.assigns) hand_back(n, IS_ASSIGNED | (c.gives ? IS_GIVEN : 0u));
        if (!done_with(n)) continue;
        TD_TRY(mark_variable(p, n));
        hand_back(n, done_with(n));
    }
    return NULL;
}

td_status td_pass_mark_reached(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_variable *v;

        TD_TRY(td_pass_variable(p, &(td_edge){ g->nodes[i], 0, NULL }, &v));
        if (v) v->is_reached = true;
    }
    return NULL;
}

td_status td_pass_note_unrestored(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];
        td_variable *v;
        td_tensor value;

        if (!td_node_is(n, "AssignVariableOp")) continue;
        TD_TRY(td_pass_variable(p, &n->in[0], &v));
        if (!v || !v->is_reached) continue;
        const td_status s = td_variable_read(v, &value);
        if (s)
            td_pass_note_unset(p, v->name);
        else
            td_tensor_unref(&value);
        td_status_free(s);
    }
    return NULL;
}

td_status td_pass_drop_dead_assigns(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];
        td_variable *v;

        if (!td_node_is(n, "AssignVariableOp")) continue;
        TD_TRY(td_pass_variable(p, &n->in[0], &v));
        if (!v || v->is_reached) continue;
        n->op_name = "NoOp";
        n->op = td_op_find("NoOp");
        n->n_in = 0;
    }
    return NULL;
}

/* Reads that freeze, and what becomes of them. */
static bool reads_variable(const td_node *n)
{
    return td_node_is(n, "ReadVariableOp") || td_node_is(n, "ResourceGather") ||
           td_node_is(n, "ResourceGatherNd");
}

static td_status gather_node(td_pass *p, td_graph *g, const td_node *read, td_node *table, td_node **out)
{
    const td_attr_value *const batch = td_node_attr(read, "batch_dims");
    const td_attr_value type = { .kind = TD_ATTR_TYPE, .u.type = read->out_type[0] };
    td_edge in[3] = { { table, 0, NULL }, read->in[1] };
    td_attr attrs[4] = { { "Tparams", type }, { "Tindices", *td_node_attr(read, "Tindices") } };

    if (td_node_is(read, "ResourceGatherNd"))
        return td_pass_node(p, g, read->name, "GatherNd", in, 2, attrs, 2, out);
    int32_t *const axis = TD_ARENA_NEW(p->arena, int32_t);
    *axis = batch ? (int32_t)batch->u.i : 0; /* it gathers along the first dimension that is no batch */
    in[2].node = td_pass_const(p, g, read->name, (td_tensor){ .dtype = TD_I32, .data = axis });
    attrs[2] = (td_attr){ "Taxis", { .kind = TD_ATTR_TYPE, .u.type = TD_I32 } };
    attrs[3] = (td_attr){ "batch_dims", { .kind = TD_ATTR_INT, .u.i = *axis } };
    return td_pass_node(p, g, read->name, "GatherV2", in, 3, attrs, 4, out);
}

/* Sets read->mark to what takes its place: a constant, or a gather from one. */
static td_status freeze_read(td_pass *p, td_graph *g, td_node *read)
{
    td_variable *v;
    td_tensor value;
    td_node *now;

    TD_TRY(td_pass_variable(p, &read->in[0], &v));
    if (!v || v->is_assigned) return NULL;
    const td_status s = td_variable_read(v, &value);
    if (s) { /* whoever builds the program sees that it has no value */
        td_status_free(s);
        return NULL;
    }
    if (value.dtype != read->out_type[0]) {
        td_tensor_unref(&value);
        return NULL;
    }
    now = td_pass_const(p, g, read->name, value);
    if (!td_node_is(read, "ReadVariableOp")) TD_TRY(gather_node(p, g, read, now, &now));
    for (uint32_t i = 0; i < read->n_ctrl; i++)
        td_node_add_ctrl(g, now, read->ctrl[i]);
    read->mark = now;
    return NULL;
}

/* Who waited for a read waits for what the read did. */
static void follow_order(td_node **ctrl, size_t n, size_t *n_kept)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        td_node *const now = ctrl[i]->mark;

        if (!now || now->n_ctrl) ctrl[kept++] = now ? now : ctrl[i];
    }
    *n_kept = kept;
}

td_status td_pass_freeze(td_pass *p, td_graph *g)
{
    const size_t n = g->n_nodes;

    for (size_t i = 0; i < n; i++)
        g->nodes[i]->mark = NULL;
    for (size_t i = 0; i < n; i++)
        if (reads_variable(g->nodes[i])) TD_TRY(freeze_read(p, g, g->nodes[i]));
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (g->nodes[i]->in[k].node->mark)
                g->nodes[i]->in[k] = (td_edge){ g->nodes[i]->in[k].node->mark, 0, NULL };
    for (size_t i = 0; i < g->n_rets; i++)
        if (g->rets[i].node->mark) g->rets[i] = (td_edge){ g->rets[i].node->mark, 0, NULL };
    for (size_t i = 0; i < g->n_nodes; i++) {
        size_t kept;

        follow_order(g->nodes[i]->ctrl, g->nodes[i]->n_ctrl, &kept);
        g->nodes[i]->n_ctrl = (uint32_t)kept;
    }
    follow_order(g->ctrl_rets, g->n_ctrl_rets, &g->n_ctrl_rets);
    return NULL;
}
