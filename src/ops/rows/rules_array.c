/* SPDX-License-Identifier: Apache-2.0 */
/* rules_array.c -- rules of ops that move elements, or make them of shapes. */
#include "ops/rows/rules.h"

static const char *const moves_rows = "moves rows to other places";

/* The shapes of output 0; false: unknown, or of another rank for a lone row. */
static bool out_shapes(const td_rows_call *c, const td_shape *out[TD_ROWS_SIZES])
{
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        out[s] = &td_out(c->at[s], 0)->shape;
        if (out[s]->rank < 0 || out[s]->rank != out[0]->rank) return false;
    }
    return true;
}

/* The only dimension that the number of rows is a factor of, and the other factor. */
static bool find_axis(const td_rows_call *c, int *axis, int64_t *times)
{
    const td_shape *out[TD_ROWS_SIZES];
    int64_t a, b;

    *axis = -1;
    if (!out_shapes(c, out)) return false;
    for (int d = 0; d < out[0]->rank; d++) {
        if (!td_rows_dim(out, d, &a, &b)) return false;
        if (a == 0) continue;
        if (*axis >= 0 || b != 0) return false;
        *axis = d;
        *times = a;
    }
    return *axis >= 0;
}

static bool multiply_dims(const td_shape *s, int n, int64_t *product)
{
    for (int d = 0; d < n; d++)
        if (s->dims[d] <= 0 || __builtin_mul_overflow(*product, s->dims[d], product)) return false;
    return true;
}

/* Elements stay in their order: what lies before the rows is a whole number of the new first dimensions. */
const char *td_rows_reshape(td_rows_call *c)
{
    static const char *const mixes = "joins or cuts rows";
    const td_rows *const in = &c->in[0];
    int64_t outer = in->before, before = 1, times;
    int axis;

    if (in->is_list || in->kind != TD_ROWS_APART) return "makes something of the number of rows";
    if (c->n_in > 1 && c->in[1].kind == TD_ROWS_APART) return "has a shape that depends on elements of rows";
    if (td_rows_rank(c, 0) < 0) return "takes a value whose shape is not known before a run";
    if (!find_axis(c, &axis, &times)) return mixes;
    if (!multiply_dims(&td_rows_in(c, 0, 0)->shape, in->axis, &outer)) return mixes;
    if (!multiply_dims(&td_out(c->at[0], 0)->shape, axis, &before)) return mixes;
    if (outer % before != 0 || times % (outer / before) != 0) return mixes;
    td_rows_all_out(c, td_rows_apart(axis, outer / before));
    return NULL;
}

static int map_transpose(const td_rows_call *c, uint32_t i, int axis)
{
    int64_t perm[TD_MAX_RANK];
    size_t n;

    if (i != 0 || !td_rows_ints(c, 1, perm, TD_MAX_RANK, &n)) return -1;
    for (size_t k = 0; k < n; k++)
        if ((perm[k] < 0 ? perm[k] + (int64_t)n : perm[k]) == axis) return (int)k;
    return -1;
}

const char *td_rows_transpose(td_rows_call *c)
{
    return td_rows_join(c, map_transpose, 0, "permutes dimensions in a way that is not known before a run");
}

/* ---------------------------------------------------------------- joining and cutting */

/* Along the axis that input `along` names: other dimensions stay. */
static const char *join_beside(td_rows_call *c, uint32_t along, const char *lost)
{
    const uint32_t data = along == 0 ? 1 : 0;
    int axis;

    if (!td_rows_axis(c, along, td_rows_rank(c, data), &axis))
        return "works along a dimension that is not known before a run";
    for (uint32_t i = 0; i < c->n_in; i++)
        if (c->in[i].kind == TD_ROWS_APART && c->in[i].axis == axis) return lost;
    return td_rows_join(c, td_rows_map_keep, 0, lost);
}

static const char *const concatenates = "concatenates along the batch dimension";
static const char *const splits = "splits the batch dimension";

