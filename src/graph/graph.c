/* SPDX-License-Identifier: Apache-2.0 */
/* graph.c -- making and changing graphs. Everything comes from the graph's arena; an array that grows leaves
 * its old copy there, so arrays double. */
#include "graph/graph.h"

#include <string.h>

td_graph *td_graph_make(td_arena *arena, const char *name)
{
    td_graph *const g = TD_ARENA_NEW(arena, td_graph);

    g->arena = arena;
    g->name = name;
    return g;
}

/* A bigger copy of an array of pointers-sized or larger items. */
static void *grow(td_arena *arena, const void *items, size_t count, size_t cap, size_t size)
{
    void *const bigger = td_arena_alloc_array(arena, cap, size);

    if (count) memcpy(bigger, items, count * size);
    return bigger;
}

td_node *td_graph_add(td_graph *g, const char *name, const char *op_name, uint32_t n_in, uint32_t n_attrs)
{
    td_node *const node = TD_ARENA_NEW(g->arena, td_node);

    node->name = name;
    node->op_name = op_name;
    node->device = "";
    node->n_in = n_in;
    if (n_in) node->in = TD_ARENA_NEW_N(g->arena, td_edge, n_in);
    node->cap_attrs = n_attrs;
    if (n_attrs) node->attrs = TD_ARENA_NEW_N(g->arena, td_attr, n_attrs);
    if (g->n_nodes == g->cap_nodes) {
        g->cap_nodes = TD_MAX(2 * g->cap_nodes, 16);
        g->nodes = grow(g->arena, g->nodes, g->n_nodes, g->cap_nodes, sizeof *g->nodes);
    }
    node->id = (uint32_t)g->n_nodes;
    g->nodes[g->n_nodes++] = node;
    return node;
}

void td_node_add_ctrl(td_graph *g, td_node *node, td_node *before)
{
    if (node->n_ctrl == node->cap_ctrl) {
        node->cap_ctrl = TD_MAX(2 * node->cap_ctrl, 4);
        node->ctrl = grow(g->arena, node->ctrl, node->n_ctrl, node->cap_ctrl, sizeof *node->ctrl);
    }
    node->ctrl[node->n_ctrl++] = before;
}

static td_attr *find_attr(const td_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) == 0) return &node->attrs[i];
    return NULL;
}

void td_node_add_attr(td_graph *g, td_node *node, const char *name, td_attr_value value)
{
    td_attr *const old = find_attr(node, name);

    if (old) {
        old->value = value;
        return;
    }
    if (node->n_attrs == node->cap_attrs) {
        node->cap_attrs = TD_MAX(2 * node->cap_attrs, 4);
        node->attrs = grow(g->arena, node->attrs, node->n_attrs, node->cap_attrs, sizeof *node->attrs);
    }
    node->attrs[node->n_attrs++] = (td_attr){ .name = name, .value = value };
}

const td_attr_value *td_node_attr(const td_node *node, const char *name)
{
    const td_attr *const attr = find_attr(node, name);

    return attr ? &attr->value : NULL;
}

bool td_node_attr_true(const td_node *node, const char *name)
{
    const td_attr_value *const v = td_node_attr(node, name);

    return v && v->kind == TD_ATTR_BOOL && v->u.b;
}

void td_graph_number(td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        g->nodes[i]->id = (uint32_t)i;
}
