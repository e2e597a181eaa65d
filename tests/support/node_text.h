/* SPDX-License-Identifier: Apache-2.0 */
/* node_text.h -- a node of a graph from one line of text. */
#ifndef TD_TESTS_SUPPORT_NODE_TEXT_H
#define TD_TESTS_SUPPORT_NODE_TEXT_H

#include "graph/graph.h"

/* `op attr=value ...`, where a value is 12, 1.5f, true, 'TEXT (no quote at its end), [1,2,2,1], %float (a type,
 * also by the beginning of its name: %f, %i), @name of a function, or a list of types, functions or
 * texts: {%float%int32}, {@a@b}, {'A,'B}. Lists of several types need no braces. The node gets the name n<its position>. */
td_node *node_of_text(td_graph *g, const char *text, const td_edge *in, uint32_t n_in);

/* Constants and arguments. data is copied into the graph's arena. */
td_node *node_of_tensor(td_graph *g, const td_tensor *t);
td_node *node_of_arg(td_graph *g, td_dtype type);
void node_return(td_graph *g, td_edge e);

#endif
