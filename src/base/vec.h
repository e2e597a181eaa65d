/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h -- an array that grows, of elements of one type. All zeros but `elem` is empty:
 *
 *     td_vec nodes = TD_VEC(node);
 *     *(node *)td_vec_push(&nodes) = n;
 *     TD_VEC_AT(&nodes, node, 0)->name ...
 *     td_vec_fini(&nodes);
 */
#ifndef TD_BASE_VEC_H
#define TD_BASE_VEC_H

#include <stddef.h>

typedef struct td_vec {
    void *data;            /* NULL while empty; moves when it grows */
    size_t size, capacity; /* elements */
    size_t elem;           /* bytes of one */
} td_vec;

#define TD_VEC(type)          ((td_vec){ .elem = sizeof(type) })
#define TD_VEC_DATA(v, type)  ((type *)(v)->data)
#define TD_VEC_AT(v, type, i) (&((type *)(v)->data)[i])

void td_vec_fini(td_vec *v);  /* leaves an empty one */
void *td_vec_push(td_vec *v); /* a new last element, zeroed; never NULL */
void *td_vec_pop(td_vec *v);  /* takes the last one away; valid until the next push. v is not empty */
/* The caller owns the array (td_free; NULL when it never grew); v is empty again. */
void *td_vec_take(td_vec *v);

#endif
