/* SPDX-License-Identifier: Apache-2.0 */
/* rules_gather.c -- rules of what takes elements by their number: tables have no rows, ids have. */
#include "ops/rows/rules.h"

static const char *const across = "gathers across rows";

typedef struct gather {
    int axis, batch_dims;
} gather;

static bool read_gather(const td_rows_call *c, gather *g)
{
    const int rank = td_rows_rank(c, 0), ids = td_rows_rank(c, 1);
    const int64_t dims = td_rows_attr_int(c, "batch_dims");

    *g = (gather){ 0 };
    if (rank < 0 || ids < 0 || dims < -ids || dims > ids) return false;
    g->batch_dims = (int)(dims < 0 ? dims + ids : dims);
    return c->n_in < 3 || td_rows_axis(c, 2, rank, &g->axis);
}

/* The result is params[:axis] + indices[batch_dims:] + params[axis + 1:]. */
static int map_gather(const td_rows_call *c, uint32_t i, int axis)
{
    gather g;

    if (i > 1 || !read_gather(c, &g)) return -1;
    const bool is_batch = axis < g.batch_dims;
    if (is_batch) return c->in[1 - i].kind == TD_ROWS_APART ? axis : -1; /* each row by its own ids */
    if (i == 1) return axis - g.batch_dims + g.axis;
    if (axis == g.axis) return -1;
    return axis < g.axis ? axis : axis - 1 + td_rows_rank(c, 1) - g.batch_dims;
}

const char *td_rows_gather(td_rows_call *c)
{
    return td_rows_join(c, map_gather, 0, across);
}

const char *td_rows_gather_v2(td_rows_call *c)
{
    gather g;

    if (!read_gather(c, &g)) return "gathers along a dimension that is not known before a run";
    return td_rows_join(c, map_gather, 0, across);
}

/* The last dimension of the indices says where in the first dimensions of params. */
static int map_gather_nd(const td_rows_call *c, uint32_t i, int axis)
{
    const int ids = td_rows_rank(c, 1);

    if (ids < 1) return -1;
    if (i == 1) return axis < ids - 1 ? axis : -1;
    const int64_t depth = td_rows_in(c, 1, 0)->shape.dims[ids - 1];
    return axis >= depth ? (int)(axis - depth) + ids - 1 : -1;
}

const char *td_rows_gather_nd(td_rows_call *c)
{
    return td_rows_join(c, map_gather_nd, 0, across);
}
