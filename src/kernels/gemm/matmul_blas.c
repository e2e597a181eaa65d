/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_blas.c -- double and complex products through OpenBLAS where it is there and takes the strides. */
#include "base/macros.h"
#include "device/stop.h"
#include "kernels/blas/blas.h"
#include "kernels/gemm/matmul.h"

/* Below this many multiplications the plain loops are done before a library call pays. */
enum { BLAS_WORK = 4096 };

/* One call does so much at most, but no fewer rows: runs are stopped between calls. */
enum { MOST_WORK = 1 << 29, LEAST_ROWS = 64 };

/* A [rows, cols] operand as BLAS sees it: row-major or its transpose. */
static bool as_blas(size_t rows, size_t cols, size_t by_row, size_t by_col, bool conj, td_blas_op *op,
                    size_t *ld)
{
    if (by_row == 1 && (by_col >= rows || cols == 1)) {
        *op = conj ? TD_BLAS_ADJOINT : TD_BLAS_TRANSPOSED;
        *ld = TD_MAX(by_col, rows);
        return true;
    }
    *op = TD_BLAS_PLAIN;
    *ld = TD_MAX(by_row, cols);
    return !conj && by_col == 1 && (by_row >= cols || rows == 1);
}

static bool by_blas(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                    bool conj_b)
{
    td_blas_op op_a, op_b;
    size_t lda, ldb;

    if (type != TD_F64 && type != TD_C64 && type != TD_C128) return false;
    if ((double)p->m * (double)p->n * (double)p->k < BLAS_WORK) return false;
    if (!as_blas(p->m, p->k, p->a_m, p->a_k, conj_a, &op_a, &lda)) return false;
    if (!as_blas(p->k, p->n, p->b_k, p->b_n, conj_b, &op_b, &ldb)) return false;
    if (p->c_m < p->n && p->m > 1) return false;
    const size_t size = td_dtype_size(type), rows = TD_MAX(LEAST_ROWS, MOST_WORK / (p->n * p->k));

    for (size_t row = 0; row < p->m && !(row > 0 && td_stop_asked()); row += rows)
        if (!td_blas_gemm(type, op_a, op_b, TD_MIN(rows, p->m - row), p->n, p->k,
                          (const char *)a + row * p->a_m * size, lda, b, ldb, (char *)c + row * p->c_m * size,
                          TD_MAX(p->c_m, p->n)))
            return false;
    return true;
}

void td_matmul_wide(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                    bool conj_b)
{
    const size_t size = td_dtype_size(type);
    td_matmul one = *p;
    size_t count = 1;

    one.n_batch = 0;
    for (int i = 0; i < p->n_batch; i++)
        count *= p->batch[i];
    for (size_t e = 0; e < count; e++) {
        const char *at_a = a, *at_b = b;
        char *at_c = c;
        size_t index = e;
        for (int i = p->n_batch - 1; i >= 0; i--) {
            const size_t at = index % p->batch[i];
            index /= p->batch[i];
            at_a += at * p->a_batch[i] * size;
            at_b += at * p->b_batch[i] * size;
            at_c += at * p->c_batch[i] * size;
        }
        if (!by_blas(&one, type, at_c, at_a, at_b, conj_a, conj_b))
            td_matmul_ref(&one, type, at_c, at_a, at_b, conj_a, conj_b);
    }
}
