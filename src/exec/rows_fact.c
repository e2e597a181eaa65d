/* SPDX-License-Identifier: Apache-2.0 */
/* rows_fact.c -- see rows_fact.h. */
#include "exec/rows_fact.h"

#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"

static void mix(td_fact *f, const char *why)
{
    f->rows = (td_rows){ .kind = TD_ROWS_MIXED, .why = why };
}

td_fact td_fact_arg(td_dtype dtype, const td_shape *shape, int64_t other)
{
    td_fact f = { .rows = td_rows_apart(0, 1) };

    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        f.at[s] = (td_tensor){ .dtype = dtype, .shape = *shape };
        f.at[s].shape.dims[0] = td_rows_sizes[s];
        for (int d = 1; d < shape->rank; d++)
            if (shape->dims[d] < 0) f.at[s].shape.dims[d] = other;
    }
    return f;
}

/* ---------------------------------------------------------------- checking */

static bool has_rank(const td_fact *f)
{
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (f->at[s].shape.rank < 0 || f->at[s].shape.rank != f->at[0].shape.rank) return false;
    return true;
}

static bool is_known(const td_tensor *t)
{
    return t->data || (t->shape.rank >= 0 && td_shape_count(&t->shape) == 0);
}

static void forget_elements(td_fact *f)
{
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        f->at[s].data = NULL;
}

/* One dimension is a multiple of the rows and of what lies before them, the others hang on no number of rows. */
static bool is_apart(const td_fact *f)
{
    const td_shape *shape[TD_ROWS_SIZES];
    int64_t a, b;

    for (int s = 0; s < TD_ROWS_SIZES; s++)
        shape[s] = &f->at[s].shape;
    if (f->rows.axis < 0 || f->rows.axis >= shape[0]->rank || f->rows.before <= 0) return false;
    for (int d = 0; d < shape[0]->rank; d++) {
        if (!td_rows_dim(shape, d, &a, &b)) return false;
        if (d != f->rows.axis && a != 0) return false;
        if (d == f->rows.axis && (a <= 0 || b != 0 || a % f->rows.before != 0)) return false;
    }
    return true;
}

/* *tells: does any element hang on the number of rows? False: not known, or not by a line. */
static bool is_count(const td_fact *f, bool *tells)
{
    const td_dtype type = f->at[0].dtype;

    *tells = false;
    if (!has_rank(f) || (type != TD_I32 && type != TD_I64)) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (!is_known(&f->at[s]) || !td_shape_equal(&f->at[s].shape, &f->at[0].shape)) return false;
    for (size_t k = 0; k < (size_t)td_shape_count(&f->at[0].shape); k++) {
        int64_t v[TD_ROWS_SIZES], a, b;

        for (int s = 0; s < TD_ROWS_SIZES; s++)
            v[s] = td_tensor_int(&f->at[s], k);
        if (!td_rows_linear(v, &a, &b)) return false;
        *tells = *tells || a != 0;
    }
    return true;
}

static bool same_elements(const td_tensor *a, const td_tensor *b)
{
    if (!is_known(a) || !is_known(b) || !td_shape_equal(&a->shape, &b->shape)) return false;
    if (a->data == b->data || td_shape_count(&a->shape) == 0) return true;
    return a->dtype != TD_STRING && a->dtype != TD_VARIANT && !memcmp(a->data, b->data, td_tensor_bytes(a));
}

static void check_same(td_fact *f)
{
    for (int s = 1; s < TD_ROWS_SIZES; s++) {
        if (!td_shape_equal(&f->at[s].shape, &f->at[0].shape)) {
            mix(f, "has a size that depends on the number of rows");
            return;
        }
        if (!same_elements(&f->at[s], &f->at[0])) forget_elements(f);
    }
}

void td_fact_check(td_fact *f)
{
    td_rows *const r = &f->rows;
    bool tells;

    if (r->is_list) return;
    switch (r->kind) {
    case TD_ROWS_NONE:
    case TD_ROWS_MIXED:
        return;
    case TD_ROWS_SAME:
        check_same(f);
        return;
    case TD_ROWS_COUNT:
        if (!is_count(f, &tells))
            mix(f, "makes something of the number of rows");
        else if (!tells)
            *r = td_rows_same(TD_MAX(r->sized, TD_ROWS_SIZED));
        return;
    case TD_ROWS_APART:
        if (!has_rank(f))
            mix(f, "has a result whose shape is not known for any number of rows before a run");
        else if (!is_apart(f))
            mix(f, "has a result without the rows in one dimension");
        return;
    }
}

/* ---------------------------------------------------------------- joining */

/* Drops the shapes and elements that are not b's. */
static void join_shapes(td_fact *a, const td_fact *b, bool *lost_shape, bool *lost_elements)
{
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        td_tensor *const t = &a->at[s];
        const bool fits = td_shape_equal(&t->shape, &b->at[s].shape);

        if (t->data && !(fits && same_elements(t, &b->at[s]))) {
            t->data = NULL;
            *lost_elements = true;
        }
        if (fits || t->shape.rank < 0) continue;
        t->shape.rank = -1;
        *lost_shape = true;
    }
}

static bool same_rows(const td_rows *a, const td_rows *b)
{
    if (a->kind != b->kind || a->sized != b->sized || a->axis != b->axis || a->before != b->before ||
        a->is_list != b->is_list || a->length != b->length)
        return false;
    for (int s = 0; a->is_list && s < TD_ROWS_SIZES; s++)
        if (!td_shape_equal(&a->item[s], &b->item[s])) return false;
    return true;
}

/* Counts are known, and rows are in a known place, or they are not. */
static bool survives(const td_fact *f, bool lost_shape, bool lost_elements)
{
    if (f->rows.is_list) return true;
    if (f->rows.kind == TD_ROWS_APART) return !lost_shape;
    return f->rows.kind != TD_ROWS_COUNT || !(lost_shape || lost_elements);
}

bool td_fact_join(td_fact *a, const td_fact *b, const char *why)
{
    const td_rows before = a->rows;
    bool lost_shape = false, lost_elements = false;

    if (a->rows.kind == TD_ROWS_MIXED || td_fact_is_open(b)) return false;
    if (td_fact_is_open(a)) {
        *a = *b;
        return true;
    }
    if (b->rows.kind == TD_ROWS_MIXED) {
        a->rows = b->rows;
        return true;
    }
    const bool fits = td_rows_meet(&a->rows, &b->rows);

    join_shapes(a, b, &lost_shape, &lost_elements);
    if (!fits || !survives(a, lost_shape, lost_elements)) mix(a, why);
    return lost_shape || lost_elements || !same_rows(&a->rows, &before);
}
