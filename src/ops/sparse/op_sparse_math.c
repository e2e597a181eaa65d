/* SPDX-License-Identifier: Apache-2.0 */
/* op_sparse_math.c -- arithmetic on sparse tensors: products and sums with dense ones and with each other,
 * reductions, softmax. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "kernels/array/gather.h"
#include "kernels/elt/num.h"
#include "ops/sparse/sparse.h"
#include "tensor/type_sets.h"

/* --------------------------------------------------------------- SparseTensorDenseMatMul: a (3 inputs), b */

typedef struct matmul_attrs {
    bool adjoint_a, adjoint_b;
} matmul_attrs;

static td_status matmul_parse(td_parse *p)
{
    *(matmul_attrs *)p->attrs = (matmul_attrs){ td_attr_bool(p, "adjoint_a"), td_attr_bool(p, "adjoint_b") };
    return NULL;
}

static td_status matmul_dims(td_call *c, int64_t *m, int64_t *k, int64_t *n)
{
    const matmul_attrs *const a = c->attrs;
    const td_shape *const b = &td_in(c, 3)->shape, *const index = &td_in(c, 0)->shape,
                          *const values = &td_in(c, 1)->shape;
    td_shape s;

    TD_TRY(td_need_shape(c, 2, false, &s));
    if (s.rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor 'a_shape' must have 2 elements");
    if (b->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "Tensor 'b' is not a matrix");
    if (index->rank != 2 || index->dims[1] != 2 || values->rank != 1 || index->dims[0] != values->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "a_indices, a_values and a_shape do not fit each other");
    *m = s.dims[a->adjoint_a];
    *k = s.dims[!a->adjoint_a];
    *n = b->dims[!a->adjoint_b];
    if (b->dims[a->adjoint_b] != *k)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Cannot multiply A and B because inner dimension does not match: %" PRId64
                         " vs. %" PRId64 ".  Did you forget a transpose?  Dimensions of A: [%" PRId64
                         ", %" PRId64 ").  Dimensions of B: [%" PRId64 ",%" PRId64 "]",
                         *k, b->dims[a->adjoint_b], s.dims[0], s.dims[1], b->dims[0], b->dims[1]);
    return NULL;
}

static td_status matmul_infer(td_call *c)
{
    int64_t m = 0, k = 0, n = 0;

    TD_TRY(matmul_dims(c, &m, &k, &n));
    return td_shape_make(2, (int64_t[]){ m, n }, &td_out(c, 0)->shape);
}

/* out[i] += a[i, k] * b[k] for each element of a;
 * the row of b is made dense in the scratch when it is a column. */
static td_status matmul_run(td_call *c)
{
    const matmul_attrs *const a = c->attrs;
    const td_tensor *const index = td_in(c, 0), *const b = td_in(c, 3);
    td_tensor *const out = td_out(c, 0);
    const size_t elem = td_dtype_size(out->dtype);
    td_combine_fn *const mul = td_combine_find(TD_COMBINE_MUL, out->dtype), *const add = td_combine_find(
                                                                                TD_COMBINE_ADD, out->dtype);
    int64_t m = 0, k = 0, n = 0;

    TD_TRY(matmul_dims(c, &m, &k, &n));
    char *const row = td_arena_try_alloc(c->arena, (size_t)n * elem + 1, 16);

    if (!row) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    if (td_tensor_bytes(out)) memset(out->data, 0, td_tensor_bytes(out));
    for (int64_t e = 0; e < index->shape.dims[0]; e++) {
        const int64_t i = td_index_at(index->data, index->dtype, 2 * e + a->adjoint_a);
        const int64_t j = td_index_at(index->data, index->dtype, 2 * e + !a->adjoint_a);
        char value[16];

        if (j < 0 || j >= k)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "k (%" PRId64 ") from index[%" PRId64 ",%d] out of bounds (>=%" PRId64 ")", j, e,
                             !a->adjoint_a, k);
        if (i < 0 || i >= m)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "m (%" PRId64 ") from index[%" PRId64 ",%d] out of bounds (>=%" PRId64 ")", i, e,
                             a->adjoint_a, m);
        memcpy(value, (const char *)td_in(c, 1)->data + (size_t)e * elem, elem);
        if (a->adjoint_a) td_sparse_conjugate(out->dtype, value);
        for (int64_t x = 0; x < n; x++) {
            memcpy(row + (size_t)x * elem,
                   (const char *)b->data + (size_t)(a->adjoint_b ? x * k + j : j * n + x) * elem, elem);
            if (a->adjoint_b) td_sparse_conjugate(out->dtype, row + (size_t)x * elem);
        }
        mul(row, value, (size_t)n, 0);
        add((char *)out->data + (size_t)(i * n) * elem, row, (size_t)n, 1);
    }
    return NULL;
}