const char *td_rows_concat(td_rows_call *c)
{
    return join_beside(c, 0, concatenates);
}

const char *td_rows_concat_v2(td_rows_call *c)
{
    return join_beside(c, c->n_in - 1, concatenates);
}

const char *td_rows_split(td_rows_call *c)
{
    return join_beside(c, 0, splits);
}

const char *td_rows_split_v(td_rows_call *c)
{
    return td_rows_are_same(c, 1, 1) ? join_beside(c, 2, splits) : splits;
}

/* The axis that attribute `axis` names in a value of that rank. */
static int attr_axis(const td_rows_call *c, const char *name, int rank)
{
    const int64_t axis = td_rows_attr_int(c, name);

    return (int)(axis < 0 ? axis + rank : axis);
}

static int map_pack(const td_rows_call *c, uint32_t i, int axis)
{
    return axis < attr_axis(c, "axis", td_rows_rank(c, i) + 1) ? axis : axis + 1;
}

const char *td_rows_pack(td_rows_call *c)
{
    return td_rows_join(c, map_pack, 0, "");
}

static int map_unpack(const td_rows_call *c, uint32_t i, int axis)
{
    const int along = attr_axis(c, "axis", td_rows_rank(c, i));

    return axis == along ? -1 : axis < along ? axis : axis - 1;
}

const char *td_rows_unpack(td_rows_call *c)
{
    return td_rows_join(c, map_unpack, 0, splits);
}

/* ---------------------------------------------------------------- repeating and padding */

static bool element_is(const td_rows_call *c, uint32_t i, size_t k, int64_t want)
{
    int64_t v[TD_ROWS_SIZES];

    if (!td_rows_element(c, i, k, v)) return false;
    for (int s = 0; s < TD_ROWS_SIZES; s++)
        if (v[s] != want) return false;
    return true;
}

const char *td_rows_pad(td_rows_call *c)
{
    const size_t at = 2 * (size_t)c->in[0].axis;

    if (c->in[0].kind != TD_ROWS_APART || !td_rows_are_same(c, 2, c->n_in - 2))
        return "pads by the number of rows, or with what depends on rows";
    if (!element_is(c, 1, at, 0) || !element_is(c, 1, at + 1, 0)) return "pads the batch dimension";
    td_rows_all_out(c, c->in[0]);
    return NULL;
}

/* Something that all rows have in common, once or more for each row. */
static const char *repeat_same(td_rows_call *c, uint32_t same)
{
    int64_t times;
    int axis;

    if (!td_rows_are_same(c, same, 1) || !find_axis(c, &axis, &times))
        return "makes something of the number of rows";
    td_rows_all_out(c, td_rows_apart(axis, 1));
    return NULL;
}

const char *td_rows_fill(td_rows_call *c)
{
    if (c->in[0].kind != TD_ROWS_COUNT) return "has a shape or a value that depends on elements of rows";
    return repeat_same(c, 1);
}

const char *td_rows_broadcast_to(td_rows_call *c)
{
    if (c->in[0].kind != TD_ROWS_APART && c->in[1].kind == TD_ROWS_COUNT) return repeat_same(c, 0);
    if (c->in[1].kind == TD_ROWS_APART) return "has a shape that depends on elements of rows";
    return td_rows_join(c, td_rows_map_broadcast, 2, moves_rows);
}

/* The rows as a whole, times over: they have more before them. */
const char *td_rows_tile(td_rows_call *c)
{
    const td_rows *const in = &c->in[0];
    int64_t times[TD_ROWS_SIZES];

    if (in->kind == TD_ROWS_SAME && c->in[1].kind == TD_ROWS_COUNT) return repeat_same(c, 0);
    if (in->is_list || in->kind != TD_ROWS_APART) return "makes something of the number of rows";
    if (!td_rows_element(c, 1, (size_t)in->axis, times) || times[0] <= 0 || times[0] != times[1] ||
        times[0] != times[2])
        return "repeats rows as often as a run says";
    td_rows_all_out(c, td_rows_apart(in->axis, in->before * times[0]));
    return NULL;
}

