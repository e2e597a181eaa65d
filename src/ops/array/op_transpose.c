/* SPDX-License-Identifier: Apache-2.0 */
/* op_transpose.c -- orders of dimensions and of elements: Transpose, Reverse, Roll, and the reorderings
 * between batch, space and depth. All of them are strided walks. */
#include <inttypes.h>

#include "base/macros.h"
#include "ops/array/array.h"

/* ---------------------------------------------------------------- Transpose */

static td_status read_perm(td_call *c, int64_t *perm)
{
    const int rank = td_in(c, 0)->shape.rank;
    uint32_t seen = 0;
    size_t n;

    TD_TRY(td_need_list(c, 1, perm, TD_MAX_RANK, &n));
    if ((int)n != rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "transpose expects a vector of size %d. But input(1) is a vector of size %zu", rank,
                         n);
    for (size_t i = 0; i < n; i++) {
        const int64_t d = perm[i] < 0 ? perm[i] + rank : perm[i];

        if (d < 0 || d >= rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%" PRId64 " is out of range [0 .. %d)", perm[i], rank);
        perm[i] = d;
        seen |= 1u << d;
    }
    for (int d = 0; d < rank; d++)
        if (!(seen >> d & 1)) return TD_OP_ERR(c, INVALID_ARGUMENT, "%d is missing from {perm}", d);
    return NULL;
}

static td_status permute_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t perm[TD_MAX_RANK];

    TD_TRY(read_perm(c, perm));
    td_shape *const out = &td_out(c, 0)->shape;

    *out = (td_shape){ .rank = in->rank };
    for (int i = 0; i < in->rank; i++)
        out->dims[i] = in->dims[perm[i]];
    return NULL;
}

/* Do all dims but those of 1 keep their order? */
static bool keeps_order(const td_shape *s, const int64_t *perm)
{
    int64_t last = -1;

    for (int i = 0; i < s->rank; i++) {
        if (s->dims[perm[i]] == 1) continue;
        if (perm[i] < last) return false;
        last = perm[i];
    }
    return true;
}

static td_status transpose_infer(td_call *c)
{
    int64_t perm[TD_MAX_RANK];

    TD_TRY(permute_infer(c));
    TD_TRY(read_perm(c, perm));
    c->is_alias = keeps_order(&td_in(c, 0)->shape, perm);
    return NULL;
}

static td_status transpose_prepare(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    int64_t perm[TD_MAX_RANK], is[TD_MAX_RANK], at = 1;
    td_nd_builder b;

    TD_TRY(read_perm(c, perm));
    td_shape_strides(&in->shape, is);
    td_nd_start(&b, td_dtype_size(in->dtype));
    for (int i = in->shape.rank - 1; i >= 0; i--) {
        td_nd_add(&b, in->shape.dims[perm[i]], at, is[perm[i]]);
        at *= in->shape.dims[perm[i]];
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, 0);
    return NULL;
}

/* The imaginary parts change sign; other types have none. */
static td_status conjugate_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape);

    TD_TRY(td_moves_run(c));
    if (out->dtype == TD_C64) {
        float *const f = out->data;
        for (size_t i = 0; i < n; i++)
            f[2 * i + 1] = -f[2 * i + 1];
    } else if (out->dtype == TD_C128) {
        double *const f = out->data;
        for (size_t i = 0; i < n; i++)
            f[2 * i + 1] = -f[2 * i + 1];
    }
    return NULL;
}

/* ---------------------------------------------------------------- Reverse, ReverseV2 */

/* Walks input 0 with the dims in `back` from their ends. */
static td_status add_reversed(td_call *c, uint32_t back)
{
    const td_tensor *const in = td_in(c, 0);
    int64_t s[TD_MAX_RANK], at = 0;
    td_nd_builder b;

    td_shape_strides(&in->shape, s);
    td_nd_start(&b, td_dtype_size(in->dtype));
    for (int i = 0; i < in->shape.rank; i++) {
        const bool is_back = back >> i & 1;

        td_nd_add(&b, in->shape.dims[i], s[i], is_back ? -s[i] : s[i]);
        if (is_back) at += (in->shape.dims[i] - 1) * s[i];
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, at);
    return NULL;
}

static td_status reverse_dims(td_call *c, uint32_t *back)
{
    const td_tensor *const dims = td_in(c, 1);
    const int rank = td_in(c, 0)->shape.rank;

    TD_TRY(td_need(c, 1));
    if (dims->shape.rank != 1 || dims->shape.dims[0] != rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "'dims' must be a 1-dimension tensor with one value per dimension of %d", rank);
    for (int i = 0; i < rank; i++)
        if (((const uint8_t *)dims->data)[i]) *back |= 1u << i;
    return NULL;
}

static td_status reverse_axes(td_call *c, uint32_t *back)
{
    const int rank = td_in(c, 0)->shape.rank;
    int64_t axis[TD_MAX_RANK];
    size_t n;

    TD_TRY(td_need_list(c, 1, axis, TD_MAX_RANK, &n));
    for (size_t i = 0; i < n; i++) {
        const int64_t a = axis[i] < 0 ? axis[i] + rank : axis[i];

        if (a < 0 || a >= rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "'axis'[%zu] = %" PRId64 " is out of valid range [0, %d", i,
                             axis[i], rank - 1);
        if (*back >> a & 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "axis %" PRId64 " specified more than once.", a);
        *back |= 1u << a;
    }
    return NULL;
}