/* ---------------------------------------------------------------- SparseTensorDenseAdd: a (3 inputs), b */

static td_status dense_add_infer(td_call *c)
{
    const td_shape *const index = &td_in(c, 0)->shape, *const b = &td_in(c, 3)->shape,
                          *const v = &td_in(c, 1)->shape;
    td_shape s;

    TD_TRY(td_need_shape(c, 2, false, &s));
    if (index->rank != 2 || v->rank != 1 || v->dims[0] != index->dims[0] || index->dims[1] != b->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "a_indices, a_values and b do not fit each other");
    if (!td_shape_equal(&s, b))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Dimensions of a_shape and of b do not equal each other");
    td_out(c, 0)->shape = *b;
    return NULL;
}

static td_status dense_add_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 0), *const b = td_in(c, 3);
    td_tensor *const out = td_out(c, 0);
    const size_t elem = td_dtype_size(out->dtype);
    td_combine_fn *const add = td_combine_find(TD_COMBINE_ADD, out->dtype);

    if (td_tensor_bytes(out)) memcpy(out->data, b->data, td_tensor_bytes(out));
    for (int64_t e = 0; e < index->shape.dims[0]; e++) {
        int64_t at = 0;

        for (int k = 0; k < b->shape.rank; k++) {
            const int64_t v = td_index_at(index->data, index->dtype, e * b->shape.rank + k);

            if (v < 0 || v >= b->shape.dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Sparse tensor has an invalid index on dimension %d: a_indices(%" PRId64
                                 ",%d) = %" PRId64,
                                 k, e, k, v);
            at = at * b->shape.dims[k] + v;
        }
        add((char *)out->data + (size_t)at * elem, (const char *)td_in(c, 1)->data + (size_t)e * elem, 1, 1);
    }
    return NULL;
}

/* ------------------------------------------------------------ SparseDenseCwise*: sparse (3 inputs), dense */

static td_status cwise_run(td_call *c)
{
    const char what = c->op->name[strlen("SparseDenseCwise")];
    const td_combine op = what == 'A' ? TD_COMBINE_ADD : what == 'M' ? TD_COMBINE_MUL : TD_COMBINE_DIV;
    const td_tensor *const d = td_in(c, 3);
    td_combine_fn *const fold = td_combine_find(op, d->dtype);
    const size_t elem = td_dtype_size(d->dtype);
    const bool no_zero = op == TD_COMBINE_DIV && (TD_INT_TYPES & TD_DTYPE_BIT(d->dtype)) != 0;
    int64_t strides[TD_MAX_RANK];
    td_sparse s;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    TD_TRY(td_sparse_check(c, &s));
    const int64_t lead = s.rank - d->shape.rank;

    for (int k = 0; k < d->shape.rank; k++)
        if (lead < 0 || (d->shape.dims[k] != 1 && d->shape.dims[k] != s.dims[lead + k]))
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes");
    td_shape_strides(&d->shape, strides);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { s.n } }));
    for (int64_t i = 0; i < s.n && td_out_is_used(c, 0); i++) {
        char *const to = (char *)td_out(c, 0)->data + (size_t)i * elem;
        int64_t at = 0;

        for (int k = 0; k < d->shape.rank; k++)
            at += d->shape.dims[k] == 1 ? 0 : s.index[i * s.rank + lead + k] * strides[k];
        const char *const by = (const char *)d->data + (size_t)at * elem;
        if (no_zero && memcmp(by, (char[16]){ 0 }, elem) == 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Integer division by zero");
        memcpy(to, td_sparse_value(&s, i), elem);
        fold(to, by, 1, 1);
    }
    return NULL;
}

