/* SPDX-License-Identifier: Apache-2.0 */
/* op_triangular.c -- equations and products with triangular, banded and tridiagonal matrices. */
#include <math.h>
#include <string.h>

#include "base/complex.h"
#include "base/macros.h"
#include "kernels/lapack/dense.h"
#include "ops/array/array.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

#define TRIANGULAR_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)

/* ---------------------------------------------------------------- MatrixTriangularSolve, BandedTriangularSolve */

typedef struct triangular_attrs {
    bool lower, adjoint, is_banded;
} triangular_attrs;

static td_status triangular_parse(td_parse *p)
{
    *(triangular_attrs *)p->attrs =
        (triangular_attrs){ td_attr_bool(p, "lower"), td_attr_bool(p, "adjoint"),
                            strcmp(p->node->op_name, "BandedTriangularSolve") == 0 };
    return NULL;
}

/* Outer dimensions of both, broadcast. */
static td_status outer_shape(td_call *c, td_shape *out)
{
    td_shape a = td_in(c, 0)->shape, b = td_in(c, 1)->shape;
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

    a.rank -= 2;
    b.rank -= 2;
    if (td_shape_broadcast(&a, &b, out)) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                     td_shape_text(&td_in(c, 0)->shape, x, sizeof x),
                     td_shape_text(&td_in(c, 1)->shape, y, sizeof y));
}

static td_status triangular_infer(td_call *c)
{
    const triangular_attrs *const attrs = c->attrs;
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];
    td_matrices a, b;
    td_shape s;

    TD_TRY(td_matrices_of(c, 0, &a));
    TD_TRY(td_matrices_of(c, 1, &b));
    TD_TRY(outer_shape(c, &s));
    if (attrs->is_banded ? a.rows < 1 : a.rows != a.cols)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "In[0] matrices in the last dimensions must be square (%zu =/= %zu)", a.rows,
                         a.cols);
    if (a.cols != b.rows)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] mismatch In[1] shape: %zu vs. %zu: %s %s %d %d", a.cols,
                         b.rows, td_shape_text(&td_in(c, 0)->shape, x, sizeof x),
                         td_shape_text(&td_in(c, 1)->shape, y, sizeof y), attrs->lower, attrs->adjoint);
    s.dims[s.rank++] = (int64_t)b.rows;
    s.dims[s.rank++] = (int64_t)b.cols;
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct triangular_space {
    double *a, *bands, *b;
} triangular_space;

static size_t triangular_space_take(const td_call *c, void *at, triangular_space *s)
{
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;
    const size_t n = (size_t)a->dims[a->rank - 1], parts = td_parts_of(td_in(c, 0)->dtype);
    td_scratch t = { at, 0 };

    s->a = td_scratch_take(&t, n * n * parts);
    s->bands = td_scratch_take(&t, (size_t)a->dims[a->rank - 2] * n * parts);
    s->b = td_scratch_take(&t, n * (size_t)b->dims[b->rank - 1] * parts);
    return t.size;
}

static td_status triangular_prepare(td_call *c)
{
    triangular_space s;

    c->scratch_size = triangular_space_take(c, NULL, &s);
    return NULL;
}

/* Bands to a matrix. Of lower ones, the first is the diagonal, and number d goes on d below it; of upper ones, the last
 * is the diagonal, and those before lie above it. Element j of a band is in row j. */
static void spread_bands(double *a, const double *bands, size_t count, size_t n, size_t parts, bool lower)
{
    memset(a, 0, n * n * parts * sizeof *a);
    for (size_t k = 0; k < count; k++) {
        const size_t d = lower ? k : count - 1 - k;

        for (size_t j = d; j < n; j++) {
            const size_t row = lower ? j : j - d, col = lower ? j - d : j;

            memcpy(a + (col * n + row) * parts, bands + (row * count + k) * parts, parts * sizeof *a);
        }
    }
}

/* Which of an input's matrices goes with number `at` of the broadcast ones. */
static size_t matrix_at(const td_shape *in, const td_shape *outer, size_t at)
{
    size_t index = 0, step = 1;

    for (int i = 1; i <= outer->rank; i++) {
        const size_t n = (size_t)outer->dims[outer->rank - i], place = at % n;

        at /= n;
        if (i > in->rank - 2) continue;
        const size_t own = (size_t)in->dims[in->rank - 2 - i];

        if (own > 1) index += place * step;
        step *= own;
    }
    return index;
}

