/* SPDX-License-Identifier: Apache-2.0 */
/* lapack.h -- the decompositions of LAPACK, out of OpenBLAS, opened when the first is needed.
 *
 * Matrices are column by column, of double or (is_complex) of pairs of them; narrower types are widened by the caller.
 * `work` is the caller's. Functions return LAPACK's info: 0 is success. */
#ifndef TD_KERNELS_LAPACK_LAPACK_H
#define TD_KERNELS_LAPACK_LAPACK_H

#include <stdbool.h>
#include <stddef.h>

/* Is all of it there? False: no function below may be called. Any thread. */
bool td_lapack_open(void);
/* The most rows or columns: LAPACK counts in int. */
enum { TD_LAPACK_MOST = 8192 };
/* Bytes of work for QR, and for any function, of a matrix of that size. */
size_t td_lapack_qr_work(size_t rows, size_t cols);
size_t td_lapack_work(size_t rows, size_t cols);

/* a[n][n] becomes its Cholesky factor, in the lower triangle; the rest stays. */
int td_lapack_cholesky(bool is_complex, size_t n, void *a);
/* a[n][n] becomes L and U, rows swapped as pivot[] says (from 1). Positive: a zero on U's diagonal. */
int td_lapack_lu(bool is_complex, size_t n, void *a, int *pivot);
/* b[n][k] becomes the solution of a x = b; a and pivot as td_lapack_lu() left them. */
int td_lapack_lu_solve(bool is_complex, bool adjoint, size_t n, size_t k, const void *a, const int *pivot,
                       void *b);
/* a[m][n] becomes R in the upper triangle, and reflectors; tau[min(m, n)]. */
int td_lapack_qr(bool is_complex, size_t m, size_t n, void *a, void *tau, void *work);
/* a[m][cols], whose first k columns hold reflectors, becomes the first cols columns of Q. */
int td_lapack_q(bool is_complex, size_t m, size_t cols, size_t k, void *a, const void *tau, void *work);
/* s[min(m, n)], largest first; u[m][m] and vt[n][n] if is_full, else min(m, n) columns and rows; NULL: no vectors.
 * a is spoilt. Of a matrix with a number that is not finite all are NaN. */
int td_lapack_svd(bool is_complex, size_t m, size_t n, bool is_full, void *a, double *s, void *u, void *vt,
                  void *work);
/* e[n], lowest first, of a Hermitian matrix's lower triangle; a becomes its vectors, or is spoilt.
 * This one and the two below: positive of a matrix with a number that is not finite. */
int td_lapack_eigh(bool is_complex, size_t n, bool want_vectors, void *a, double *e, void *work);
/* Complex only: eigenvalues e[n], and vectors v[n][n] unless it is NULL. a is spoilt. */
int td_lapack_eig(size_t n, void *a, void *e, void *v, void *work);
/* Complex only: a becomes the Schur form T, upper triangular; a = z T z^H. */
int td_lapack_schur(size_t n, void *a, void *z, void *work);

#endif