/* --------------------------------------------------------- two sparse ones: SparseAdd, SparseSparseM*imum */

static td_status two(td_call *c, td_sparse *a, td_sparse *b)
{
    TD_TRY(td_sparse_of(c, 0, 1, 2, a));
    TD_TRY(td_sparse_of(c, 3, 4, 5, b));
    if (a->rank != b->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Ranks of input tensors must match, but saw ranks: %" PRId64 " and %" PRId64,
                         a->rank, b->rank);
    for (int64_t k = 0; k < a->rank; k++)
        if (a->dims[k] != b->dims[k])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Operands' shapes do not match: got %" PRId64 " and %" PRId64
                             " for dimension %" PRId64,
                             a->dims[k], b->dims[k], k);
    return NULL;
}

/* |v| as a number that compares. */
static double size_of(td_dtype dtype, const void *v)
{
    switch (dtype) {
    case TD_F32:
        return fabs((double)*(const float *)v);
    case TD_F64:
        return fabs(*(const double *)v);
    case TD_C64:
        return hypot((double)((const float *)v)[0], (double)((const float *)v)[1]);
    case TD_C128:
        return hypot(((const double *)v)[0], ((const double *)v)[1]);
    case TD_F16:
        return fabs((double)td_f16_to_f32(*(const td_f16 *)v));
    case TD_BF16:
        return fabs((double)td_bf16_to_f32(*(const td_bf16 *)v));
    default:
        return fabs((double)td_tensor_int(&(td_tensor){ .dtype = dtype, .data = (void *)(uintptr_t)v }, 0));
    }
}

/* Merges two that are in order; where only one has an element, the other has a zero. Returns how many there
 * are; writes them when is_writing. keep: sums with |v| below it are left out (negative: none is). */
static int64_t merge(td_call *c, const td_sparse *a, const td_sparse *b, td_combine_fn *fold, double keep,
                     bool is_writing)
{
    const td_dtype dtype = a->values->dtype;
    const size_t elem = td_dtype_size(dtype);
    int64_t i = 0, j = 0, n = 0;

    while (i < a->n || j < b->n) {
        const int order = i == a->n ? 1
                          : j == b->n
                              ? -1
                              : td_sparse_compare(a->index + i * a->rank, b->index + j * b->rank, a->rank);
        const int64_t *const row = order <= 0 ? a->index + i * a->rank : b->index + j * b->rank;
        char v[16] = { 0 }, w[16] = { 0 };

        if (order <= 0) memcpy(v, td_sparse_value(a, i++), elem);
        if (order >= 0) memcpy(w, td_sparse_value(b, j++), elem);
        fold(v, w, 1, 1);
        if (order == 0 && keep >= 0 && size_of(dtype, v) < keep) continue;
        if (is_writing) td_sparse_put(c, 0, 1, n, row, a->rank, v);
        n++;
    }
    return n;
}

