/* SPDX-License-Identifier: Apache-2.0 */
/* op_bincount.c -- Bincount, DenseBincount, SparseBincount, RaggedBincount: how often each value occurs, or the sum of the
 * weights of its places. */
#include <inttypes.h>
#include <string.h>

#include "kernels/array/combine.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

typedef struct bin_attrs {
    bool binary; /* whether a value occurs, not how often */
} bin_attrs;

static td_status bin_parse(td_parse *p)
{
    ((bin_attrs *)p->attrs)->binary = td_attr_bool(p, "binary_output");
    return NULL;
}

typedef struct bins {
    char *data;   /* rows of `size` bins */
    int64_t size; /* values from here on are left out */
    size_t elem;
    const char *weights; /* NULL: all are one */
    char one[16];
    bool binary;
    td_combine_fn *add;
} bins;

/* Empties the output. */
static void bins_start(td_call *c, const td_tensor *weights, bins *b)
{
    td_tensor *const out = td_out(c, 0);

    *b = (bins){
        .data = out->data,
        .size = out->shape.dims[out->shape.rank - 1],
        .elem = td_dtype_size(out->dtype),
        .weights = td_shape_count(&weights->shape) ? weights->data : NULL,
        .binary = c->op->parse && ((const bin_attrs *)c->attrs)->binary,
        .add = td_combine_find(TD_COMBINE_ADD, out->dtype),
    };
    td_number_put(out->dtype, 1, b->one);
    if (td_tensor_bytes(out)) memset(out->data, 0, td_tensor_bytes(out));
}

/* Counts the i-th value of all, v, in this row. */
static void bins_count(const bins *b, int64_t row, int64_t v, size_t i)
{
    if (v >= b->size) return;
    char *const bin = b->data + (size_t)(row * b->size + v) * b->elem;

    if (b->binary)
        memcpy(bin, b->one, b->elem);
    else
        b->add(bin, b->weights ? b->weights + i * b->elem : b->one, 1, 1);
}

/* --------------------------------------------------------- Bincount, DenseBincount: values, size, weights */

static td_status dense_infer(td_call *c)
{
    const bool is_dense = c->op->parse != NULL;
    const td_shape *const in = &td_in(c, 0)->shape, *const w = &td_in(c, 2)->shape;
    int64_t size;
    td_shape s = { 0 };

    if (td_shape_count(&td_in(c, 1)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Shape must be rank 0 but is rank %d",
                         (int)td_in(c, 1)->shape.rank);
    TD_TRY(td_need_one(c, 1, &size));
    if (size < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "size (%" PRId64 ") must be non-negative", size);
    if (is_dense && in->rank > 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Shape must be at most rank 2 but is rank %d", (int)in->rank);
    if (td_shape_count(w) != 0 && !td_shape_equal(in, w))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "`weights` must be the same shape as `%s` or a length-0 `Tensor`, in which case it "
                         "acts as all weights equal to 1.",
                         is_dense ? "input" : "arr");
    if (is_dense && in->rank == 2) s.dims[s.rank++] = in->dims[0];
    s.dims[s.rank++] = size;
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status dense_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const int64_t n = td_shape_count(&in->shape);
    const int64_t per_row = td_out(c, 0)->shape.rank == 2 ? in->shape.dims[1] : n;
    bins b;

    for (int64_t i = 0; i < n; i++)
        if (td_tensor_int(in, (size_t)i) < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input arr must be non-negative!");
    bins_start(c, td_in(c, 2), &b);
    for (int64_t i = 0; i < n; i++)
        bins_count(&b, i / per_row, td_tensor_int(in, (size_t)i), (size_t)i);
    return NULL;
}

/* -------------------------------------------- SparseBincount: indices, values, dense_shape, size, weights */

static td_status sparse_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 0), *const values = td_in(c, 1), *const w = td_in(c, 4);
    const int64_t n = td_shape_count(&values->shape), n_w = td_shape_count(&w->shape);
    td_shape dense, out = { 0 };
    int64_t size;
    bins b;

    TD_TRY(td_need_one(c, 3, &size));
    TD_TRY(td_need_shape(c, 2, false, &dense));
    if (size < 0 || dense.rank < 1 || dense.rank > 2 || index->shape.rank != 2 || index->shape.dims[0] != n ||
        index->shape.dims[1] != dense.rank || (n_w != 0 && n_w != n))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "size, weights or indices do not fit the values");
    if (dense.rank == 2) out.dims[out.rank++] = dense.dims[0];
    out.dims[out.rank++] = size;
    TD_TRY(td_shape_check(&out));
    TD_TRY(td_out_make(c, 0, &out));
    if (!td_out_is_used(c, 0)) return NULL;
    bins_start(c, w, &b);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = dense.rank == 2 ? ((const int64_t *)index->data)[2 * i] : 0,
                      v = td_tensor_int(values, (size_t)i);

        if (v < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be non-negative");
        if (dense.rank == 2 && (row < 0 || row >= dense.dims[0]))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Index out of bound");
        bins_count(&b, row, v, (size_t)i);
    }
    return NULL;
}

