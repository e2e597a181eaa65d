/* SPDX-License-Identifier: Apache-2.0 */
/* op_unique.c -- distinct values: Unique and its kin, ListDiff. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/order.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

/* Room that one call needs: keys of all elements, a hash table, ids of items. */
typedef struct rooms {
    uint64_t *keys;
    int64_t *table, *ids;
    size_t places;
} rooms;

static td_status take_rooms(td_call *c, size_t elements, rooms *r)
{
    r->places = 16;
    while (r->places < 2 * elements)
        r->places *= 2;
    r->keys = td_arena_try_alloc(c->arena, (elements + 1) * 2 * sizeof *r->keys, 16);
    r->ids = td_arena_try_alloc(c->arena, (elements + 1) * sizeof *r->ids, 16);
    r->table = td_arena_try_alloc(c->arena, r->places * sizeof *r->table, 16);
    return r->keys && r->ids && r->table ? NULL : TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
}

static bool is_float(td_dtype d)
{
    return d == TD_F32 || d == TD_F64 || d == TD_F16 || d == TD_BF16;
}

/* ---------------------------------------------------------------- Unique*: x[, axis] -> y, idx[, count] */

/* x as [outer, items, inner]; plain Unique takes vectors only. */
typedef struct view {
    int64_t outer, items, inner;
    int axis;
} view;

static td_status find_view(td_call *c, view *v)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    int64_t axis = 0;
    size_t n = 0;

    if (c->n_in > 1) {
        const td_shape *const a = &td_in(c, 1)->shape;

        if (a->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "axis expects a 1D vector.");
        if (a->dims[0] > 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "axis does not support input tensors larger than 1 elements");
        TD_TRY(td_need_list(c, 1, &axis, 1, &n));
    }
    if (n == 0 && s->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "unique expects a 1D vector.");
    if (axis < -s->rank || axis >= s->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "axis has to be between [0, %d)", (int)s->rank);
    v->axis = (int)(axis < 0 ? axis + s->rank : axis);
    v->outer = td_shape_span(s, 0, v->axis);
    v->items = s->dims[v->axis];
    v->inner = td_shape_span(s, v->axis + 1, s->rank);
    return NULL;
}

/* Numbers the items by value; keys of one item are brought together first. */
static size_t number_items(const td_tensor *x, const view *v, const rooms *r)
{
    const size_t n = (size_t)(v->outer * v->items * v->inner), len = (size_t)(v->outer * v->inner);

    if (x->dtype == TD_STRING)
        (void)td_distinct_strings(x->data, n, r->keys, r->table, r->places);
    else
        td_order_keys(r->keys, x->data, x->dtype, n);
    uint64_t *keys = r->keys;

    if (v->outer != 1) {
        keys += n;
        for (int64_t i = 0; i < v->items; i++)
            for (int64_t o = 0; o < v->outer; o++)
                memcpy(keys + (size_t)((i * v->outer + o) * v->inner),
                       r->keys + (size_t)((o * v->items + i) * v->inner), (size_t)v->inner * sizeof *keys);
    }
    return td_distinct(keys, (size_t)v->items, len, is_float(x->dtype), r->ids, r->table, r->places);
}

static td_status put_values(td_call *c, const view *v, const rooms *r, size_t values)
{
    const td_tensor *const x = td_in(c, 0);
    const size_t row = (size_t)v->inner * td_dtype_size(x->dtype);
    td_shape s = x->shape;

    s.dims[v->axis] = (int64_t)values;
    TD_TRY(td_out_make(c, 0, &s));
    if (!td_out_is_used(c, 0)) return NULL;
    for (int64_t i = 0, next = 0; i < v->items && row; i++) {
        if (r->ids[i] != next) continue; /* seen before */
        for (int64_t o = 0; o < v->outer; o++)
            memcpy((char *)td_out(c, 0)->data + (size_t)(o * (int64_t)values + next) * row,
                   (const char *)x->data + (size_t)(o * v->items + i) * row, row);
        next++;
    }
    return NULL;
}

