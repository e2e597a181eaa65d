/* SPDX-License-Identifier: Apache-2.0 */
/* op_scatter_variable.c -- scatters into variables, and counters. The ops on reference variables have no
 * kernels: passes/deref turns them into those on resources. */
#include <inttypes.h>
#include <string.h>

#include "ops/array/array.h"
#include "ops/resources.h"
#include "ops/array/scatter.h"

typedef struct scatter_attrs {
    int mode;
    bool by_rows; /* ResourceScatterX: indices name rows; ResourceScatterNdX: places of any depth */
    bool ignore;
} scatter_attrs;

static int mode_of(const char *name)
{
    static const struct {
        const char *end;
        int mode;
    } modes[] = { { "Add", TD_COMBINE_ADD }, { "Sub", TD_COMBINE_SUB }, { "Mul", TD_COMBINE_MUL },
                  { "Div", TD_COMBINE_DIV }, { "Min", TD_COMBINE_MIN }, { "Max", TD_COMBINE_MAX } };
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (n >= 3 && strcmp(name + n - 3, modes[i].end) == 0) return modes[i].mode;
    return TD_SCATTER_SET;
}

static td_status rows_parse(td_parse *p)
{
    *(scatter_attrs *)p->attrs = (scatter_attrs){ mode_of(p->node->op_name), true, false };
    return NULL;
}

static td_status nd_parse(td_parse *p)
{
    *(scatter_attrs *)p->attrs = (scatter_attrs){ mode_of(p->node->op_name), false,
                                                  td_attr_string_is(p, "bad_indices_policy", "IGNORE") };
    return NULL;
}

/* Indices that name rows become places of depth 1; an index beyond the variable has its own text. */
static td_status check_rows(const td_call *c, const td_tensor *value, td_tensor *index)
{
    const int64_t n = td_shape_count(&index->shape);

    if (value->shape.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Variable must be at least a vector");
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = td_tensor_int(index, (size_t)i);

        if (v < 0 || v >= value->shape.dims[0])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "indices[%" PRId64 "] = %" PRId64 " is not in [0, %" PRId64 ")", i, v,
                             value->shape.dims[0]);
    }
    if (index->shape.rank == TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "indices have too many dimensions");
    index->shape.dims[index->shape.rank++] = 1;
    return NULL;
}

/* An update for all rows that is one number: spread out. */
static td_status spread(td_call *c, const td_tensor *value, const td_tensor *index, td_tensor *updates)
{
    const size_t elem = td_dtype_size(updates->dtype);
    td_shape s = index->shape;

    if (updates->shape.rank != 0) return NULL;
    s.rank--; /* the 1 that check_rows() added */
    for (int i = 1; i < value->shape.rank; i++) {
        if (s.rank == TD_MAX_RANK) return TD_OP_ERR(c, INVALID_ARGUMENT, "indices have too many dimensions");
        s.dims[s.rank++] = value->shape.dims[i];
    }
    TD_TRY(td_shape_check(&s));
    void *const data = td_arena_try_alloc(c->arena, (size_t)td_shape_count(&s) * elem + 1, 16);

    if (!data) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    td_fill(data, elem, updates->data, (size_t)td_shape_count(&s));
    *updates = (td_tensor){ .dtype = updates->dtype, .shape = s, .data = data };
    return NULL;
}

static td_status scatter_into(void *ctx, td_tensor *value)
{
    td_call *const c = ctx;
    const scatter_attrs *const a = c->attrs;
    td_tensor index = *td_in(c, 1), updates = *td_in(c, 2);

    if (value->dtype != updates.dtype)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "DType of scatter resource and updates does not match.");
    if (a->mode != TD_SCATTER_SET && value->dtype != TD_STRING &&
        !td_combine_find((td_combine)a->mode, value->dtype))
        return TD_OP_ERR(c, UNIMPLEMENTED, "%s of type %s", c->op->name, td_dtype_name(value->dtype));
    if (a->by_rows) {
        TD_TRY(check_rows(c, value, &index));
        TD_TRY(spread(c, value, &index, &updates));
    }
    TD_TRY(td_scatter_check(c, &value->shape, &index.shape, &updates.shape));
    return td_scatter(c, value, &index, &updates, a->mode, a->ignore);
}

