/* SPDX-License-Identifier: Apache-2.0 */
/* op_ragged_cross.c -- RaggedCross: all combinations of the features of each row, as a ragged matrix. Its columns are
 * ragged, sparse and dense matrices, in the order that an attribute spells. See cross.h. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/sparse/cross.h"
#include "ops/sparse/ragged.h"

typedef struct cross_attrs {
    size_t n_ragged, n_sparse, n_dense;
    td_string order; /* a letter for each column */
    bool is_hashed;
    uint64_t buckets, key;
} cross_attrs;

static td_status types_parse(td_parse *p, const char *name, uint64_t allowed, size_t *n)
{
    const td_attr_value *types;

    *n = td_attr_list(p, name, &types);
    for (size_t i = 0; i < *n; i++)
        if (!(TD_DTYPE_BIT(types[i].u.type) & allowed))
            return TD_ERR(INVALID_ARGUMENT, "%s: a column of %s", p->node->name,
                          td_dtype_name(types[i].u.type));
    return NULL;
}

/* Does the order name each column once? */
static bool is_order(const cross_attrs *a)
{
    size_t ragged = 0, sparse = 0, dense = 0;

    for (size_t i = 0; i < a->order.size; i++) {
        ragged += a->order.data[i] == 'R';
        sparse += a->order.data[i] == 'S';
        dense += a->order.data[i] == 'D';
    }
    return ragged == a->n_ragged && sparse == a->n_sparse && dense == a->n_dense &&
           ragged + sparse + dense == a->order.size;
}

static td_status cross_parse(td_parse *p)
{
    const uint64_t features = TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_STRING),
                   splits = TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_I32);
    const td_dtype out = td_attr_type(p, "out_values_type"), rows = td_attr_type(p, "out_row_splits_type");
    cross_attrs *const a = p->attrs;
    size_t n_splits, n_values;

    TD_TRY(types_parse(p, "ragged_values_types", features, &a->n_ragged));
    TD_TRY(types_parse(p, "ragged_splits_types", splits, &n_splits));
    TD_TRY(types_parse(p, "sparse_values_types", features, &n_values));
    TD_TRY(types_parse(p, "dense_types", features, &a->n_dense));
    a->n_sparse = (size_t)td_attr_int(p, "Nsparse");
    a->order = td_attr_string(p, "input_order");
    a->is_hashed = td_attr_bool(p, "hashed_output");
    a->buckets = (uint64_t)td_attr_int(p, "num_buckets");
    a->key = (uint64_t)td_attr_int(p, "hash_key");
    if (n_splits != a->n_ragged || n_values != a->n_sparse || !is_order(a))
        return TD_ERR(INVALID_ARGUMENT, "%s: numbers of columns do not fit each other", p->node->name);
    if (td_attr_int(p, "num_buckets") < 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: num_buckets must be at least 0", p->node->name);
    if (out != (a->is_hashed ? TD_I64 : TD_STRING))
        return TD_ERR(INVALID_ARGUMENT, "%s: an output of %s", p->node->name, td_dtype_name(out));
    if (!(TD_DTYPE_BIT(rows) & splits))
        return TD_ERR(INVALID_ARGUMENT, "%s: splits of %s", p->node->name, td_dtype_name(rows));
    return NULL;
}

/* ---------------------------------------------------------------- columns */

/* The next column of its kind. */
typedef struct place {
    char kind;
    const td_tensor *values, *rows; /* rows: splits, or indices */
} place;

/* Takes column after column of the inputs: all ragged values, all their splits, and so on. */
typedef struct reader {
    const td_call *c;
    const cross_attrs *a;
    uint32_t ragged, sparse, dense;
} reader;

static td_status read_ragged(reader *r, place *p, int64_t *rows)
{
    const uint32_t n = (uint32_t)r->a->n_ragged, i = r->ragged++;

    p->values = td_in(r->c, i);
    p->rows = td_in(r->c, n + i);
    if (p->values->shape.rank != 1) return TD_ERR(INVALID_ARGUMENT, "ragged_values[%u] must be a vector", i);
    if (p->rows->shape.rank != 1)
        return TD_ERR(INVALID_ARGUMENT, "ragged_row_splits[%u] must be a vector", i);
    TD_TRY(td_ragged_check(r->c, p->rows, p->values->shape.dims[0]));
    *rows = p->rows->shape.dims[0] - 1;
    return NULL;
}

static td_status read_sparse(reader *r, place *p, int64_t *rows)
{
    const uint32_t n = (uint32_t)r->a->n_sparse, at = 2 * (uint32_t)r->a->n_ragged + r->sparse++;
    const td_tensor *const shape = td_in(r->c, at + 2 * n);

    p->rows = td_in(r->c, at);
    p->values = td_in(r->c, at + n);
    TD_TRY(td_cross_check_sparse(p->rows, p->values, shape));
    *rows = *(const int64_t *)shape->data;
    return NULL;
}

