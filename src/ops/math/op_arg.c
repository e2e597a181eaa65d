/* SPDX-License-Identifier: Apache-2.0 */
/* op_arg.c -- ArgMax and ArgMin. The input is seen as [outer, n, inner]. */
#include "kernels/reduce/arg.h"
#include "ops/math/elementwise.h"

#include "base/macros.h"

static td_status read_dim(td_call *c, int *dim)
{
    const int rank = td_in(c, 0)->shape.rank;
    int64_t d;

    if (td_in(c, 1)->shape.rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "dim must be a scalar, but received tensor of rank %d",
                      td_in(c, 1)->shape.rank);
    TD_TRY(td_need_int(c, 1, &d));
    if (d < -rank || d >= rank)
        return TD_ERR(INVALID_ARGUMENT, "Expected dimension in the range [%d, %d), but got %lld", -rank, rank,
                      (long long)d);
    *dim = (int)(d < 0 ? d + rank : d);
    return NULL;
}

static td_status arg_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    td_shape out = { 0 };
    int dim = 0;

    TD_TRY(read_dim(c, &dim));
    if (in->dims[dim] == 0) {
        char text[TD_SHAPE_TEXT];
        return TD_ERR(INVALID_ARGUMENT, "Reduction axis %d is empty in shape %s", dim,
                      td_shape_text(in, text, sizeof text));
    }
    for (int d = 0; d < in->rank; d++)
        if (d != dim) out.dims[out.rank++] = in->dims[d];
    td_out(c, 0)->shape = out;
    return NULL;
}

typedef struct arg_state {
    td_arg_fn *fn;
    size_t outer, n, inner, chunks, in_size, grain;
} arg_state;

static td_status arg_prepare(td_call *c, bool want_max)
{
    arg_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);
    int dim = 0;

    TD_TRY(read_dim(c, &dim));
    s->fn = td_arg_find(in->dtype, want_max);
    if (!s->fn) return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(in->dtype));
    s->outer = s->inner = 1;
    for (int d = 0; d < dim; d++)
        s->outer *= (size_t)in->shape.dims[d];
    for (int d = dim + 1; d < in->shape.rank; d++)
        s->inner *= (size_t)in->shape.dims[d];
    s->n = (size_t)in->shape.dims[dim];
    s->chunks = (s->inner + TD_ARG_CHUNK - 1) / TD_ARG_CHUNK;
    s->in_size = td_dtype_size(in->dtype);
    s->grain = TD_MAX(32768 / TD_MAX(s->n * TD_MIN(s->inner, (size_t)TD_ARG_CHUNK), 1), 1);
    return NULL;
}

static td_status max_prepare(td_call *c)
{
    return arg_prepare(c, true);
}

static td_status min_prepare(td_call *c)
{
    return arg_prepare(c, false);
}

/* Indices as the output type has them. */
static void store(td_dtype dtype, void *out, size_t at, const int64_t *index, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        if (dtype == TD_I64)
            ((int64_t *)out)[at + j] = index[j];
        else if (dtype == TD_I32)
            ((int32_t *)out)[at + j] = (int32_t)index[j];
        else
            ((uint16_t *)out)[at + j] = (uint16_t)index[j]; /* int16 has the same bits */
    }
}

static void arg_shard(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const arg_state *const s = c->state;
    int64_t index[TD_ARG_CHUNK];

    for (size_t u = begin; u < end; u++) {
        const size_t outer = u / s->chunks, column = u % s->chunks * TD_ARG_CHUNK;
        const size_t columns = TD_MIN((size_t)TD_ARG_CHUNK, s->inner - column);
        const char *const from =
            (const char *)td_in(c, 0)->data + (outer * s->n * s->inner + column) * s->in_size;
        s->fn(index, from, s->n, s->inner, columns);
        store(td_out(c, 0)->dtype, td_out(c, 0)->data, outer * s->inner + column, index, columns);
    }
}

static td_status arg_run(td_call *c)
{
    const arg_state *const s = c->state;

    td_call_parallel(c, s->outer * s->chunks, s->grain, arg_shard, c);
    return NULL;
}

#define ARG_KERNELS(prepare_)                                                                                \
    {                                                                                                        \
        { .device = TD_DEVICE_CPU,                                                                           \
          .dtypes = TD_REAL_TYPES | TD_BOOL_TYPE,                                                            \
          .state_size = sizeof(arg_state),                                                                   \
          .prepare = (prepare_),                                                                             \
          .run = arg_run },                                                                                  \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }
static const td_kernel max_kernels[] = ARG_KERNELS(max_prepare);
static const td_kernel min_kernels[] = ARG_KERNELS(min_prepare);

const td_op td_ops_arg[] = {
    { .name = "ArgMax",
      .sig = "input: T, dimension: Tidx -> output: output_type",
      .attrs = "T: type, Tidx: type = int32, output_type: type = int64",
      .infer = arg_infer,
      .kernels = max_kernels },
    { .name = "ArgMin",
      .sig = "input: T, dimension: Tidx -> output: output_type",
      .attrs = "T: type, Tidx: type = int32, output_type: type = int64",
      .infer = arg_infer,
      .kernels = min_kernels },
    { 0 },
};
