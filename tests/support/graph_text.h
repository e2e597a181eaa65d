/* SPDX-License-Identifier: Apache-2.0 */
/* graph_text.h -- a whole graph from a few words, for tests that have many.
 *
 *     x: f[-1,4]; w = f[4,3]; axis = i(1); y = MatMul(x, w) T=%f; -> y
 *
 * Statements end with ';'. `name: type[dims]` is an argument; `name = type[dims]` a constant: noise, or 1 for integers
 * and bools; `name = i(1,2)` a vector of them, `name = i 1` a scalar; `name = Op(a, b:1) attr=value ...` a node, its
 * attributes as in node_text.h. The last statement lists what is returned, and `^name` what must run. Types: f(loat), i(nt32), l (int64), b(ool),
 * s(tring); of arguments, also v(ariant) and h(andle).
 */
#ifndef TD_TESTS_SUPPORT_GRAPH_TEXT_H
#define TD_TESTS_SUPPORT_GRAPH_TEXT_H

#include "graph/graph.h"

enum { GRAPH_TEXT_ARGS = 16 };

typedef struct graph_text_args {
    td_shape shape[GRAPH_TEXT_ARGS];
    size_t n;
} graph_text_args;

/* Stops the test on what it does not understand. args: NULL, or the arguments' shapes. */
td_graph *graph_of_text(td_arena *arena, const char *name, const char *text, graph_text_args *args);

#endif