static td_status read_dense(reader *r, place *p, int64_t *rows)
{
    const uint32_t i = r->dense++;

    p->values = td_in(r->c, (uint32_t)(2 * r->a->n_ragged + 3 * r->a->n_sparse) + i);
    if (p->values->shape.rank != 2) return TD_ERR(INVALID_ARGUMENT, "dense_inputs[%u] must be a matrix", i);
    *rows = p->values->shape.dims[0];
    return NULL;
}

static td_status read_column(reader *r, size_t i, place *p, int64_t *rows)
{
    p->kind = r->a->order.data[i];
    return p->kind == 'R'   ? read_ragged(r, p, rows)
           : p->kind == 'S' ? read_sparse(r, p, rows)
                            : read_dense(r, p, rows);
}

static td_status check_columns(td_cross *x, place *places)
{
    reader r = { .c = x->c, .a = x->c->attrs };

    for (size_t i = 0; i < x->n; i++) {
        int64_t rows = 0;

        TD_TRY(read_column(&r, i, &places[i], &rows));
        if (i == 0) x->rows = rows;
        if (rows != x->rows)
            return TD_ERR(INVALID_ARGUMENT,
                          "inputs must all have the same batch dimension size: %" PRId64 " vs. %" PRId64,
                          x->rows, rows);
    }
    return NULL;
}

static void ragged_starts(const td_cross *x, size_t column, const place *p)
{
    x->columns[column].values = p->values;
    for (int64_t r = 0; r <= x->rows; r++)
        x->columns[column].starts[r] = td_ragged_split(p->rows, r);
}

/* Elements are where a row begins or goes on, in the order of rows; as in TensorFlow, one whose row came before stays with
 * those next to it. */
static void sparse_starts(const td_cross *x, size_t column, const place *p)
{
    int64_t *const starts = x->columns[column].starts, row = 0, i = 0;
    const int64_t *const index = p->rows->data;

    x->columns[column].values = p->values;
    for (starts[0] = 0; i < p->rows->shape.dims[0]; i++)
        while (row < x->rows && row < index[2 * i])
            starts[++row] = i;
    while (row < x->rows)
        starts[++row] = i;
}

static td_status make_columns(td_cross *x)
{
    place *const places = TD_ARENA_NEW_N(x->c->arena, place, x->n + 1);

    TD_TRY(check_columns(x, places));
    TD_TRY(td_cross_make(x));
    for (size_t i = 0; i < x->n; i++) {
        const place *const p = &places[i];

        if (p->kind == 'R')
            ragged_starts(x, i, p);
        else if (p->kind == 'S')
            sparse_starts(x, i, p);
        else
            td_cross_dense(x, i, p->values);
    }
    return NULL;
}

/* ---------------------------------------------------------------- the result */

static td_status cross_run(td_call *c)
{
    const cross_attrs *const a = c->attrs;
    td_cross x = { .c = c,
                   .n = a->order.size,
                   .is_hashed = a->is_hashed,
                   .sep = { "_X_", 3 },
                   .has_first = true,
                   .first = a->key,
                   .buckets = a->buckets };
    int64_t end = 0, count = 0;

    TD_TRY(make_columns(&x));
    TD_TRY(td_ragged_start(c, 1, x.rows));
    for (int64_t r = 0; r < x.rows; r++) {
        TD_TRY(td_cross_count(&x, r, &count));
        TD_TRY(td_ragged_add_row(c, 1, r, count, &end));
    }
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { end } }));
    end = 0;
    for (int64_t r = 0; r < x.rows && td_out_is_used(c, 0); r++, end += count) {
        TD_TRY(td_cross_count(&x, r, &count));
        TD_TRY(td_cross_put(&x, r, count, td_out(c, 0), end));
    }
    return NULL;
}

TD_RUN_KERNEL(cross_kernels, 0, cross_run);

const td_op td_ops_ragged_cross[] = {
    { .name = "RaggedCross",
      .sig =
          "ragged_values: ragged_values_types, ragged_row_splits: ragged_splits_types, "
          "sparse_indices: Nsparse*int64, sparse_values: sparse_values_types, sparse_shape: Nsparse*int64, "
          "dense_inputs: dense_types -> output_values: out_values_type, output_row_splits: "
          "out_row_splits_type",
      .attrs = "Nsparse: int, input_order: string, hashed_output: bool, num_buckets: int, hash_key: int, "
               "ragged_values_types: list(type), ragged_splits_types: list(type), "
               "sparse_values_types: list(type), dense_types: list(type), out_values_type: type, "
               "out_row_splits_type: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = cross_parse,
      .kernels = cross_kernels },
    { 0 },
};
