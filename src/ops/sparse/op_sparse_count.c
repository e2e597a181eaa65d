/* SPDX-License-Identifier: Apache-2.0 */
/* op_sparse_count.c -- DenseCountSparseOutput, SparseCountSparseOutput, RaggedCountSparseOutput: how often each number
 * is there in each row, as a sparse tensor of [rows, numbers], or of [numbers] where there are no rows.
 *
 * Numbers are listed with their rows, sorted, and each run of equal ones becomes an element. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "ops/sparse/sparse.h"
#include "ops/strings.h"

typedef struct count_attrs {
    int64_t min, max; /* of the numbers of columns; max below 0: any */
    bool is_binary;
} count_attrs;

static td_status count_parse(td_parse *p)
{
    *(count_attrs *)p->attrs = (count_attrs){ td_attr_int(p, "minlength"), td_attr_int(p, "maxlength"),
                                              td_attr_bool(p, "binary_output") };
    return NULL;
}

typedef struct pair {
    int64_t row, number;
} pair;

typedef struct counter {
    td_call *c;
    const count_attrs *a;
    const td_tensor *values, *weights;
    int64_t n, rows; /* rows: -1 when the result has one dimension */
    bool has_weights;
    pair *pairs;   /* those that count */
    int64_t *from; /* which element of values each is */
    int64_t kept, largest;
} counter;

static td_status start(td_call *c, uint32_t values, counter *k)
{
    *k = (counter){ .c = c, .a = c->attrs, .values = td_in(c, values), .weights = td_in(c, values + 1) };
    k->weights = td_in(c, c->n_in - 1);
    k->n = td_shape_count(&k->values->shape);
    k->has_weights = td_shape_count(&k->weights->shape) > 0;
    if (k->has_weights && !td_shape_equal(&k->values->shape, &k->weights->shape)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Weights and values must have the same shape. Weight shape: %s; values shape: %s",
                         td_shape_text(&k->weights->shape, a, sizeof a),
                         td_shape_text(&k->values->shape, b, sizeof b));
    }
    TD_TRY(td_text_rooms(c, (size_t)k->n, sizeof *k->pairs, &k->pairs));
    return td_text_rooms(c, (size_t)k->n, sizeof *k->from, &k->from);
}

static td_status check_rows(const td_call *c, int64_t rows)
{
    if (rows > 0 && rows <= INT32_MAX) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Cannot allocate %" PRId64 " batches, is the dense shape too wide?",
                     rows);
}

/* Element i of values is in that row. */
static td_status count_one(counter *k, int64_t row, int64_t i)
{
    const int64_t v = td_tensor_int(k->values, (size_t)i);

    if (v < 0) return TD_OP_ERR(k->c, INVALID_ARGUMENT, "Input values must all be non-negative");
    if (v == INT64_MAX && k->a->max < 0)
        return TD_OP_ERR(k->c, INVALID_ARGUMENT, "%" PRId64 " is too large to be counted", v);
    if (k->a->max >= 0 && v >= k->a->max) return NULL;
    k->largest = TD_MAX(k->largest, v);
    k->pairs[k->kept] = (pair){ row, v };
    k->from[k->kept++] = i;
    return NULL;
}

static bool same(const counter *k, int64_t a, int64_t b)
{
    return k->pairs[a].row == k->pairs[b].row && k->pairs[a].number == k->pairs[b].number;
}

/* The sum of pairs order[i .. to), which are equal. */
static void put_sum(const counter *k, const int64_t *order, int64_t i, int64_t to, int64_t at)
{
    const td_dtype dtype = k->weights->dtype;
    const size_t elem = td_dtype_size(dtype);
    td_combine_fn *const add = td_combine_find(TD_COMBINE_ADD, dtype);
    const pair *const p = &k->pairs[order[i]];
    const int64_t index[] = { p->row, p->number };
    char sum[16];

    td_number_put(dtype, k->a->is_binary ? 1 : k->has_weights ? 0 : (double)(to - i), sum);
    for (; k->has_weights && !k->a->is_binary && i < to; i++)
        add(sum, (const char *)k->weights->data + (size_t)k->from[order[i]] * elem, 1, 1);
    td_sparse_put(k->c, 0, 1, at, index + (k->rows < 0), k->rows < 0 ? 1 : 2, sum);
}