static td_status add_run(td_call *c)
{
    td_sparse a, b;

    TD_TRY(two(c, &a, &b));
    if (td_shape_count(&td_in(c, 6)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The magnitude threshold must be a scalar");
    const double keep = size_of(td_in(c, 6)->dtype, td_in(c, 6)->data);
    td_combine_fn *const fold = td_combine_find(TD_COMBINE_ADD, a.values->dtype);

    TD_TRY(td_sparse_make(c, 0, 1, merge(c, &a, &b, fold, keep, false), a.rank));
    (void)merge(c, &a, &b, fold, keep, true);
    return td_sparse_put_dims(c, 2, a.dims, a.rank);
}

static td_status order_run(td_call *c)
{
    const bool is_max = strcmp(c->op->name, "SparseSparseMaximum") == 0;
    td_sparse a, b;

    TD_TRY(two(c, &a, &b));
    td_combine_fn *const fold =
        td_combine_find(is_max ? TD_COMBINE_MAXIMUM : TD_COMBINE_MINIMUM, a.values->dtype);

    TD_TRY(td_sparse_make(c, 0, 1, merge(c, &a, &b, fold, -1, false), a.rank));
    (void)merge(c, &a, &b, fold, -1, true);
    return NULL;
}

/* ---------------------------------------------------------------- reductions: sparse (3 inputs), axes */

typedef struct reduce_attrs {
    bool keep;
} reduce_attrs;

static td_status reduce_parse(td_parse *p)
{
    ((reduce_attrs *)p->attrs)->keep = td_attr_bool(p, "keep_dims");
    return NULL;
}

typedef struct reduction {
    td_sparse s;
    bool reduced[TD_MAX_RANK];
    td_shape out;   /* as the op shows it */
    int64_t *index; /* [n, out.rank]: where each element goes */
    int64_t *order; /* of those rows */
} reduction;

static td_status plan_reduction(td_call *c, reduction *r)
{
    const bool keep = ((const reduce_attrs *)c->attrs)->keep;
    const td_tensor *const axes = td_in(c, 3);

    TD_TRY(td_sparse_of(c, 0, 1, 2, &r->s));
    TD_TRY(td_sparse_check(c, &r->s));
    for (int64_t i = 0; i < td_shape_count(&axes->shape); i++) {
        const int64_t given = td_tensor_int(axes, (size_t)i), axis = given < 0 ? given + r->s.rank : given;

        if (axis < 0 || axis >= r->s.rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Invalid reduction dimension %" PRId64 ", for input with %" PRId64
                             " dimensions.",
                             given, r->s.rank);
        r->reduced[axis] = true;
    }
    for (int64_t k = 0; k < r->s.rank; k++) {
        if (!r->reduced[k] || keep) r->out.dims[r->out.rank++] = r->reduced[k] ? 1 : r->s.dims[k];
    }
    r->index = td_arena_try_alloc(c->arena, (size_t)(r->s.n * r->out.rank + 1) * sizeof *r->index, 16);
    if (!r->index) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    for (int64_t i = 0; i < r->s.n; i++)
        for (int64_t k = 0, to = 0; k < r->s.rank; k++)
            if (!r->reduced[k] || keep)
                r->index[i * r->out.rank + to++] = r->reduced[k] ? 0 : r->s.index[i * r->s.rank + k];
    r->order = td_sparse_order(c, r->index, r->s.n, r->out.rank);
    return r->order ? NULL : TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
}

/* The next group of elements that go to one place, folded into v. Returns where the group ends. */
static int64_t fold_group(const reduction *r, int64_t from, td_combine_fn *fold, void *v)
{
    const size_t elem = td_dtype_size(r->s.values->dtype);
    const int64_t *const row = r->index + r->order[from] * r->out.rank;
    int64_t to = from + 1;

    memcpy(v, td_sparse_value(&r->s, r->order[from]), elem);
    for (; to < r->s.n && td_sparse_compare(row, r->index + r->order[to] * r->out.rank, r->out.rank) == 0;
         to++)
        fold(v, td_sparse_value(&r->s, r->order[to]), 1, 1);
    return to;
}

static td_combine_fn *fold_of(const td_call *c, td_dtype dtype)
{
    return td_combine_find(strstr(c->op->name, "Max") ? TD_COMBINE_GREATEST : TD_COMBINE_ADD, dtype);
}

static td_status reduce_run(td_call *c)
{
    reduction r = { 0 };

    TD_TRY(plan_reduction(c, &r));
    TD_TRY(td_shape_check(&r.out));
    TD_TRY(td_out_make(c, 0, &r.out));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t elem = td_dtype_size(r.s.values->dtype);

    if (td_tensor_bytes(td_out(c, 0))) memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
    for (int64_t i = 0; i < r.s.n;) {
        const int64_t *const row = r.index + r.order[i] * r.out.rank;
        int64_t at = 0;
        char v[16];

        for (int k = 0; k < r.out.rank; k++)
            at = at * r.out.dims[k] + row[k];
        i = fold_group(&r, i, fold_of(c, r.s.values->dtype), v);
        memcpy((char *)td_out(c, 0)->data + (size_t)at * elem, v, elem);
    }
    return NULL;
}

static td_status reduce_sparse_run(td_call *c)
{
    reduction r = { 0 };
    int64_t n = 0;
    char v[16];

    TD_TRY(plan_reduction(c, &r));
    for (int64_t i = 0; i < r.s.n; n++)
        i = fold_group(&r, i, fold_of(c, r.s.values->dtype), v);
    TD_TRY(td_sparse_make(c, 0, 1, n, r.out.rank));
    n = 0;
    for (int64_t i = 0; i < r.s.n; n++) {
        const int64_t *const row = r.index + r.order[i] * r.out.rank;

        i = fold_group(&r, i, fold_of(c, r.s.values->dtype), v);
        td_sparse_put(c, 0, 1, n, row, r.out.rank, v);
    }
    return td_sparse_put_dims(c, 2, r.out.dims, r.out.rank);
}

/* ----------------------------------------------------------- SparseSoftmax: over the elements of each row */

static double real_at(const td_tensor *t, int64_t i)
{
    return t->dtype == TD_F64   ? ((const double *)t->data)[i]
           : t->dtype == TD_F32 ? (double)((const float *)t->data)[i]
                                : (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
}

static td_status softmax_run(td_call *c)
{
    td_sparse s;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    if (s.rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input should have rank >= 2, but got rank %" PRId64, s.rank);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { s.n } }));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t elem = td_dtype_size(s.values->dtype);

    for (int64_t from = 0, to; from < s.n; from = to) {
        double top = -INFINITY, sum = 0;

        for (to = from;
             to < s.n && td_sparse_compare(s.index + from * s.rank, s.index + to * s.rank, s.rank - 1) == 0;
             to++)
            top = TD_MAX(top, real_at(s.values, to));
        for (int64_t i = from; i < to; i++)
            sum += exp(real_at(s.values, i) - top);
        for (int64_t i = from; i < to; i++)
            td_number_put(s.values->dtype, exp(real_at(s.values, i) - top) / sum,
                          (char *)td_out(c, 0)->data + (size_t)i * elem);
    }
    return NULL;
}

/* ------------------------------------------------ SparseFillEmptyRowsGrad: reverse_index_map, grad_values */

static td_status fill_grad_run(td_call *c)
{
    const td_tensor *const map = td_in(c, 0), *const grad = td_in(c, 1);
    const int64_t n = td_shape_count(&map->shape), m = td_shape_count(&grad->shape);
    const size_t elem = td_dtype_size(grad->dtype);
    td_combine_fn *const add = td_combine_find(TD_COMBINE_ADD, grad->dtype);
    uint8_t *const seen = td_arena_try_alloc(c->arena, (size_t)m + 1, 1);

    if (!seen) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    memset(seen, 0, (size_t)m);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n } }));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 0 }));
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = ((const int64_t *)map->data)[i];

        if (at < 0 || at >= m)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Elements in reverse index must be in [0, %" PRId64 ") but got %" PRId64, m, at);
        seen[at] = 1;
        if (td_out_is_used(c, 0))
            memcpy((char *)td_out(c, 0)->data + (size_t)i * elem,
                   (const char *)grad->data + (size_t)at * elem, elem);
    }
    if (!td_out_is_used(c, 1)) return NULL;
    memset(td_out(c, 1)->data, 0, elem);
    for (int64_t i = 0; i < m; i++)
        if (!seen[i]) add(td_out(c, 1)->data, (const char *)grad->data + (size_t)i * elem, 1, 1);
    return NULL;
}

