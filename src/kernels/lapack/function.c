/* SPDX-License-Identifier: Apache-2.0 */
/* function.c -- see function.h.
 *
 * The exponential: a series for a / 2^k, squared k times. The others go by the Schur form a = Z T Z^H, T triangular:
 * the root of T by rows (Björck and Hammarling), and the logarithm as 2^k log of the 2^k-th root, which is near 1
 * (Higham, Functions of Matrices). */
#include "kernels/lapack/function.h"

#include <complex.h>
#include <math.h>
#include <string.h>

#include "kernels/lapack/dense.h"
#include "kernels/lapack/lapack.h"

typedef double complex number;

enum { TERMS = 18, LOG_TERMS = 12, MOST_ROOTS = 60 };

typedef struct space {
    number *x, *y, *z;
    void *work;
} space;

static space space_of(size_t n, void *work)
{
    number *const m = work;

    return (space){ m, m + n * n, m + 2 * n * n, m + 3 * n * n };
}

size_t td_matrix_function_work(size_t n)
{
    return 3 * n * n * sizeof(number) + td_lapack_work(n, n);
}

static void mul(size_t n, const number *a, const number *b, td_dense_op op_b, number *out)
{
    td_dense_mul(true, TD_DENSE_PLAIN, op_b, n, n, n, (const double *)a, (const double *)b, (double *)out);
}

/* The largest sum of sizes of a column, of a - shift. */
static double norm(size_t n, const number *a, double shift)
{
    double most = 0;

    for (size_t j = 0; j < n; j++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += cabs(a[j * n + i] - (i == j ? shift : 0));
        most = fmax(most, sum);
    }
    return most;
}

static void add_diagonal(size_t n, number *a, double v)
{
    for (size_t i = 0; i < n; i++)
        a[i * n + i] += v;
}

static void scale(size_t n, number *a, double v)
{
    for (size_t i = 0; i < n * n; i++)
        a[i] *= v;
}

static void exponential(size_t n, number *a, const space *s)
{
    int squares = 0;

    for (double size = norm(n, a, 0); size > 0.5 && squares < 1100; size /= 2, squares++)
        scale(n, a, 0.5);
    memset(s->x, 0, n * n * sizeof(number));
    add_diagonal(n, s->x, 1);
    for (int k = TERMS; k > 0; k--) { /* x = 1 + a x / k */
        mul(n, a, s->x, TD_DENSE_PLAIN, s->y);
        memcpy(s->x, s->y, n * n * sizeof(number));
        scale(n, s->x, 1.0 / k);
        add_diagonal(n, s->x, 1);
    }
    for (; squares > 0; squares--) {
        mul(n, s->x, s->x, TD_DENSE_PLAIN, s->y);
        memcpy(s->x, s->y, n * n * sizeof(number));
    }
    memcpy(a, s->x, n * n * sizeof(number));
}

/* T, upper triangular, becomes its principal root. */
static void root(size_t n, number *t)
{
    for (size_t j = 0; j < n; j++) {
        t[j * n + j] = csqrt(t[j * n + j]);
        for (size_t i = j; i-- > 0;) {
            number v = t[j * n + i];

            for (size_t k = i + 1; k < j; k++)
                v -= t[k * n + i] * t[j * n + k];
            const number sum = t[i * n + i] + t[j * n + j];

            t[j * n + i] = v == 0 ? 0 : v / sum;
        }
    }
}

/* T near 1 becomes its logarithm: 2 (w + w^3/3 + w^5/5 ...), w = (T - 1) / (T + 1). */
static void near_logarithm(size_t n, number *t, const space *s)
{
    memcpy(s->x, t, n * n * sizeof(number));
    add_diagonal(n, s->x, 1);
    add_diagonal(n, t, -1);
    td_dense_solve(true, false, false, n, n, (const double *)s->x, (double *)t);
    mul(n, t, t, TD_DENSE_PLAIN, s->x);
    memset(s->y, 0, n * n * sizeof(number));
    for (int k = LOG_TERMS; k >= 0; k--) { /* y = 1 / (2 k + 1) + w^2 y */
        number *const sum = s->work;

        mul(n, s->x, s->y, TD_DENSE_PLAIN, sum);
        memcpy(s->y, sum, n * n * sizeof(number));
        add_diagonal(n, s->y, 1.0 / (2 * k + 1));
    }
    mul(n, t, s->y, TD_DENSE_PLAIN, s->x);
    memcpy(t, s->x, n * n * sizeof(number));
    scale(n, t, 2);
}

static void logarithm(size_t n, number *t, const space *s)
{
    int roots = 0;

    for (; norm(n, t, 1) > 0.25 && roots < MOST_ROOTS; roots++)
        root(n, t);
    near_logarithm(n, t, s);
    scale(n, t, ldexp(1, roots));
}

bool td_matrix_function_run(td_matrix_function f, size_t n, double *a, void *work)
{
    const space s = space_of(n, work);
    number *const m = (number *)a;

    if (f == TD_MATRIX_EXP) {
        exponential(n, m, &s);
        return true;
    }
    if (td_lapack_schur(n, m, s.z, s.work) != 0) return false;
    if (f == TD_MATRIX_SQRT)
        root(n, m);
    else
        logarithm(n, m, &s);
    mul(n, s.z, m, TD_DENSE_PLAIN, s.x);
    mul(n, s.x, s.z, TD_DENSE_ADJOINT, m);
    return true;
}
