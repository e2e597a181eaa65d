/* SPDX-License-Identifier: Apache-2.0 */
/* op_reduce.c -- Sum, Mean, Prod, Max, Min, EuclideanNorm, All, Any over the axes that input 1 names,
 * L2Loss over all, and BiasAddGrad over all but the channels. */
#include "kernels/reduce/reduce.h"
#include "ops/math/elementwise.h"

#include "base/macros.h"

typedef struct reduce_attrs {
    bool keep_dims;
} reduce_attrs;

static td_status reduce_parse(td_parse *p)
{
    reduce_attrs *const a = p->attrs;

    a->keep_dims = td_attr_bool(p, "keep_dims");
    return NULL;
}

/* Which dimensions of input 0 go. */
static td_status read_axes(td_call *c, bool *is_reduced)
{
    const int rank = td_in(c, 0)->shape.rank;
    int64_t axes[TD_MAX_RANK];
    size_t n;

    TD_TRY(td_need_ints(c, 1, axes, TD_MAX_RANK, &n));
    for (int d = 0; d < rank; d++)
        is_reduced[d] = false;
    for (size_t i = 0; i < n; i++) {
        if (axes[i] < -rank || axes[i] >= rank)
            return TD_ERR(INVALID_ARGUMENT,
                          "Invalid reduction dimension (%lld for input with %d dimension(s)",
                          (long long)axes[i], rank);
        const int64_t d = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (is_reduced[d])
            return TD_ERR(INVALID_ARGUMENT,
                          "Invalid reduction arguments: Axes contains duplicate dimension: %lld",
                          (long long)d);
        is_reduced[d] = true;
    }
    return NULL;
}

static td_status reduce_infer(td_call *c)
{
    const reduce_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
    bool is_reduced[TD_MAX_RANK];
    td_shape out = { 0 };

    TD_TRY(read_axes(c, is_reduced));
    for (int d = 0; d < in->rank; d++) {
        if (!is_reduced[d])
            out.dims[out.rank++] = in->dims[d];
        else if (a->keep_dims)
            out.dims[out.rank++] = 1;
    }
    td_out(c, 0)->shape = out;
    return NULL;
}

typedef struct reduce_state {
    td_reduce reduce;
    size_t grain;
} reduce_state;

enum { GRAIN = 32 * 1024 }; /* input elements that are worth a thread */

static td_status make_state(td_call *c, td_reduce_id id, const bool *is_reduced)
{
    reduce_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);

    if (!td_reduce_make(&s->reduce, id, in->dtype, c->env->cpu, &in->shape, is_reduced))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(in->dtype));
    const size_t units = TD_MAX(s->reduce.units, 1);
    const size_t unit = TD_MAX((size_t)td_shape_count(&in->shape) / units, 1);
    s->grain = TD_MAX(GRAIN / unit, 1);
    return NULL;
}

static td_status prepare(td_call *c, td_reduce_id id)
{
    bool is_reduced[TD_MAX_RANK];

    TD_TRY(read_axes(c, is_reduced));
    return make_state(c, id, is_reduced);
}

typedef struct shard {
    const td_reduce *reduce;
    void *out;
    const void *in;
} shard;

static void run_shard(void *ctx, size_t begin, size_t end)
{
    const shard *const r = ctx;

    td_reduce_run(r->reduce, r->out, r->in, begin, end);
}

static td_status reduce_run(td_call *c)
{
    const reduce_state *const s = c->state;
    shard r = { &s->reduce, td_out(c, 0)->data, td_in(c, 0)->data };

    td_call_parallel(c, s->reduce.units, s->grain, run_shard, &r);
    return NULL;
}

#define REDUCE(name, id, sig, attrs, types)                                                                  \
    static td_status prepare_##name(td_call *c)                                                              \
    {                                                                                                        \
        return prepare(c, TD_REDUCE_##id);                                                                   \
    }                                                                                                        \
    static const td_kernel kernels_##name[] = {                                                              \
        { .device = TD_DEVICE_CPU,                                                                           \
          .dtypes = (types),                                                                                 \
          .state_size = sizeof(reduce_state),                                                                \
          .prepare = prepare_##name,                                                                         \
          .run = reduce_run },                                                                               \
        { 0 },                                                                                               \
    };
