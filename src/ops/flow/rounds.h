/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.h -- loops whose rounds do not need each other: map_fn and its kin. Each round reads what all rounds
 * read, and a counter, and sets the counter's element of a list, or of one of TF1's arrays, that nothing else in the loop
 * looks at. Such rounds run side by side, and set what they would have set one after the other.
 */
#ifndef TD_OPS_FLOW_ROUNDS_H
#define TD_OPS_FLOW_ROUNDS_H

#include "ops/op.h"

typedef enum td_role_kind {
    TD_ROLE_KEPT,    /* each round returns what it got */
    TD_ROLE_COUNTER, /* one more in each round; an int32 or int64 scalar */
    TD_ROLE_LIST,    /* each round sets an element of it, and does nothing else with it */
    TD_ROLE_FLOW, /* the flow of a TensorArray of which each round sets an element: a number nobody looks at */
} td_role_kind;

/* What an argument of a loop's body is to the loop. */
typedef struct td_role {
    td_role_kind kind;
    const td_tensor *value; /* KEPT: the constant it must be; NULL: anything */
    uint32_t counter;       /* LIST, FLOW: the argument that says which element */
    uint32_t array;         /* FLOW: the argument that is the array's handle */
} td_role;

/* Runs c, a While of `cond` and `body`, side by side and sets its outputs if it can; *done says so. Else nothing was done.
 * The error is that of the first round that fails, as when they run one after the other. */
TD_MUST_USE td_status td_rounds_run(td_call *c, td_region *cond, td_region *body, bool *done);

#endif