TD_RUN_KERNEL(matmul_kernels, TD_NUMBER_TYPES, matmul_run);
TD_RUN_KERNEL(dense_add_kernels, TD_NUMBER_TYPES, dense_add_run);
TD_RUN_KERNEL(cwise_kernels, TD_NUMBER_TYPES, cwise_run);
TD_RUN_KERNEL(add_kernels, TD_NUMBER_TYPES, add_run);
TD_RUN_KERNEL(order_kernels, TD_REAL_TYPES, order_run);
TD_RUN_KERNEL(reduce_kernels, TD_REAL_TYPES, reduce_run);
TD_RUN_KERNEL(sum_kernels, TD_NUMBER_TYPES, reduce_run);
TD_RUN_KERNEL(reduce_sparse_kernels, TD_REAL_TYPES, reduce_sparse_run);
TD_RUN_KERNEL(sum_sparse_kernels, TD_NUMBER_TYPES, reduce_sparse_run);
TD_RUN_KERNEL(softmax_kernels, TD_FLOAT_TYPES & ~TD_DTYPE_BIT(TD_BF16), softmax_run);
TD_RUN_KERNEL(fill_grad_kernels, TD_NUMBER_TYPES, fill_grad_run);

#define CWISE(op)                                                                                            \
    {                                                                                                        \
        .name = op, .sig = "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T",        \
        .attrs = "T: type", .key = "T", .flags = TD_OP_DYNAMIC, .kernels = cwise_kernels                     \
    }
