/* SPDX-License-Identifier: Apache-2.0 */
/* rules_slice.c -- Slice and StridedSlice: all of the rows, or rows no longer apart. */
#include "ops/rows/rules.h"

static const char *const cuts = "takes some rows of the batch";

/* Ends from here on are "to the last" in any batch that fits in memory. */
static const int64_t last = INT32_MAX;

static int64_t dim_of(const td_rows_call *c, int axis, int size)
{
    return td_rows_in(c, 0, size)->shape.dims[axis];
}

/* Does element k of input i say all of the axis, whatever the number of rows? */
static bool is_whole(const td_rows_call *c, uint32_t i, size_t k, int axis, bool takes_last)
{
    int64_t v[TD_ROWS_SIZES];

    if (!td_rows_element(c, i, k, v)) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (v[s] != dim_of(c, axis, s) && !(takes_last && v[s] >= last)) return false;
    return true;
}

static bool is_number(const td_rows_call *c, uint32_t i, size_t k, int64_t want)
{
    int64_t v[TD_ROWS_SIZES];

    if (!td_rows_element(c, i, k, v)) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (v[s] != want) return false;
    return true;
}

const char *td_rows_slice(td_rows_call *c)
{
    const td_rows *const in = &c->in[0];
    const size_t k = (size_t)in->axis;

    if (in->is_list || in->kind != TD_ROWS_APART) return "cuts by the number of rows";
    if (!is_number(c, 1, k, 0)) return cuts;
    if (!is_number(c, 2, k, -1) && !is_whole(c, 2, k, in->axis, false)) return cuts;
    td_rows_all_out(c, *in);
    return NULL;
}

/* ---------------------------------------------------------------- strided */

typedef struct spec {
    int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    size_t n;
} spec;

static bool has(int64_t mask, size_t k)
{
    return k < 63 && (mask >> k & 1) != 0;
}

static bool read_spec(const td_rows_call *c, spec *s)
{
    const td_shape *const begin = &td_rows_in(c, 1, 0)->shape;

    *s = (spec){ td_rows_attr_int(c, "begin_mask"),       td_rows_attr_int(c, "end_mask"),
                 td_rows_attr_int(c, "ellipsis_mask"),    td_rows_attr_int(c, "new_axis_mask"),
                 td_rows_attr_int(c, "shrink_axis_mask"), 0 };
    if (begin->rank != 1) return false;
    s->n = (size_t)begin->dims[0];
    return true;
}

/* Entries after k that stand for a dimension of the input. */
static int count_after(const spec *s, size_t k)
{
    int n = 0;

    while (++k < s->n)
        n += !has(s->new_axis_mask, k);
    return n;
}

/* Which entry is for the axis (s->n: none is, it is taken as a whole), and where the result has it. */
static size_t find_entry(const spec *s, int rank, int axis, int *out)
{
    int dim = 0, shown = 0;

    for (size_t k = 0; k < s->n; k++) {
        if (has(s->ellipsis_mask, k)) {
            const int to = rank - count_after(s, k);

            if (axis >= dim && axis < to) {
                *out = shown + axis - dim;
                return s->n;
            }
            shown += to > dim ? to - dim : 0;
            dim = to > dim ? to : dim;
        } else if (has(s->new_axis_mask, k)) {
            shown++;
        } else {
            *out = shown;
            if (dim++ == axis) return k;
            shown += !has(s->shrink_axis_mask, k);
        }
    }
    *out = shown + axis - dim;
    return s->n;
}

/* Is entry k "all of it"? */
static bool takes_all(const td_rows_call *c, const spec *s, size_t k, int axis)
{
    if (has(s->shrink_axis_mask, k) || !is_number(c, 3, k, 1)) return false;
    if (!has(s->begin_mask, k) && !is_number(c, 1, k, 0)) return false;
    return has(s->end_mask, k) || is_whole(c, 2, k, axis, true);
}

const char *td_rows_strided_slice(td_rows_call *c)
{
    const td_rows *const in = &c->in[0];
    spec s;
    int out;

    if (in->is_list || in->kind != TD_ROWS_APART) return "cuts by the number of rows";
    if (td_rows_rank(c, 0) < 0 || !read_spec(c, &s))
        return "takes a value whose shape is not known before a run";
    const size_t k = find_entry(&s, td_rows_rank(c, 0), in->axis, &out);
    if (k < s.n && !takes_all(c, &s, k, in->axis)) return cuts;
    td_rows_all_out(c, td_rows_apart(out, in->before));
    return NULL;
}
