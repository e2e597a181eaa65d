/* SPDX-License-Identifier: Apache-2.0 */
/* dense.h -- products and triangular equations of small matrices, column by column, of double or pairs of it. */
#ifndef TD_KERNELS_LAPACK_DENSE_H
#define TD_KERNELS_LAPACK_DENSE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum td_dense_op { TD_DENSE_PLAIN, TD_DENSE_ADJOINT } td_dense_op;

/* c[m][n] = op(a)[m][k] op(b)[k][n]; c is neither of them. */
void td_dense_mul(bool is_complex, td_dense_op op_a, td_dense_op op_b, size_t m, size_t n, size_t k,
                  const double *a, const double *b, double *c);
/* b[n][k] becomes the solution of op(a) x = b, where a's lower or upper triangle counts. A zero on the diagonal
 * gives infinities or NaN. */
void td_dense_solve(bool is_complex, bool lower, bool adjoint, size_t n, size_t k, const double *a,
                    double *b);

#endif
