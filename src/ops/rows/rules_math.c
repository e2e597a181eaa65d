/* SPDX-License-Identifier: Apache-2.0 */
/* rules_math.c -- rules of ops that compute along dimensions: reductions, products, matrices. */
#include "ops/rows/rules.h"

#include <string.h>

/* The condition may be one element for each row of the others. */
static int map_select(const td_rows_call *c, uint32_t i, int axis)
{
    return i == 0 && td_rows_rank(c, 0) == 1 ? 0 : axis;
}

const char *td_rows_select(td_rows_call *c)
{
    return td_rows_join(c, map_select, 0, "");
}

/* ---------------------------------------------------------------- reductions */

/* Bits of the axes of input 0 that input 1 names; false: they are not known. */
static bool read_axes(const td_rows_call *c, uint32_t *bits)
{
    int64_t axes[TD_MAX_RANK];
    const int rank = td_rows_rank(c, 0);
    size_t n;

    *bits = 0;
    if (!td_rows_ints(c, 1, axes, TD_MAX_RANK, &n)) return false;
    for (size_t k = 0; k < n; k++) {
        if (axes[k] < -rank || axes[k] >= rank) return false;
        *bits |= UINT32_C(1) << (axes[k] < 0 ? axes[k] + rank : axes[k]);
    }
    return true;
}

/* Without the dimensions that are reduced; -1: axis is one of them. */
static int after_reduction(uint32_t bits, int axis, bool keeps)
{
    if (bits >> axis & 1) return -1;
    return keeps ? axis : axis - __builtin_popcount(bits & ((UINT32_C(1) << axis) - 1));
}

static int map_reduce(const td_rows_call *c, uint32_t i, int axis)
{
    uint32_t bits;

    if (i != 0 || !read_axes(c, &bits)) return -1;
    return after_reduction(bits, axis, td_rows_attr_true(c, "keep_dims"));
}

const char *td_rows_reduce(td_rows_call *c)
{
    uint32_t bits;

    if (!read_axes(c, &bits)) return "reduces dimensions that are not known before a run";
    return td_rows_join(c, map_reduce, 0, "reduces the batch dimension");
}

static int map_arg(const td_rows_call *c, uint32_t i, int axis)
{
    int reduced;

    if (i != 0 || !td_rows_axis(c, 1, td_rows_rank(c, 0), &reduced)) return -1;
    return after_reduction(UINT32_C(1) << reduced, axis, false);
}

const char *td_rows_arg(td_rows_call *c)
{
    return td_rows_join(c, map_arg, 0, "compares rows with each other");
}

static int map_cumulative(const td_rows_call *c, uint32_t i, int axis)
{
    int along;

    return i == 0 && td_rows_axis(c, 1, td_rows_rank(c, 0), &along) && along != axis ? axis : -1;
}

const char *td_rows_cumulative(td_rows_call *c)
{
    return td_rows_join(c, map_cumulative, 0, "accumulates from row to row");
}

const char *td_rows_not_last(td_rows_call *c)
{
    return td_rows_join(c, td_rows_map_not_last, 0, "works along the batch dimension");
}

static int map_bincount(const td_rows_call *c, uint32_t i, int axis)
{
    return i != 1 && axis == 0 && td_rows_rank(c, i) == 2 ? 0 : -1;
}

const char *td_rows_bincount(td_rows_call *c)
{
    return td_rows_join(c, map_bincount, 0, "counts over all rows");
}

static int map_pairs(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c, (void)i;
    return axis == 0 ? 0 : -1;
}

/* Each row of one operand with the same row of the other. */
const char *td_rows_pairs(td_rows_call *c)
{
    if (td_rows_rank(c, 0) != 2) return "works along the batch dimension";
    return td_rows_join(c, map_pairs, 0, "works along the batch dimension");
}

/* ---------------------------------------------------------------- matrices */

static int map_matrix(const td_rows_call *c, uint32_t i, int axis)
{
    return i == 0 ? td_rows_map_not_last_two(c, i, axis) : -1;
}

