/* SPDX-License-Identifier: Apache-2.0 */
/* inline.c -- calls become the bodies they call, level by level.
 *
 * A call's outputs are looked up through its body's rets, a body's arguments through the call's inputs; edges
 * are rewritten once, at the end, by following both (chains are as long as the call depth). Control edges
 * gather in two NoOps a call: `enter` before everything stateful in the body, `exit` after its rets and
 * control rets.
 *
 * A call in an untaken branch of a TF1 conditional has dead inputs, and so dead outputs, all of them; in its body a
 * result that does not depend on such an input would live. Where a graph has a Switch, results wait for what they
 * do not depend on behind _Gates.
 */
#include <string.h>

#include "base/budget.h"
#include "base/mem.h"
#include "passes/pass.h"

enum { MAX_DEPTH = 1000 };

typedef struct call_site {
    td_edge *rets;
    td_node *exit;
    uint32_t depth;
} call_site;

/* Nodes of the graph whose `mark` is set are calls (a call_site) or inlined arguments (a td_edge). */
static bool is_call(const td_node *n)
{
    return (n->op->flags & TD_OP_CALL) != 0;
}

static bool is_arg(const td_node *n)
{
    return strcmp(n->op_name, "_Arg") == 0;
}

static td_node *add_noop(td_pass *p, td_graph *g, const char *name)
{
    td_node *const n = td_graph_add(g, td_arena_format(p->arena, "%s/%s", name, "order"), "NoOp", 0, 0);

    n->op = td_op_find("NoOp");
    return n;
}

static td_status check_call(const td_node *call, const td_graph *body)
{
    if (body->n_args != call->n_in || body->n_rets != call->n_out)
        return TD_ERR(INVALID_ARGUMENT, "node %s calls %s with %u inputs and %u outputs; it has %zu and %zu",
                      call->name, body->name, call->n_in, call->n_out, body->n_args, body->n_rets);
    for (uint32_t i = 0; i < call->n_in; i++) {
        const td_edge *const e = &call->in[i];

        if (td_node_is_missing(e->node)) continue;
        if (e->node->out_type[e->index] % TD_DTYPE_REF != body->args[i]->out_type[0] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s: argument %u of %s has another type", call->name, i,
                          body->name);
    }
    for (uint32_t i = 0; i < call->n_out; i++) {
        const td_edge *const e = &body->rets[i];

        if (td_node_is_missing(e->node)) continue;
        if (e->node->out_type[e->index] % TD_DTYPE_REF != call->out_type[i] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s: result %u of %s has another type", call->name, i,
                          body->name);
    }
    return NULL;
}

/* Ties the body's order to the call's. */
static td_node *add_order(td_pass *p, td_graph *g, td_node *call, td_graph *body)
{
    td_node *const exit = add_noop(p, g, call->name);

    if (call->n_ctrl > 0) {
        td_node *const enter = add_noop(p, g, call->name);

        for (uint32_t i = 0; i < call->n_ctrl; i++)
            td_node_add_ctrl(g, enter, call->ctrl[i]);
        for (size_t i = 0; i < body->n_nodes; i++)
            if (body->nodes[i]->op->flags & TD_OP_STATEFUL) td_node_add_ctrl(g, body->nodes[i], enter);
        td_node_add_ctrl(g, exit, enter);
    }
    for (size_t i = 0; i < body->n_ctrl_rets; i++)
        td_node_add_ctrl(g, exit, body->ctrl_rets[i]);
    return exit;
}

static void append(td_graph *g, const td_graph *body)
{
    if (g->n_nodes + body->n_nodes > g->cap_nodes) {
        const size_t cap = 2 * (g->n_nodes + body->n_nodes);
        td_node **const nodes = TD_ARENA_NEW_N(g->arena, td_node *, cap);

        memcpy(nodes, g->nodes, g->n_nodes * sizeof(td_node *));
        g->nodes = nodes;
        g->cap_nodes = cap;
    }
    memcpy(g->nodes + g->n_nodes, body->nodes, body->n_nodes * sizeof(td_node *));
    g->n_nodes += body->n_nodes;
}

/* ---------------------------------------------------------------- dead calls */

static bool has_switch(const td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (td_node_is(g->nodes[i], "Switch")) return true;
    return false;
}

/* Marks in reached[] (by id) the nodes of a body that are dead when n is. A Merge may be alive all the same. */
static void mark_sources(const td_node *n, bool *reached, const td_node **stack)
{
    size_t depth = 0;

    stack[depth++] = n;
    reached[n->id] = true;
    while (depth > 0) {
        n = stack[--depth];
        for (uint32_t i = 0; i < n->n_in && !td_node_is(n, "Merge"); i++) {
            const td_node *const from = n->in[i].node;

            if (reached[from->id]) continue;
            reached[from->id] = true;
            stack[depth++] = from;
        }
    }
}

static td_status gate_behind(td_pass *p, td_graph *g, const td_node *call, td_edge when, td_edge *value)
{
    const td_attr attrs[] = {
        { "T", { .kind = TD_ATTR_TYPE, .u.type = value->node->out_type[value->index] } },
        { "U", { .kind = TD_ATTR_TYPE, .u.type = when.node->out_type[when.index] } },
    };
    td_node *gate;

    if (td_node_is_missing(value->node) || td_node_is_missing(when.node)) return NULL;
    TD_TRY(td_budget_take(p->env ? p->env->budget : NULL, TD_BUDGET_NODES, 1, "calls in branches"));
    TD_TRY(td_pass_node(p, g, call->name, "_Gate", (td_edge[]){ *value, when }, 2, attrs, 2, &gate));
    *value = (td_edge){ gate, 0, NULL };
    return NULL;
}

