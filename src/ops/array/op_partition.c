/* SPDX-License-Identifier: Apache-2.0 */
/* op_partition.c -- DynamicPartition, and DynamicStitch, which undoes it. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"

/* The rows of data behind the dims that it shares with its indices. */
static td_status row_of(const td_call *c, const td_tensor *data, const td_tensor *index, size_t *row)
{
    const td_shape *const d = &data->shape, *const x = &index->shape;
    bool fits = d->rank >= x->rank;

    for (int i = 0; fits && i < x->rank; i++)
        fits = d->dims[i] == x->dims[i];
    if (!fits) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "data.shape must start with %s.shape, got data.shape = %s, %s.shape = %s",
                         c->op->name[7] == 'P' ? "partitions" : "indices", td_shape_text(d, a, sizeof a),
                         c->op->name[7] == 'P' ? "partitions" : "indices", td_shape_text(x, b, sizeof b));
    }
    *row = (size_t)td_shape_span(d, x->rank, d->rank) * td_dtype_size(data->dtype);
    return NULL;
}

static td_status partition_run(td_call *c)
{
    const td_tensor *const data = td_in(c, 0), *const parts = td_in(c, 1);
    const int64_t n = td_shape_count(&parts->shape);
    const int32_t *const part = parts->data;
    int64_t *const count = TD_ARENA_NEW_N(c->arena, int64_t, c->n_out);
    char **const to = TD_ARENA_NEW_N(c->arena, char *, c->n_out);
    size_t row;

    TD_TRY(row_of(c, data, parts, &row));
    for (int64_t i = 0; i < n; i++) {
        if (part[i] < 0 || part[i] >= (int64_t)c->n_out)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "partitions[%" PRId64 "] = %d is not in [0, %u)", i,
                             (int)part[i], c->n_out);
        count[part[i]]++;
    }
    for (uint32_t k = 0; k < c->n_out; k++) {
        td_shape s = { 1, { count[k] } };

        if (!td_out_is_used(c, k)) continue;
        for (int i = parts->shape.rank; i < data->shape.rank; i++)
            s.dims[s.rank++] = data->shape.dims[i];
        TD_TRY(td_out_make(c, k, &s));
        to[k] = td_out(c, k)->data;
    }
    for (int64_t i = 0; i < n && row; i++) {
        if (!td_out_is_used(c, (uint32_t)part[i])) continue;
        memcpy(to[part[i]], (const char *)data->data + (size_t)i * row, row);
        to[part[i]] += row;
    }
    return NULL;
}

/* ---------------------------------------------------------------- DynamicStitch: indices, then data */

static td_status stitch_infer(td_call *c)
{
    const uint32_t n = c->n_in / 2;
    int64_t most = -1;
    size_t row;

    if (!n) return TD_OP_ERR(c, INVALID_ARGUMENT, "DynamicStitch needs at least one input");
    const td_shape *const x = &td_in(c, 0)->shape, *const d = &td_in(c, n)->shape;

    for (uint32_t k = 0; k < n; k++)
        TD_TRY(td_need(c, k));
    for (uint32_t k = 0; k < n; k++) {
        const td_tensor *const index = td_in(c, k), *const data = td_in(c, n + k);
        bool same;

        TD_TRY(row_of(c, data, index, &row));
        same = data->shape.rank - index->shape.rank == d->rank - x->rank;
        for (int i = 0; same && i < d->rank - x->rank; i++)
            same = data->shape.dims[index->shape.rank + i] == d->dims[x->rank + i];
        if (!same)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Need data[0].shape[%d:] = data[%u].shape[%d:]",
                             (int)x->rank, k, (int)index->shape.rank);
        const int32_t *const at = index->data;

        for (int64_t i = 0; i < td_shape_count(&index->shape); i++) {
            if (at[i] < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%u] is out of range", k);
            most = TD_MAX(most, at[i]);
        }
    }
    int64_t dims[TD_MAX_RANK + 1] = { most + 1 };
    td_shape out;

    for (int i = x->rank; i < d->rank; i++)
        dims[1 + i - x->rank] = d->dims[i];
    TD_TRY(td_shape_make(1 + d->rank - x->rank, dims, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

/* Rows that no index names stay zero; where two name one, the later wins. */
static td_status stitch_run(td_call *c)
{
    const uint32_t n = c->n_in / 2;
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);
    size_t row;

    if (bytes) memset(out->data, 0, bytes);
    for (uint32_t k = 0; k < n && bytes; k++) {
        const int32_t *const at = td_in(c, k)->data;

        TD_TRY(row_of(c, td_in(c, n + k), td_in(c, k), &row));
        for (int64_t i = 0; i < td_shape_count(&td_in(c, k)->shape); i++) {
            if (at[i] < 0 || at[i] >= out->shape.dims[0])
                return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%u][%" PRId64 "] is out of range", k, i);
            memcpy((char *)out->data + (size_t)at[i] * row,
                   (const char *)td_in(c, n + k)->data + (size_t)i * row, row);
        }
    }
    return NULL;
}

static const td_kernel partition_kernels[] = { { .dtypes = TD_MOVABLE, .run = partition_run }, { 0 } };
static const td_kernel stitch_kernels[] = { { .dtypes = TD_MOVABLE, .run = stitch_run }, { 0 } };

const td_op td_ops_partition[] = {
    { .name = "DynamicPartition",
      .sig = "data: T, partitions: int32 -> outputs: num_partitions*T",
      .attrs = "num_partitions: int, T: type",
      .flags = TD_OP_DYNAMIC,
      .kernels = partition_kernels },
    { .name = "DynamicStitch",
      .sig = "indices: N*int32, data: N*T -> merged: T",
      .attrs = "N: int, T: type",
      .key = "T",
      .infer = stitch_infer,
      .kernels = stitch_kernels },
    { .name = "ParallelDynamicStitch",
      .sig = "indices: N*int32, data: N*T -> merged: T",
      .attrs = "N: int, T: type",
      .key = "T",
      .infer = stitch_infer,
      .kernels = stitch_kernels },
    { 0 },
};