static td_status triangular_run(td_call *c)
{
    const triangular_attrs *const attrs = c->attrs;
    const td_tensor *const a = td_in(c, 0), *const b = td_in(c, 1);
    const size_t parts = td_parts_of(a->dtype);
    td_matrices ma, mb;
    triangular_space s;
    td_shape outer;

    TD_TRY(td_matrices_of(c, 0, &ma));
    TD_TRY(td_matrices_of(c, 1, &mb));
    TD_TRY(outer_shape(c, &outer));
    (void)triangular_space_take(c, c->scratch, &s);
    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    for (size_t i = 0; i < (size_t)td_shape_count(&outer); i++) {
        double *const to = attrs->is_banded ? s.bands : s.a;

        td_matrix_load(to, a, matrix_at(&a->shape, &outer, i), ma.rows, ma.cols, false);
        if (attrs->is_banded) spread_bands(s.a, s.bands, ma.rows, ma.cols, parts, attrs->lower);
        td_matrix_load(s.b, b, matrix_at(&b->shape, &outer, i), mb.rows, mb.cols, false);
        td_dense_solve(parts == 2, attrs->lower, attrs->adjoint, mb.rows, mb.cols, s.a, s.b);
        td_matrix_store(td_out(c, 0), i, s.b, mb.rows, mb.rows, mb.cols, false);
    }
    return NULL;
}

/* ----------------------------------------------- TridiagonalMatMul: superdiag, maindiag, subdiag, rhs */

static td_status tri_mul_infer(td_call *c)
{
    const td_shape *const rhs = &td_in(c, 3)->shape;
    td_matrices m;

    TD_TRY(td_matrices_of(c, 3, &m));
    for (uint32_t i = 0; i < 3; i++) {
        td_shape want = *rhs;

        want.dims[want.rank - 2] = 1;
        want.dims[want.rank - 1] = (int64_t)m.rows;
        if (!td_shape_equal(&td_in(c, i)->shape, &want))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "diagonal %u does not fit %zu rows of rhs", i, m.rows);
    }
    td_out(c, 0)->shape = *rhs;
    return NULL;
}

static double complex number_at(const td_tensor *t, size_t i)
{
    double v[2] = { 0, 0 };

    td_matrix_load(v, t, i, 1, 1, true);
    return CMPLX(v[0], v[1]);
}

static void put_at(td_tensor *t, size_t i, double complex x)
{
    const double v[2] = { creal(x), cimag(x) };

    td_matrix_store(t, i, v, 1, 1, 1, true);
}

static td_status tri_mul_run(td_call *c)
{
    const td_tensor *const rhs = td_in(c, 3);
    td_matrices m;

    TD_TRY(td_matrices_of(c, 3, &m));
    for (size_t at = 0; at < m.count * m.rows * m.cols; at++) {
        const size_t row = at / m.cols, r = row % m.rows;
        double complex sum = number_at(td_in(c, 1), row) * number_at(rhs, at);

        if (r + 1 < m.rows) sum += number_at(td_in(c, 0), row) * number_at(rhs, at + m.cols);
        if (r > 0) sum += number_at(td_in(c, 2), row) * number_at(rhs, at - m.cols);
        put_at(td_out(c, 0), at, sum);
    }
    return NULL;
}

/* --------------------------- TridiagonalSolve: diagonals [3, n] (above, on, below the main one), rhs [n, k] */

static td_status tri_solve_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_bool(p, "partial_pivoting");
    if (td_attr_bool(p, "perturb_singular"))
        return TD_ERR(UNIMPLEMENTED, "%s: perturb_singular is not implemented", p->node->name);
    return NULL;
}

static td_status tri_solve_infer(td_call *c)
{
    td_shape want = td_in(c, 1)->shape;
    td_matrices d, rhs;

    TD_TRY(td_matrices_of(c, 0, &d));
    TD_TRY(td_matrices_of(c, 1, &rhs));
    if (d.rows != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected diagonals to have 3 rows, got %zu", d.rows);
    want.dims[want.rank - 2] = 3;
    want.dims[want.rank - 1] = (int64_t)rhs.rows;
    if (!td_shape_equal(&want, &td_in(c, 0)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected the same number of left-hand sides and right-hand sides, "
                         "got %zu and %zu",
                         d.cols, rhs.rows);
    td_out(c, 0)->shape = td_in(c, 1)->shape;
    return NULL;
}

typedef struct tri_space {
    double complex *below, *main, *above, *second, *x;
} tri_space;

static size_t tri_space_take(const td_call *c, void *at, tri_space *s)
{
    const td_shape *const rhs = &td_in(c, 1)->shape;
    const size_t n = (size_t)rhs->dims[rhs->rank - 2], k = (size_t)rhs->dims[rhs->rank - 1];
    td_scratch t = { at, 0 };

    s->below = (double complex *)td_scratch_take(&t, 2 * n);
    s->main = (double complex *)td_scratch_take(&t, 2 * n);
    s->above = (double complex *)td_scratch_take(&t, 2 * n);
    s->second = (double complex *)td_scratch_take(&t, 2 * n);
    s->x = (double complex *)td_scratch_take(&t, 2 * n * k);
    return t.size;
}

static td_status tri_solve_prepare(td_call *c)
{
    tri_space s;

    c->scratch_size = tri_space_take(c, NULL, &s);
    return NULL;
}

static void tri_load(const td_call *c, size_t index, size_t n, size_t k, const tri_space *s)
{
    for (size_t i = 0; i < n; i++) {
        s->above[i] = i + 1 < n ? number_at(td_in(c, 0), index * 3 * n + i) : 0;
        s->main[i] = number_at(td_in(c, 0), (index * 3 + 1) * n + i);
        s->below[i] = i > 0 ? number_at(td_in(c, 0), (index * 3 + 2) * n + i) : 0;
        s->second[i] = 0;
    }
    for (size_t i = 0; i < n * k; i++)
        s->x[i] = number_at(td_in(c, 1), index * n * k + i);
}

/* Rows i and i + 1 change places. */
static void tri_swap(const tri_space *s, size_t i, size_t n, size_t k)
{
    const double complex main = s->main[i], above = s->above[i];

    s->main[i] = s->below[i + 1];
    s->above[i] = s->main[i + 1];
    s->second[i] = i + 2 < n ? s->above[i + 1] : 0;
    s->below[i + 1] = main;
    s->main[i + 1] = above;
    s->above[i + 1] = 0;
    for (size_t j = 0; j < k; j++) {
        const double complex was = s->x[i * k + j];

        s->x[i * k + j] = s->x[(i + 1) * k + j];
        s->x[(i + 1) * k + j] = was;
    }
}

/* False: a pivot is zero. */
static bool tri_eliminate(const tri_space *s, size_t n, size_t k, bool pivots)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (pivots && cabs(s->below[i + 1]) > cabs(s->main[i])) tri_swap(s, i, n, k);
        if (s->main[i] == 0) return false;
        const double complex factor = s->below[i + 1] / s->main[i];

        s->main[i + 1] -= factor * s->above[i];
        s->above[i + 1] -= factor * s->second[i];
        for (size_t j = 0; j < k; j++)
            s->x[(i + 1) * k + j] -= factor * s->x[i * k + j];
    }
    return n == 0 || s->main[n - 1] != 0;
}

