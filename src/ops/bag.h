/* SPDX-License-Identifier: Apache-2.0 */
/* bag.h -- variants that hold tensors: a map, an optional, a ragged or a sparse tensor in one value.
 *
 * Bags are values: nobody changes one that others may have seen. Their class says what they are. */
#ifndef TD_OPS_BAG_H
#define TD_OPS_BAG_H

#include "ops/op.h"
#include "tensor/object.h"

typedef struct td_bag {
    td_object base;
    td_tensor *items; /* each owns its buffer */
    size_t n;
    bool has_value; /* of an optional */
} td_bag;

/* An empty one with room for so many; one reference, the caller's. */
TD_NONNULL_RETURN td_bag *td_bag_make(const td_object_class *cls, size_t room);
void td_bag_free(td_object *o); /* for classes */
void td_bag_unref(td_bag *b);   /* NULL is fine */

/* Adds t, shared, or copied when a workspace has it. There must be room. */
TD_MUST_USE td_status td_bag_add(td_bag *b, const td_tensor *t);

/* Element `at` of a variant tensor when it is a bag of that class, else NULL. */
td_bag *td_bag_at(const td_tensor *t, int64_t at, const td_object_class *cls);

/* Input i, a scalar; INVALID_ARGUMENT when it is none of that class. */
TD_MUST_USE td_status td_bag_in(td_call *c, uint32_t i, const td_object_class *cls, td_bag **out);

/* Output i, a scalar, becomes b, whose reference is taken, also on failure. */
TD_MUST_USE td_status td_bag_put(td_call *c, uint32_t i, td_bag *b);

#endif
