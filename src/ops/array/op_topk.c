/* SPDX-License-Identifier: Apache-2.0 */
/* op_topk.c -- the largest elements of rows: TopK, ApproxTopK (exactly), InTopK, NthElement. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/order.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

typedef struct topk_attrs {
    int64_t k, dimension;
    bool lowest; /* ApproxTopK can look for the smallest, NthElement counts from the other end */
} topk_attrs;

static td_status topk_parse(td_parse *p)
{
    ((topk_attrs *)p->attrs)->k = td_attr_int(p, "k");
    return NULL;
}

static td_status approx_parse(td_parse *p)
{
    topk_attrs *const a = p->attrs;

    *a = (topk_attrs){ td_attr_int(p, "k"), td_attr_int(p, "reduction_dimension"),
                       !td_attr_bool(p, "is_max_k") };
    return NULL;
}

/* ---------------------------------------------------------------- TopK, TopKV2, ApproxTopK */

static td_status read_k(td_call *c, int64_t *k)
{
    const td_shape *const s = &td_in(c, 0)->shape;

    if (c->n_in < 2)
        *k = ((const topk_attrs *)c->attrs)->k;
    else
        TD_TRY(td_need_one(c, 1, k));
    if (*k < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Need k >= 0, got %" PRId64, *k);
    if (s->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be >= 1-D, got shape []");
    if (*k > s->dims[s->rank - 1])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input must have at least k columns. Had %" PRId64 ", needed %" PRId64,
                         s->dims[s->rank - 1], *k);
    return NULL;
}

static td_status topk_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    int64_t k = 0;

    TD_TRY(read_k(c, &k));
    s.dims[s.rank - 1] = k;
    for (uint32_t i = 0; i < 2; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = s;
    return NULL;
}

static td_status approx_infer(td_call *c)
{
    const int64_t d = ((const topk_attrs *)c->attrs)->dimension;
    const int rank = td_in(c, 0)->shape.rank;

    if (d != -1 && d != rank - 1)
        return TD_OP_ERR(c, UNIMPLEMENTED, "ApproxTopK reduces the last dimension only");
    return topk_infer(c);
}

/* Keys of a row, and two lists of ranked ones. */
static td_status rows_prepare(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const size_t n = s->rank ? (size_t)s->dims[s->rank - 1] : 1;

    c->scratch_size = (n + 1) * (sizeof(uint64_t) + 2 * sizeof(td_ranked));
    return NULL;
}

static td_status topk_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const size_t n = (size_t)in->shape.dims[in->shape.rank - 1], elem = td_dtype_size(in->dtype);
    const size_t rows = (size_t)td_shape_span(&in->shape, 0, in->shape.rank - 1);
    const bool lowest = c->op->attrs_size && ((const topk_attrs *)c->attrs)->lowest;
    td_ranked *const best = c->scratch, *const work = best + n;
    uint64_t *const keys = (uint64_t *)(void *)(work + n);
    int64_t wanted = 0;

    TD_TRY(read_k(c, &wanted));
    const size_t k = (size_t)wanted;

    for (size_t r = 0; r < rows; r++) {
        const char *const row = (const char *)in->data + r * n * elem;

        td_order_keys(keys, row, in->dtype, n);
        for (size_t i = 0; lowest && i < n; i++)
            keys[i] = ~keys[i];
        td_top_k(best, keys, n, k, work);
        for (size_t i = 0; i < k; i++) {
            if (td_out_is_used(c, 0))
                memcpy((char *)td_out(c, 0)->data + (r * k + i) * elem, row + (size_t)best[i].at * elem,
                       elem);
            if (td_out_is_used(c, 1)) td_tensor_set_int(td_out(c, 1), r * k + i, best[i].at);
        }
    }
    return NULL;
}

/* ------------------------------------------------------------ InTopK, InTopKV2: predictions, targets[, k] */

static td_status in_topk_infer(td_call *c)
{
    const td_shape *const p = &td_in(c, 0)->shape, *const t = &td_in(c, 1)->shape;

    if (p->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "predictions must be 2-dimensional");
    if (t->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "targets must be 1-dimensional");
    if (p->dims[0] != t->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "First dimension of predictions %" PRId64 " must match length of targets %" PRId64,
                         p->dims[0], t->dims[0]);
    td_out(c, 0)->shape = *t;
    return NULL;
}

/* False also when the target is none, or when there is no telling: a number that is not finite. */
static bool is_in_top(const float *row, int64_t n, int64_t target, int64_t k)
{
    int64_t better = 0;

    if (target < 0 || target >= n || !isfinite(row[target])) return false;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(row[i])) return false;
        better += row[i] > row[target];
        if (better > k) break;
    }
    return better < k;
}