static int map_one_hot(const td_rows_call *c, uint32_t i, int axis)
{
    const int64_t along = td_rows_attr_int(c, "axis");

    if (i != 0) return -1;
    return along < 0 || axis < along ? axis : axis + 1;
}

const char *td_rows_one_hot(td_rows_call *c)
{
    return td_rows_join(c, map_one_hot, 0, "has parameters that differ from row to row");
}

/* ---------------------------------------------------------------- other orders */

/* The same axis, unless input 1 or 2 names it. */
static int map_unnamed(const td_rows_call *c, uint32_t i, int axis)
{
    const uint32_t names = c->n_in - 1; /* ReverseV2: axis; Roll: shift, axis */
    int64_t axes[TD_MAX_RANK];
    size_t n;

    if (i != 0 || !td_rows_ints(c, names, axes, TD_MAX_RANK, &n)) return -1;
    for (size_t k = 0; k < n; k++)
        if (axes[k] == axis || axes[k] + td_rows_rank(c, 0) == axis) return -1;
    return axis;
}

const char *td_rows_reverse(td_rows_call *c)
{
    return td_rows_join(c, map_unnamed, 0, moves_rows);
}

const char *td_rows_roll(td_rows_call *c)
{
    return td_rows_join(c, map_unnamed, 0, moves_rows);
}

/* Lengths belong to dimension batch_dim. */
static int map_reverse_sequence(const td_rows_call *c, uint32_t i, int axis)
{
    const int rank = td_rows_rank(c, 0);

    if (i == 1) return attr_axis(c, "batch_dim", rank);
    return axis == attr_axis(c, "seq_dim", rank) ? -1 : axis;
}

const char *td_rows_reverse_sequence(td_rows_call *c)
{
    return td_rows_join(c, map_reverse_sequence, 0, moves_rows);
}

static int map_approx_top_k(const td_rows_call *c, uint32_t i, int axis)
{
    return axis == attr_axis(c, "reduction_dimension", td_rows_rank(c, i)) ? -1 : axis;
}

const char *td_rows_approx_top_k(td_rows_call *c)
{
    return td_rows_join(c, map_approx_top_k, 0, "compares rows with each other");
}

/* ---------------------------------------------------------------- blocks of space as a batch */

/* How many batches there are of one: block_size^2, or the product of the block's shape, input 1. */
static bool read_blocks(const td_rows_call *c, int64_t *blocks)
{
    int64_t sides[TD_MAX_RANK];
    size_t n;

    *blocks = 1;
    if (td_node_attr(c->node, "block_size")) {
        const int64_t side = td_rows_attr_int(c, "block_size");
        return !__builtin_mul_overflow(side, side, blocks) && *blocks > 0;
    }
    if (!td_rows_ints(c, 1, sides, TD_MAX_RANK, &n)) return false;
    for (size_t k = 0; k < n; k++)
        if (sides[k] <= 0 || __builtin_mul_overflow(*blocks, sides[k], blocks)) return false;
    return true;
}

static bool is_batch_first(const td_rows_call *c)
{
    return c->in[0].kind == TD_ROWS_APART && c->in[0].axis == 0 && td_rows_are_same(c, 1, c->n_in - 1);
}

/* [batch, ...] becomes [blocks, batch, ...]. */
const char *td_rows_to_batch(td_rows_call *c)
{
    int64_t blocks, before;

    if (!is_batch_first(c) || !read_blocks(c, &blocks) ||
        __builtin_mul_overflow(c->in[0].before, blocks, &before))
        return moves_rows;
    td_rows_all_out(c, td_rows_apart(0, before));
    return NULL;
}

const char *td_rows_from_batch(td_rows_call *c)
{
    int64_t blocks;

    if (!is_batch_first(c) || !read_blocks(c, &blocks) || c->in[0].before % blocks != 0) return moves_rows;
    td_rows_all_out(c, td_rows_apart(0, c->in[0].before / blocks));
    return NULL;
}
