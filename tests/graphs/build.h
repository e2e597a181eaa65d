/* SPDX-License-Identifier: Apache-2.0 */
/* build.h -- from the fuzzer's description to graphs: node by node for the evaluation, or as files spell it for
 * programs, which read some constants from variables, and have some branches and loops as TensorFlow 1 wrote them. */
#ifndef TD_TESTS_GRAPHS_BUILD_H
#define TD_TESTS_GRAPHS_BUILD_H

#include "ops/op.h"
#include "spec.h"

/* Node i in g; nodes[] has those before it. */
td_node *fz_build_node(const fz_node *n, td_graph *g, td_node *const *nodes);

/* The whole of f, which is of m. */
td_graph *fz_build(const fz_model *m, const fz_graph *f, td_arena *arena);

/* Fills the table whose handle n is. */
td_status fz_fill_table(const fz_node *n, td_env *env, td_arena *arena);

/* Gives the variables of m's graphs their values, as a restore does, and fills the tables. */
td_status fz_set_state(const fz_model *m, td_env *env, td_arena *arena);

#endif
