/* SPDX-License-Identifier: Apache-2.0 */
/* build.h -- from the fuzzer's description to graphs: node by node for the evaluation, or as files spell it for
 * programs, which read some constants from variables, and have some branches as Switch and Merge. */
#ifndef TD_TESTS_GRAPHS_BUILD_H
#define TD_TESTS_GRAPHS_BUILD_H

#include "ops/op.h"
#include "spec.h"

/* Node i in g; nodes[] has those before it. */
td_node *fz_build_node(const fz_node *n, td_graph *g, td_node *const *nodes);

/* The whole of f, which is of m. */
td_graph *fz_build(const fz_model *m, const fz_graph *f, td_arena *arena);

/* Gives the variables of m's graphs their values, as a restore does. */
td_status fz_set_variables(const fz_model *m, td_env *env, td_arena *arena);

#endif
