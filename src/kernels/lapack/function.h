/* SPDX-License-Identifier: Apache-2.0 */
/* function.h -- functions of square complex matrices, column by column. */
#ifndef TD_KERNELS_LAPACK_FUNCTION_H
#define TD_KERNELS_LAPACK_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>

typedef enum td_matrix_function { TD_MATRIX_EXP, TD_MATRIX_LOG, TD_MATRIX_SQRT } td_matrix_function;

/* Bytes of work for matrices of n rows. */
size_t td_matrix_function_work(size_t n);
/* a[n][n], finite, becomes f(a). False: LAPACK found no Schur form. Needs td_lapack_open() for all but TD_MATRIX_EXP. */
bool td_matrix_function_run(td_matrix_function f, size_t n, double *a, void *work);

#endif
