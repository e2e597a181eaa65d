/* SPDX-License-Identifier: Apache-2.0 */
/* users.h -- who uses each node's values, for passes that walk forwards. */
#ifndef TD_PASSES_USERS_H
#define TD_PASSES_USERS_H

#include "passes/pass.h"

typedef struct td_users {
    uint32_t *first; /* [nodes + 1]: users of node->id lie at list[first[id]] .. list[first[id + 1]] */
    td_node **list;  /* NULL: a return value */
} td_users;

/* Numbers the graph. Identity nodes that wait for nothing are looked through: their users count as users of what they
 * pass on. */
td_users td_users_make(td_graph *g);
void td_users_free(td_users *u);

/* The only user of a value of n, if that value is output 0; NULL: none, several, or a return value. */
td_node *td_users_only(const td_users *u, const td_node *n);
size_t td_users_count(const td_users *u, const td_node *n);
td_node *td_users_at(const td_users *u, const td_node *n, size_t i);

/* An edge's source, Identity nodes that wait for nothing skipped. */
td_edge td_edge_source(td_edge e);
bool td_edge_is(const td_edge *e, const td_node *n); /* does it come from output 0 of n? */

/* Whoever uses output 0 of node i < n uses output 0 of to[i] instead, where that is not NULL. Nodes have their
 * numbers still; those made since do not count. O(edges of g). */
void td_users_replace(td_graph *g, td_node *const *to, size_t n);

#endif