static td_status scatter_run(td_call *c)
{
    td_variable *v;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    return td_variable_update(v, scatter_into, c);
}

/* ------------------------------------------------------- ResourceCountUpTo: what was there, then one more */

typedef struct count_attrs {
    int64_t limit;
} count_attrs;

static td_status count_parse(td_parse *p)
{
    ((count_attrs *)p->attrs)->limit = td_attr_int(p, "limit");
    return NULL;
}

static td_status count_into(void *ctx, td_tensor *value)
{
    td_call *const c = ctx;
    const int64_t limit = ((const count_attrs *)c->attrs)->limit;

    if (value->shape.rank != 0 || (value->dtype != TD_I32 && value->dtype != TD_I64) ||
        (td_out_is_used(c, 0) && td_out(c, 0)->dtype != value->dtype))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input is not a scalar of the op's type");
    const int64_t v = td_tensor_int(value, 0);

    if (v >= limit) return TD_OP_ERR(c, OUT_OF_RANGE, "Reached limit of %" PRId64, limit);
    if (td_out_is_used(c, 0)) td_tensor_set_int(td_out(c, 0), 0, v);
    td_tensor_set_int(value, 0, v + 1);
    return NULL;
}

static td_status count_run(td_call *c)
{
    td_variable *v;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    return td_variable_update(v, count_into, c);
}

static const td_kernel scatter_kernels[] = { { .run = scatter_run }, { 0 } };
static const td_kernel count_kernels[] = { { .run = count_run }, { 0 } };

#define ROWS(op)                                                                                             \
    {                                                                                                        \
        .name = "Resource" op, .sig = "resource: resource, indices: Tindices, updates: dtype ->",            \
        .attrs = "dtype: type, Tindices: type", .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS,       \
        .attrs_size = sizeof(scatter_attrs), .parse = rows_parse, .kernels = scatter_kernels                 \
    }
#define PLACES(op)                                                                                           \
    {                                                                                                        \
        .name = "Resource" op, .sig = "ref: resource, indices: Tindices, updates: T ->",                     \
        .attrs = "T: type, Tindices: type, use_locking: bool = true, bad_indices_policy: string = ''",       \
        .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS, .attrs_size = sizeof(scatter_attrs),          \
        .parse = nd_parse, .kernels = scatter_kernels                                                        \
    }
#define REF(op)                                                                                              \
    {                                                                                                        \
        .name = op, .sig = "ref: &T, indices: Tindices, updates: T -> output_ref: &T",                       \
        .attrs = "T: type, Tindices: type", .flags = TD_OP_STATEFUL                                          \
    }

const td_op td_ops_scatter_variable[] = {
    ROWS("ScatterUpdate"),
    ROWS("ScatterAdd"),
    ROWS("ScatterSub"),
    ROWS("ScatterMul"),
    ROWS("ScatterDiv"),
    ROWS("ScatterMin"),
    ROWS("ScatterMax"),
    PLACES("ScatterNdUpdate"),
    PLACES("ScatterNdAdd"),
    PLACES("ScatterNdSub"),
    PLACES("ScatterNdMin"),
    PLACES("ScatterNdMax"),
    REF("ScatterUpdate"),
    REF("ScatterAdd"),
    REF("ScatterSub"),
    REF("ScatterMul"),
    REF("ScatterDiv"),
    REF("ScatterMin"),
    REF("ScatterMax"),
    REF("ScatterNdUpdate"),
    REF("ScatterNdAdd"),
    REF("ScatterNdSub"),
    REF("ScatterNdMin"),
    REF("ScatterNdMax"),
    { .name = "ResourceCountUpTo",
      .sig = "resource: resource -> output: T",
      .attrs = "limit: int, T: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS,
      .attrs_size = sizeof(count_attrs),
      .parse = count_parse,
      .infer = td_infer_scalar,
      .kernels = count_kernels },
    { .name = "CountUpTo",
      .sig = "ref: &T -> output: T",
      .attrs = "limit: int, T: type",
      .flags = TD_OP_STATEFUL },
    { 0 },
};