#define ORDER(op)                                                                                            \
    {                                                                                                        \
        .name = op,                                                                                          \
        .sig =                                                                                               \
            "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64 "  \
            "-> output_indices: int64, output_values: T",                                                    \
        .attrs = "T: type", .key = "T", .flags = TD_OP_DYNAMIC, .kernels = order_kernels                     \
    }
#define REDUCE(op, outs, kernels_)                                                                           \
    {                                                                                                        \
        .name = op,                                                                                          \
        .sig = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32 -> " outs,  \
        .attrs = "keep_dims: bool = false, T: type", .key = "T", .flags = TD_OP_DYNAMIC,                     \
        .attrs_size = sizeof(reduce_attrs), .parse = reduce_parse, .kernels = kernels_                       \
    }

const td_op td_ops_sparse_math[] = {
    { .name = "SparseTensorDenseMatMul",
      .sig = "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T",
      .attrs = "T: type, Tindices: type = int64, adjoint_a: bool = false, adjoint_b: bool = false",
      .key = "T",
      .attrs_size = sizeof(matmul_attrs),
      .parse = matmul_parse,
      .infer = matmul_infer,
      .kernels = matmul_kernels },
    { .name = "SparseTensorDenseAdd",
      .sig = "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T",
      .attrs = "T: type, Tindices: type",
      .key = "T",
      .infer = dense_add_infer,
      .kernels = dense_add_kernels },
    CWISE("SparseDenseCwiseAdd"),
    CWISE("SparseDenseCwiseMul"),
    CWISE("SparseDenseCwiseDiv"),
    { .name = "SparseAdd",
      .sig = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, "
             "thresh: Treal -> "
             "sum_indices: int64, sum_values: T, sum_shape: int64",
      .attrs = "T: type, Treal: type",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = add_kernels },
    ORDER("SparseSparseMaximum"),
    ORDER("SparseSparseMinimum"),
    REDUCE("SparseReduceSum", "output: T", sum_kernels),
    REDUCE("SparseReduceMax", "output: T", reduce_kernels),
    REDUCE("SparseReduceSumSparse", "output_indices: int64, output_values: T, output_shape: int64",
           sum_sparse_kernels),
    REDUCE("SparseReduceMaxSparse", "output_indices: int64, output_values: T, output_shape: int64",
           reduce_sparse_kernels),
    { .name = "SparseSoftmax",
      .sig = "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T",
      .attrs = "T: type",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = softmax_kernels },
    { .name = "SparseFillEmptyRowsGrad",
      .sig = "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
      .attrs = "T: type",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = fill_grad_kernels },
    { 0 },
};