static void tri_substitute(const tri_space *s, size_t n, size_t k)
{
    for (size_t i = n; i-- > 0;)
        for (size_t j = 0; j < k; j++) {
            double complex v = s->x[i * k + j];

            if (i + 1 < n) v -= s->above[i] * s->x[(i + 1) * k + j];
            if (i + 2 < n) v -= s->second[i] * s->x[(i + 2) * k + j];
            s->x[i * k + j] = v / s->main[i];
        }
}

static td_status tri_solve_run(td_call *c)
{
    td_matrices rhs;
    tri_space s;

    TD_TRY(td_matrices_of(c, 1, &rhs));
    (void)tri_space_take(c, c->scratch, &s);
    for (size_t i = 0; i < rhs.count; i++) {
        tri_load(c, i, rhs.rows, rhs.cols, &s);
        if (!tri_eliminate(&s, rhs.rows, rhs.cols, *(const bool *)c->attrs))
            for (size_t k = 0; k < rhs.rows; k++)
                s.main[k] = (double)NAN;
        tri_substitute(&s, rhs.rows, rhs.cols);
        for (size_t k = 0; k < rhs.rows * rhs.cols; k++)
            put_at(td_out(c, 0), i * rhs.rows * rhs.cols + k, s.x[k]);
    }
    return NULL;
}

static const td_kernel triangular_kernels[] = {
    { .dtypes = TRIANGULAR_TYPES, .prepare = triangular_prepare, .run = triangular_run }, { 0 }
};
TD_RUN_KERNEL(tri_mul_kernels, TRIANGULAR_TYPES, tri_mul_run);
static const td_kernel tri_solve_kernels[] = {
    { .dtypes = TRIANGULAR_TYPES, .prepare = tri_solve_prepare, .run = tri_solve_run }, { 0 }
};

const td_op td_ops_triangular[] = {
    { .name = "MatrixTriangularSolve",
      .sig = "matrix: T, rhs: T -> output: T",
      .attrs = "lower: bool = true, adjoint: bool = false, T: type",
      .attrs_size = sizeof(triangular_attrs),
      .parse = triangular_parse,
      .infer = triangular_infer,
      .kernels = triangular_kernels },
    { .name = "BandedTriangularSolve",
      .sig = "matrix: T, rhs: T -> output: T",
      .attrs = "lower: bool = true, adjoint: bool = false, T: type",
      .attrs_size = sizeof(triangular_attrs),
      .parse = triangular_parse,
      .infer = triangular_infer,
      .kernels = triangular_kernels },
    { .name = "TridiagonalMatMul",
      .sig = "superdiag: T, maindiag: T, subdiag: T, rhs: T -> output: T",
      .attrs = "T: type",
      .infer = tri_mul_infer,
      .kernels = tri_mul_kernels },
    { .name = "TridiagonalSolve",
      .sig = "diagonals: T, rhs: T -> output: T",
      .attrs = "partial_pivoting: bool = true, perturb_singular: bool = false, T: type",
      .attrs_size = sizeof(bool),
      .parse = tri_solve_parse,
      .infer = tri_solve_infer,
      .kernels = tri_solve_kernels },
    { 0 },
};
