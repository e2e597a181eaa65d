/* SPDX-License-Identifier: Apache-2.0 */
/* op_solve.c -- determinants, inverses, and linear equations by LU or least squares. */
#include <math.h>
#include <string.h>

#include "base/complex.h"
#include "base/macros.h"
#include "kernels/lapack/dense.h"
#include "ops/array/array.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

#define SOLVE_TYPES (TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)

typedef struct solve_attrs {
    bool flag; /* adjoint; of MatrixSolveLs: fast */
} solve_attrs;

static td_status adjoint_parse(td_parse *p)
{
    ((solve_attrs *)p->attrs)->flag = td_attr_bool(p, "adjoint");
    return NULL;
}

static td_status fast_parse(td_parse *p)
{
    ((solve_attrs *)p->attrs)->flag = td_attr_bool(p, "fast");
    return NULL;
}

typedef struct solve_space {
    double *a, *b;
    int *pivot;
} solve_space;

/* k: columns of the right side. */
static size_t solve_space_take(const td_call *c, void *at, size_t k, solve_space *s)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const size_t n = (size_t)in->dims[in->rank - 1], parts = td_parts_of(td_in(c, 0)->dtype);
    td_scratch t = { at, 0 };

    s->a = td_scratch_take(&t, n * n * parts);
    s->b = td_scratch_take(&t, n * k * parts);
    s->pivot = (int *)(void *)td_scratch_take(&t, n);
    return t.size;
}

/* ---------------------------------------------------------------- determinants: by LU */

static td_status det_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    td_shape s = td_in(c, 0)->shape;

    s.rank -= 2;
    for (uint32_t i = 0; i < c->n_out; i++)
        td_out(c, i)->shape = s;
    return NULL;
}

static td_status det_prepare(td_call *c)
{
    solve_space s;

    TD_TRY(td_matrices_ready(c));
    c->scratch_size = solve_space_take(c, NULL, 0, &s);
    return NULL;
}

/* Sign (of a complex matrix: phase) and the logarithm of the size of a determinant. */
static double log_determinant(const solve_space *s, size_t n, size_t parts, double complex *sign)
{
    double sum = 0;

    *sign = 1;
    for (size_t i = 0; i < n; i++) {
        const double *const u = s->a + (i * n + i) * parts;
        const double complex v = parts == 2 ? CMPLX(u[0], u[1]) : CMPLX(u[0], 0);
        const double size = cabs(v);

        sum += log(size);
        *sign *= size > 0 ? v / size : v * 0 * INFINITY == 0 ? 0 : v;
        if (s->pivot[i] != (int)i + 1) *sign = -*sign;
        if (size == 0) *sign = 0;
    }
    return *sign == 0 ? -INFINITY : sum;
}

static void put_number(td_tensor *t, size_t i, double complex v)
{
    const double parts[2] = { creal(v), cimag(v) };

    td_matrix_store(t, i, parts, 1, 1, 1, td_is_complex(t->dtype));
}

static td_status det_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    td_matrices m;
    solve_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)solve_space_take(c, c->scratch, 0, &s);
    for (size_t i = 0; i < m.count; i++) {
        double complex sign;

        td_matrix_load(s.a, in, i, m.rows, m.rows, false);
        if (m.rows) (void)td_lapack_lu(td_is_complex(in->dtype), m.rows, s.a, s.pivot);
        const double log_size = log_determinant(&s, m.rows, td_parts_of(in->dtype), &sign);

        if (c->n_out == 1) {
            put_number(td_out(c, 0), i, sign == 0 ? 0 : sign * exp(log_size));
        } else {
            put_number(td_out(c, 0), i, sign);
            put_number(td_out(c, 1), i, log_size);
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- MatrixInverse, MatrixSolve */

static td_status inverse_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    return td_infer_same(c);
}

/* matrix and rhs with the same batch dimensions. */
static td_status check_rhs(td_call *c, td_matrices *m, td_matrices *rhs)
{
    td_shape a = td_in(c, 0)->shape, b = td_in(c, 1)->shape;

    TD_TRY(td_matrices_of(c, 0, m));
    TD_TRY(td_matrices_of(c, 1, rhs));
    a.rank -= 2;
    b.rank -= 2;
    if (!td_shape_equal(&a, &b))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "All input tensors must have the same outer dimensions.");
    if (m->rows != rhs->rows) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input matrix and rhs are incompatible.");
    return NULL;
}

static td_status solve_infer(td_call *c)
{
    td_matrices m, rhs;

    TD_TRY(check_rhs(c, &m, &rhs));
    if (m.rows != m.cols) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input matrix must be square.");
    td_out(c, 0)->shape = td_in(c, 1)->shape;
    return NULL;
}

