/* SPDX-License-Identifier: Apache-2.0 */
/* rules_list.c -- rules of TensorLists: what is known of a list holds for each of its elements. A list with an element
 * for each row is none of these. */
#include "ops/rows/rules.h"

#include "ops/array/array.h"

static const char *const by_row = "makes a list with an element for each row";

static td_rows list_of_none(int64_t length)
{
    td_rows r = { .is_list = true, .length = length };

    for (int s = 0; s < TD_ROWS_SIZES; s++)
        r.item[s].rank = -1;
    return r;
}

/* The one element of input i; -1: not known, or not the same for all numbers of rows. */
static int64_t length_of(const td_rows_call *c, uint32_t i)
{
    int64_t v[TD_ROWS_SIZES];

    return c->in[i].kind == TD_ROWS_SAME && td_rows_element(c, i, 0, v) && v[0] >= 0 ? v[0] : -1;
}

/* Input i as an element. */
static bool item_of(const td_rows_call *c, uint32_t i, int64_t length, td_rows *out)
{
    const td_rows *const in = &c->in[i];

    if (in->is_list || (in->kind != TD_ROWS_SAME && in->kind != TD_ROWS_APART)) return false;
    *out = *in;
    out->is_list = true;
    out->length = length;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        out->item[s] = td_rows_in(c, i, s)->shape;
    return true;
}

/* Rows of dimension 0 of input i as elements. */
static bool items_of(const td_rows_call *c, uint32_t i, int64_t length, td_rows *out)
{
    if (!item_of(c, i, length, out) || (out->kind == TD_ROWS_APART && out->axis == 0)) return false;
    out->axis--;
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        td_shape *const shape = &out->item[s];

        if (shape->rank < 1) return false;
        shape->rank--;
        for (int d = 0; d < shape->rank; d++)
            shape->dims[d] = shape->dims[d + 1];
    }
    return true;
}

/* One element of the list as output k: its shape is known, whatever the op itself can tell. */
static void put_item(td_rows_call *c, uint32_t k, const td_rows *list)
{
    c->out[k] = *list;
    c->out[k].is_list = false;
    for (int s = 0; s < TD_ROWS_SIZES && td_out_is_used(c->at[0], k); s++)
        if (list->kind && list->item[s].rank >= 0) td_out(c->at[s], k)->shape = list->item[s];
}

static const char *put_stack(td_rows_call *c, const td_rows *list, int64_t length)
{
    put_item(c, 0, list);
    c->out[0].axis++;
    for (int s = 0; s < TD_ROWS_SIZES && list->kind; s++) {
        td_shape *const shape = &td_out(c->at[s], 0)->shape;
        const td_shape *const item = &list->item[s];

        *shape = (td_shape){ .rank = -1 };
        if (item->rank < 0 || item->rank == TD_MAX_RANK || length < 0) continue;
        *shape = (td_shape){ item->rank + 1, { length } };
        for (int d = 0; d < item->rank; d++)
            shape->dims[d + 1] = item->dims[d];
    }
    return NULL;
}

/* ---------------------------------------------------------------- the rules */

static bool is_list(const td_rows_call *c, uint32_t i)
{
    return c->in[i].is_list;
}

/* Input i, a shape that is the same for all numbers of rows and leaves nothing open. */
static bool is_whole_shape(const td_rows_call *c, uint32_t i, td_shape *out)
{
    const td_shape *const at = &td_rows_in(c, i, 0)->shape;
    int64_t v[TD_ROWS_SIZES];

    if (c->in[i].kind != TD_ROWS_SAME || at->rank != 1 || at->dims[0] > TD_MAX_RANK) return false;
    *out = (td_shape){ .rank = (int32_t)at->dims[0] };
    for (int d = 0; d < out->rank; d++) {
        if (!td_rows_element(c, i, (size_t)d, v)) return false;
        for (int s = 0; s < TD_ROWS_SIZES; s++)
            if (v[s] < 0 || v[s] != v[0]) return false;
        out->dims[d] = v[0];
    }
    return true;
}

/* element_shape, num_elements. Elements that are never set are zeros, of the declared shape where that is whole. */
const char *td_rows_list_make(td_rows_call *c)
{
    td_shape item;

    if (!td_rows_are_same(c, 1, 1)) return by_row;
    c->out[0] = list_of_none(length_of(c, 1));
    if (!is_whole_shape(c, 0, &item)) return NULL;
    c->out[0].kind = TD_ROWS_SAME;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        c->out[0].item[s] = item;
    return NULL;
}

