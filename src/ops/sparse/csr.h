/* SPDX-License-Identifier: Apache-2.0 */
/* csr.h -- CSRSparseMatrix, a matrix or a batch of them in compressed rows, in one variant.
 *
 * The elements of all matrices lie one after another, row by row:
 *
 *     batch  [batches + 1]         where a matrix begins among the elements, and the last one ends
 *     row    [batches, rows + 1]   where a row begins, counted from the begin of its matrix
 *     col    [n]                   the column of an element
 *     values [n]
 *
 * Whoever makes one sees to it that these fit each other: readers rely on it. Columns of a row may come in any order, and
 * twice, when a client sent them so. */
#ifndef TD_OPS_CSR_H
#define TD_OPS_CSR_H

#include "ops/bag.h"
#include "tensor/type_sets.h"

#define TD_CSR_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)

typedef struct td_csr {
    td_dtype dtype;
    td_shape shape; /* of rank 2 or 3 */
    int64_t batches, rows, cols, n;
    int32_t *batch, *row, *col;
    char *values;
} td_csr;

/* The parts of its bag, in TensorFlow's order. */
enum { TD_CSR_DIMS, TD_CSR_BATCH, TD_CSR_ROW, TD_CSR_COL, TD_CSR_VALUES, TD_CSR_PARTS };

/* The matrix in input i; bag: what holds it. INVALID_ARGUMENT when there is none, or of no matrices. */
TD_MUST_USE td_status td_csr_in(td_call *c, uint32_t i, td_bag **bag, td_csr *out);
/* INVALID_ARGUMENT unless its elements are of the type that the node names. */
TD_MUST_USE td_status td_csr_check_type(const td_call *c, const td_csr *m, td_dtype type);

/* A new one of n elements, whose places are still to be written; batch and row are zeros. One reference. */
TD_MUST_USE td_status td_csr_make(td_call *c, td_dtype dtype, const td_shape *shape, int64_t n, td_bag **bag,
                                  td_csr *out);
/* Each matrix transposed. One reference. */
TD_MUST_USE td_status td_csr_transpose(td_call *c, const td_csr *m, bool conjugates, td_bag **bag,
                                       td_csr *out);

/* Where row r of matrix b begins among the elements; that of r + 1 is where it ends. */
static inline int64_t td_csr_at(const td_csr *m, int64_t b, int64_t r)
{
    return (int64_t)m->batch[b] + m->row[b * (m->rows + 1) + r];
}

#endif
