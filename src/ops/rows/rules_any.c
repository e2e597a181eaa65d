/* SPDX-License-Identifier: Apache-2.0 */
/* rules_any.c -- rules of ops that work element by element, hand values on, tell shapes, or look things up. */
#include "ops/rows/rules.h"

const char *td_rows_elementwise(td_rows_call *c)
{
    return td_rows_join(c, td_rows_map_broadcast, 0, "");
}

static int map_first_alone(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i == 0 ? axis : -1;
}

/* Input 0, with parameters that are no rows' own. */
const char *td_rows_first_alone(td_rows_call *c)
{
    return td_rows_join(c, map_first_alone, 0, "has parameters that differ from row to row");
}

const char *td_rows_identity(td_rows_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        c->out[i] = c->in[i];
    return NULL;
}

/* Variables and tables that another signature may change, but this one does not: as they are when the run comes by. */
const char *td_rows_reads(td_rows_call *c)
{
    if (!td_rows_are_same(c, 0, c->n_in)) return "reads from a place that depends on the rows";
    td_rows_all_out(c, td_rows_same(TD_ROWS_OPAQUE));
    return NULL;
}

const char *td_rows_sizes_of(td_rows_call *c)
{
    td_rows_all_out(c, (td_rows){ .kind = TD_ROWS_COUNT, .sized = TD_ROWS_SIZED });
    return NULL;
}

const char *td_rows_rank_of(td_rows_call *c)
{
    td_rows_all_out(c, td_rows_same(TD_ROWS_UNSIZED));
    return NULL;
}

/* (a n + b) / d leaves no remainder whatever n is: both a and b are multiples of d. That b is follows when a is, which
 * the driver sees: the quotients lie on a line. */
static bool is_exact(const td_rows_call *c)
{
    int64_t x[TD_ROWS_SIZES], y[TD_ROWS_SIZES];

    if (c->in[1].kind != TD_ROWS_SAME || td_shape_count(&td_rows_in(c, 0, 0)->shape) != 1) return false;
    if (!td_rows_element(c, 0, 0, x) || !td_rows_element(c, 1, 0, y)) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (y[s] <= 0 || x[s] % y[s] != 0) return false;
    return true;
}

const char *td_rows_quotient(td_rows_call *c)
{
    if (c->in[0].kind != TD_ROWS_COUNT) return td_rows_elementwise(c);
    if (!is_exact(c)) return "divides the number of rows";
    td_rows_all_out(c, (td_rows){ .kind = TD_ROWS_COUNT, .sized = td_rows_most_sized(c, 0, 2) });
    return NULL;
}

static int map_keys(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i == 1 ? axis : -1;
}

const char *td_rows_lookup(td_rows_call *c)
{
    if (td_rows_are_same(c, 0, c->n_in)) return td_rows_reads(c);
    return td_rows_join(c, map_keys, 0, "has a default value that differs from row to row");
}

/* Banks of features with a row for each; empty ones and the model are the same for all. Sets come as ragged tensors, whose
 * values are not one for each row. */
static int map_features(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i < 3 && axis == 0 ? 0 : -1;
}

const char *td_rows_forest(td_rows_call *c)
{
    if (td_rows_are_same(c, 0, c->n_in)) return td_rows_reads(c);
    const char *const why = td_rows_join(c, map_features, 0, "has sets of categories, of all rows together");

    if (!why && c->n_out > 1) c->out[1] = td_rows_same(TD_ROWS_OPAQUE); /* names of outputs */
    return why;
}

/* ---------------------------------------------------------------- examples */

/* Of dense feature d, for each number of rows; false: as long as the longest of all rows. */
static bool set_dense_shape(td_rows_call *c, uint32_t out, size_t d)
{
    const td_attr_value *const shapes = td_node_attr(c->node, "dense_shapes");

    if (!shapes || shapes->kind != TD_ATTR_LIST || d >= shapes->u.list.count) return false;
    const td_shape *const inner = shapes->u.list.items[d].u.shape;
    if (!td_shape_is_known(inner) || inner->rank == TD_MAX_RANK) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        td_shape *const shape = &td_out(c->at[s], out)->shape;

        *shape = (td_shape){ inner->rank + 1, { td_rows_in(c, 0, s)->shape.dims[0] } };
        for (int k = 0; k < inner->rank; k++)
            shape->dims[k + 1] = inner->dims[k];
    }
    return true;
}

static size_t count_dense(const td_rows_call *c)
{
    const td_attr_value *const types = td_node_attr(c->node, "Tdense");

    return types && types->kind == TD_ATTR_LIST ? types->u.list.count : 0;
}

const char *td_rows_parse_example(td_rows_call *c)
{
    const char *const n = td_node_attr(c->node, "num_sparse") ? "num_sparse" : "Nsparse";
    const size_t first = 3 * (size_t)td_rows_attr_int(c, n), n_dense = count_dense(c);

    if (c->in[0].kind != TD_ROWS_APART || td_rows_rank(c, 0) != 1 || !td_rows_are_same(c, 1, c->n_in - 1))
        return "parses examples by keys that depend on the rows";
    for (uint32_t i = 0; i < c->n_out; i++) {
        const bool is_dense = i >= first && i < first + n_dense;

        c->out[i] = (td_rows){ .kind = TD_ROWS_MIXED,
                               .why = is_dense ? "pads a feature to the longest of all rows"
                                               : "makes a sparse or ragged tensor of all rows" };
        if (is_dense && td_out_is_used(c->at[0], i) && set_dense_shape(c, i, i - first))
            c->out[i] = td_rows_apart(0, c->in[0].before);
    }
    return NULL;
}
