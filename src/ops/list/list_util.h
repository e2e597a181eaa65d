/* SPDX-License-Identifier: Apache-2.0 */
/* list_util.h -- what the ops of TensorLists and TensorArrays share. */
#ifndef TD_OPS_LIST_UTIL_H
#define TD_OPS_LIST_UTIL_H

#include "ops/array/array.h"
#include "ops/list/tensor_list.h"

/* Attributes of all these ops; parse fills what an op has. */
typedef struct td_list_attrs {
    td_dtype dtype;
    int64_t num_elements;
    bool resizes;
    const td_shape *shape;
} td_list_attrs;

td_status td_list_parse(td_parse *p); /* element_dtype only */

static inline td_dtype td_list_dtype_of(const td_call *c)
{
    return ((const td_list_attrs *)c->attrs)->dtype;
}

/* The list that element `at` of input i points to. */
TD_MUST_USE td_status td_list_at(td_call *c, uint32_t i, size_t at, td_list **out);
/* The list in input i, a scalar, whose elements are of type dtype (NONE: any). */
TD_MUST_USE td_status td_list_in(td_call *c, uint32_t i, td_dtype dtype, td_list **out);
/* Output i becomes l, whose reference is taken, also on failure. */
TD_MUST_USE td_status td_list_put(td_call *c, uint32_t i, td_list *l);

/* An element's shape as ops are given it: -1 for anything at all, or a vector with -1 for unknown dims. */
TD_MUST_USE td_status td_list_need_shape(td_call *c, uint32_t i, td_shape *out);
/* Joins what two partial shapes say into *a; false when they contradict each other. */
bool td_shape_merge(td_shape *a, const td_shape *b);
TD_MUST_USE td_status td_list_mismatch(const td_call *c, const td_shape *a, const td_shape *b);
/* The shape that all elements of l share; given: what else is known of it. Always fully known on success. */
TD_MUST_USE td_status td_list_common_shape(const td_call *c, td_list *l, const td_shape *given,
                                           td_shape *out);
/* May an element of this shape go into l? */
TD_MUST_USE td_status td_list_check_item(const td_call *c, const td_list *l, const td_shape *item);

/* Of the TensorArray that a handle stands for: the type of its elements, and how many there are. False: it is none, or
 * closed. Several threads may read elements, and write those that no other one has to do with. */
bool td_tensor_array_look(const td_tensor *handle, td_dtype *dtype, int64_t *length);

/* A tensor that a list may keep: t itself, or a copy when its memory is somebody else's. */
TD_MUST_USE td_status td_list_keep(const td_tensor *t, td_tensor *out);
/* Rows [at, at + n) of dim 0 of t, sharing its buffer; `flat`: one row without its dim. */
td_tensor td_tensor_rows(const td_tensor *t, int64_t at, int64_t n, bool flat);
/* Copies an element, or zeros when it is not set, to `to`, whose variants own what they point to. */
void td_list_copy_item(char *to, const td_tensor *t, size_t bytes);

/* Elements of l that index names (NULL: the first n), of `row` bytes, become output 0, by the call's team. */
void td_list_copy_items(td_call *c, td_list *l, const td_tensor *index, int64_t n, size_t row);

/* [n, elem...] */
TD_MUST_USE td_status td_list_stack_shape(int64_t n, const td_shape *elem, td_shape *out);
/* Output 0 becomes the elements that index names (NULL: all), stacked; given as above. */
TD_MUST_USE td_status td_list_stack(td_call *c, td_list *l, const td_tensor *index, const td_shape *given);
/* Output 0 becomes the elements one behind the other, output 1 their lengths. given: their shape, partly
 * known; lengths: of elements that are not set (NULL: given says). */
TD_MUST_USE td_status td_list_concat(td_call *c, td_list *l, const td_shape *given, const td_tensor *lengths);
/* *out: `into` with row i of t where index i says, longer where need be. One reference. */
TD_MUST_USE td_status td_list_scatter(td_call *c, td_list *into, const td_tensor *t, const td_tensor *index,
                                      td_list **out);
/* *out: a list of pieces of t, as many rows each as lengths say. One reference. */
TD_MUST_USE td_status td_list_split(td_call *c, const td_tensor *t, const td_tensor *lengths,
                                    const td_shape *elem, td_list **out);

#endif
