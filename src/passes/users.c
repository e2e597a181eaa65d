/* SPDX-License-Identifier: Apache-2.0 */
/* users.c -- see users.h. */
#include "passes/users.h"

#include "base/mem.h"

static bool is_looked_through(const td_node *n)
{
    return td_node_is(n, "Identity") && !n->n_ctrl;
}

td_edge td_edge_source(td_edge e)
{
    while (is_looked_through(e.node))
        e = e.node->in[0];
    return e;
}

bool td_edge_is(const td_edge *e, const td_node *n)
{
    const td_edge from = td_edge_source(*e);
    return from.node == n && from.index == 0;
}

td_users td_users_make(td_graph *g)
{
    td_graph_number(g);
    td_users u = { .first = TD_NEW_N(uint32_t, g->n_nodes + 2) };
    uint32_t *const at = u.first + 1; /* shifted by one: the second round moves each to its end */

    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (!is_looked_through(g->nodes[i])) at[td_edge_source(g->nodes[i]->in[k]).node->id + 1]++;
    for (size_t i = 0; i < g->n_rets; i++)
        at[td_edge_source(g->rets[i]).node->id + 1]++;
    for (size_t i = 1; i <= g->n_nodes; i++)
        at[i] += at[i - 1];
    u.list = TD_NEW_N(td_node *, at[g->n_nodes] + 1);
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            if (!is_looked_through(g->nodes[i]))
                u.list[at[td_edge_source(g->nodes[i]->in[k]).node->id]++] = g->nodes[i];
    for (size_t i = 0; i < g->n_rets; i++)
        u.list[at[td_edge_source(g->rets[i]).node->id]++] = NULL;
    return u;
}

void td_users_free(td_users *u)
{
    td_free(u->first);
    td_free(u->list);
}

size_t td_users_count(const td_users *u, const td_node *n)
{
    return u->first[n->id + 1] - u->first[n->id];
}

td_node *td_users_at(const td_users *u, const td_node *n, size_t i)
{
    return u->list[u->first[n->id] + i];
}

td_node *td_users_only(const td_users *u, const td_node *n)
{
    if (td_users_count(u, n) != 1) return NULL;
    td_node *const user = td_users_at(u, n, 0);
    if (!user || user->n_ctrl) return NULL;
    for (uint32_t k = 0; k < user->n_in; k++)
        if (td_edge_is(&user->in[k], n)) return user;
    return NULL;
}

static void replace_one(const td_graph *g, td_edge *e, td_node *const *to, size_t n)
{
    const td_edge from = td_edge_source(*e);
    const uint32_t id = from.node->id;

    if (from.index == 0 && id < n && g->nodes[id] == from.node && to[id]) *e = (td_edge){ .node = to[id] };
}

void td_users_replace(td_graph *g, td_node *const *to, size_t n)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            replace_one(g, &g->nodes[i]->in[k], to, n);
    for (size_t i = 0; i < g->n_rets; i++)
        replace_one(g, &g->rets[i], to, n);
}
