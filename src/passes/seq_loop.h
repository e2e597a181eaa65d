/* SPDX-License-Identifier: Apache-2.0 */
/* seq_loop.h -- recognises a While that walks a sequence: Keras' recurrent layers, as files have them.
 *
 *     TensorListFromTensor(x) ---\                                       /-> TensorListStack -> seq
 *     TensorListReserve(size) ----> While(time = 0, list, states, ...) -----> last states
 *
 * The body reads element `time` of x's list, makes new states, writes one of them to element `time` (or
 * always to element 0) of the other list, and counts. Nothing else may happen. What the new states are is for
 * the caller to see; the body comes with constants folded.
 */
#ifndef TD_PASSES_SEQ_LOOP_H
#define TD_PASSES_SEQ_LOOP_H

#include "passes/pass.h"

enum { TD_SEQ_MAX_LIMITS = 4 };

typedef struct td_seq_loop {
    td_pass *p;
    td_graph *g;
    td_node *loop;
    td_graph *body;
    bool *is_invariant;                /* by loop variable: the body hands it through */
    uint32_t list;                     /* loop variable: the list that is written */
    const td_node *reserve;            /* what makes that list, in g */
    td_edge written;                   /* in the body: the value written */
    bool keeps_last;                   /* always to element 0 */
    td_edge size;                      /* of the list, in g */
    bool is_open;                      /* an empty list has no shape to be stacked with: that is an error */
    td_edge limits[TD_SEQ_MAX_LIMITS]; /* in g, int32: the loop runs while its counter is below all */
    uint32_t n_limits;
} td_seq_loop;

/* *matches says whether `loop` is one; then *out is filled. */
TD_MUST_USE td_status td_seq_loop_read(td_pass *p, td_graph *g, td_node *loop, td_seq_loop *out,
                                       bool *matches);

/* Is e, in the body, this step's element of a list made of a tensor? *x becomes that tensor, in g. */
bool td_seq_loop_is_input(const td_seq_loop *s, td_edge e, td_edge *x);
/* The loop variable that e is at the start of a step; -1: it is something else. */
int td_seq_loop_var(const td_seq_loop *s, td_edge e);
/* The source of what variable i becomes. */
td_edge td_seq_loop_next(const td_seq_loop *s, uint32_t i);

/* `node` takes the loop's place: its output 0 is the stacked list, output k > 0 the last value of variable
 * states[k - 1]. */
TD_MUST_USE td_status td_seq_loop_replace(const td_seq_loop *s, td_node *node, const uint32_t *states,
                                          uint32_t n_states);

#endif
