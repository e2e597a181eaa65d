/* SPDX-License-Identifier: Apache-2.0 */
/* dense.c -- see dense.h. */
#include "kernels/lapack/dense.h"

#include <string.h>

#include "base/complex.h"

typedef double complex number;

/* Element (i, j) of op(a), which has ld rows as it lies. */
static number at(bool is_complex, td_dense_op op, const double *a, size_t ld, size_t i, size_t j)
{
    const size_t place = op == TD_DENSE_PLAIN ? j * ld + i : i * ld + j;

    if (!is_complex) return CMPLX(a[place], 0);
    return CMPLX(a[2 * place], op == TD_DENSE_PLAIN ? a[2 * place + 1] : -a[2 * place + 1]);
}

static void mul_real(td_dense_op op_a, td_dense_op op_b, size_t m, size_t n, size_t k, const double *a,
                     const double *b, double *c)
{
    const size_t a_row = op_a == TD_DENSE_PLAIN ? 1 : k, a_col = op_a == TD_DENSE_PLAIN ? m : 1;

    memset(c, 0, m * n * sizeof *c);
    for (size_t j = 0; j < n; j++)
        for (size_t l = 0; l < k; l++) {
            const double v = op_b == TD_DENSE_PLAIN ? b[j * k + l] : b[l * n + j];

            for (size_t i = 0; i < m; i++)
                c[j * m + i] += a[i * a_row + l * a_col] * v;
        }
}

void td_dense_mul(bool is_complex, td_dense_op op_a, td_dense_op op_b, size_t m, size_t n, size_t k,
                  const double *a, const double *b, double *c)
{
    if (!is_complex) {
        mul_real(op_a, op_b, m, n, k, a, b, c);
        return;
    }
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++) {
            number sum = 0;

            for (size_t l = 0; l < k; l++)
                sum += at(true, op_a, a, op_a == TD_DENSE_PLAIN ? m : k, i, l) *
                       at(true, op_b, b, op_b == TD_DENSE_PLAIN ? k : n, l, j);
            c[2 * (j * m + i)] = creal(sum);
            c[2 * (j * m + i) + 1] = cimag(sum);
        }
}

void td_dense_solve(bool is_complex, bool lower, bool adjoint, size_t n, size_t k, const double *a, double *b)
{
    const td_dense_op op = adjoint ? TD_DENSE_ADJOINT : TD_DENSE_PLAIN;
    const bool forward = lower != adjoint;
    const size_t parts = is_complex ? 2 : 1;

    for (size_t j = 0; j < k; j++)
        for (size_t step = 0; step < n; step++) {
            const size_t i = forward ? step : n - 1 - step;
            const size_t begin = forward ? 0 : i + 1, end = forward ? i : n;
            number sum = at(is_complex, TD_DENSE_PLAIN, b, n, i, j);

            for (size_t l = begin; l < end; l++)
                sum -= at(is_complex, op, a, n, i, l) * at(is_complex, TD_DENSE_PLAIN, b, n, l, j);
            sum /= at(is_complex, op, a, n, i, i);
            b[(j * n + i) * parts] = creal(sum);
            if (is_complex) b[2 * (j * n + i) + 1] = cimag(sum);
        }
}