/* Each of the matrices in the last two dimensions for itself, with parameters that all have in common. */
const char *td_rows_matrix(td_rows_call *c)
{
    return td_rows_join(c, map_matrix, 0, "works along the batch dimension");
}

const char *td_rows_matrix_diag(td_rows_call *c)
{
    return td_rows_join(c, td_rows_map_not_last, 0, "works along the batch dimension");
}

static int map_set_diag(const td_rows_call *c, uint32_t i, int axis)
{
    return i < 2 && axis < td_rows_rank(c, 0) - 2 ? axis : -1;
}

const char *td_rows_set_diag(td_rows_call *c)
{
    return td_rows_join(c, map_set_diag, 0, "works along the batch dimension");
}

static bool is_transposed(const td_rows_call *c, uint32_t i)
{
    return i == 0 ? td_rows_attr_true(c, "transpose_a") || td_rows_attr_true(c, "adj_x")
                  : td_rows_attr_true(c, "transpose_b") || td_rows_attr_true(c, "adj_y");
}

/* Rows of the first operand, columns of the second, and what both have before. All further ones are added to sums. */
static int map_matmul(const td_rows_call *c, uint32_t i, int axis)
{
    const int rank = td_rows_rank(c, i), out = td_rows_out_rank(c, 0);

    if (out < 0) return -1;
    if (i > 1 || axis < rank - 2) return axis + out - rank;
    const bool is_row = (axis == rank - 2) != is_transposed(c, i);
    if (i == 0) return is_row ? out - 2 : -1;
    return is_row ? -1 : out - 1;
}

const char *td_rows_matmul(td_rows_call *c)
{
    return td_rows_join(c, map_matmul, 0, "sums over the batch dimension");
}

/* ---------------------------------------------------------------- Einsum */

enum { DOTS = 128 }; /* labels of the dimensions of "...": DOTS + position from the right */

/* The labels of term `at` (operands, then the result) for a tensor of that rank; false: they do not fit. */
static bool read_term(td_string equation, uint32_t at, int rank, uint8_t out[TD_MAX_RANK])
{
    const char *p = equation.data, *const end = p + equation.size;
    int letters = 0, n = 0;

    for (uint32_t term = 0; term < at; term++) {
        while (p < end && *p != ',' && *p != '-')
            p++;
        p += p < end && *p == '-' ? 2 : 1;
        if (p > end) return false;
    }
    for (const char *q = p; q < end && *q != ',' && *q != '-'; q++)
        letters += *q != ' ' && *q != '.';
    for (; p < end && *p != ',' && *p != '-'; p++) {
        if (*p == ' ') continue;
        if (*p != '.') {
            if (n == rank) return false;
            out[n++] = (uint8_t)*p;
            continue;
        }
        for (int k = rank - letters; k > 0 && n < rank; k--)
            out[n++] = (uint8_t)(DOTS + k - 1);
        p += 2;
    }
    return n == rank;
}

static int find_label(const uint8_t *labels, int n, uint8_t label, int *times)
{
    int at = -1;

    *times = 0;
    for (int k = 0; k < n; k++)
        if (labels[k] == label) {
            at = k;
            (*times)++;
        }
    return at;
}

/* Where the label of the batch is in the result; it must be there once, and once in the operand. */
static int map_einsum(const td_rows_call *c, uint32_t i, int axis)
{
    const td_attr_value *const equation = td_node_attr(c->node, "equation");
    uint8_t in[TD_MAX_RANK], out[TD_MAX_RANK];
    const int rank = td_rows_rank(c, i), out_rank = td_rows_out_rank(c, 0);
    int times, times_out;

    if (!equation || equation->kind != TD_ATTR_STRING || out_rank < 0) return -1;
    if (!read_term(equation->u.s, i, rank, in) || !read_term(equation->u.s, c->n_in, out_rank, out))
        return -1;
    (void)find_label(in, rank, in[axis], &times);
    const int at = find_label(out, out_rank, in[axis], &times_out);
    return times == 1 && times_out == 1 ? at : -1;
}

const char *td_rows_einsum(td_rows_call *c)
{
    return td_rows_join(c, map_einsum, 0, "sums over the batch dimension");
}
