/* SPDX-License-Identifier: Apache-2.0 */
/* matrices.h -- batches of matrices, as decompositions see them: the last two dimensions, one after the other, widened
 * to double or pairs of it and turned to run by columns. */
#ifndef TD_OPS_LINALG_MATRICES_H
#define TD_OPS_LINALG_MATRICES_H

#include "kernels/lapack/lapack.h"
#include "ops/op.h"

typedef struct td_matrices {
    size_t count, rows, cols;
} td_matrices;

/* infer: the last two dimensions of input i; INVALID_ARGUMENT below rank 2, or beyond what LAPACK counts. */
TD_MUST_USE td_status td_matrices_of(td_call *c, uint32_t i, td_matrices *m);
/* The same of those that must be square. */
TD_MUST_USE td_status td_matrices_square(td_call *c, uint32_t i, td_matrices *m);
/* Input i's shape with other last dimensions; cols -1: one dimension instead of two. */
td_shape td_matrices_shape(const td_call *c, uint32_t i, size_t rows, int64_t cols);

/* UNAVAILABLE without LAPACK. */
TD_MUST_USE td_status td_matrices_ready(td_call *c);

bool td_is_complex(td_dtype dtype);
/* Numbers of a matrix's element: 2 of a complex one. */
size_t td_parts_of(td_dtype dtype);

/* Matrix `index` of t, [rows, cols], to columns; and back. to_complex: real ones become complex. */
void td_matrix_load(double *to, const td_tensor *t, size_t index, size_t rows, size_t cols, bool to_complex);
/* from_complex: of a real type, the real parts. ld: rows that a column of `from` has. */
void td_matrix_store(td_tensor *t, size_t index, const double *from, size_t ld, size_t rows, size_t cols,
                     bool from_complex);

/* The sum of sizes, in doubles, of arrays in scratch; each is aligned. */
typedef struct td_scratch {
    char *at;
    size_t size;
} td_scratch;

/* The next `n` doubles; NULL while sizes are counted (at is NULL). */
double *td_scratch_take(td_scratch *s, size_t n);

#endif