#define REDUCTIONS                                                                                           \
    REDUCE(Sum, sum, NUMBER_SIG, NUMBER_ATTRS, TD_NUMBER_TYPES)                                              \
    REDUCE(Mean, mean, NUMBER_SIG, NUMBER_ATTRS, TD_NUMBER_TYPES)                                            \
    REDUCE(Prod, prod, NUMBER_SIG, NUMBER_ATTRS, TD_NUMBER_TYPES)                                            \
    REDUCE(Max, max, NUMBER_SIG, NUMBER_ATTRS, TD_REAL_TYPES)                                                \
    REDUCE(Min, min, NUMBER_SIG, NUMBER_ATTRS, TD_REAL_TYPES)                                                \
    REDUCE(EuclideanNorm, norm, NUMBER_SIG, NUMBER_ATTRS, TD_NUMBER_TYPES)                                   \
    REDUCE(All, all, BOOL_SIG, BOOL_ATTRS, TD_BOOL_TYPE)                                                     \
    REDUCE(Any, any, BOOL_SIG, BOOL_ATTRS, TD_BOOL_TYPE)
#define NUMBER_SIG   "input: T, reduction_indices: Tidx -> output: T"
#define NUMBER_ATTRS "keep_dims: bool = false, T: type, Tidx: type = int32"
#define BOOL_SIG     "input: bool, reduction_indices: Tidx -> output: bool"
#define BOOL_ATTRS   "keep_dims: bool = false, Tidx: type = int32"
REDUCTIONS
#undef REDUCE

static td_status l2_prepare(td_call *c)
{
    bool is_reduced[TD_MAX_RANK];

    for (int d = 0; d < TD_MAX_RANK; d++)
        is_reduced[d] = true;
    return make_state(c, TD_REDUCE_l2_loss, is_reduced);
}

static const td_kernel l2_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_FLOAT_TYPES,
      .state_size = sizeof(reduce_state),
      .prepare = l2_prepare,
      .run = reduce_run },
    { 0 },
};

/* ---------------------------------------------------------------- BiasAddGrad */

typedef struct bias_attrs {
    bool channels_first;
} bias_attrs;

static td_status bias_parse(td_parse *p)
{
    ((bias_attrs *)p->attrs)->channels_first = td_attr_string_is(p, "data_format", "NCHW");
    return NULL;
}

static int channel_dim(const td_call *c)
{
    return ((const bias_attrs *)c->attrs)->channels_first ? 1 : td_in(c, 0)->shape.rank - 1;
}

static td_status bias_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    char text[TD_SHAPE_TEXT];

    if (in->rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input tensor must be at least 2D: %s",
                         td_shape_text(in, text, sizeof text));
    td_out(c, 0)->shape = (td_shape){ 1, { in->dims[channel_dim(c)] } };
    return NULL;
}

static td_status bias_prepare(td_call *c)
{
    bool is_reduced[TD_MAX_RANK];

    for (int d = 0; d < TD_MAX_RANK; d++)
        is_reduced[d] = d != channel_dim(c);
    return make_state(c, TD_REDUCE_sum, is_reduced);
}

static const td_kernel bias_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_NUMBER_TYPES,
      .state_size = sizeof(reduce_state),
      .prepare = bias_prepare,
      .run = reduce_run },
    { 0 },
};

const td_op td_ops_reduce[] = {
#define REDUCE(name_, id, sig_, attrs_, types)                                                               \
    { .name = #name_,                                                                                        \
      .sig = sig_,                                                                                           \
      .attrs = attrs_,                                                                                       \
      .attrs_size = sizeof(reduce_attrs),                                                                    \
      .parse = reduce_parse,                                                                                 \
      .infer = reduce_infer,                                                                                 \
      .kernels = kernels_##name_ },
    REDUCTIONS
#undef REDUCE
    { .name = "L2Loss",
      .sig = "t: T -> output: T",
      .attrs = "T: type",
      .infer = td_infer_scalar,
      .kernels = l2_kernels },
    { .name = "BiasAddGrad",
      .sig = "out_backprop: T -> output: T",
      .attrs = "T: type, data_format: string = 'NHWC'",
      .attrs_size = sizeof(bias_attrs),
      .parse = bias_parse,
      .infer = bias_infer,
      .kernels = bias_kernels },
    { 0 },
};
