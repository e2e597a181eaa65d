/* SPDX-License-Identifier: Apache-2.0 */
/* op_cross.c -- SparseCross, SparseCrossV2, SparseCrossHashed: all combinations of the features of each row of sparse
 * matrices, then dense ones, as a sparse matrix. See cross.h. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/sparse/cross.h"
#include "ops/strings.h"

typedef struct cross_attrs {
    size_t n_sparse, n_dense;
    bool is_hashed;
    uint64_t buckets, key; /* SparseCross */
} cross_attrs;

/* Columns are strings or, unless only_strings, int64. */
static td_status types_parse(td_parse *p, const char *name, bool only_strings, size_t *n)
{
    const td_attr_value *types;

    *n = td_attr_list(p, name, &types);
    for (size_t i = 0; i < *n; i++)
        if (types[i].u.type != TD_STRING && (types[i].u.type != TD_I64 || only_strings))
            return TD_ERR(INVALID_ARGUMENT, "%s: a column of %s", p->node->name,
                          td_dtype_name(types[i].u.type));
    return NULL;
}

static td_status columns_parse_of(td_parse *p, bool only_strings)
{
    cross_attrs *const a = p->attrs;

    TD_TRY(types_parse(p, "sparse_types", only_strings, &a->n_sparse));
    if ((int64_t)a->n_sparse != td_attr_int(p, "N"))
        return TD_ERR(INVALID_ARGUMENT, "%s: sparse_types has %zu types", p->node->name, a->n_sparse);
    return types_parse(p, "dense_types", only_strings, &a->n_dense);
}

static td_status columns_parse(td_parse *p)
{
    return columns_parse_of(p, false);
}

static td_status cross_parse(td_parse *p)
{
    cross_attrs *const a = p->attrs;
    const td_dtype out = td_attr_type(p, "out_type");

    TD_TRY(columns_parse_of(p, td_attr_type(p, "internal_type") == TD_STRING));
    a->buckets = (uint64_t)td_attr_int(p, "num_buckets");
    a->key = (uint64_t)td_attr_int(p, "hash_key");
    if (td_attr_int(p, "num_buckets") < 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: num_buckets must be at least 0", p->node->name);
    if (out != TD_I64 && out != TD_STRING)
        return TD_ERR(INVALID_ARGUMENT, "%s: an output of %s", p->node->name, td_dtype_name(out));
    a->is_hashed = out == TD_I64;
    return NULL;
}

static td_status hashed_parse(td_parse *p)
{
    ((cross_attrs *)p->attrs)->is_hashed = true;
    return columns_parse(p);
}

/* ---------------------------------------------------------------- columns: sparse, then dense */

static int64_t rows_of(const td_call *c, size_t n_sparse, size_t i)
{
    const td_tensor *const t = td_in(c, (uint32_t)(2 * n_sparse + i));

    return i < n_sparse ? *(const int64_t *)t->data : t->shape.dims[0];
}

static td_status check_columns(td_cross *x)
{
    const uint32_t n = (uint32_t)((const cross_attrs *)x->c->attrs)->n_sparse;

    for (uint32_t i = 0; i < x->n; i++) {
        if (i < n)
            TD_TRY(td_cross_check_sparse(td_in(x->c, i), td_in(x->c, n + i), td_in(x->c, 2 * n + i)));
        else if (td_in(x->c, 2 * n + i)->shape.rank != 2)
            return TD_ERR(INVALID_ARGUMENT, "Dense inputs should be a matrix");
        const int64_t rows = rows_of(x->c, n, i);

        if (i == 0) x->rows = rows;
        if (rows != x->rows)
            return TD_ERR(INVALID_ARGUMENT, "Expected batch size %" PRId64 " got %" PRId64 " at column %u",
                          x->rows, rows, i);
    }
    return NULL;
}

/* Elements in the order of their rows; those that come too late are nobody's. */
static void sparse_starts(const td_cross *x, size_t column, const td_tensor *values, const td_tensor *index)
{
    const int64_t n = index->shape.dims[0];
    const int64_t *const at = index->data;
    int64_t i = 0, *const starts = x->columns[column].starts;

    x->columns[column].values = values;
    for (int64_t r = 0; r < x->rows; r++) {
        starts[r] = i;
        while (i < n && at[2 * i] == r)
            i++;
    }
    starts[x->rows] = i;
}

static td_status make_columns(td_cross *x)
{
    const uint32_t n = (uint32_t)((const cross_attrs *)x->c->attrs)->n_sparse;

    TD_TRY(check_columns(x));
    TD_TRY(td_cross_make(x));
    for (uint32_t i = 0; i < x->n; i++) {
        if (i < n)
            sparse_starts(x, i, td_in(x->c, n + i), td_in(x->c, i));
        else
            td_cross_dense(x, i, td_in(x->c, 2 * n + i));
    }
    return NULL;
}

/* ---------------------------------------------------------------- all combinations */

static td_status make_outputs(const td_cross *x)
{
    int64_t total = 0, longest = 0, count = 0;

    for (int64_t r = 0; r < x->rows; r++) {
        TD_TRY(td_cross_count(x, r, &count));
        if (!td_add_i64(total, count, &total)) return TD_ERR(RESOURCE_EXHAUSTED, "too many combinations");
        longest = TD_MAX(longest, count);
    }
    const td_shape s = { 2, { total, 2 } };
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(x->c, 0, &s));
    TD_TRY(td_out_make(x->c, 1, &(td_shape){ 1, { total } }));
    TD_TRY(td_out_make(x->c, 2, &(td_shape){ 1, { 2 } }));
    int64_t *const dims = td_out(x->c, 2)->data;
    dims[0] = x->rows;
    dims[1] = longest;
    return NULL;
}

