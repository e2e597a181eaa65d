/* SPDX-License-Identifier: Apache-2.0 */
/* op_cholesky_grad.c -- CholeskyGrad: from the gradient G of a Cholesky factor L to that of the matrix.
 *
 * With P the lower triangle of L^T G, its diagonal halved, it is S = L^-T P L^-1 made symmetric, (S + S^T) / 2
 * (I. Murray, Differentiation of the Cholesky decomposition). Only lower triangles of L and G count. */
#include "kernels/lapack/dense.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

static td_status grad_infer(td_call *c)
{
    td_matrices m;

    if (td_in(c, 0)->shape.rank != td_in(c, 1)->shape.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "All input tensors must have the same rank.");
    TD_TRY(td_matrices_square(c, 0, &m));
    if (!td_shape_equal(&td_in(c, 0)->shape, &td_in(c, 1)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Inputs (L and grad) must have the same shape.");
    return td_infer_same(c);
}

typedef struct grad_space {
    double *l, *g, *p;
} grad_space;

static size_t grad_space_take(size_t n, void *at, grad_space *s)
{
    td_scratch t = { at, 0 };

    s->l = td_scratch_take(&t, n * n);
    s->g = td_scratch_take(&t, n * n);
    s->p = td_scratch_take(&t, n * n);
    return t.size;
}

static td_status grad_prepare(td_call *c)
{
    td_matrices m;
    grad_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    c->scratch_size = grad_space_take(m.rows, NULL, &s);
    return NULL;
}

/* Of a matrix by columns. */
static void keep_lower(double *a, size_t n, double diagonal)
{
    for (size_t col = 0; col < n; col++) {
        for (size_t row = 0; row < col; row++)
            a[col * n + row] = 0.0;
        a[col * n + col] *= diagonal;
    }
}

static void turn(double *out, const double *a, size_t n)
{
    for (size_t i = 0; i < n * n; i++)
        out[i % n * n + i / n] = a[i];
}

/* s->p becomes the gradient. */
static void grad_one(const grad_space *s, size_t n)
{
    keep_lower(s->g, n, 1.0);
    keep_lower(s->l, n, 1.0);
    td_dense_mul(false, TD_DENSE_ADJOINT, TD_DENSE_PLAIN, n, n, n, s->l, s->g, s->p);
    keep_lower(s->p, n, 0.5);
    td_dense_solve(false, true, true, n, n, s->l, s->p);
    turn(s->g, s->p, n);
    td_dense_solve(false, true, true, n, n, s->l, s->g);
    turn(s->p, s->g, n);
    for (size_t i = 0; i < n * n; i++)
        s->p[i] = 0.5 * (s->p[i] + s->g[i]);
}

static td_status grad_run(td_call *c)
{
    td_matrices m;
    grad_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)grad_space_take(m.rows, c->scratch, &s);
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.l, td_in(c, 0), i, m.rows, m.rows, false);
        td_matrix_load(s.g, td_in(c, 1), i, m.rows, m.rows, false);
        grad_one(&s, m.rows);
        td_matrix_store(td_out(c, 0), i, s.p, m.rows, m.rows, m.rows, false);
    }
    return NULL;
}

static const td_kernel grad_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64),
      .prepare = grad_prepare,
      .run = grad_run },
    { 0 },
};

const td_op td_ops_cholesky_grad[] = {
    { .name = "CholeskyGrad",
      .sig = "l: T, grad: T -> output: T",
      .attrs = "T: type",
      .infer = grad_infer,
      .kernels = grad_kernels },
    { 0 },
};
