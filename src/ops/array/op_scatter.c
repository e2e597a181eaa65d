/* SPDX-License-Identifier: Apache-2.0 */
/* op_scatter.c -- scatters into tensors. */
#include <string.h>

#include "ops/array/array.h"
#include "ops/array/scatter.h"
#include "tensor/type_sets.h"

typedef struct scatter_attrs {
    int mode;
    bool ignore; /* bad indices are passed over */
} scatter_attrs;

static td_status parse_as(td_parse *p, int mode)
{
    *(scatter_attrs *)p->attrs =
        (scatter_attrs){ mode, td_attr_string_is(p, "bad_indices_policy", "IGNORE") };
    return NULL;
}

static td_status parse_set(td_parse *p)
{
    return parse_as(p, TD_SCATTER_SET);
}

static td_status parse_add(td_parse *p)
{
    return parse_as(p, TD_COMBINE_ADD);
}

static td_status parse_sub(td_parse *p)
{
    return parse_as(p, TD_COMBINE_SUB);
}

static td_status parse_min(td_parse *p)
{
    return parse_as(p, TD_COMBINE_MIN);
}

static td_status parse_max(td_parse *p)
{
    return parse_as(p, TD_COMBINE_MAX);
}

/* TensorScatter*: tensor, indices, updates. */
static td_status tensor_infer(td_call *c)
{
    TD_TRY(td_scatter_check(c, &td_in(c, 0)->shape, &td_in(c, 1)->shape, &td_in(c, 2)->shape));
    return td_infer_same(c);
}

/* ScatterNd: indices, updates, shape. */
static td_status nd_infer(td_call *c)
{
    td_shape s;

    TD_TRY(td_need_shape(c, 2, false, &s));
    TD_TRY(td_scatter_check(c, &s, &td_in(c, 0)->shape, &td_in(c, 1)->shape));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status scatter_run(td_call *c, td_tensor *out, const td_tensor *index, const td_tensor *updates)
{
    const scatter_attrs *const a = c->attrs;

    return td_scatter(c, out, index, updates, a->mode, a->ignore);
}

static td_status tensor_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memcpy(out->data, td_in(c, 0)->data, bytes);
    return scatter_run(c, out, td_in(c, 1), td_in(c, 2));
}

static td_status nd_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memset(out->data, 0, bytes);
    return scatter_run(c, out, td_in(c, 0), td_in(c, 1));
}

/* --------------------------------------------------------- InplaceUpdate, InplaceAdd, InplaceSub: x, i, v */

static td_status inplace_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const i = &td_in(c, 1)->shape,
                          *const v = &td_in(c, 2)->shape;
    bool fits = i->rank == 1 && x->rank >= 1 && v->rank == x->rank && v->dims[0] == i->dims[0];

    for (int k = 1; fits && k < x->rank; k++)
        fits = x->dims[k] == v->dims[k];
    if (!fits) return TD_OP_ERR(c, INVALID_ARGUMENT, "x, i and v have shapes that do not fit each other");
    return td_infer_same(c);
}

/* Rows are counted around: -1 is the last one, as many as there are the first. */
static td_status wrap_rows(td_call *c, int64_t rows, td_tensor *index)
{
    const size_t n = (size_t)index->shape.dims[0];
    int32_t *const at = td_arena_try_alloc(c->arena, n * sizeof *at + 1, 4);

    if (!at) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for %zu indices", n);
    for (size_t i = 0; i < n && rows > 0; i++)
        at[i] = (int32_t)((((const int32_t *)index->data)[i] % rows + rows) % rows);
    index->shape = (td_shape){ 2, { (int64_t)n, 1 } };
    if (rows > 0) index->data = at;
    return NULL;
}

static td_status inplace_run(td_call *c)
{
    const char what = c->op->name[strlen("Inplace")];
    const int mode = what == 'U' ? TD_SCATTER_SET : what == 'A' ? TD_COMBINE_ADD : TD_COMBINE_SUB;
    td_tensor *const out = td_out(c, 0);
    td_tensor index = *td_in(c, 1);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memcpy(out->data, td_in(c, 0)->data, bytes);
    TD_TRY(wrap_rows(c, out->shape.dims[0], &index));
    return td_scatter(c, out, &index, td_in(c, 2), mode, false);
}

static const td_kernel set_kernels[] = { { .dtypes = TD_MOVABLE, .run = tensor_run }, { 0 } };
static const td_kernel add_kernels[] = {
    { .dtypes = TD_NUMBER_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING), .run = tensor_run },
    { 0 },
};
static const td_kernel sub_kernels[] = { { .dtypes = TD_NUMBER_TYPES, .run = tensor_run }, { 0 } };
static const td_kernel order_kernels[] = { { .dtypes = TD_REAL_TYPES, .run = tensor_run }, { 0 } };
static const td_kernel nd_kernels[] = {
    { .dtypes = TD_NUMBER_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING), .run = nd_run },
    { 0 },
};
static const td_kernel update_kernels[] = { { .dtypes = TD_MOVABLE, .run = inplace_run }, { 0 } };
static const td_kernel inplace_kernels[] = { { .dtypes = TD_NUMBER_TYPES, .run = inplace_run }, { 0 } };

#define TENSOR(op, parse_, kernels_)                                                                         \
    {                                                                                                        \
        .name = op, .sig = "tensor: T, indices: Tindices, updates: T -> output: T", .attrs = SCATTER_ATTRS,  \
        .attrs_size = sizeof(scatter_attrs), .parse = parse_, .infer = tensor_infer, .kernels = kernels_     \
    }
#define SCATTER_ATTRS "T: type, Tindices: type, bad_indices_policy: string = ''"
#define INPLACE(op, kernels_)                                                                                \
    {                                                                                                        \
        .name = op, .sig = "x: T, i: int32, v: T -> y: T", .attrs = "T: type", .infer = inplace_infer,       \
        .kernels = kernels_                                                                                  \
    }

const td_op td_ops_scatter[] = {
    { .name = "ScatterNd",
      .sig = "indices: Tindices, updates: T, shape: Tindices -> output: T",
      .attrs = SCATTER_ATTRS,
      .key = "T",
      .attrs_size = sizeof(scatter_attrs),
      .parse = parse_add,
      .infer = nd_infer,
      .kernels = nd_kernels },
    { .name = "ScatterNdNonAliasingAdd",
      .sig = "input: T, indices: Tindices, updates: T -> output: T",
      .attrs = SCATTER_ATTRS,
      .attrs_size = sizeof(scatter_attrs),
      .parse = parse_add,
      .infer = tensor_infer,
      .kernels = add_kernels },
    TENSOR("TensorScatterUpdate", parse_set, set_kernels),
    TENSOR("TensorScatterAdd", parse_add, add_kernels),
    TENSOR("TensorScatterSub", parse_sub, sub_kernels),
    TENSOR("TensorScatterMin", parse_min, order_kernels),
    TENSOR("TensorScatterMax", parse_max, order_kernels),
    INPLACE("InplaceUpdate", update_kernels),
    INPLACE("InplaceAdd", inplace_kernels),
    INPLACE("InplaceSub", inplace_kernels),
    { 0 },
};
