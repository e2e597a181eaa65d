/* SPDX-License-Identifier: Apache-2.0 */
/* pass_graph.h -- graphs put together by hand, for tests of passes: ops with attributes as text,
 * functions, and a run of the result with and without the passes that serving does. */
#ifndef TD_TESTS_SUPPORT_PASS_GRAPH_H
#define TD_TESTS_SUPPORT_PASS_GRAPH_H

#include "exec/program.h"
#include "passes/pass.h"

typedef td_graph *pg_function(td_arena *arena, const char *name);

typedef struct pg {
    td_pass p;
    td_env env;
    td_library library;
    pg_function *lower;
} pg;

void pg_open(pg *x, pg_function *lower); /* lower: makes function bodies; NULL: there are none */
void pg_close(pg *x);

/* A node from text, as node_text.h has it. Inputs end with one whose node is NULL. */
td_edge pg_node(td_graph *g, const char *text, ...);
#define PG_END ((td_edge){ .node = NULL })
td_edge pg_out(td_edge e, uint32_t index);

td_edge pg_arg(td_graph *g, td_dtype type);
void pg_ret(td_graph *g, td_edge e);
td_edge pg_tensor(td_graph *g, const td_tensor *t); /* a constant; elements are copied */
td_edge pg_int(td_graph *g, int32_t v);
td_edge pg_ints(td_graph *g, size_t n, const int32_t *v);
td_edge pg_float(td_graph *g, float v);
/* A node with an effect that a control edge may wait for: an Assert of a new argument, a bool. */
td_node *pg_assert(td_graph *g);
/* Noise in [-1, 1], the same for each seed. */
td_edge pg_noise(td_graph *g, const td_shape *shape, unsigned seed);
void pg_fill(float *out, size_t n, unsigned seed);

/* How many nodes of `op` the graph has after all passes of serving; g is used up. */
size_t pg_count_after(pg *x, td_graph *g, const char *op);

/* Runs make(arena) as a program with all passes on this CPU's bodies, and without passes on the reference's,
 * on in[]; every return value must agree: floats within tol, relative to the largest. */
void pg_assert_same(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in, double tol);
/* The same of each graph that make()'s becomes when one of its nodes waits for something, so that the runs fail when that
 * does, or when one more value is returned. */
void pg_assert_same_walk(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in, double tol);
/* Both must fail, with one code. */
void pg_assert_same_error(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in);

#endif
