/* SPDX-License-Identifier: Apache-2.0 */
/* loop_frames.h -- TF1's loops as they are in a graph, for the pass that makes While nodes of them (raise.c).
 *
 * A loop runs in a frame of its own, by its name. Each of its variables goes in a circle:
 *
 *        x -> Enter -> Merge -> Switch -> Exit -> what the loop gives
 *                        ^        |
 *                        |        v
 *            NextIteration <- the body
 *
 * What the condition says of the Merges goes through LoopCond to the Switches. Values that stay as they are come in by
 * Enters that lead to no Merge. A loop in a body is in a frame within the body's.
 */
#ifndef TD_PASSES_LOOP_FRAMES_H
#define TD_PASSES_LOOP_FRAMES_H

#include "passes/pass.h"

typedef struct td_loop_frame td_loop_frame;

/* A variable of a loop. */
typedef struct td_loop_var td_loop_var;
struct td_loop_var {
    td_loop_var *next_var; /* of the same frame */
    td_loop_frame *frame;
    td_node *enter, *merge, *next;
    uint32_t index;
};

struct td_loop_frame {
    td_loop_frame *next_frame; /* of the graph */
    td_loop_frame *parent;     /* NULL: no loop */
    const char *name;
    int depth;     /* 0: no loop */
    td_node *cond; /* the LoopCond; NULL: there is none */
    td_loop_var *vars;
    uint32_t n_vars;
};

/* What a node's mark points to. */
typedef struct td_loop_place {
    td_loop_frame *frame; /* of its outputs */
    td_loop_var *var;     /* of Merges and Switches */
} td_loop_place;

static inline td_loop_place *td_loop_place_of(const td_node *n)
{
    return n->mark;
}

typedef struct td_loop_frames {
    td_loop_frame root, *first; /* the others, in no order */
    td_node **next;             /* NextIterations */
    size_t n_next;
} td_loop_frames;

/* Finds the loops of a resolved graph, and sorts it: the edges from NextIterations to Merges are gone then. All nodes get
 * their marks. INVALID_ARGUMENT names what does not fit. */
TD_MUST_USE td_status td_loop_frames_find(td_pass *p, td_graph *g, td_loop_frames *out);

/* Sorts it again, and keeps what the loops that are left need. */
TD_MUST_USE td_status td_loop_frames_sort(td_pass *p, td_graph *g, const td_loop_frames *f);

/* Gives a new node its mark. */
void td_loop_frames_put(td_pass *p, td_node *n, td_loop_frame *frame);

#endif