/* Numbers the body's nodes. */
static td_status gate_results(td_pass *p, td_graph *g, const td_node *call, td_graph *body)
{
    td_status s = NULL;

    td_graph_number(body);
    bool *const reached = TD_NEW_N(bool, body->n_nodes);
    const td_node **const stack = TD_NEW_N(const td_node *, body->n_nodes);

    for (size_t r = 0; !s && r < body->n_rets; r++) {
        s = td_budget_check(p->env ? p->env->budget : NULL);
        memset(reached, 0, body->n_nodes * sizeof *reached);
        mark_sources(body->rets[r].node, reached, stack);
        for (size_t i = 0; !s && i < body->n_args; i++)
            if (!reached[body->args[i]->id]) s = gate_behind(p, g, call, call->in[i], &body->rets[r]);
    }
    td_free(stack);
    td_free(reached);
    return s;
}

/* ---------------------------------------------------------------- calls */

static td_status expand(td_pass *p, td_graph *g, td_node *call, uint32_t depth, bool *may_be_dead)
{
    const char *const name = td_node_attr(call, "f")->u.func;
    td_graph *body;

    if (depth > MAX_DEPTH)
        return TD_ERR(INVALID_ARGUMENT, "calls of %s nest deeper than %d", name, MAX_DEPTH);
    TD_TRY(td_pass_body(p, name, &body));
    TD_TRY(check_call(call, body));
    *may_be_dead = *may_be_dead || has_switch(body);
    if (*may_be_dead) TD_TRY(gate_results(p, g, call, body));

    call_site *const site = TD_ARENA_NEW(p->arena, call_site);
    site->rets = body->rets;
    site->depth = depth;
    site->exit = add_order(p, g, call, body);
    call->mark = site;
    for (size_t i = 0; i < body->n_args; i++)
        body->args[i]->mark = &call->in[i];
    for (size_t i = 0; i < body->n_nodes; i++)
        if (is_call(body->nodes[i])) body->nodes[i]->id = depth + 1;
    append(g, body);
    return NULL;
}

/* A call whose argument comes out of it again leads nowhere. */
static td_status follow(const td_graph *g, td_edge *e)
{
    const td_edge start = *e;

    for (size_t i = 0; i <= g->n_nodes; i++) {
        if (is_call(e->node) && e->node->mark)
            *e = ((const call_site *)e->node->mark)->rets[e->index];
        else if (is_arg(e->node) && e->node->mark)
            *e = *(const td_edge *)e->node->mark;
        else
            return NULL;
    }
    return TD_ERR(INVALID_ARGUMENT, "Graph is invalid, contains a cycle through node \"%s\"",
                  start.node->name);
}

static td_status rewrite(td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        td_node *const n = g->nodes[i];

        if (n->mark) continue; /* a call or an inlined argument: goes */
        for (uint32_t k = 0; k < n->n_in; k++)
            TD_TRY(follow(g, &n->in[k]));
        uint32_t kept = 0;
        for (uint32_t k = 0; k < n->n_ctrl; k++) {
            td_node *const c = n->ctrl[k];

            if (is_call(c) && c->mark)
                n->ctrl[kept++] = ((const call_site *)c->mark)->exit;
            else if (!c->mark)
                n->ctrl[kept++] = c;
        }
        n->n_ctrl = kept;
    }
    for (size_t i = 0; i < g->n_rets; i++)
        TD_TRY(follow(g, &g->rets[i]));
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        if (is_call(g->ctrl_rets[i]) && g->ctrl_rets[i]->mark)
            g->ctrl_rets[i] = ((const call_site *)g->ctrl_rets[i]->mark)->exit;
    return NULL;
}

/* Calls that were reached run whole, so their exits are roots. */
static void add_exits(td_pass *p, td_graph *g, td_node *const *calls, size_t n)
{
    td_node **const roots = TD_ARENA_NEW_N(p->arena, td_node *, g->n_ctrl_rets + n);

    if (g->n_ctrl_rets) memcpy(roots, g->ctrl_rets, g->n_ctrl_rets * sizeof(td_node *));
    for (size_t i = 0; i < n; i++)
        roots[g->n_ctrl_rets + i] = ((const call_site *)calls[i]->mark)->exit;
    g->ctrl_rets = roots;
    g->n_ctrl_rets += n;
}

td_status td_pass_inline(td_pass *p, td_graph *g)
{
    td_node **calls = NULL;
    size_t n = 0, cap = 0;
    bool may_be_dead = has_switch(g);
    td_status s = NULL;

    for (size_t i = 0; i < g->n_nodes; i++) {
        g->nodes[i]->mark = NULL;
        g->nodes[i]->id = 0;
    }
    /* The list grows while it is walked: bodies are appended, and their calls come up in turn. */
    for (size_t i = 0; !s && i < g->n_nodes; i++) {
        td_node *const call = g->nodes[i];

        if (!is_call(call) || call->mark) continue;
        s = expand(p, g, call, call->id, &may_be_dead);
        if (n == cap) {
            cap = cap ? 2 * cap : 32;
            calls = td_realloc(calls, cap * sizeof(td_node *));
        }
        calls[n++] = call;
    }
    if (!s && n) s = rewrite(g);
    if (!s && n) add_exits(p, g, calls, n);
    td_free(calls);
    return s;
}