static td_status in_topk_run(td_call *c)
{
    const td_tensor *const p = td_in(c, 0);
    int64_t k;

    if (c->n_in > 2)
        TD_TRY(td_need_one(c, 2, &k));
    else
        k = ((const topk_attrs *)c->attrs)->k;
    const int64_t rows = p->shape.dims[0], n = p->shape.dims[1];
    uint8_t *const out = td_out(c, 0)->data;

    for (int64_t r = 0; r < rows; r++)
        out[r] = is_in_top((const float *)p->data + r * n, n, td_tensor_int(td_in(c, 1), (size_t)r), k);
    return NULL;
}

/* ---------------------------------------------------------------- NthElement: input, n */

static td_status nth_parse(td_parse *p)
{
    ((topk_attrs *)p->attrs)->lowest = !td_attr_bool(p, "reverse");
    return NULL;
}

static td_status nth_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    int64_t at;

    TD_TRY(td_need_one(c, 1, &at));
    if (at < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "n must be non-negative, got %" PRId64, at);
    if (s.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be >= 1-D, got shape []");
    if (at >= s.dims[s.rank - 1])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must have at least n+1 columns");
    s.rank--;
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status nth_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const size_t n = (size_t)in->shape.dims[in->shape.rank - 1], elem = td_dtype_size(in->dtype);
    const size_t rows = (size_t)td_shape_count(&td_out(c, 0)->shape);
    td_ranked *const best = c->scratch, *const work = best + n;
    uint64_t *const keys = (uint64_t *)(void *)(work + n);
    const size_t at = (size_t)td_tensor_int(td_in(c, 1), 0);

    if (at >= n) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must have at least n+1 columns");
    for (size_t r = 0; r < rows; r++) {
        const char *const row = (const char *)in->data + r * n * elem;

        td_order_keys(keys, row, in->dtype, n);
        for (size_t i = 0; i < n && ((const topk_attrs *)c->attrs)->lowest; i++)
            keys[i] = ~keys[i];
        td_top_k(best, keys, n, at + 1, work);
        memcpy((char *)td_out(c, 0)->data + r * elem, row + (size_t)best[at].at * elem, elem);
    }
    return NULL;
}

static const td_kernel topk_kernels[] = {
    { .dtypes = TD_REAL_TYPES, .prepare = rows_prepare, .run = topk_run }, { 0 }
};
static const td_kernel nth_kernels[] = { { .dtypes = TD_REAL_TYPES, .prepare = rows_prepare, .run = nth_run },
                                         { 0 } };
static const td_kernel in_topk_kernels[] = { { .run = in_topk_run }, { 0 } };

const td_op td_ops_topk[] = {
    { .name = "TopK",
      .sig = "input: T -> values: T, indices: int32",
      .attrs = "k: int, sorted: bool = true, T: type",
      .attrs_size = sizeof(topk_attrs),
      .parse = topk_parse,
      .infer = topk_infer,
      .kernels = topk_kernels },
    { .name = "TopKV2",
      .sig = "input: T, k: Tk -> values: T, indices: index_type",
      .attrs = "sorted: bool = true, T: type, Tk: type = int32, index_type: type = int32",
      .infer = topk_infer,
      .kernels = topk_kernels },
    { .name = "ApproxTopK",
      .sig = "input: T -> values: T, indices: int32",
      .attrs = "k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = true, "
               "reduction_input_size_override: int = -1, aggregate_to_topk: bool = true, T: type",
      .attrs_size = sizeof(topk_attrs),
      .parse = approx_parse,
      .infer = approx_infer,
      .kernels = topk_kernels },
    { .name = "InTopK",
      .sig = "predictions: float, targets: T -> precision: bool",
      .attrs = "k: int, T: type = int32",
      .attrs_size = sizeof(topk_attrs),
      .parse = topk_parse,
      .infer = in_topk_infer,
      .kernels = in_topk_kernels },
    { .name = "InTopKV2",
      .sig = "predictions: float, targets: T, k: T -> precision: bool",
      .attrs = "T: type = int32",
      .infer = in_topk_infer,
      .kernels = in_topk_kernels },
    { .name = "NthElement",
      .sig = "input: T, n: int32 -> values: T",
      .attrs = "reverse: bool = false, T: type",
      .attrs_size = sizeof(topk_attrs),
      .parse = nth_parse,
      .infer = nth_infer,
      .kernels = nth_kernels },
    { 0 },
};
