/* SPDX-License-Identifier: Apache-2.0 */
/* op_csr.c -- CSRSparseMatrix from sparse and dense tensors and back, its parts, its transpose. See csr.h. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/sparse/csr.h"
#include "ops/sparse/sparse.h"

typedef struct csr_attrs {
    td_dtype type;
    bool conjugates;
} csr_attrs;

static td_status csr_parse(td_parse *p)
{
    ((csr_attrs *)p->attrs)->type = td_attr_type(p, "type");
    return NULL;
}

static td_status transpose_parse(td_parse *p)
{
    ((csr_attrs *)p->attrs)->conjugates = td_attr_bool(p, "conjugate");
    return csr_parse(p);
}

/* Input i, of the type that the node names. */
static td_status matrix_in(td_call *c, td_bag **bag, td_csr *m)
{
    TD_TRY(td_csr_in(c, 0, bag, m));
    return td_csr_check_type(c, m, ((const csr_attrs *)c->attrs)->type);
}

/* ---------------------------------------------------------------- from others */

/* Where the elements of a matrix come from: rows of indices [n, rank] in the order of their matrices. */
typedef struct source {
    const int64_t *index;
    int64_t n;
    td_shape shape;
    td_dtype dtype;
} source;

static td_status check_source(const td_call *c, const source *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t *const at = s->index + i * s->shape.rank;

        for (int k = 0; k < s->shape.rank; k++)
            if (at[k] < 0 || at[k] >= s->shape.dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Sparse index tuple indices[%" PRId64 ", :] is out of bounds", i);
        if (s->shape.rank == 3 && i && at[0] < at[-3])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 ", :] is of a matrix before the last",
                             i);
    }
    return NULL;
}

/* All but the values. Within a matrix, TensorFlow takes elements as they come, whatever their rows. */
static td_status from_source(td_call *c, const source *s, td_bag **bag, td_csr *m)
{
    const int rank = s->shape.rank;

    TD_TRY(check_source(c, s));
    TD_TRY(td_csr_make(c, s->dtype, &s->shape, s->n, bag, m));
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t *const at = s->index + i * rank, b = rank == 3 ? at[0] : 0;

        m->batch[b + 1]++;
        m->row[b * (m->rows + 1) + at[rank - 2] + 1]++;
        m->col[i] = (int32_t)at[rank - 1];
    }
    for (int64_t b = 0; b < m->batches; b++) {
        m->batch[b + 1] += m->batch[b];
        for (int64_t r = 0; r < m->rows; r++)
            m->row[b * (m->rows + 1) + r + 1] += m->row[b * (m->rows + 1) + r];
    }
    return NULL;
}

/* indices, values, dense_shape */
static td_status from_sparse_run(td_call *c)
{
    td_bag *bag = NULL;
    td_sparse s;
    td_csr m;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    if (s.rank != 2 && s.rank != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "SparseTensor must have rank 2 or 3; but indices has rank: %" PRId64, s.rank);
    source from = { .index = s.index, .n = s.n, .dtype = s.values->dtype };

    TD_TRY(td_shape_make(s.rank, s.dims, &from.shape));
    TD_TRY(from_source(c, &from, &bag, &m));
    if (s.n) memcpy(m.values, s.values->data, td_tensor_bytes(s.values));
    return td_bag_put(c, 0, bag);
}

static td_status check_dense(const td_call *c)
{
    const td_shape *const dense = &td_in(c, 0)->shape, *const index = &td_in(c, 1)->shape;
    char text[TD_SHAPE_TEXT];

    if (dense->rank != 2 && dense->rank != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "params must have rank == 2 or 3; but saw shape: %s",
                         td_shape_text(dense, text, sizeof text));
    if (index->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "indices must be a matrix, but saw shape: %s",
                         td_shape_text(index, text, sizeof text));
    if (index->dims[1] != dense->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "indices.shape[1] must be equal to the rank of params, but saw: %" PRId64 " vs. %d",
                         index->dims[1], (int)dense->rank);
    return NULL;
}

/* dense_input, indices: of the elements that are there */
static td_status from_dense_run(td_call *c)
{
    const td_tensor *const dense = td_in(c, 0), *const index = td_in(c, 1);
    const size_t elem = td_dtype_size(dense->dtype);
    int64_t strides[TD_MAX_RANK];
    td_bag *bag = NULL;
    td_csr m;

    TD_TRY(check_dense(c));
    const source from = { index->data, index->shape.dims[0], dense->shape, dense->dtype };

    TD_TRY(from_source(c, &from, &bag, &m));
    td_shape_strides(&dense->shape, strides);
    for (int64_t i = 0; i < m.n; i++) {
        int64_t at = 0;

        for (int k = 0; k < dense->shape.rank; k++)
            at += from.index[i * dense->shape.rank + k] * strides[k];
        memcpy(m.values + (size_t)i * elem, (const char *)dense->data + (size_t)at * elem, elem);
    }
    return td_bag_put(c, 0, bag);
}

/* ---------------------------------------------------------------- to others */

static td_status to_sparse_run(td_call *c)
{
    td_csr m;

    TD_TRY(matrix_in(c, NULL, &m));
    const int rank = m.shape.rank;

    TD_TRY(td_sparse_make(c, 0, 1, m.n, rank));
    for (int64_t b = 0; b < m.batches; b++)
        for (int64_t r = 0; r < m.rows; r++)
            for (int64_t e = td_csr_at(&m, b, r); e < td_csr_at(&m, b, r + 1); e++) {
                const int64_t index[] = { b, r, m.col[e] };

                td_sparse_put(c, 0, 1, e, index + 3 - rank, rank,
                              m.values + (size_t)e * td_dtype_size(m.dtype));
            }
    return td_sparse_put_dims(c, 2, m.shape.dims, rank);
}

