/* SPDX-License-Identifier: Apache-2.0 */
/* op_nearest.c -- NearestNeighbors: for each point the k centers that are nearest to it, and their squared distances. */
#include <inttypes.h>

#include "base/macros.h"
#include "device/stop.h"
#include "kernels/array/order.h"
#include "ops/array/array.h"

/* k, at most as many as there are centers. */
static td_status read_k(td_call *c, int64_t *out)
{
    int64_t k;

    if (td_in(c, 2)->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input k should be a scalar.");
    TD_TRY(td_need_one(c, 2, &k));
    if (k < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected k >= 0.");
    *out = TD_MIN(k, td_in(c, 1)->shape.dims[0]);
    return NULL;
}

static td_status nearest_infer(td_call *c)
{
    const td_shape *const points = &td_in(c, 0)->shape, *const centers = &td_in(c, 1)->shape;
    int64_t k;

    if (points->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input points should be a matrix.");
    if (centers->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input centers should be a matrix.");
    if (points->dims[0] < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected points.rows() > 0.");
    if (points->dims[1] != centers->dims[1])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected point_dimensions == center_dimensions: %" PRId64 " vs %" PRId64 ".",
                         points->dims[1], centers->dims[1]);
    TD_TRY(read_k(c, &k));
    const td_shape s = { 2, { points->dims[0], k } };
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = td_out(c, 1)->shape = s;
    return NULL;
}

/* Distances, their keys, and two lists of ranked ones. */
static td_status nearest_prepare(td_call *c)
{
    c->scratch_size =
        (size_t)td_in(c, 1)->shape.dims[0] * (sizeof(double) + sizeof(uint64_t) + 2 * sizeof(td_ranked));
    return NULL;
}

static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

static td_status nearest_run(td_call *c)
{
    const float *const points = td_in(c, 0)->data, *const centers = td_in(c, 1)->data;
    const size_t rows = (size_t)td_in(c, 0)->shape.dims[0], dims = (size_t)td_in(c, 0)->shape.dims[1];
    const size_t n = (size_t)td_in(c, 1)->shape.dims[0];
    td_ranked *const best = c->scratch, *const work = best + n;
    double *const away = (double *)(void *)(work + n);
    uint64_t *const keys = (uint64_t *)(void *)(away + n);
    int64_t wanted = 0;

    TD_TRY(read_k(c, &wanted));
    const size_t k = (size_t)wanted;

    for (size_t r = 0; k > 0 && r < rows; r++) {
        if (td_stop_asked()) return td_stop_status(td_stop_here());
        for (size_t i = 0; i < n; i++)
            away[i] = distance(points + r * dims, centers + i * dims, dims);
        td_order_keys(keys, away, TD_F64, n);
        for (size_t i = 0; i < n; i++)
            keys[i] = ~keys[i];
        td_top_k(best, keys, n, k, work);
        for (size_t i = 0; i < k; i++) {
            ((int64_t *)td_out(c, 0)->data)[r * k + i] = best[i].at;
            ((float *)td_out(c, 1)->data)[r * k + i] = (float)away[best[i].at];
        }
    }
    return NULL;
}

static const td_kernel nearest_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_F32), .prepare = nearest_prepare, .run = nearest_run },
    { 0 },
};

const td_op td_ops_nearest[] = {
    { .name = "NearestNeighbors",
      .sig = "points: float, centers: float, k: int64 -> nearest_center_indices: int64, "
             "nearest_center_distances: float",
      .infer = nearest_infer,
      .kernels = nearest_kernels },
    { 0 },
};
