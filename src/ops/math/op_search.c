/* SPDX-License-Identifier: Apache-2.0 */
/* op_search.c -- the place of numbers among others:
 * LowerBound, UpperBound, Bucketize, HistogramFixedWidth; and Cross. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernels/array/combine.h"
#include "kernels/array/order.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

/* ------------------------------------------------- LowerBound, UpperBound: rows of sorted, rows of values */

static td_status bound_infer(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape, *const v = &td_in(c, 1)->shape;

    if (s->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "sorted input argument must be a matrix");
    if (v->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "values must be a matrix");
    if (s->dims[0] != v->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Leading dim_size of both tensors must match.");
    td_out(c, 0)->shape = *v;
    return NULL;
}

static td_status bound_prepare(td_call *c)
{
    c->scratch_size =
        (size_t)(td_in(c, 0)->shape.dims[1] + td_in(c, 1)->shape.dims[1] + 1) * sizeof(uint64_t);
    return NULL;
}

static td_status bound_run(td_call *c)
{
    const td_tensor *const s = td_in(c, 0), *const v = td_in(c, 1);
    const size_t rows = (size_t)s->shape.dims[0], n = (size_t)s->shape.dims[1], m = (size_t)v->shape.dims[1];
    const size_t elem = td_dtype_size(s->dtype);
    const bool is_upper = c->op->name[0] == 'U';
    uint64_t *const keys = c->scratch, *const wanted = keys + n;

    for (size_t r = 0; r < rows; r++) {
        td_order_keys(keys, (const char *)s->data + r * n * elem, s->dtype, n);
        td_order_keys(wanted, (const char *)v->data + r * m * elem, s->dtype, m);
        for (size_t i = 0; i < m; i++)
            td_tensor_set_int(td_out(c, 0), r * m + i, (int64_t)td_order_bound(keys, n, wanted[i], is_upper));
    }
    return NULL;
}

/* ---------------------------------------------------------------- Bucketize */

typedef struct bucket_attrs {
    const float *edge;
    size_t n;
} bucket_attrs;

static td_status bucket_parse(td_parse *p)
{
    bucket_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->n = td_attr_list(p, "boundaries", &items);
    float *const edge = TD_ARENA_NEW_N(p->arena, float, a->n);

    for (size_t i = 0; i < a->n; i++) {
        edge[i] = items[i].u.f;
        if (i && edge[i] < edge[i - 1])
            return TD_ERR(INVALID_ARGUMENT, "%s: Expected sorted boundaries", p->node->name);
    }
    a->edge = edge;
    return NULL;
}

static double number_at(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F32:
        return (double)((const float *)t->data)[i];
    case TD_F64:
        return ((const double *)t->data)[i];
    default:
        return (double)td_tensor_int(t, i);
    }
}

static td_status bucket_run(td_call *c)
{
    const bucket_attrs *const a = c->attrs;
    const size_t n = (size_t)td_shape_count(&td_in(c, 0)->shape);
    int32_t *const out = td_out(c, 0)->data;

    for (size_t i = 0; i < n; i++) {
        const double v = number_at(td_in(c, 0), i);
        size_t lo = 0, hi = a->n;

        while (lo < hi) { /* the first edge above v */
            const size_t mid = lo + (hi - lo) / 2;

            if (v < (double)a->edge[mid])
                hi = mid;
            else
                lo = mid + 1;
        }
        out[i] = (int32_t)lo;
    }
    return NULL;
}

/* -------------------------------------------------------- HistogramFixedWidth: values, value_range, nbins */