static td_status unique_run(td_call *c)
{
    view v = { 0 };
    rooms r;

    TD_TRY(find_view(c, &v));
    /* empty items are all equal, and still need ids */
    TD_TRY(take_rooms(c, (size_t)TD_MAX(td_shape_count(&td_in(c, 0)->shape), v.items), &r));
    const size_t values = number_items(td_in(c, 0), &v, &r);

    TD_TRY(put_values(c, &v, &r, values));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { v.items } }));
    for (int64_t i = 0; i < v.items && td_out_is_used(c, 1); i++)
        td_tensor_set_int(td_out(c, 1), (size_t)i, r.ids[i]);
    if (c->n_out < 3 || !td_out_is_used(c, 2)) return NULL;
    TD_TRY(td_out_make(c, 2, &(td_shape){ 1, { (int64_t)values } }));
    memset(td_out(c, 2)->data, 0, td_tensor_bytes(td_out(c, 2)));
    for (int64_t i = 0; i < v.items; i++)
        td_tensor_set_int(td_out(c, 2), (size_t)r.ids[i], td_tensor_int(td_out(c, 2), (size_t)r.ids[i]) + 1);
    return NULL;
}

/* -------------------------------------------------- ListDiff: x, y -> what of x is not in y, where it was */

static td_status join_keys(td_call *c, rooms *r, size_t nx, size_t ny)
{
    const td_tensor *const x = td_in(c, 0), *const y = td_in(c, 1);

    TD_TRY(take_rooms(c, nx + ny, r));
    if (x->dtype != TD_STRING) {
        td_order_keys(r->keys, y->data, y->dtype, ny);
        td_order_keys(r->keys + ny, x->data, x->dtype, nx);
        return NULL;
    }
    td_string *const all = td_arena_try_alloc(c->arena, (nx + ny + 1) * sizeof *all, 16);

    if (!all) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    if (ny) memcpy(all, y->data, ny * sizeof *all);
    if (nx) memcpy(all + ny, x->data, nx * sizeof *all);
    (void)td_distinct_strings(all, nx + ny, r->keys, r->table, r->places);
    return NULL;
}

static td_status list_diff_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0), *const y = td_in(c, 1);
    const size_t nx = (size_t)td_shape_count(&x->shape), ny = (size_t)td_shape_count(&y->shape);
    const size_t elem = td_dtype_size(x->dtype);
    int64_t found = 0;
    rooms r;

    if (x->shape.rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "x should be a 1D vector.");
    if (y->shape.rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "y should be a 1D vector.");
    TD_TRY(join_keys(c, &r, nx, ny));
    (void)td_distinct(r.keys, nx + ny, 1, is_float(x->dtype), r.ids, r.table, r.places);
    int64_t of_y = 0; /* values of y have the lowest ids */
    for (size_t i = 0; i < ny; i++)
        of_y = TD_MAX(of_y, r.ids[i] + 1);
    for (size_t i = 0; i < nx; i++)
        found += r.ids[ny + i] >= of_y;
    for (uint32_t k = 0; k < 2; k++)
        TD_TRY(td_out_make(c, k, &(td_shape){ 1, { found } }));
    size_t to = 0;
    for (size_t i = 0; i < nx; i++) {
        if (r.ids[ny + i] < of_y) continue;
        if (td_out_is_used(c, 0))
            memcpy((char *)td_out(c, 0)->data + to * elem, (const char *)x->data + i * elem, elem);
        if (td_out_is_used(c, 1)) td_tensor_set_int(td_out(c, 1), to, (int64_t)i);
        to++;
    }
    return NULL;
}

#define VALUES (TD_REAL_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING))

static const td_kernel unique_kernels[] = { { .dtypes = VALUES, .run = unique_run }, { 0 } };
static const td_kernel list_diff_kernels[] = { { .dtypes = VALUES, .run = list_diff_run }, { 0 } };

const td_op td_ops_unique[] = {
    { .name = "Unique",
      .sig = "x: T -> y: T, idx: out_idx",
      .attrs = "T: type, out_idx: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = unique_kernels },
    { .name = "UniqueV2",
      .sig = "x: T, axis: Taxis -> y: T, idx: out_idx",
      .attrs = "T: type, Taxis: type = int64, out_idx: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = unique_kernels },
    { .name = "UniqueWithCounts",
      .sig = "x: T -> y: T, idx: out_idx, count: out_idx",
      .attrs = "T: type, out_idx: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = unique_kernels },
    { .name = "UniqueWithCountsV2",
      .sig = "x: T, axis: Taxis -> y: T, idx: out_idx, count: out_idx",
      .attrs = "T: type, Taxis: type = int64, out_idx: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = unique_kernels },
    { .name = "ListDiff",
      .sig = "x: T, y: T -> out: T, idx: out_idx",
      .attrs = "T: type, out_idx: type = int32",
      .flags = TD_OP_DYNAMIC,
      .kernels = list_diff_kernels },
    { 0 },
};
