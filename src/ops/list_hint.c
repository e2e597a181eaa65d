/* SPDX-License-Identifier: Apache-2.0 */
/* list_hint.c -- see list_hint.h. In the dims of a shape of rank 0:
 *   [0, 9]  dims of an element      [10]  length + 1, 0: unknown
 *   [11]    0: nothing is known of the elements, 1: none is set, 2 + rank: they have that rank and these dims
 */
#include "ops/list_hint.h"

#include <string.h>

#include "base/macros.h"

enum { LENGTH = TD_MAX_RANK - 2, SHAPES = TD_MAX_RANK - 1, MOST = TD_MAX_RANK - 2 };

td_list_hint td_list_hint_get(const td_shape *of)
{
    td_list_hint h = { .length = -1 };

    if (of->rank != 0) return h;
    h.length = of->dims[LENGTH] - 1;
    if (of->dims[SHAPES] == 1) h.shapes = TD_LIST_NONE;
    if (of->dims[SHAPES] < 2) return h;
    h.shapes = TD_LIST_SAME;
    h.elem.rank = (int32_t)of->dims[SHAPES] - 2;
    for (int i = 0; i < h.elem.rank; i++)
        h.elem.dims[i] = of->dims[i];
    return h;
}

void td_list_hint_set(td_shape *of, const td_list_hint *hint)
{
    const bool has_elem = hint->shapes == TD_LIST_SAME && hint->elem.rank <= MOST;

    if (of->rank != 0) return;
    *of = (td_shape){ 0 };
    of->dims[LENGTH] = hint->length + 1;
    if (hint->shapes == TD_LIST_NONE) of->dims[SHAPES] = 1;
    if (!has_elem) return;
    of->dims[SHAPES] = 2 + hint->elem.rank;
    for (int i = 0; i < hint->elem.rank; i++)
        of->dims[i] = hint->elem.dims[i];
}

static bool hints_equal(const td_list_hint *a, const td_list_hint *b)
{
    return a->length == b->length && a->shapes == b->shapes && td_shape_equal(&a->elem, &b->elem);
}

bool td_list_hint_equal(const td_shape *a, const td_shape *b)
{
    if (a->rank == b->rank && memcmp(a->dims, b->dims, sizeof a->dims) == 0) return true; /* mostly */
    const td_list_hint x = td_list_hint_get(a), y = td_list_hint_get(b);

    return hints_equal(&x, &y);
}

td_list_hint td_list_hint_with(td_list_hint hint, const td_shape *item)
{
    if (hint.shapes == TD_LIST_NONE) {
        hint.shapes = TD_LIST_SAME;
        hint.elem = *item;
    } else if (hint.shapes == TD_LIST_SAME && !td_shape_equal(&hint.elem, item)) {
        hint.shapes = TD_LIST_UNKNOWN;
        hint.elem = (td_shape){ 0 };
    }
    return hint;
}

void td_list_hint_join(td_shape *a, const td_shape *b)
{
    td_list_hint x = td_list_hint_get(a);
    const td_list_hint y = td_list_hint_get(b);

    if (x.length != y.length) x.length = -1;
    if (y.shapes == TD_LIST_SAME)
        x = td_list_hint_with(x, &y.elem);
    else if (y.shapes == TD_LIST_UNKNOWN)
        x.shapes = TD_LIST_UNKNOWN;
    if (x.shapes != TD_LIST_SAME) x.elem = (td_shape){ 0 };
    td_list_hint_set(a, &x);
}
