/* SPDX-License-Identifier: Apache-2.0 */
/* op_gather.c -- Gather, GatherV2, GatherNd, and their reads of variables. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/gather.h"
#include "kernels/wide/wide.h"
#include "ops/array/array.h"
#include "ops/pack.h"
#include "ops/resources.h"

/* ---------------------------------------------------------------- Gather, GatherV2 */

typedef struct gather_attrs {
    int64_t batch_dims;
} gather_attrs;

static td_status gather_parse(td_parse *p)
{
    ((gather_attrs *)p->attrs)->batch_dims = td_attr_int(p, "batch_dims");
    return NULL;
}

/* Shapes of params and indices, axis and batch_dims -> the output's shape, and the walk. */
static td_status gather_plan(const td_call *c, const td_shape *params, const td_shape *index, size_t elem,
                             int64_t axis, int64_t batch_dims, td_shape *out, td_gather *g)
{
    if (params->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "params must be at least 1 dimensional");
    if (axis < -params->rank || axis >= params->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected axis in the range [%d, %d), but got %" PRId64,
                         -(int)params->rank, (int)params->rank, axis);
    if (batch_dims < -index->rank || batch_dims > index->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected batch_dims in the range [%d, %d], but got %" PRId64,
                         -(int)index->rank, (int)index->rank, batch_dims);
    if (axis < 0) axis += params->rank;
    if (batch_dims < 0) batch_dims += index->rank;
    if (batch_dims >= params->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "batch_dims (%" PRId64 ") must be less than rank(params) (%d).",
                         batch_dims, (int)params->rank);
    if (axis < batch_dims)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "batch_dims (%" PRId64 ") must be less than or equal to axis (%" PRId64 ").",
                         batch_dims, axis);
    for (int i = 0; i < batch_dims; i++)
        if (params->dims[i] != index->dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "params.shape[%d]: %" PRId64 " should be equal to indices.shape[%d]: %" PRId64,
                             i, params->dims[i], i, index->dims[i]);
    if (params->rank - 1 + index->rank - batch_dims > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);

    *out = (td_shape){ 0 };
    for (int i = 0; i < axis; i++)
        out->dims[out->rank++] = params->dims[i];
    for (int i = (int)batch_dims; i < index->rank; i++)
        out->dims[out->rank++] = index->dims[i];
    for (int i = (int)axis + 1; i < params->rank; i++)
        out->dims[out->rank++] = params->dims[i];
    *g = (td_gather){ .batches = td_shape_span(params, 0, (int)batch_dims),
                      .outer = td_shape_span(params, (int)batch_dims, (int)axis),
                      .limit = params->dims[axis],
                      .count = td_shape_span(index, (int)batch_dims, index->rank),
                      .row = (size_t)td_shape_span(params, (int)axis + 1, params->rank) * elem };
    return td_shape_check(out);
}

typedef struct gather_shard {
    const td_gather *g;
    char *out;
    const char *params;
    const void *index;
    td_dtype type;
} gather_shard;

static void gather_shard_run(void *ctx, size_t begin, size_t end)
{
    const gather_shard *const s = ctx;

    td_gather_rows(s->g, s->out, s->params, s->index, s->type, (int64_t)begin, (int64_t)end);
}

static td_status index_error(const td_call *c, const td_tensor *index, int64_t at, int64_t limit)
{
    int64_t pos[TD_MAX_RANK] = { 0 }, rest = at;
    char text[TD_SHAPE_TEXT];
    td_shape where = { .rank = index->shape.rank };

    for (int i = index->shape.rank - 1; i >= 0; i--) {
        pos[i] = rest % index->shape.dims[i];
        rest /= index->shape.dims[i];
    }
    for (int i = 0; i < where.rank; i++)
        where.dims[i] = pos[i];
    return TD_OP_ERR(c, INVALID_ARGUMENT, "indices%s = %" PRId64 " is not in [0, %" PRId64 ")",
                     where.rank ? td_shape_text(&where, text, sizeof text) : "",
                     td_index_at(index->data, index->dtype, at), limit);
}