static td_status reverse_infer(td_call *c)
{
    uint32_t back = 0;

    TD_TRY(td_in(c, 1)->dtype == TD_BOOL ? reverse_dims(c, &back) : reverse_axes(c, &back));
    return td_infer_same(c);
}

static td_status reverse_prepare(td_call *c)
{
    uint32_t back = 0;

    TD_TRY(td_in(c, 1)->dtype == TD_BOOL ? reverse_dims(c, &back) : reverse_axes(c, &back));
    return add_reversed(c, back);
}

/* ---------------------------------------------------------------- Roll */

/* How far each dim is rolled, in [0, dim). */
static td_status roll_shifts(td_call *c, int64_t *by)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    enum { MAX_ROLLS = 64 };
    int64_t shift[MAX_ROLLS], axis[MAX_ROLLS];
    size_t n, na;

    if (in->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 1-D or higher");
    TD_TRY(td_need_list(c, 1, shift, MAX_ROLLS, &n));
    TD_TRY(td_need_list(c, 2, axis, MAX_ROLLS, &na));
    if (n != na) return TD_OP_ERR(c, INVALID_ARGUMENT, "shift and axis must have the same size");
    for (int i = 0; i < in->rank; i++)
        by[i] = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t a = axis[i] < 0 ? axis[i] + in->rank : axis[i];

        if (a < 0 || a >= in->rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "axis %" PRId64 " is out of range", axis[i]);
        const int64_t dim = TD_MAX(in->dims[a], 1);

        by[a] = (by[a] + (shift[i] % dim + dim) % dim) % dim;
    }
    return NULL;
}

static td_status roll_infer(td_call *c)
{
    int64_t by[TD_MAX_RANK];

    TD_TRY(roll_shifts(c, by));
    return td_infer_same(c);
}

/* One piece for each way to take the low or the high part of every rolled dim. */
static td_status roll_prepare(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    int64_t by[TD_MAX_RANK], s[TD_MAX_RANK];
    int rolled[TD_MAX_RANK];
    size_t n = 0;

    TD_TRY(roll_shifts(c, by));
    td_shape_strides(&in->shape, s);
    for (int i = 0; i < in->shape.rank; i++)
        if (by[i]) rolled[n++] = i;
    TD_TRY(td_moves_init(c, (size_t)1 << n));
    for (size_t part = 0; part < (size_t)1 << n; part++) {
        int64_t len[TD_MAX_RANK], from = 0, to = 0;
        td_nd_builder b;

        for (int i = 0; i < in->shape.rank; i++)
            len[i] = in->shape.dims[i];
        for (size_t k = 0; k < n; k++) {
            const int i = rolled[k];
            const bool high = part >> k & 1; /* the part that wraps around to the start */

            len[i] = high ? by[i] : in->shape.dims[i] - by[i];
            from += high ? (in->shape.dims[i] - by[i]) * s[i] : 0;
            to += high ? 0 : by[i] * s[i];
        }
        td_nd_start(&b, td_dtype_size(in->dtype));
        for (int i = 0; i < in->shape.rank; i++)
            td_nd_add(&b, len[i], s[i], s[i]);
        td_moves_add(c, &b, 0, to, 0, from);
    }
    return NULL;
}

TD_MOVE_KERNELS(transpose_kernels, transpose_prepare);
TD_MOVE_KERNELS(reverse_kernels, reverse_prepare);
TD_MOVE_KERNELS(roll_kernels, roll_prepare);
static const td_kernel conjugate_kernels[] = {
    { TD_DEVICE_CPU, TD_MOVABLE, sizeof(td_moves), transpose_prepare, conjugate_run, NULL },
    { 0 },
};

const td_op td_ops_transpose[] = {
    { .name = "Transpose",
      .sig = "x: T, perm: Tperm -> y: T",
      .attrs = "T: type, Tperm: type = int32",
      .infer = transpose_infer,
      .kernels = transpose_kernels },
    { .name = "ConjugateTranspose",
      .sig = "x: T, perm: Tperm -> y: T",
      .attrs = "T: type, Tperm: type = int32",
      .infer = permute_infer,
      .kernels = conjugate_kernels },
    { .name = "Reverse",
      .sig = "tensor: T, dims: bool -> output: T",
      .attrs = "T: type",
      .infer = reverse_infer,
      .kernels = reverse_kernels },
    { .name = "ReverseV2",
      .sig = "tensor: T, axis: Tidx -> output: T",
      .attrs = "Tidx: type = int32, T: type",
      .infer = reverse_infer,
      .kernels = reverse_kernels },
    { .name = "Roll",
      .sig = "input: T, shift: Tshift, axis: Taxis -> output: T",
      .attrs = "T: type, Tshift: type, Taxis: type",
      .infer = roll_infer,
      .kernels = roll_kernels },
    { 0 },
};
