/* SPDX-License-Identifier: Apache-2.0 */
/* seq_loop.c -- see seq_loop.h. */
#include "passes/seq_loop.h"

#include "ops/list/list_util.h"
#include "ops/op.h"
#include "ops/signature.h"
#include "passes/users.h"

td_edge td_seq_loop_next(const td_seq_loop *s, uint32_t i)
{
    return td_edge_source(s->body->rets[i]);
}

int td_seq_loop_var(const td_seq_loop *s, td_edge e)
{
    const td_edge from = td_edge_source(e);

    for (uint32_t i = 0; i < s->body->n_args; i++)
        if (s->body->args[i] == from.node) return (int)i;
    return -1;
}

static bool is_invariant(const td_seq_loop *s, uint32_t i)
{
    return s->is_invariant[i];
}

static bool int_const(td_edge e, int32_t *out)
{
    const td_edge from = td_edge_source(e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || t->dtype != TD_I32 || !t->data || td_shape_count(&t->shape) != 1) return false;
    *out = *(const int32_t *)t->data;
    return true;
}

/* Does variable i count 0, 1, 2 ...? */
static bool is_counter(const td_seq_loop *s, int i)
{
    int32_t v;

    if (i < 0 || !int_const(s->loop->in[i], &v) || v != 0) return false;
    const td_edge next = td_seq_loop_next(s, (uint32_t)i);
    if (!td_node_is(next.node, "AddV2") && !td_node_is(next.node, "Add")) return false;
    for (uint32_t k = 0; k < 2; k++)
        if (td_seq_loop_var(s, next.node->in[k]) == i && int_const(next.node->in[1 - k], &v) && v == 1)
            return true;
    return false;
}

/* ---------------------------------------------------------------- functions */

/* Function `attr` of the loop with the loop's constants in it, folded. */
static td_status read_function(td_seq_loop *s, const char *attr, td_graph **out)
{
    const td_attr_value *const f = td_node_attr(s->loop, attr);
    td_graph *g;

    TD_TRY(td_pass_body(s->p, f->u.func, &g));
    TD_TRY(td_pass_inline(s->p, g));
    TD_TRY(td_pass_deref(s->p, g));
    *out = g;
    return NULL;
}

static td_status fold_function(td_seq_loop *s, td_graph *g)
{
    for (uint32_t i = 0; i < s->loop->n_in; i++) {
        const td_edge from = td_edge_source(s->loop->in[i]);
        const td_tensor *const t = td_edge_const(&from);

        if (!t || !is_invariant(s, i)) continue;
        td_tensor value = *t;
        value.buffer = NULL; /* the model keeps it already */
        td_node *const c = td_pass_const(s->p, g, g->args[i]->name, value);
        td_pass_replace(g, (td_edge){ g->args[i], 0, NULL }, (td_edge){ c, 0, NULL });
    }
    TD_TRY(td_pass_prune(s->p, g));
    TD_TRY(td_pass_freeze(s->p, g));
    TD_TRY(td_pass_prune(s->p, g));
    td_pass_relax(g);
    TD_TRY(td_pass_fold(s->p, g));
    return td_pass_prune(s->p, g);
}

static bool is_pure(const td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if ((g->nodes[i]->op->flags & (TD_OP_STATEFUL | TD_OP_CONTROL)) && !td_node_is(g->nodes[i], "NoOp"))
            return false;
    return true;
}

/* Does the body hand argument i on, whatever that waits for? */
static bool hands_on(const td_graph *body, uint32_t i)
{
    td_edge e = body->rets[i];

    while (td_node_is(e.node, "Identity"))
        e = e.node->in[0];
    return e.node == body->args[i];
}

static td_status read_functions(td_seq_loop *s, td_graph **cond, bool *matches)
{
    const uint32_t n = s->loop->n_in;

    TD_TRY(read_function(s, "body", &s->body));
    TD_TRY(read_function(s, "cond", cond));
    *matches = s->body->n_args == n && s->body->n_rets == n && (*cond)->n_args == n && (*cond)->n_rets == 1 &&
               s->loop->n_out == n;
    if (!*matches) return NULL;
    s->is_invariant = TD_ARENA_NEW_N(s->p->arena, bool, n + 1);
    for (uint32_t i = 0; i < n; i++)
        s->is_invariant[i] = hands_on(s->body, i);
    TD_TRY(fold_function(s, *cond));
    TD_TRY(fold_function(s, s->body));
    *matches = is_pure(s->body) && is_pure(*cond);
    return NULL;
}

/* ---------------------------------------------------------------- the condition */