static td_status gather_do(td_call *c, const td_gather *g, const td_tensor *params, const td_tensor *index,
                           td_tensor *out)
{
    const int64_t rows = g->batches * g->outer * g->count;
    gather_shard s = { g, out->data, params->data, index->data, index->dtype };

    if (td_shape_count(&out->shape) == 0) return NULL;
    const int64_t bad = td_gather_check(index->data, index->dtype, g->batches * g->count, g->limit);

    if (bad >= 0) return index_error(c, index, bad, g->limit);
    if (!c->team || (size_t)rows * g->row < 512 * 1024)
        gather_shard_run(&s, 0, (size_t)rows);
    else
        td_call_parallel(c, (size_t)rows, 256 * 1024 / g->row + 1, gather_shard_run, &s);
    return NULL;
}

static td_status gather_axis(td_call *c, int64_t *axis)
{

    *axis = 0;
    if (c->n_in < 3) return NULL;
    TD_TRY(td_need_one(c, 2, axis));
    return NULL;
}

static td_status gather_infer(td_call *c)
{
    int64_t axis;
    td_gather g;
    td_shape s;

    TD_TRY(gather_axis(c, &axis));
    TD_TRY(gather_plan(c, &td_in(c, 0)->shape, &td_in(c, 1)->shape, 1, axis,
                       c->op->parse ? ((const gather_attrs *)c->attrs)->batch_dims : 0, &s, &g));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status gather_prepare(td_call *c)
{
    int64_t axis;
    td_shape s;

    TD_TRY(gather_axis(c, &axis));
    return gather_plan(c, &td_in(c, 0)->shape, &td_in(c, 1)->shape, td_dtype_size(td_in(c, 0)->dtype), axis,
                       c->op->parse ? ((const gather_attrs *)c->attrs)->batch_dims : 0, &s, c->state);
}

static td_status gather_run(td_call *c)
{
    return gather_do(c, c->state, td_in(c, 0), td_in(c, 1), td_out(c, 0));
}

/* ---------------------------------------------------------------- _MixedGather */

/* GatherV2 from a constant table of floats, which is kept, and read, as bfloat16; passes/narrow makes it. */
typedef struct mixed_state {
    td_gather g;
    const void *table;
} mixed_state;

static td_status build_table(const void *ctx, void *data)
{
    const td_tensor *const params = ctx;

    td_from_float(TD_BF16, params->data, (size_t)td_shape_count(&params->shape), data);
    return NULL;
}

static td_status mixed_prepare(td_call *c)
{
    mixed_state *const st = c->state;
    const td_tensor params = *td_in(c, 0);
    const size_t count = (size_t)td_shape_count(&params.shape), size = count * td_dtype_size(TD_BF16);
    const td_pack_key key = { .data = { params.data }, .kind = "gather bf16", .params = count };
    const td_pack_way way = { build_table, &params, sizeof params, size, td_tensor_bytes(&params) };
    int64_t axis;
    td_shape s;

    if (!td_in_is_const(c, 0)) return TD_ERR(INTERNAL, "%s: a table in bfloat16 must be constant", c->node);
    TD_TRY(gather_axis(c, &axis));
    TD_TRY(gather_plan(c, &params.shape, &td_in(c, 1)->shape, td_dtype_size(TD_BF16), axis,
                       ((const gather_attrs *)c->attrs)->batch_dims, &s, &st->g));
    return count ? td_pack_get(c, &key, &way, &st->table) : NULL;
}

static td_status mixed_run(td_call *c)
{
    const mixed_state *const st = c->state;
    td_tensor table = *td_in(c, 0);

    table.dtype = TD_BF16;
    table.data = (void *)(uintptr_t)st->table; /* only read */
    return gather_do(c, &st->g, &table, td_in(c, 1), td_out(c, 0));
}

/* ---------------------------------------------------------------- GatherNd */

typedef struct nd_attrs {
    bool ignore; /* bad_indices_policy "IGNORE": bad ones give zeros */
} nd_attrs;

static td_status nd_parse(td_parse *p)
{
    ((nd_attrs *)p->attrs)->ignore = td_attr_string_is(p, "bad_indices_policy", "IGNORE");
    return NULL;
}

static td_status nd_shape(const td_call *c, const td_shape *params, const td_shape *index, td_shape *out)
{
    if (params->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "params must be at least a vector");
    if (index->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "indices must be at least a vector");
    const int64_t depth = index->dims[index->rank - 1];

    if (depth > params->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "index innermost dimension length must be <= params rank; saw: %" PRId64 " vs. %d",
                         depth, (int)params->rank);
    if (index->rank - 1 + params->rank - depth > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    *out = (td_shape){ 0 };
    for (int i = 0; i + 1 < index->rank; i++)
        out->dims[out->rank++] = index->dims[i];
    for (int i = (int)depth; i < params->rank; i++)
        out->dims[out->rank++] = params->dims[i];
    return td_shape_check(out);
}

static td_status nd_infer(td_call *c)
{
    td_shape s;

    TD_TRY(nd_shape(c, &td_in(c, 0)->shape, &td_in(c, 1)->shape, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status nd_error(const td_call *c, const td_tensor *index, int64_t row, int64_t depth,
                          const td_shape *params)
{
    char at[TD_SHAPE_TEXT], in[TD_SHAPE_TEXT];
    td_shape v = { .rank = (int32_t)depth };

    for (int64_t k = 0; k < depth; k++)
        v.dims[k] = td_index_at(index->data, index->dtype, row * depth + k);
    return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] = %s does not index into param shape %s", row,
                     td_shape_text(&v, at, sizeof at), td_shape_text(params, in, sizeof in));
}

static td_status nd_do(td_call *c, const td_tensor *params, const td_tensor *index, td_tensor *out,
                       bool ignore)
{
    const int64_t depth = index->shape.dims[index->shape.rank - 1];
    const int64_t rows = td_shape_span(&index->shape, 0, index->shape.rank - 1);
    const size_t row =
        (size_t)td_shape_span(&params->shape, (int)depth, params->shape.rank) * td_dtype_size(params->dtype);
    int64_t strides[TD_MAX_RANK];

    if (rows && row && td_shape_count(&params->shape) == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Requested more than 0 entries, but params is empty.");
    td_shape_strides(&params->shape, strides);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = 0;
        bool fits = true;

        for (int64_t k = 0; k < depth; k++) {
            const int64_t v = td_index_at(index->data, index->dtype, r * depth + k);

            fits = fits && v >= 0 && v < params->shape.dims[k];
            at += fits ? v * strides[k] : 0;
        }
        if (!fits && !ignore) return nd_error(c, index, r, depth, &params->shape);
        if (!row) continue;
        if (fits)
            memcpy((char *)out->data + (size_t)r * row,
                   (const char *)params->data + (size_t)at * td_dtype_size(params->dtype), row);
        else
            memset((char *)out->data + (size_t)r * row, 0, row);
    }
    return NULL;
}

static td_status nd_run(td_call *c)
{
    return nd_do(c, td_in(c, 0), td_in(c, 1), td_out(c, 0), ((const nd_attrs *)c->attrs)->ignore);
}

/* ---------------------------------------------------------------- reads of variables */

static td_status variable_of(td_call *c, td_tensor *value)
{
    td_object *const o = *(td_object *const *)td_in(c, 0)->data;
    td_variable *const v = (td_variable *)(void *)td_object_as(o, &td_variable_class);

    if (!v) return TD_OP_ERR(c, INVALID_ARGUMENT, "input 0 is no variable");
    TD_TRY(td_variable_read(v, value));
    if (value->dtype == td_out(c, 0)->dtype) return NULL;
    const td_dtype has = value->dtype;

    td_tensor_unref(value);
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to read variable of type %s as %s", td_dtype_name(has),
                     td_dtype_name(td_out(c, 0)->dtype));
}

static td_status resource_gather(td_call *c, const td_tensor *value)
{
    const int64_t batch_dims = ((const gather_attrs *)c->attrs)->batch_dims;
    const td_tensor *const index = td_in(c, 1);
    td_gather g;
    td_shape s;

    TD_TRY(gather_plan(c, &value->shape, &index->shape, td_dtype_size(value->dtype), batch_dims, batch_dims,
                       &s, &g));
    TD_TRY(td_out_make(c, 0, &s));
    return gather_do(c, &g, value, index, td_out(c, 0));
}

static td_status resource_gather_run(td_call *c)
{
    td_tensor value;

    TD_TRY(variable_of(c, &value));
    const td_status s = resource_gather(c, &value);

    td_tensor_unref(&value);
    return s;
}

static td_status resource_nd(td_call *c, const td_tensor *value)
{
    td_shape s;

    TD_TRY(nd_shape(c, &value->shape, &td_in(c, 1)->shape, &s));
    TD_TRY(td_out_make(c, 0, &s));
    return nd_do(c, value, td_in(c, 1), td_out(c, 0), false);
}

static td_status resource_nd_run(td_call *c)
{
    td_tensor value;

    TD_TRY(variable_of(c, &value));
    const td_status s = resource_nd(c, &value);

    td_tensor_unref(&value);
    return s;
}

static const td_kernel gather_kernels[] = {
    { TD_DEVICE_CPU, TD_MOVABLE, sizeof(td_gather), gather_prepare, gather_run, NULL },
    { 0 },
};
static const td_kernel mixed_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(mixed_state), mixed_prepare, mixed_run, NULL },
    { 0 },
};
static const td_kernel nd_kernels[] = { { .dtypes = TD_MOVABLE, .run = nd_run }, { 0 } };
static const td_kernel resource_gather_kernels[] = { { .dtypes = TD_MOVABLE, .run = resource_gather_run },
                                                     { 0 } };