static td_status histogram_infer(td_call *c)
{
    int64_t bins;

    if (td_in(c, 1)->shape.rank != 1 || td_in(c, 1)->shape.dims[0] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "value_range should be a vector of 2 elements");
    if (td_shape_count(&td_in(c, 2)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "nbins should be a scalar");
    TD_TRY(td_need_one(c, 2, &bins));
    if (bins <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "nbins should be a positive number, but got '%" PRId64 "'",
                         bins);
    td_out(c, 0)->shape = (td_shape){ 1, { bins } };
    return NULL;
}

/* Values outside of the range go to the bins at its ends. */
static td_status histogram_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    td_tensor *const out = td_out(c, 0);
    const double lo = number_at(td_in(c, 1), 0), hi = number_at(td_in(c, 1), 1);
    const int64_t bins = out->shape.dims[0], n = td_shape_count(&in->shape);
    const double step = (hi - lo) / (double)bins;

    if (!(lo < hi))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "value_range should satisfy value_range[0] < value_range[1], but got '[%g, %g]'", lo,
                         hi);
    memset(out->data, 0, td_tensor_bytes(out));
    for (int64_t i = 0; i < n; i++) {
        const double v = number_at(in, (size_t)i), at = floor((v - lo) / step);
        const int64_t bin = !(at > 0) ? 0 : at >= (double)bins ? bins - 1 : (int64_t)at;

        td_tensor_set_int(out, (size_t)bin, td_tensor_int(out, (size_t)bin) + 1);
    }
    return NULL;
}

/* ---------------------------------------------------------------- Cross: of vectors of 3 */

static td_status cross_infer(td_call *c)
{
    const td_shape *const a = &td_in(c, 0)->shape;

    if (!td_shape_equal(a, &td_in(c, 1)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Both inputs must be of same shape");
    if (a->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be at least 1D");
    if (a->dims[a->rank - 1] != 3)
        return TD_OP_ERR(c, FAILED_PRECONDITION, "Cross-products are only defined for 3-element vectors.");
    return td_infer_same(c);
}

static td_status cross_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape) / 3, elem = td_dtype_size(out->dtype);
    td_combine_fn *const mul = td_combine_find(TD_COMBINE_MUL, out->dtype);
    td_combine_fn *const sub = td_combine_find(TD_COMBINE_SUB, out->dtype);

    for (size_t i = 0; i < 3 * n; i++) { /* out[k] = a[k+1] b[k+2] - a[k+2] b[k+1] */
        const size_t row = i / 3 * 3, p = row + (i + 1) % 3, q = row + (i + 2) % 3;
        char *const to = (char *)out->data + i * elem;
        char other[16];

        memcpy(to, (const char *)td_in(c, 0)->data + p * elem, elem);
        memcpy(other, (const char *)td_in(c, 0)->data + q * elem, elem);
        mul(to, (const char *)td_in(c, 1)->data + q * elem, 1, 1);
        mul(other, (const char *)td_in(c, 1)->data + p * elem, 1, 1);
        sub(to, other, 1, 1);
    }
    return NULL;
}

#define FOUR (TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64))

static const td_kernel bound_kernels[] = {
    { .dtypes = TD_REAL_TYPES, .prepare = bound_prepare, .run = bound_run }, { 0 }
};
static const td_kernel bucket_kernels[] = { { .dtypes = FOUR, .run = bucket_run }, { 0 } };
static const td_kernel histogram_kernels[] = { { .dtypes = FOUR, .run = histogram_run }, { 0 } };
static const td_kernel cross_kernels[] = { { .dtypes = TD_REAL_TYPES, .run = cross_run }, { 0 } };

const td_op td_ops_search[] = {
    { .name = "LowerBound",
      .sig = "sorted_inputs: T, values: T -> output: out_type",
      .attrs = "T: type, out_type: type = int32",
      .infer = bound_infer,
      .kernels = bound_kernels },
    { .name = "UpperBound",
      .sig = "sorted_inputs: T, values: T -> output: out_type",
      .attrs = "T: type, out_type: type = int32",
      .infer = bound_infer,
      .kernels = bound_kernels },
    { .name = "Bucketize",
      .sig = "input: T -> output: int32",
      .attrs = "T: type, boundaries: list(float)",
      .attrs_size = sizeof(bucket_attrs),
      .parse = bucket_parse,
      .infer = td_infer_same,
      .kernels = bucket_kernels },
    { .name = "HistogramFixedWidth",
      .sig = "values: T, value_range: T, nbins: int32 -> out: dtype",
      .attrs = "T: type, dtype: type = int32",
      .infer = histogram_infer,
      .kernels = histogram_kernels },
    { .name = "Cross",
      .sig = "a: T, b: T -> product: T",
      .attrs = "T: type",
      .infer = cross_infer,
      .kernels = cross_kernels },
    { 0 },
};
