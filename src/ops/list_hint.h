/* SPDX-License-Identifier: Apache-2.0 */
/* list_hint.h -- what is known of a TensorList without looking at it: its length, and the shape of its
 * elements.
 *
 * Loops keep their inputs and outputs in lists, and their bodies can be planned only when the shape of an
 * element is known. So the shape of a list's tensor, which has rank 0, carries a hint in the dims that it
 * does not use; whoever copies the shape copies the hint, and whoever makes a new one forgets it. Where plans
 * or decisions are looked up by shape, variants are compared by td_list_hint_equal(), too.
 *
 * While planning, a hint says what will be true in any case; while running, all that is true.
 */
#ifndef TD_OPS_LIST_HINT_H
#define TD_OPS_LIST_HINT_H

#include "tensord/tensor.h"

typedef enum td_list_shapes {
    TD_LIST_UNKNOWN = 0,
    TD_LIST_NONE, /* no element is set */
    TD_LIST_SAME, /* those that are set have shape `elem` */
} td_list_shapes;

typedef struct td_list_hint {
    td_list_shapes shapes;
    td_shape elem;
    int64_t length; /* -1: unknown */
} td_list_hint;

td_list_hint td_list_hint_get(const td_shape *of);
void td_list_hint_set(td_shape *of, const td_list_hint *hint);
/* Do two shapes of variants carry the same hint? */
bool td_list_hint_equal(const td_shape *a, const td_shape *b);

/* What is known of a list like `hint` after an element of this shape was set in it. */
td_list_hint td_list_hint_with(td_list_hint hint, const td_shape *item);
/* Leaves in *a what is true of both. */
void td_list_hint_join(td_shape *a, const td_shape *b);

#endif
