/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- the table of rules, and what rules share. */
#include "ops/rows/rows.h"

#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/rows/rules.h"

/* Primes, so that no model has a dimension that happens to be a multiple. */
const int64_t td_rows_sizes[TD_ROWS_SIZES] = { 61, 67, 1 };

/* ---------------------------------------------------------------- the table */

static const td_rows_op table[] = {
#define TD_ROWS(op, rule, counts) { #op, td_rows_##rule, counts },
#include "ops/rows/rows.inc"
#undef TD_ROWS
};

const td_rows_op *td_rows_op_of(const td_op *op)
{
    static const td_rows_op elementwise = { "", td_rows_elementwise, 0 };

    for (size_t i = 0; i < TD_COUNT(table); i++)
        if (!strcmp(table[i].op, op->name)) return &table[i];
    return op->flags & TD_OP_ELEMENTWISE ? &elementwise : NULL;
}

/* ---------------------------------------------------------------- values */

td_rows td_rows_same(td_rows_sized sized)
{
    return (td_rows){ .kind = TD_ROWS_SAME, .sized = sized };
}

td_rows td_rows_apart(int axis, int64_t before)
{
    return (td_rows){ .kind = TD_ROWS_APART, .axis = axis, .before = before };
}

td_rows_sized td_rows_most_sized(const td_rows_call *c, uint32_t first, uint32_t n)
{
    td_rows_sized most = TD_ROWS_UNSIZED;

    for (uint32_t i = first; i < first + n; i++)
        most = TD_MAX(most, c->in[i].sized);
    return most;
}

/* Item shapes that differ are no shape; rows then have no place. */
static bool meet_items(td_rows *a, const td_rows *b)
{
    if (a->length != b->length) a->length = -1;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (!td_shape_equal(&a->item[s], &b->item[s])) {
            if (a->kind == TD_ROWS_APART) return false;
            a->item[s].rank = -1;
        }
    return true;
}

bool td_rows_meet(td_rows *a, const td_rows *b)
{
    if (a->is_list != b->is_list) return false;
    if (a->kind == TD_ROWS_NONE || b->kind == TD_ROWS_NONE) {
        const int64_t length = a->length == b->length ? a->length : -1;

        if (a->kind == TD_ROWS_NONE) *a = *b;
        a->length = length;
        return true;
    }
    if (a->kind != b->kind) return false;
    if (a->kind == TD_ROWS_APART && (a->axis != b->axis || a->before != b->before)) return false;
    a->sized = TD_MAX(a->sized, b->sized);
    return !a->is_list || meet_items(a, b);
}

void td_rows_all_out(td_rows_call *c, td_rows r)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        c->out[i] = r;
}

bool td_rows_are_same(const td_rows_call *c, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        if (c->in[i].kind != TD_ROWS_SAME || c->in[i].is_list) return false;
    return true;
}

int td_rows_out_rank(const td_rows_call *c, uint32_t i)
{
    return td_out_is_used(c->at[0], i) ? td_out(c->at[0], i)->shape.rank : -1;
}

/* ---------------------------------------------------------------- integers */

static bool is_known_int(const td_tensor *t)
{
    if (t->dtype != TD_I32 && t->dtype != TD_I64) return false;
    return t->data || (t->shape.rank >= 0 && td_shape_count(&t->shape) == 0);
}

bool td_rows_ints(const td_rows_call *c, uint32_t i, int64_t *out, size_t max, size_t *n)
{
    const td_tensor *const t = td_rows_in(c, i, 0);

    if (c->in[i].kind != TD_ROWS_SAME || c->in[i].sized != TD_ROWS_UNSIZED || !is_known_int(t)) return false;
    *n = (size_t)td_shape_count(&t->shape);
    if (*n > max) return false;
    for (size_t k = 0; k < *n; k++)
        out[k] = td_tensor_int(t, k);
    return true;
}

bool td_rows_axis(const td_rows_call *c, uint32_t i, int rank, int *axis)
{
    int64_t v;
    size_t n;

    if (rank < 0 || !td_rows_ints(c, i, &v, 1, &n) || n != 1 || v < -rank || v >= rank) return false;
    *axis = (int)(v < 0 ? v + rank : v);
    return true;
}

bool td_rows_element(const td_rows_call *c, uint32_t i, size_t k, int64_t out[TD_ROWS_SIZES])
{
    if (c->in[i].kind != TD_ROWS_SAME && c->in[i].kind != TD_ROWS_COUNT) return false;
    if (c->in[i].sized == TD_ROWS_OPAQUE) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        const td_tensor *const t = td_rows_in(c, i, s);

        if (!is_known_int(t) || k >= (size_t)td_shape_count(&t->shape)) return false;
        out[s] = td_tensor_int(t, k);
    }
    return true;
}

bool td_rows_linear(const int64_t v[TD_ROWS_SIZES], int64_t *a, int64_t *b)
{
    const int64_t step = td_rows_sizes[1] - td_rows_sizes[0], rise = v[1] - v[0];

    if (rise % step != 0) return false;
    *a = rise / step;
    *b = v[0] - *a * td_rows_sizes[0];
    return v[2] == *a * td_rows_sizes[2] + *b;
}

bool td_rows_dim(const td_shape *const shape[TD_ROWS_SIZES], int d, int64_t *a, int64_t *b)
{
    int64_t v[TD_ROWS_SIZES];

    for (int s = 0; s < TD_ROWS_SIZES; s++)
        v[s] = shape[s]->dims[d];
    return td_rows_linear(v, a, b);
}

/* ---------------------------------------------------------------- attributes */

int64_t td_rows_attr_int(const td_rows_call *c, const char *name)
{
    const td_attr_value *const v = td_node_attr(c->node, name);

    return v && v->kind == TD_ATTR_INT ? v->u.i : 0;
}

bool td_rows_attr_true(const td_rows_call *c, const char *name)
{
    return td_node_attr_true(c->node, name);
}

/* ---------------------------------------------------------------- where rows go */

int td_rows_map_broadcast(const td_rows_call *c, uint32_t i, int axis)
{
    const int out = td_rows_out_rank(c, 0);

    return out < 0 ? axis : axis + out - td_rows_rank(c, i);
}

int td_rows_map_keep(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c, (void)i;
    return axis;
}

int td_rows_map_not_last(const td_rows_call *c, uint32_t i, int axis)
{
    return axis < td_rows_rank(c, i) - 1 ? axis : -1;
}

int td_rows_map_not_last_two(const td_rows_call *c, uint32_t i, int axis)
{
    return axis < td_rows_rank(c, i) - 2 ? axis : -1;
}

int td_rows_map_first(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i == 0 && axis == 0 ? 0 : -1;
}

const char *td_rows_join(td_rows_call *c, td_rows_map *map, uint64_t shapes, const char *lost)
{
    td_rows to = { 0 };

    for (uint32_t i = 0; i < c->n_in; i++) {
        const td_rows *const in = &c->in[i];

        if (in->is_list) return "takes a list";
        if (in->kind == TD_ROWS_COUNT && !(i < 64 && shapes >> i & 1))
            return "takes the number of rows for a value";
        if (in->kind != TD_ROWS_APART) continue;
        if (td_rows_rank(c, i) < 0) return "takes a value whose shape is not known before a run";
        const td_rows r = td_rows_apart(map(c, i, in->axis), in->before);
        if (r.axis < 0) return lost;
        if (to.kind && (to.axis != r.axis || to.before != r.before))
            return "brings rows together that lie in different dimensions";
        to = r;
    }
    if (!to.kind) return "makes something of the number of rows";
    td_rows_all_out(c, to);
    return NULL;
}