static td_status finish(counter *k)
{
    const int64_t rank = k->rows < 0 ? 1 : 2,
                  columns = k->a->max >= 0 ? k->a->max : TD_MAX(k->largest + 1, k->a->min);
    const int64_t *const order = td_sparse_order(k->c, &k->pairs->row, k->kept, 2);
    int64_t n = 0;

    if (!order) return TD_OP_ERR(k->c, RESOURCE_EXHAUSTED, "out of memory");
    for (int64_t i = 0; i < k->kept; i++)
        n += i == 0 || !same(k, order[i - 1], order[i]);
    TD_TRY(td_sparse_make(k->c, 0, 1, n, rank));
    for (int64_t i = 0, to, at = 0; i < k->kept; i = to) {
        for (to = i + 1; to < k->kept && same(k, order[i], order[to]);)
            to++;
        put_sum(k, order, i, to, at++);
    }
    return td_sparse_put_dims(k->c, 2, (int64_t[]){ k->rows, columns } + (k->rows < 0), rank);
}

/* values, weights */
static td_status dense_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    char text[TD_SHAPE_TEXT];
    counter k;

    if (s->rank != 1 && s->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be a 1 or 2-dimensional tensor. Got: %s",
                         td_shape_text(s, text, sizeof text));
    if (s->rank == 2) TD_TRY(check_rows(c, s->dims[0]));
    TD_TRY(start(c, 0, &k));
    k.rows = s->rank == 1 ? -1 : s->dims[0];
    for (int64_t i = 0; i < k.n; i++)
        TD_TRY(count_one(&k, s->rank == 1 ? 0 : i / s->dims[1], i));
    return finish(&k);
}

/* indices, values, dense_shape, weights */
static td_status sparse_run(td_call *c)
{
    td_sparse s;
    counter k;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    TD_TRY(td_sparse_check(c, &s));
    if (s.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The shape argument requires at least one element.");
    if (s.rank > 1) TD_TRY(check_rows(c, s.dims[0]));
    TD_TRY(start(c, 1, &k));
    k.rows = s.rank == 1 ? -1 : s.dims[0];
    for (int64_t i = 0; i < k.n; i++)
        TD_TRY(count_one(&k, s.rank == 1 ? 0 : s.index[i * s.rank], i));
    return finish(&k);
}

static td_status check_splits(const td_call *c, int64_t n)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const int64_t *const splits = td_in(c, 0)->data, rows = td_shape_count(s) - 1;

    if (rows < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Must provide at least 2 elements for the splits argument");
    if (splits[0] != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Splits must start with 0, not with %" PRId64, splits[0]);
    if (splits[rows] != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Splits must end with the number of values, got %" PRId64 " instead of %" PRId64,
                         splits[rows], n);
    return NULL;
}

/* splits, values, weights */
static td_status ragged_run(td_call *c)
{
    const int64_t *const splits = td_in(c, 0)->data;
    int64_t row = 0;
    counter k;

    TD_TRY(start(c, 1, &k));
    TD_TRY(check_splits(c, k.n));
    k.rows = td_shape_count(&td_in(c, 0)->shape) - 1;
    for (int64_t i = 0; i < k.n; i++) {
        while (splits[row + 1] <= i) /* the last is n: it ends */
            row++;
        TD_TRY(count_one(&k, row, i));
    }
    return finish(&k);
}

TD_RUN_KERNEL(dense_kernels, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64), dense_run);
TD_RUN_KERNEL(sparse_kernels, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64), sparse_run);
TD_RUN_KERNEL(ragged_kernels, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64), ragged_run);

#define COUNT(op, in, kernels_)                                                                              \
    {                                                                                                        \
        .name = op,                                                                                          \
        .sig = in ", weights: output_type -> output_indices: int64, output_values: output_type, "            \
                  "output_dense_shape: int64",                                                               \
        .attrs = "T: type, minlength: int = -1, maxlength: int = -1, binary_output: bool, "                  \
                 "output_type: type",                                                                        \
        .key = "T", .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(count_attrs), .parse = count_parse,         \
        .kernels = kernels_                                                                                  \
    }

const td_op td_ops_sparse_count[] = {
    COUNT("DenseCountSparseOutput", "values: T", dense_kernels),
    COUNT("SparseCountSparseOutput", "indices: int64, values: T, dense_shape: int64", sparse_kernels),
    COUNT("RaggedCountSparseOutput", "splits: int64, values: T", ragged_kernels),
    { 0 },
};