/* counter < limit, where limit comes from outside. */
static td_status read_less(td_seq_loop *s, const td_graph *cond, const td_node *less, bool *matches)
{
    const td_edge a = td_edge_source(less->in[0]), b = td_edge_source(less->in[1]);
    const td_tensor *const value = td_edge_const(&b);
    int counter = -1, limit = -1;

    *matches = false;
    for (uint32_t i = 0; i < cond->n_args; i++) {
        if (cond->args[i] == a.node) counter = (int)i;
        if (cond->args[i] == b.node) limit = (int)i;
    }
    if (!is_counter(s, counter) || s->n_limits == TD_SEQ_MAX_LIMITS) return NULL;
    if (b.node->out_type[b.index] != TD_I32) return NULL;
    td_edge *const at = &s->limits[s->n_limits];
    if (value) {
        td_tensor copy = *value;
        copy.buffer = NULL;
        *at = (td_edge){ td_pass_const(s->p, s->g, less->name, copy), 0, NULL };
    } else if (limit >= 0 && is_invariant(s, (uint32_t)limit)) {
        *at = s->loop->in[limit];
    } else {
        return NULL;
    }
    s->n_limits++;
    *matches = true;
    return NULL;
}

static td_status read_cond(td_seq_loop *s, const td_graph *cond, bool *matches)
{
    td_edge todo[2 * TD_SEQ_MAX_LIMITS] = { cond->rets[0] };
    uint32_t n = 1;

    *matches = true;
    while (*matches && n > 0) {
        const td_edge e = td_edge_source(todo[--n]);

        if (td_node_is(e.node, "LogicalAnd") && n + 2 <= 2 * TD_SEQ_MAX_LIMITS) {
            todo[n++] = e.node->in[0];
            todo[n++] = e.node->in[1];
        } else if (td_node_is(e.node, "Less")) {
            TD_TRY(read_less(s, cond, e.node, matches));
        } else {
            *matches = false;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- the lists */

bool td_seq_loop_is_input(const td_seq_loop *s, td_edge e, td_edge *x)
{
    const td_node *const get = td_edge_source(e).node;

    if (!td_node_is(get, "TensorListGetItem")) return false;
    const int list = td_seq_loop_var(s, get->in[0]);
    if (list < 0 || !is_invariant(s, (uint32_t)list)) return false;
    if (!is_counter(s, td_seq_loop_var(s, get->in[1]))) return false;
    const td_node *const from = td_edge_source(s->loop->in[list]).node;
    if (!td_node_is(from, "TensorListFromTensor") || from->n_ctrl) return false;
    *x = td_edge_source(from->in[0]);
    return true;
}

static bool read_list(td_seq_loop *s)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < s->body->n_rets; i++) {
        const td_node *const set = td_seq_loop_next(s, i).node;
        const td_node *const from = td_edge_source(s->loop->in[i]).node;
        int32_t at;

        if (!td_node_is(set, "TensorListSetItem")) continue;
        if (td_seq_loop_var(s, set->in[0]) != (int)i || !td_node_is(from, "TensorListReserve") ||
            from->n_ctrl)
            return false;
        s->keeps_last = int_const(set->in[1], &at);
        if (s->keeps_last ? at != 0 : !is_counter(s, td_seq_loop_var(s, set->in[1]))) return false;
        s->list = i;
        s->written = td_edge_source(set->in[2]);
        s->reserve = from;
        s->size = td_edge_source(from->in[1]);
        found++;
    }
    return found == 1 && s->size.node->out_type[s->size.index] == TD_I32;
}

/* A constant shape of elements, as lists take it; false: the graph works it out. */
static bool read_shape(td_edge e, td_shape *out)
{
    const td_edge from = td_edge_source(e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || !t->data || t->shape.rank > 1 || td_shape_count(&t->shape) > TD_MAX_RANK) return false;
    *out = (td_shape){ .rank = t->shape.rank == 0 ? -1 : (int32_t)td_shape_count(&t->shape) };
    for (int i = 0; i < out->rank; i++)
        out->dims[i] = td_tensor_int(t, (size_t)i);
    return true;
}

/* What a TensorListStack of the list would make of no elements. False: of any, since its shape is another. */
static bool read_stack(td_seq_loop *s, const td_node *stack)
{
    td_shape elem, stacked;

    if (!read_shape(s->reserve->in[0], &elem) || !read_shape(stack->in[1], &stacked)) return true;
    if (!td_shape_merge(&elem, &stacked)) return false;
    s->is_open = s->is_open || !td_shape_is_known(&elem);
    return true;
}

/* Outside, the list may only be stacked; states and what was handed through may be used freely. */
static bool is_use_ok(td_seq_loop *s, td_edge e, const td_node *user)
{
    const td_edge from = td_edge_source(e);

    if (from.node != s->loop) return true;
    if (from.index == s->list) {
        if (!user) return false;
        return td_node_is(user, "Identity") || (td_node_is(user, "TensorListStack") && read_stack(s, user));
    }
    return is_invariant(s, from.index) || !is_counter(s, (int)from.index);
}

static bool are_uses_ok(td_seq_loop *s)
{
    for (size_t i = 0; i < s->g->n_nodes; i++)
        for (uint32_t k = 0; k < s->g->nodes[i]->n_in; k++)
            if (!is_use_ok(s, s->g->nodes[i]->in[k], s->g->nodes[i])) return false;
    for (size_t i = 0; i < s->g->n_rets; i++)
        if (!is_use_ok(s, s->g->rets[i], NULL)) return false;
    return true;
}

td_status td_seq_loop_read(td_pass *p, td_graph *g, td_node *loop, td_seq_loop *out, bool *matches)
{
    td_seq_loop s = { .p = p, .g = g, .loop = loop };
    td_graph *cond;

    *matches = false;
    TD_TRY(read_functions(&s, &cond, matches));
    if (!*matches) return NULL;
    *matches = read_list(&s) && are_uses_ok(&s);
    if (!*matches) return NULL;
    TD_TRY(read_cond(&s, cond, matches));
    *out = s;
    return NULL;
}

/* ---------------------------------------------------------------- replacing it */

static bool has_input(const td_node *n, const td_node *from)
{
    for (uint32_t i = 0; i < n->n_in; i++)
        if (td_edge_source(n->in[i]).node == from) return true;
    return false;
}

/* What was worked out for the loop and is of no use to `node` may have an effect still. */
static void wait_for(td_graph *g, td_node *node, td_edge e)
{
    const td_edge from = td_edge_source(e);

    if (td_node_is(from.node, "TensorListReserve") || td_node_is(from.node, "TensorListFromTensor")) {
        wait_for(g, node, from.node->in[0]);
        wait_for(g, node, from.node->in[1]);
    } else if (!td_edge_const(&from) && !has_input(node, from.node)) {
        td_node_add_ctrl(g, node, from.node);
    }
}

static void redirect(const td_seq_loop *s, td_edge *e, td_node *node, const uint32_t *states, uint32_t n)
{
    const td_edge from = td_edge_source(*e);

    if (from.node != s->loop || from.index == s->list) return;
    if (is_invariant(s, from.index)) *e = s->loop->in[from.index];
    for (uint32_t k = 0; k < n; k++)
        if (states[k] == from.index) *e = (td_edge){ .node = node, .index = k + 1 };
}

/* A stack of the loop's list hands `node`'s first output on. */
static td_status drop_stack(const td_seq_loop *s, td_node *stack, td_node *node)
{
    const td_edge shape = td_edge_source(stack->in[1]);

    if (td_edge_source(stack->in[0]).node != s->loop) return NULL;
    if (!td_edge_const(&shape)) td_node_add_ctrl(s->g, stack, shape.node);
    stack->op_name = "Identity";
    stack->in[0] = (td_edge){ .node = node };
    stack->n_in = 1;
    td_node_add_attr(s->g, stack, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = node->out_type[0] });
    return td_node_bind(stack, s->p->arena);
}

td_status td_seq_loop_replace(const td_seq_loop *s, td_node *node, const uint32_t *states, uint32_t n_states)
{
    td_graph *const g = s->g;

    for (uint32_t i = 0; i < s->loop->n_in; i++)
        wait_for(g, node, s->loop->in[i]);
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];

        if (td_node_is(n, "TensorListStack")) TD_TRY(drop_stack(s, n, node));
        for (uint32_t k = 0; k < n->n_in; k++)
            redirect(s, &n->in[k], node, states, n_states);
        for (uint32_t k = 0; k < n->n_ctrl; k++)
            if (n->ctrl[k] == s->loop) n->ctrl[k] = node;
    }
    for (size_t i = 0; i < g->n_rets; i++)
        redirect(s, &g->rets[i], node, states, n_states);
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        if (g->ctrl_rets[i] == s->loop) g->ctrl_rets[i] = node;
    for (uint32_t i = 0; i < s->loop->n_ctrl; i++)
        td_node_add_ctrl(g, node, s->loop->ctrl[i]);
    return NULL;
}
