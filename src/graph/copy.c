/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c -- a graph again, each kind of array in one piece. */
#include <string.h>

#include "graph/graph.h"

/* What is left of the pieces that nodes' arrays are cut from. */
typedef struct copying {
    td_node *nodes; /* copies, by the id of their originals */
    td_edge *edges;
    td_node **ctrl;
    td_attr *attrs;
} copying;

static copying make_room(const td_graph *g, td_arena *arena)
{
    size_t edges = 0, ctrl = 0, attrs = 0;

    for (size_t i = 0; i < g->n_nodes; i++) {
        edges += g->nodes[i]->n_in;
        ctrl += g->nodes[i]->n_ctrl;
        attrs += g->nodes[i]->n_attrs;
    }
    return (copying){ .nodes = TD_ARENA_NEW_N(arena, td_node, g->n_nodes),
                      .edges = TD_ARENA_NEW_N(arena, td_edge, edges),
                      .ctrl = TD_ARENA_NEW_N(arena, td_node *, ctrl),
                      .attrs = TD_ARENA_NEW_N(arena, td_attr, attrs) };
}

static td_edge copy_edge(const copying *c, td_edge e)
{
    e.node = &c->nodes[e.node->id];
    return e;
}

static void copy_node(copying *c, const td_node *from)
{
    td_node *const to = &c->nodes[from->id];

    *to = *from;
    to->mark = NULL;
    to->in = c->edges;
    to->ctrl = c->ctrl;
    to->attrs = c->attrs;
    to->cap_ctrl = from->n_ctrl;
    to->cap_attrs = from->n_attrs;
    for (uint32_t i = 0; i < from->n_in; i++)
        *c->edges++ = copy_edge(c, from->in[i]);
    for (uint32_t i = 0; i < from->n_ctrl; i++)
        *c->ctrl++ = &c->nodes[from->ctrl[i]->id];
    if (from->n_attrs) memcpy(c->attrs, from->attrs, from->n_attrs * sizeof *from->attrs);
    c->attrs += from->n_attrs;
}

static td_node **copy_pointers(const copying *c, td_node *const *from, size_t n, td_arena *arena)
{
    td_node **const to = TD_ARENA_NEW_N(arena, td_node *, n);

    for (size_t i = 0; i < n; i++)
        to[i] = &c->nodes[from[i]->id];
    return to;
}

td_graph *td_graph_copy(td_graph *g, td_arena *arena)
{
    td_graph *const to = td_graph_make(arena, g->name);

    td_graph_number(g);
    copying c = make_room(g, arena);
    for (size_t i = 0; i < g->n_nodes; i++)
        copy_node(&c, g->nodes[i]);
    to->nodes = copy_pointers(&c, g->nodes, g->n_nodes, arena);
    to->n_nodes = to->cap_nodes = g->n_nodes;
    to->args = copy_pointers(&c, g->args, g->n_args, arena);
    to->n_args = g->n_args;
    to->ctrl_rets = copy_pointers(&c, g->ctrl_rets, g->n_ctrl_rets, arena);
    to->n_ctrl_rets = g->n_ctrl_rets;
    to->rets = TD_ARENA_NEW_N(arena, td_edge, g->n_rets);
    to->n_rets = g->n_rets;
    for (size_t i = 0; i < g->n_rets; i++)
        to->rets[i] = copy_edge(&c, g->rets[i]);
    return to;
}