static size_t columns_of(const td_call *c)
{
    const td_shape *const s = &td_in(c, c->n_in > 1 ? 1 : 0)->shape;

    return (size_t)s->dims[s->rank - 1];
}

static td_status solve_prepare(td_call *c)
{
    solve_space s;

    TD_TRY(td_matrices_ready(c));
    c->scratch_size = solve_space_take(c, NULL, columns_of(c), &s);
    return NULL;
}

static void set_identity(double *a, size_t n, size_t parts)
{
    for (size_t k = 0; k < n * n * parts; k++)
        a[k] = k % ((n + 1) * parts) == 0 ? 1.0 : 0.0;
}

/* Is U's diagonal without zeros and NaN? */
static bool is_regular(const double *a, size_t n, size_t parts)
{
    for (size_t i = 0; i < n; i++) {
        const double *const u = a + (i * n + i) * parts;

        if (!(fabs(u[0]) + (parts == 2 ? fabs(u[1]) : 0) > 0)) return false;
    }
    return true;
}

static td_status solve_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const bool is_complex = td_is_complex(in->dtype), adjoint = ((const solve_attrs *)c->attrs)->flag;
    const size_t k = columns_of(c);
    td_matrices m;
    solve_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)solve_space_take(c, c->scratch, k, &s);
    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    for (size_t i = 0; i < m.count; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.rows, false);
        if (c->n_in > 1)
            td_matrix_load(s.b, td_in(c, 1), i, m.rows, k, false);
        else
            set_identity(s.b, m.rows, td_parts_of(in->dtype));
        const int info = td_lapack_lu(is_complex, m.rows, s.a, s.pivot);

        if (info || !is_regular(s.a, m.rows, td_parts_of(in->dtype)))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             c->n_in > 1 ? "Input matrix is not invertible." : "Input is not invertible.");
        (void)td_lapack_lu_solve(is_complex, adjoint, m.rows, k, s.a, s.pivot, s.b);
        td_matrix_store(td_out(c, 0), i, s.b, m.rows, m.rows, k, false);
    }
    return NULL;
}

/* ---------------------------------------------------------------- MatrixSolveLs: matrix, rhs, l2_regularizer */

static td_status ls_infer(td_call *c)
{
    td_matrices m, rhs;

    TD_TRY(check_rhs(c, &m, &rhs));
    if (td_in(c, 2)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "l2_regularizer must be scalar, got rank %d",
                         (int)td_in(c, 2)->shape.rank);
    td_out(c, 0)->shape = td_matrices_shape(c, 0, m.cols, (int64_t)rhs.cols);
    return NULL;
}

typedef struct ls_space {
    double *a, *b, *x, *u, *v, *s, *t;
    void *work;
} ls_space;

static size_t ls_space_take(const td_matrices *m, size_t k, size_t parts, void *at, ls_space *s)
{
    const size_t most = TD_MAX(m->rows, m->cols), least = TD_MIN(m->rows, m->cols);
    td_scratch t = { at, 0 };

    s->a = td_scratch_take(&t, m->rows * m->cols * parts);
    s->b = td_scratch_take(&t, m->rows * k * parts);
    s->x = td_scratch_take(&t, most * k * parts);
    s->u = td_scratch_take(&t, TD_MAX(m->rows, least) * least * parts);
    s->v = td_scratch_take(&t, least * m->cols * parts);
    s->s = td_scratch_take(&t, most);
    s->t = td_scratch_take(&t, least * k * parts);
    s->work = td_scratch_take(&t, td_lapack_work(m->rows, m->cols) / sizeof(double));
    return t.size;
}

static td_status ls_prepare(td_call *c)
{
    td_matrices m;
    ls_space s;

    TD_TRY(td_matrices_ready(c));
    TD_TRY(td_matrices_of(c, 0, &m));
    c->scratch_size = ls_space_take(&m, columns_of(c), td_parts_of(td_in(c, 0)->dtype), NULL, &s);
    return NULL;
}

/* Normal equations of the smaller side: (A^H A + l2) x = A^H b, or x = A^H y with (A A^H + l2) y = b. */
static td_status ls_fast(td_call *c, const td_matrices *m, size_t k, double l2, const ls_space *s)
{
    const bool z = td_is_complex(td_in(c, 0)->dtype), is_tall = m->rows >= m->cols;
    const size_t parts = z ? 2 : 1, n = is_tall ? m->cols : m->rows;

    if (is_tall) {
        td_dense_mul(z, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, n, n, m->rows, s->a, s->a, s->u);
        td_dense_mul(z, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, n, k, m->rows, s->a, s->b, s->x);
    } else {
        td_dense_mul(z, TD_DENSE_PLAIN, TD_DENSE_ADJOINT, n, n, m->cols, s->a, s->a, s->u);
        memcpy(s->t, s->b, n * k * parts * sizeof(double));
    }
    for (size_t i = 0; i < n; i++)
        s->u[(i * n + i) * parts] += l2;
    double *const x = is_tall ? s->x : s->t;

    if (td_lapack_cholesky(z, n, s->u) != 0)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Input matrix was rank deficient or ill-conditioned. Try setting fast=False or provide a "
            "larger l2_regularizer > 0.");
    td_dense_solve(z, true, false, n, k, s->u, x);
    td_dense_solve(z, true, true, n, k, s->u, x);
    if (!is_tall) td_dense_mul(z, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, m->cols, k, n, s->a, s->t, s->x);
    return NULL;
}

