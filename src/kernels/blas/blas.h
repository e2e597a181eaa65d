/* SPDX-License-Identifier: Apache-2.0 */
/* blas.h -- OpenBLAS, opened when the first double or complex product, or decomposition, needs it.
 *
 * It is told its core type (its own detection fails on CPUs newer than it) and to start no threads: callers
 * cut work themselves. */
#ifndef TD_KERNELS_BLAS_BLAS_H
#define TD_KERNELS_BLAS_BLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "tensord/dtype.h"

/* Sets the environment that OpenBLAS reads when it is opened. Call once, before there are threads. */
void td_blas_setup(void);

typedef enum td_blas_op { TD_BLAS_PLAIN, TD_BLAS_TRANSPOSED, TD_BLAS_ADJOINT } td_blas_op;

/* c[m][n] = op(a)[m][k] op(b)[k][n], row-major, of TD_F64, TD_C64 or TD_C128. False: no OpenBLAS here, or
 * sizes that it cannot count; nothing was done. Any thread. */
bool td_blas_gemm(td_dtype type, td_blas_op op_a, td_blas_op op_b, size_t m, size_t n, size_t k,
                  const void *a, size_t lda, const void *b, size_t ldb, void *c, size_t ldc);

/* Another function of the library, copied to the function pointer at fn. False: it is not there. Any thread. */
bool td_blas_find(const char *name, void *fn);

#endif
