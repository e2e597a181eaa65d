/* SPDX-License-Identifier: Apache-2.0 */
/* extract.c -- cuts the part of the main graph that a signature needs into a function of its own. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "passes/pass.h"

typedef struct extract {
    td_pass *p;
    td_graph *out;
    td_map by_name;  /* nodes of the main graph */
    td_map copies;   /* name -> copy */
    td_map fed;      /* "node:index" -> argument node */
    td_node **stack; /* copies whose inputs still point into the main graph */
    size_t n_stack, cap_stack;
} extract;

/* "x:0" -> node name and index; "x" is output 0. */
static td_string split_tensor(const char *tensor, uint32_t *index)
{
    const char *const colon = strrchr(tensor, ':');

    *index = 0;
    if (!colon) return (td_string){ tensor, strlen(tensor) };
    *index = (uint32_t)strtoul(colon + 1, NULL, 10);
    return (td_string){ tensor, (size_t)(colon - tensor) };
}

static td_node *copy_of(extract *x, const td_node *n)
{
    td_node *c = td_map_get(&x->copies, n->name);

    if (c) return c;
    c = td_graph_add(x->out, n->name, n->op_name, n->n_in, 0);
    c->device = n->device;
    if (n->n_attrs) {
        c->attrs = TD_ARENA_NEW_N(x->p->arena, td_attr, n->n_attrs);
        memcpy(c->attrs, n->attrs, n->n_attrs * sizeof *n->attrs);
        c->n_attrs = c->cap_attrs = n->n_attrs;
    }
    if (n->n_in) memcpy(c->in, n->in, n->n_in * sizeof *n->in);
    if (n->n_ctrl) {
        c->ctrl = TD_ARENA_NEW_N(x->p->arena, td_node *, n->n_ctrl);
        memcpy(c->ctrl, n->ctrl, n->n_ctrl * sizeof(td_node *));
        c->n_ctrl = c->cap_ctrl = n->n_ctrl;
    }
    (void)td_map_put(&x->copies, n->name, c);
    if (x->n_stack == x->cap_stack) {
        x->cap_stack = x->cap_stack ? 2 * x->cap_stack : 256;
        x->stack = td_realloc(x->stack, x->cap_stack * sizeof(td_node *));
    }
    x->stack[x->n_stack++] = c;
    return c;
}

/* The edge (n, index) of the main graph as an edge of the copy: an argument where it is fed. */
static td_edge copy_edge(extract *x, const td_edge *e)
{
    if (x->fed.count && !e->port) {
        char *const key = td_arena_format(x->p->arena, "%s:%u", e->node->name, e->index);
        td_node *const arg = td_map_get(&x->fed, key);

        if (arg) return (td_edge){ arg, 0, NULL };
    }
    return (td_edge){ copy_of(x, e->node), e->index, e->port };
}

static td_status drain(extract *x)
{
    while (x->n_stack > 0) {
        td_node *const c = x->stack[--x->n_stack];

        TD_TRY(
            td_budget_take(x->p->env ? x->p->env->budget : NULL, TD_BUDGET_NODES, 1, "graphs of signatures"));
        for (uint32_t i = 0; i < c->n_in; i++)
            c->in[i] = copy_edge(x, &c->in[i]);
        for (uint32_t i = 0; i < c->n_ctrl; i++)
            c->ctrl[i] = copy_of(x, c->ctrl[i]);
    }
    return NULL;
}

static void add_args(extract *x, const td_feed *feeds, size_t n)
{
    td_graph *const g = x->out;

    g->args = TD_ARENA_NEW_N(x->p->arena, td_node *, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t index;
        const td_string name = split_tensor(feeds[i].tensor, &index);
        char *const key = td_arena_format(x->p->arena, "%.*s:%u", (int)name.size, name.data, index);
        td_node *const arg =
            td_graph_add(g, td_arena_strndup(x->p->arena, name.data, name.size), "_Arg", 0, 2);

        td_node_add_attr(g, arg, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = feeds[i].dtype });
        td_node_add_attr(g, arg, "index", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = (int64_t)i });
        g->args[g->n_args++] = arg;
        (void)td_map_put(&x->fed, key, arg);
    }
}

static td_status add_roots(extract *x, const char *const *fetches, size_t n_fetches,
                           const char *const *targets, size_t n_targets)
{
    td_graph *const g = x->out;

    g->rets = TD_ARENA_NEW_N(x->p->arena, td_edge, n_fetches);
    g->ctrl_rets = TD_ARENA_NEW_N(x->p->arena, td_node *, n_targets);
    for (size_t i = 0; i < n_fetches; i++) {
        uint32_t index;
        const td_string name = split_tensor(fetches[i], &index);
        td_node *const n = td_map_get_n(&x->by_name, name.data, name.size);

        if (!n) return TD_ERR(NOT_FOUND, "FetchOutputs node %s: not found", fetches[i]);
        g->rets[g->n_rets++] = copy_edge(x, &(td_edge){ n, index, NULL });
    }
    for (size_t i = 0; i < n_targets; i++) {
        td_node *const n = td_map_get(&x->by_name, targets[i]);

        if (!n) return TD_ERR(NOT_FOUND, "Target node %s: not found", targets[i]);
        g->ctrl_rets[g->n_ctrl_rets++] = copy_of(x, n);
    }
    return drain(x);
}

td_status td_pass_extract(td_pass *p, const td_graph *main, const td_feed *feeds, size_t n_feeds,
                          const char *const *fetches, size_t n_fetches, const char *const *targets,
                          size_t n_targets, td_graph **out)
{
    extract x = { .p = p, .out = td_graph_make(p->arena, main->name) };

    for (size_t i = 0; i < main->n_nodes; i++)
        (void)td_map_put(&x.by_name, main->nodes[i]->name, main->nodes[i]);
    add_args(&x, feeds, n_feeds);
    const td_status s = add_roots(&x, fetches, n_fetches, targets, n_targets);

    td_map_fini(&x.by_name);
    td_map_fini(&x.copies);
    td_map_fini(&x.fed);
    td_free(x.stack);
    if (!s) *out = x.out;
    return s;
}
