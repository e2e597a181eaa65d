/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_list.h -- TensorList, the value that loops collect their outputs in.
 *
 * Lists are values: an op that changes one makes a new one. But all versions of a list share one store, and
 * only the newest (the root) reads it directly; an older one says in what it differs from the version that
 * came of it (Baker's trick). So setting an element of the newest version costs O(1), whoever else still
 * holds the old one, and reading an old version makes it the root again.
 *
 *   v1 --[at 0: a]--> v2 --[at 2: c]--> v3 (root) --> store [A, b, C]
 *
 * A list belongs to one request: its versions are read and made by one thread.
 */
#ifndef TD_OPS_TENSOR_LIST_H
#define TD_OPS_TENSOR_LIST_H

#include "tensord/tensor.h"

#include "ops/list_hint.h"
#include "tensor/object.h"

typedef struct td_list td_list;

extern const td_object_class td_list_class;

/* A list of n elements that are not set. elem: the shape they share;
 * rank -1 or dims -1: unknown. One reference. */
TD_MUST_USE td_status td_list_make(td_dtype dtype, const td_shape *elem, int64_t n, td_list **out);
void td_list_unref(td_list *l);

td_dtype td_list_dtype(const td_list *l);
const td_shape *td_list_elem(const td_list *l);
int64_t td_list_length(const td_list *l);
int64_t td_list_most(const td_list *l);       /* elements that pushing may make; -1: any */
td_list_hint td_list_known(const td_list *l); /* all that can be said of it */

/* Is it the newest of its versions? Then several threads may look at it. */
bool td_list_is_newest(const td_list *l);

/* Element i < length, borrowed until the next call with any version; dtype TD_DTYPE_NONE: not set. */
const td_tensor *td_list_get(td_list *l, int64_t i);

/* In a list that nobody else has seen yet: no push beyond so many elements, also in versions of it. */
void td_list_limit(td_list *l, int64_t most);
/* Likewise: element i becomes t, which is taken over. */
void td_list_init(td_list *l, int64_t i, td_tensor t);

/* New versions, each one reference. t is taken over (it owns its buffer), also on failure. */
TD_MUST_USE td_status td_list_set(td_list *l, int64_t i, td_tensor t, td_list **out);
TD_MUST_USE td_status td_list_push(td_list *l, td_tensor t, td_list **out);
TD_MUST_USE td_status td_list_resize(td_list *l, int64_t n, td_list **out);

#endif