/* The shortest of the best: x = V S^+ U^H b. */
static td_status ls_full(td_call *c, const td_matrices *m, size_t k, const ls_space *s)
{
    const bool z = td_is_complex(td_in(c, 0)->dtype);
    const size_t parts = z ? 2 : 1, n = TD_MIN(m->rows, m->cols);
    const double eps = td_in(c, 0)->dtype == TD_F32 || td_in(c, 0)->dtype == TD_C64 ? 0x1p-23 : 0x1p-52;

    const int info = td_lapack_svd(z, m->rows, m->cols, false, s->a, s->s, s->u, s->v, s->work);

    if (info) return TD_OP_ERR(c, INVALID_ARGUMENT, "least squares were not successful (info %d)", info);
    if (n && isnan(s->s[0])) { /* the matrix is not finite: TensorFlow takes its rank for 0 */
        memset(s->x, 0, m->cols * k * parts * sizeof(double));
        return NULL;
    }
    td_dense_mul(z, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, n, k, m->rows, s->u, s->b, s->t);
    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < n * parts; i++) {
            const double value = s->s[i / parts];

            s->t[j * n * parts + i] *= value > s->s[0] * eps * (double)n ? 1 / value : 0;
        }
    td_dense_mul(z, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, m->cols, k, n, s->v, s->t, s->x);
    return NULL;
}

static td_status ls_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const double l2 = *(const double *)td_in(c, 2)->data;
    const size_t k = columns_of(c);
    td_matrices m;
    ls_space s;

    TD_TRY(td_matrices_of(c, 0, &m));
    if (!(l2 >= 0)) return TD_OP_ERR(c, INVALID_ARGUMENT, "l2_regularizer must be >= 0.");
    (void)ls_space_take(&m, k, td_parts_of(in->dtype), c->scratch, &s);
    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (m.rows == 0) {
        memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
        return NULL;
    }
    for (size_t i = 0; i < m.count; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.cols, false);
        td_matrix_load(s.b, td_in(c, 1), i, m.rows, k, false);
        TD_TRY(((const solve_attrs *)c->attrs)->flag ? ls_fast(c, &m, k, l2, &s) : ls_full(c, &m, k, &s));
        td_matrix_store(td_out(c, 0), i, s.x, m.cols, m.cols, k, false);
    }
    return NULL;
}

static const td_kernel det_kernels[] = { { .dtypes = SOLVE_TYPES, .prepare = det_prepare, .run = det_run },
                                         { 0 } };
static const td_kernel solve_kernels[] = {
    { .dtypes = SOLVE_TYPES, .prepare = solve_prepare, .run = solve_run }, { 0 }
};
static const td_kernel ls_kernels[] = { { .dtypes = SOLVE_TYPES, .prepare = ls_prepare, .run = ls_run },
                                        { 0 } };

const td_op td_ops_solve[] = {
    { .name = "MatrixDeterminant",
      .sig = "input: T -> output: T",
      .attrs = "T: type",
      .infer = det_infer,
      .kernels = det_kernels },
    { .name = "LogMatrixDeterminant",
      .sig = "input: T -> sign: T, log_abs_determinant: T",
      .attrs = "T: type",
      .infer = det_infer,
      .kernels = det_kernels },
    { .name = "MatrixInverse",
      .sig = "input: T -> output: T",
      .attrs = "adjoint: bool = false, T: type",
      .attrs_size = sizeof(solve_attrs),
      .parse = adjoint_parse,
      .infer = inverse_infer,
      .kernels = solve_kernels },
    { .name = "MatrixSolve",
      .sig = "matrix: T, rhs: T -> output: T",
      .attrs = "adjoint: bool = false, T: type",
      .attrs_size = sizeof(solve_attrs),
      .parse = adjoint_parse,
      .infer = solve_infer,
      .kernels = solve_kernels },
    { .name = "MatrixSolveLs",
      .sig = "matrix: T, rhs: T, l2_regularizer: double -> output: T",
      .attrs = "T: type, fast: bool = true",
      .attrs_size = sizeof(solve_attrs),
      .parse = fast_parse,
      .infer = ls_infer,
      .kernels = ls_kernels },
    { 0 },
};