/* Of elements at one place, the last stays. */
static td_status to_dense_run(td_call *c)
{
    td_csr m;

    TD_TRY(matrix_in(c, NULL, &m));
    TD_TRY(td_shape_check(&m.shape));
    TD_TRY(td_out_make(c, 0, &m.shape));
    if (!td_out_is_used(c, 0) || !td_tensor_bytes(td_out(c, 0))) return NULL;
    const size_t elem = td_dtype_size(m.dtype);
    char *const out = td_out(c, 0)->data;

    memset(out, 0, td_tensor_bytes(td_out(c, 0)));
    for (int64_t b = 0; b < m.batches; b++)
        for (int64_t r = 0; r < m.rows; r++)
            for (int64_t e = td_csr_at(&m, b, r); e < td_csr_at(&m, b, r + 1); e++)
                memcpy(out + (size_t)((b * m.rows + r) * m.cols + m.col[e]) * elem,
                       m.values + (size_t)e * elem, elem);
    return NULL;
}

/* csr_sparse_matrix, index: of the matrix in its batch */
static td_status components_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 1);
    td_csr m;

    TD_TRY(matrix_in(c, NULL, &m));
    if (index->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "index should be a scalar");
    const int64_t b = *(const int32_t *)index->data;

    if (b < 0 || b >= m.batches)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "index (%" PRId64 ") not in [0, %" PRId64 ")", b, m.batches);
    const int64_t at = m.batch[b], n = m.batch[b + 1] - at;
    const size_t elem = td_dtype_size(m.dtype);

    TD_TRY(td_out_set(c, 0, &(td_tensor){ TD_I32, { 1, { m.rows + 1 } }, m.row + b * (m.rows + 1), NULL }));
    TD_TRY(td_out_set(c, 1, &(td_tensor){ TD_I32, { 1, { n } }, m.col + at, NULL }));
    return td_out_set(c, 2, &(td_tensor){ m.dtype, { 1, { n } }, m.values + (size_t)at * elem, NULL });
}

static td_status nnz_run(td_call *c)
{
    td_csr m;

    TD_TRY(td_csr_in(c, 0, NULL, &m));
    TD_TRY(td_out_make(c, 0, m.shape.rank == 3 ? &(td_shape){ 1, { m.batches } } : &(td_shape){ 0 }));
    for (int64_t b = 0; td_out_is_used(c, 0) && b < m.batches; b++)
        ((int32_t *)td_out(c, 0)->data)[b] = m.batch[b + 1] - m.batch[b];
    return NULL;
}

static td_status transpose_run(td_call *c)
{
    td_bag *bag = NULL;
    td_csr m, out;

    TD_TRY(matrix_in(c, NULL, &m));
    TD_TRY(td_csr_transpose(c, &m, ((const csr_attrs *)c->attrs)->conjugates, &bag, &out));
    return td_bag_put(c, 0, bag);
}

TD_RUN_KERNEL(from_sparse_kernels, TD_CSR_TYPES, from_sparse_run);
TD_RUN_KERNEL(from_dense_kernels, TD_CSR_TYPES, from_dense_run);
TD_RUN_KERNEL(to_sparse_kernels, TD_CSR_TYPES, to_sparse_run);
TD_RUN_KERNEL(to_dense_kernels, TD_CSR_TYPES, to_dense_run);
TD_RUN_KERNEL(components_kernels, TD_CSR_TYPES, components_run);
TD_RUN_KERNEL(nnz_kernels, 0, nnz_run);
TD_RUN_KERNEL(transpose_kernels, TD_CSR_TYPES, transpose_run);

#define TYPED                                                                                                \
    .attrs = "type: type", .key = "type", .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(csr_attrs),           \
    .parse = csr_parse

const td_op td_ops_csr[] = {
    { .name = "SparseTensorToCSRSparseMatrix",
      .sig = "indices: int64, values: T, dense_shape: int64 -> sparse_matrix: variant",
      .attrs = "T: type",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = from_sparse_kernels },
    { .name = "DenseToCSRSparseMatrix",
      .sig = "dense_input: T, indices: int64 -> sparse_output: variant",
      .attrs = "T: type",
      .flags = TD_OP_DYNAMIC,
      .kernels = from_dense_kernels },
    { .name = "CSRSparseMatrixToSparseTensor",
      .sig = "sparse_matrix: variant -> indices: int64, values: type, dense_shape: int64",
      .kernels = to_sparse_kernels,
      TYPED },
    { .name = "CSRSparseMatrixToDense",
      .sig = "sparse_input: variant -> dense_output: type",
      .kernels = to_dense_kernels,
      TYPED },
    { .name = "CSRSparseMatrixComponents",
      .sig = "csr_sparse_matrix: variant, index: int32 -> row_ptrs: int32, col_inds: int32, values: type",
      .kernels = components_kernels,
      TYPED },
    { .name = "SparseMatrixNNZ",
      .sig = "sparse_matrix: variant -> nnz: int32",
      .attrs = "",
      .flags = TD_OP_DYNAMIC,
      .kernels = nnz_kernels },
    { .name = "SparseMatrixTranspose",
      .sig = "input: variant -> output: variant",
      .attrs = "conjugate: bool = false, type: type",
      .key = "type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(csr_attrs),
      .parse = transpose_parse,
      .kernels = transpose_kernels },
    { 0 },
};