const char *td_rows_list_empty(td_rows_call *c)
{
    if (!td_rows_are_same(c, 1, 1)) return by_row;
    c->out[0] = list_of_none(0);
    return NULL;
}

const char *td_rows_list_from(td_rows_call *c)
{
    const td_shape *const shape = &td_rows_in(c, 0, 0)->shape;

    return items_of(c, 0, shape->rank > 0 ? shape->dims[0] : -1, &c->out[0]) ? NULL : by_row;
}

/* list, index, item */
const char *td_rows_list_set(td_rows_call *c)
{
    td_rows item;

    if (!is_list(c, 0) || !td_rows_are_same(c, 1, 1)) return by_row;
    c->out[0] = c->in[0];
    if (td_rows_attr_true(c, "resize_if_index_out_of_bounds")) c->out[0].length = -1;
    if (!item_of(c, 2, c->out[0].length, &item) || !td_rows_meet(&c->out[0], &item))
        return "puts unlike things into one list";
    return NULL;
}

const char *td_rows_list_get(td_rows_call *c)
{
    if (!is_list(c, 0) || !td_rows_are_same(c, 1, 1)) return "takes another element of a list for each row";
    put_item(c, 0, &c->in[0]);
    return NULL;
}

const char *td_rows_list_stack(td_rows_call *c)
{
    const int64_t n = td_rows_attr_int(c, "num_elements");

    if (!is_list(c, 0)) return by_row;
    return put_stack(c, &c->in[0], n >= 0 ? n : c->in[0].length);
}

const char *td_rows_list_gather(td_rows_call *c)
{
    const td_shape *const ids = &td_rows_in(c, 1, 0)->shape;

    if (!is_list(c, 0) || !td_rows_are_same(c, 1, 1)) return "takes other elements of a list for each row";
    return put_stack(c, &c->in[0], ids->rank == 1 ? ids->dims[0] : -1);
}

const char *td_rows_list_push(td_rows_call *c)
{
    td_rows item;

    if (!is_list(c, 0)) return by_row;
    c->out[0] = c->in[0];
    if (c->out[0].length >= 0) c->out[0].length++;
    if (!item_of(c, 1, c->out[0].length, &item) || !td_rows_meet(&c->out[0], &item))
        return "puts unlike things into one list";
    return NULL;
}

const char *td_rows_list_pop(td_rows_call *c)
{
    if (!is_list(c, 0)) return by_row;
    c->out[0] = c->in[0];
    if (c->out[0].length >= 0) c->out[0].length--;
    put_item(c, 1, &c->in[0]);
    return NULL;
}

const char *td_rows_list_length(td_rows_call *c)
{
    if (!is_list(c, 0)) return by_row;
    c->out[0] = td_rows_same(TD_ROWS_OPAQUE);
    return NULL;
}

const char *td_rows_list_resize(td_rows_call *c)
{
    if (!is_list(c, 0) || !td_rows_are_same(c, 1, 1)) return by_row;
    c->out[0] = c->in[0];
    c->out[0].length = length_of(c, 1);
    return NULL;
}

/* Elements one behind the other along dimension 0, and their lengths. */
const char *td_rows_list_concat(td_rows_call *c)
{
    const td_rows *const list = &c->in[0];

    if (!list->is_list || (list->kind == TD_ROWS_APART && list->axis == 0))
        return "concatenates along the batch dimension";
    put_item(c, 0, list);
    c->out[1] = td_rows_same(TD_ROWS_OPAQUE);
    for (int s = 0; s < TD_ROWS_SIZES && td_out_is_used(c->at[0], 0); s++) {
        td_shape *const shape = &td_out(c->at[s], 0)->shape;

        if (shape->rank < 1) continue;
        if (list->length < 0 || __builtin_mul_overflow(shape->dims[0], list->length, &shape->dims[0]))
            shape->rank = -1;
    }
    return NULL;
}

/* tensor, indices, ... */
const char *td_rows_list_scatter(td_rows_call *c)
{
    if (!td_rows_are_same(c, 1, 1)) return by_row;
    return items_of(c, 0, -1, &c->out[0]) ? NULL : by_row;
}

/* list, tensor, indices */
const char *td_rows_list_scatter_into(td_rows_call *c)
{
    td_rows items;

    if (!is_list(c, 0) || !td_rows_are_same(c, 2, 1) || !items_of(c, 1, -1, &items)) return by_row;
    c->out[0] = c->in[0];
    c->out[0].length = -1;
    return td_rows_meet(&c->out[0], &items) ? NULL : "puts unlike things into one list";
}
