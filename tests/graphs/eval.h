/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h -- the definition of right: a graph evaluated node by node, each by the reference body of its op, on memory
 * of its own. Branches, loops and calls are walked here. No pass, no plan.
 *
 * Variant 0 is plain. In the others every float that is rounded is off by a few units in its last place, at random:
 * how far the variants' results lie apart says what rounding may do to them, and whether a comparison, a cast or a
 * choice hangs on it (stochastic arithmetic).
 */
#ifndef TD_TESTS_GRAPHS_EVAL_H
#define TD_TESTS_GRAPHS_EVAL_H

#include "base/vec.h"
#include "ops/op.h"
#include "passes/pass.h"
#include "random.h"
#include "spec.h"

/* A graph whose nodes are bound, as far as there are any. */
typedef struct fz_live {
    const fz_graph *spec;
    td_graph *g;
    td_node *nodes[FZ_MAX_NODES];
    uint32_t n_nodes;
} fz_live;

typedef struct fz_eval {
    const fz_model *model;
    td_arena *arena;
    td_env env;
    fz_random noise;
    fz_live *live[FZ_MAX_FUNCTIONS + 2];
    uint32_t n_live;
    td_vec owned; /* td_tensor: buffers to give back at the end */
} fz_eval;

void fz_eval_init(fz_eval *e, const fz_model *m);
void fz_eval_fini(fz_eval *e);

/* The bound nodes of f; those that f got since are bound now. */
td_status fz_eval_bind(fz_eval *e, const fz_graph *f, fz_live **out);
void fz_eval_forget(fz_eval *e, const fz_graph *f); /* f's last nodes were taken back */

/* Node i on in[] -> out[], n_out of the bound node. Outputs live until fini. */
td_status fz_eval_node(fz_eval *e, const fz_graph *f, uint32_t i, const td_tensor *in, td_tensor *out,
                       unsigned variant);

/* An argument's or constant's elements in a variant. */
td_status fz_eval_input(fz_eval *e, const td_tensor *t, unsigned variant, td_tensor *out);

/* All of f that its rets need; args: as many as f has. rets: f->n_rets. */
td_status fz_eval_graph(fz_eval *e, const fz_graph *f, const td_tensor *args, td_tensor *rets,
                        unsigned variant);

/* The main graph on a feed. */
td_status fz_eval_feed(fz_eval *e, unsigned feed, td_tensor *rets, unsigned variant);

/* Is the node a call, a branch or a loop? */
bool fz_is_flow(const char *text);

#endif