static const td_kernel resource_nd_kernels[] = { { .dtypes = TD_MOVABLE, .run = resource_nd_run }, { 0 } };

const td_op td_ops_gather[] = {
    { .name = "Gather",
      .sig = "params: Tparams, indices: Tindices -> output: Tparams",
      .attrs = "validate_indices: bool = true, Tparams: type, Tindices: type",
      .infer = gather_infer,
      .kernels = gather_kernels },
    { .name = "GatherV2",
      .sig = "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
      .attrs = "batch_dims: int = 0, Tparams: type, Tindices: type, Taxis: type",
      .attrs_size = sizeof(gather_attrs),
      .parse = gather_parse,
      .infer = gather_infer,
      .kernels = gather_kernels },
    { .name = "_MixedGather",
      .sig = "params: float, indices: Tindices, axis: Taxis -> output: bfloat16",
      .attrs = "batch_dims: int = 0, Tindices: type, Taxis: type",
      .flags = TD_OP_PACKS,
      .attrs_size = sizeof(gather_attrs),
      .parse = gather_parse,
      .infer = gather_infer,
      .kernels = mixed_kernels },
    { .name = "GatherNd",
      .sig = "params: Tparams, indices: Tindices -> output: Tparams",
      .attrs = "Tparams: type, Tindices: type, bad_indices_policy: string = ''",
      .attrs_size = sizeof(nd_attrs),
      .parse = nd_parse,
      .infer = nd_infer,
      .kernels = nd_kernels },
    { .name = "ResourceGather",
      .sig = "resource: resource, indices: Tindices -> output: dtype",
      .attrs = "batch_dims: int = 0, validate_indices: bool = true, dtype: type, Tindices: type",
      .key = "dtype",
      .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC | TD_OP_READS,
      .attrs_size = sizeof(gather_attrs),
      .parse = gather_parse,
      .kernels = resource_gather_kernels },
    { .name = "ResourceGatherNd",
      .sig = "resource: resource, indices: Tindices -> output: dtype",
      .attrs = "dtype: type, Tindices: type",
      .key = "dtype",
      .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC | TD_OP_READS,
      .kernels = resource_nd_kernels },
    { 0 },
};
