/* SPDX-License-Identifier: Apache-2.0 */
/* csr.c -- see csr.h. */
#include "ops/sparse/csr.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/sparse/sparse.h"

static const td_object_class csr_class = { .name = "CSRSparseMatrix", .free = td_bag_free };

static td_csr view_of(const td_bag *bag)
{
    const td_tensor *const t = bag->items, *const dims = &t[TD_CSR_DIMS];
    td_csr m = { .dtype = t[TD_CSR_VALUES].dtype,
                 .n = t[TD_CSR_VALUES].shape.dims[0],
                 .batch = t[TD_CSR_BATCH].data,
                 .row = t[TD_CSR_ROW].data,
                 .col = t[TD_CSR_COL].data,
                 .values = t[TD_CSR_VALUES].data };

    m.shape.rank = (int32_t)dims->shape.dims[0];
    for (int k = 0; k < m.shape.rank; k++)
        m.shape.dims[k] = td_tensor_int(dims, (size_t)k);
    m.batches = m.shape.rank == 3 ? m.shape.dims[0] : 1;
    m.rows = m.shape.dims[m.shape.rank - 2];
    m.cols = m.shape.dims[m.shape.rank - 1];
    return m;
}

td_status td_csr_in(td_call *c, uint32_t i, td_bag **bag, td_csr *out)
{
    td_bag *b = NULL;

    TD_TRY(td_bag_in(c, i, &csr_class, &b));
    *out = view_of(b);
    if (out->batches < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Variant input %u is not valid.", i);
    if (bag) *bag = b;
    return NULL;
}

td_status td_csr_check_type(const td_call *c, const td_csr *m, td_dtype type)
{
    if (m->dtype == type) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Asked for a CSRSparseMatrix of type %s but saw dtype: %s",
                     td_dtype_name(type), td_dtype_name(m->dtype));
}

static td_status add_part(td_bag *b, td_dtype dtype, int64_t n)
{
    const td_shape s = { 1, { n } };
    td_tensor *const t = &b->items[b->n];

    TD_TRY(td_shape_check(&s));
    TD_TRY(td_tensor_make(dtype, &s, t));
    b->n++;
    if (td_tensor_bytes(t)) memset(t->data, 0, td_tensor_bytes(t));
    return NULL;
}

/* All parts, zeroed. */
static td_status add_parts(td_bag *b, td_dtype dtype, const td_shape *shape, int64_t n)
{
    const int64_t batches = shape->rank == 3 ? shape->dims[0] : 1;
    int64_t rows;

    if (!td_mul_i64(batches, shape->dims[shape->rank - 2] + 1, &rows))
        return TD_ERR(RESOURCE_EXHAUSTED, "a sparse matrix of too many rows");
    TD_TRY(add_part(b, TD_I64, shape->rank));
    for (int k = 0; k < shape->rank; k++)
        td_tensor_set_int(&b->items[TD_CSR_DIMS], (size_t)k, shape->dims[k]);
    TD_TRY(add_part(b, TD_I32, batches + 1));
    TD_TRY(add_part(b, TD_I32, rows));
    TD_TRY(add_part(b, TD_I32, n));
    return add_part(b, dtype, n);
}

td_status td_csr_make(td_call *c, td_dtype dtype, const td_shape *shape, int64_t n, td_bag **bag, td_csr *out)
{
    bool fits = n <= INT32_MAX;

    for (int k = 0; k < shape->rank; k++)
        fits = fits && shape->dims[k] < INT32_MAX;
    if (!fits) return TD_OP_ERR(c, INVALID_ARGUMENT, "a sparse matrix of more than int32 can count");
    td_bag *const b = td_bag_make(&csr_class, TD_CSR_PARTS);
    const td_status s = add_parts(b, dtype, shape, n);

    if (s) {
        td_bag_unref(b);
        return s;
    }
    *bag = b;
    *out = view_of(b);
    return NULL;
}

/* Writes matrix b of `from` to `to`, whose rows are its columns and hold counts. next: where a row goes on. */
static void transpose_one(const td_csr *from, int64_t b, bool conjugates, td_csr *to, int32_t *next)
{
    const size_t elem = td_dtype_size(from->dtype);
    int32_t *const row = to->row + b * (to->rows + 1);

    for (int64_t r = 0; r < to->rows; r++)
        row[r + 1] += row[r];
    memcpy(next, row, (size_t)(to->rows + 1) * sizeof *next);
    for (int64_t r = 0; r < from->rows; r++)
        for (int64_t e = td_csr_at(from, b, r); e < td_csr_at(from, b, r + 1); e++) {
            const int64_t at = (int64_t)to->batch[b] + next[from->col[e]]++;
            char *const value = to->values + (size_t)at * elem;

            to->col[at] = (int32_t)r;
            memcpy(value, from->values + (size_t)e * elem, elem);
            if (conjugates) td_sparse_conjugate(from->dtype, value);
        }
}

td_status td_csr_transpose(td_call *c, const td_csr *m, bool conjugates, td_bag **bag, td_csr *out)
{
    int32_t *const next = td_arena_try_alloc(c->arena, (size_t)(m->cols + 1) * sizeof *next, 16);
    td_shape shape = m->shape;

    if (!next) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    shape.dims[shape.rank - 2] = m->cols;
    shape.dims[shape.rank - 1] = m->rows;
    TD_TRY(td_csr_make(c, m->dtype, &shape, m->n, bag, out));
    memcpy(out->batch, m->batch, (size_t)(m->batches + 1) * sizeof *m->batch);
    for (int64_t b = 0; b < m->batches; b++) {
        for (int64_t e = m->batch[b]; e < m->batch[b + 1]; e++)
            out->row[b * (out->rows + 1) + m->col[e] + 1]++;
        transpose_one(m, b, conjugates, out, next);
    }
    return NULL;
}
