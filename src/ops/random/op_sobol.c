/* SPDX-License-Identifier: Apache-2.0 */
/* op_sobol.c -- SobolSample: points of Sobol's sequence, from skip + 1 on. */
#include "kernels/random/sobol.h"
#include "ops/array/array.h"

/* dim, num_results, skip */
static td_status sobol_infer(td_call *c)
{
    static const char *const names[] = { "dim", "num_results", "skip" };
    int64_t v[3];

    for (uint32_t i = 0; i < 3; i++) {
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a scalar", names[i]);
        TD_TRY(td_need_one(c, i, &v[i]));
    }
    if (v[0] < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "dim must be at least one");
    if (v[0] > TD_SOBOL_MOST) return TD_OP_ERR(c, INVALID_ARGUMENT, "dim must be at most %d", TD_SOBOL_MOST);
    if (v[1] < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "num_results must be at least one");
    if (v[2] < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "skip must be non-negative");
    if (v[1] >= INT32_MAX - v[2])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_results+skip must be less than %d", INT32_MAX);
    return td_shape_make(2, (int64_t[]){ v[1], v[0] }, &td_out(c, 0)->shape);
}

static void put(td_tensor *t, size_t i, uint32_t x)
{
    if (t->dtype == TD_F32)
        ((float *)t->data)[i] = (float)x * 0x1p-32f;
    else
        ((double *)t->data)[i] = (double)x * 0x1p-32;
}

/* One dimension: each point differs from the one before by one direction number. */
static void fill(td_tensor *out, size_t dimension, uint64_t skip)
{
    const size_t n = (size_t)out->shape.dims[0], dims = (size_t)out->shape.dims[1];
    uint32_t v[TD_SOBOL_BITS], x = 0;

    td_sobol_directions(dimension, v);
    for (size_t i = 0; i < n; i++) {
        const uint64_t point = skip + i + 1, code = point ^ point >> 1,
                       before = (point - 1) ^ (point - 1) >> 1;

        for (int k = 0; k < TD_SOBOL_BITS; k++) /* at first all bits of its code, then the one that is new */
            if ((i == 0 ? code : code ^ before) >> k & 1) x ^= v[k];
        put(out, i * dims + dimension, x);
    }
}

static td_status sobol_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);

    for (size_t d = 0; d < (size_t)out->shape.dims[1]; d++)
        fill(out, d, (uint64_t)td_tensor_int(td_in(c, 2), 0));
    return NULL;
}

TD_RUN_KERNEL(sobol_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), sobol_run);

const td_op td_ops_sobol[] = {
    { .name = "SobolSample",
      .sig = "dim: int32, num_results: int32, skip: int32 -> samples: dtype",
      .attrs = "dtype: type = float",
      .key = "dtype",
      .flags = TD_OP_NO_FOLD,
      .infer = sobol_infer,
      .kernels = sobol_kernels },
    { 0 },
};
