/* SPDX-License-Identifier: Apache-2.0 */
/* infer.h -- what can be said of a program's values before a run, from the shapes of its arguments: shapes, and the
 * elements of small values that hang on shapes and constants alone. */
#ifndef TD_EXEC_INFER_H
#define TD_EXEC_INFER_H

#include "exec/program.h"

/* Made by hand: the first three are the caller's. One thread. */
typedef struct td_inference {
    td_program *prog;
    td_tensor *
        values; /* templates of prog, arguments with their shapes; what is found goes here. Elements that were
                        * worked out have buffers: the caller gives them back */
    td_arena *arena;   /* for what lives as long as the values */
    td_arena *scratch; /* infer's own, reset by the caller between steps */
    td_call call;      /* of the last step, for who goes on with it */
    size_t known;      /* bytes worked out so far */
} td_inference;

typedef enum td_inferred {
    TD_INFERRED_NOTHING, /* only a run can tell, or it fails */
    TD_INFERRED_SHAPES,  /* of all outputs */
    TD_INFERRED_VALUES,  /* and their elements: the step is done with */
} td_inferred;

/* Steps in their order; of bodies nothing is run, but their shapes are asked for. */
td_inferred td_infer_step(td_inference *inf, const td_step *s);
/* Of the step that was inferred last, whose shapes are known: is its output its input, seen otherwise? */
bool td_infer_is_alias(const td_inference *inf, const td_step *s);

/* Of all inputs? */
bool td_infer_has_shapes(const td_inference *inf, const td_step *s);
/* Takes back what was found of the step's outputs. */
void td_infer_forget(td_inference *inf, const td_step *s);

#endif