static td_status cross_all(td_cross *x)
{
    int64_t at = 0, count = 0;

    TD_TRY(make_columns(x));
    TD_TRY(make_outputs(x));
    int64_t *index = td_out(x->c, 0)->data;
    for (int64_t r = 0; r < x->rows; r++, at += count) {
        TD_TRY(td_cross_count(x, r, &count));
        for (int64_t k = 0; k < count; k++) {
            *index++ = r;
            *index++ = k;
        }
        TD_TRY(td_cross_put(x, r, count, td_out(x->c, 1), at));
    }
    return NULL;
}

static td_cross start(td_call *c)
{
    const cross_attrs *const a = c->attrs;

    return (
        td_cross){ .c = c, .n = a->n_sparse + a->n_dense, .is_hashed = a->is_hashed, .sep = { "_X_", 3 } };
}

static td_status cross_run(td_call *c)
{
    td_cross x = start(c);

    x.has_first = true;
    x.first = ((const cross_attrs *)c->attrs)->key;
    x.buckets = ((const cross_attrs *)c->attrs)->buckets;
    return cross_all(&x);
}

static td_status cross_v2_run(td_call *c)
{
    td_cross x = start(c);

    TD_TRY(td_text_scalar(c, c->n_in - 1, "Input separator", &x.sep));
    return cross_all(&x);
}

static td_status hashed_run(td_call *c)
{
    const uint32_t at = c->n_in - 3;
    td_cross x = start(c);

    if (td_in(c, at)->shape.rank != 0 || td_in(c, at + 1)->shape.rank != 0 ||
        td_shape_count(&td_in(c, at + 2)->shape) != 2)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: num_buckets and strong_hash must be scalars, salt must be two numbers", c->node);
    const int64_t buckets = *(const int64_t *)td_in(c, at)->data;
    x.buckets = buckets > 0 ? (uint64_t)buckets : 0;
    x.is_strong = *(const uint8_t *)td_in(c, at + 1)->data != 0;
    memcpy(x.salt, td_in(c, at + 2)->data, sizeof x.salt);
    return cross_all(&x);
}

TD_RUN_KERNEL(cross_kernels, 0, cross_run);
TD_RUN_KERNEL(cross_v2_kernels, 0, cross_v2_run);
TD_RUN_KERNEL(hashed_kernels, 0, hashed_run);

#define COLUMNS "indices: N*int64, values: sparse_types, shapes: N*int64, dense_inputs: dense_types"

const td_op td_ops_cross[] = {
    { .name = "SparseCross",
      .sig = COLUMNS " -> output_indices: int64, output_values: out_type, output_shape: int64",
      .attrs = "N: int, hashed_output: bool, num_buckets: int, hash_key: int, sparse_types: list(type), "
               "dense_types: list(type), out_type: type, internal_type: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = cross_parse,
      .kernels = cross_kernels },
    { .name = "SparseCrossV2",
      .sig = COLUMNS ", sep: string -> output_indices: int64, output_values: string, output_shape: int64",
      .attrs = "N: int, sparse_types: list(type), dense_types: list(type)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = columns_parse,
      .kernels = cross_v2_kernels },
    { .name = "SparseCrossHashed",
      .sig = COLUMNS ", num_buckets: int64, strong_hash: bool, salt: int64 -> output_indices: int64, "
                     "output_values: int64, output_shape: int64",
      .attrs = "N: int, sparse_types: list(type), dense_types: list(type)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = hashed_parse,
      .kernels = hashed_kernels },
    { 0 },
};