/* ------------------------------------------------------------ RaggedBincount: splits, values, size, weights */

/* The splits of n values. */
static td_status check_splits(td_call *c, const td_tensor *splits, int64_t n)
{
    const int64_t *const at = splits->data, last = td_shape_count(&splits->shape) - 1;

    if (last < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Splits must not be empty");
    if (at[0] != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Splits must start with 0, not with %" PRId64, at[0]);
    if (at[last] != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Splits must end with the number of values, got %" PRId64 " instead of %" PRId64,
                         at[last], n);
    return NULL;
}

static td_status ragged_run(td_call *c)
{
    const td_tensor *const splits = td_in(c, 0), *const values = td_in(c, 1), *const w = td_in(c, 3);
    const int64_t n = td_shape_count(&values->shape), n_w = td_shape_count(&w->shape);
    const int64_t *const ends = (const int64_t *)splits->data + 1;
    td_shape out = { .rank = 2 };
    int64_t row = 0;
    bins b;

    TD_TRY(td_need_one(c, 2, &out.dims[1]));
    if (out.dims[1] < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "size (%" PRId64 ") must be non-negative", out.dims[1]);
    if (n_w != 0 && n_w != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "weights must be as many as the values, or none");
    TD_TRY(check_splits(c, splits, n));
    out.dims[0] = td_shape_count(&splits->shape) - 1;
    TD_TRY(td_shape_check(&out));
    TD_TRY(td_out_make(c, 0, &out));
    if (!td_out_is_used(c, 0)) return NULL;
    bins_start(c, w, &b);
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = td_tensor_int(values, (size_t)i);

        while (i >= ends[row]) /* the last one is n */
            row++;
        if (v < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be non-negative");
        bins_count(&b, row, v, (size_t)i);
    }
    return NULL;
}

static const td_kernel dense_kernels[] = { { .dtypes = TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) |
                                                       TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64),
                                             .run = dense_run },
                                           { 0 } };
static const td_kernel sparse_kernels[] = { { .dtypes = TD_REAL_TYPES, .run = sparse_run }, { 0 } };
static const td_kernel ragged_kernels[] = { { .dtypes = TD_REAL_TYPES, .run = ragged_run }, { 0 } };

const td_op td_ops_bincount[] = {
    { .name = "Bincount",
      .sig = "arr: int32, size: int32, weights: T -> bins: T",
      .attrs = "T: type",
      .key = "T",
      .infer = dense_infer,
      .kernels = dense_kernels },
    { .name = "DenseBincount",
      .sig = "input: Tidx, size: Tidx, weights: T -> output: T",
      .attrs = "Tidx: type, T: type, binary_output: bool = false",
      .key = "T",
      .attrs_size = sizeof(bin_attrs),
      .parse = bin_parse,
      .infer = dense_infer,
      .kernels = dense_kernels },
    { .name = "SparseBincount",
      .sig = "indices: int64, values: Tidx, dense_shape: int64, size: Tidx, weights: T -> output: T",
      .attrs = "Tidx: type, T: type, binary_output: bool = false",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(bin_attrs),
      .parse = bin_parse,
      .kernels = sparse_kernels },
    { .name = "RaggedBincount",
      .sig = "splits: int64, values: Tidx, size: Tidx, weights: T -> output: T",
      .attrs = "Tidx: type, T: type, binary_output: bool = false",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(bin_attrs),
      .parse = bin_parse,
      .kernels = ragged_kernels },
    { 0 },
};
