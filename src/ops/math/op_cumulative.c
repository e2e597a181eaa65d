/* SPDX-License-Identifier: Apache-2.0 */
/* op_cumulative.c -- Cumsum, Cumprod, CumulativeLogsumexp. The input is seen as [outer, n, inner]. */
#include "kernels/cumulative/cumulative.h"
#include "ops/math/elementwise.h"

#include "base/macros.h"

typedef struct scan_attrs {
    bool exclusive, reverse;
} scan_attrs;

static td_status scan_parse(td_parse *p)
{
    scan_attrs *const a = p->attrs;

    a->exclusive = td_attr_bool(p, "exclusive");
    a->reverse = td_attr_bool(p, "reverse");
    return NULL;
}

typedef struct scan_state {
    td_cumulative_fn *fn;
    td_cumulative_dims dims; /* columns: of a whole chunk */
    size_t outer, inner, chunks, size, grain;
} scan_state;

static td_status read_axis(td_call *c, int *axis)
{
    const int rank = td_in(c, 0)->shape.rank;
    int64_t d;

    if (td_in(c, 1)->shape.rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "ScanOp: axis must be a scalar, not rank %d",
                      td_in(c, 1)->shape.rank);
    TD_TRY(td_need_int(c, 1, &d));
    if (d < -rank || d >= rank)
        return TD_ERR(INVALID_ARGUMENT, "ScanOp: Expected scan axis in the range [%d, %d), but got %lld",
                      -rank, rank, (long long)d);
    *axis = (int)(d < 0 ? d + rank : d);
    return NULL;
}

static td_status scan_prepare(td_call *c, td_cumulative_id id)
{
    const scan_attrs *const a = c->attrs;
    scan_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);
    int axis = 0;

    TD_TRY(read_axis(c, &axis));
    s->fn = td_cumulative_find(id, in->dtype);
    if (!s->fn) return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(in->dtype));
    s->outer = s->inner = 1;
    for (int d = 0; d < axis; d++)
        s->outer *= (size_t)in->shape.dims[d];
    for (int d = axis + 1; d < in->shape.rank; d++)
        s->inner *= (size_t)in->shape.dims[d];
    s->chunks = (s->inner + TD_CUMULATIVE_CHUNK - 1) / TD_CUMULATIVE_CHUNK;
    s->size = td_dtype_size(in->dtype);
    s->dims = (td_cumulative_dims){ .n = (size_t)in->shape.dims[axis],
                                    .stride = s->inner,
                                    .columns = TD_MIN(s->inner, (size_t)TD_CUMULATIVE_CHUNK),
                                    .exclusive = a->exclusive,
                                    .reverse = a->reverse };
    s->grain = TD_MAX(16384 / TD_MAX(s->dims.n * s->dims.columns, 1), 1);
    return NULL;
}

static void scan_shard(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const scan_state *const s = c->state;

    for (size_t u = begin; u < end; u++) {
        const size_t column = u % s->chunks * TD_CUMULATIVE_CHUNK;
        const size_t at = (u / s->chunks * s->dims.n * s->inner + column) * s->size;
        td_cumulative_dims d = s->dims;
        d.columns = TD_MIN(d.columns, s->inner - column);
        s->fn((char *)td_out(c, 0)->data + at, (const char *)td_in(c, 0)->data + at, &d);
    }
}

static td_status scan_run(td_call *c)
{
    const scan_state *const s = c->state;

    td_call_parallel(c, s->outer * s->chunks, s->grain, scan_shard, c);
    return NULL;
}

static td_status scan_infer(td_call *c)
{
    int axis = 0;

    TD_TRY(read_axis(c, &axis));
    return td_infer_same(c);
}

#define SCAN(id, types)                                                                                      \
    static td_status prepare_##id(td_call *c)                                                                \
    {                                                                                                        \
        return scan_prepare(c, TD_CUMULATIVE_##id);                                                          \
    }                                                                                                        \
    static const td_kernel kernels_##id[] = {                                                                \
        { .device = TD_DEVICE_CPU,                                                                           \
          .dtypes = (types),                                                                                 \
          .state_size = sizeof(scan_state),                                                                  \
          .prepare = prepare_##id,                                                                           \
          .run = scan_run },                                                                                 \
        { 0 },                                                                                               \
    };
SCAN(sum, TD_NUMBER_TYPES)
SCAN(prod, TD_NUMBER_TYPES)
SCAN(logsumexp, TD_FLOAT_TYPES)

#define SCAN_ENTRY(name_, id)                                                                                \
    {                                                                                                        \
        .name = (name_), .sig = "x: T, axis: Tidx -> out: T",                                                \
        .attrs = "exclusive: bool = false, reverse: bool = false, T: type, Tidx: type = int32",              \
        .flags = TD_OP_INPLACE, .attrs_size = sizeof(scan_attrs), .parse = scan_parse, .infer = scan_infer,  \
        .kernels = kernels_##id                                                                              \
    }

const td_op td_ops_cumulative[] = {
    SCAN_ENTRY("Cumsum", sum),
    SCAN_ENTRY("Cumprod", prod),
    SCAN_ENTRY("CumulativeLogsumexp", logsumexp),
    { 0 },
};
