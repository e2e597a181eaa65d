/* SPDX-License-Identifier: Apache-2.0 */
/* op_factor.c -- Cholesky, Lu, Qr: matrices as products of triangular and orthogonal ones. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

#define FACTOR_TYPES (TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)

/* What a matrix needs in scratch. */
typedef struct factor_space {
    double *a, *tau;
    int *pivot;
    void *work;
} factor_space;

/* Q of a full decomposition has as many columns as rows. */
static size_t factor_space_take(const td_call *c, void *at, factor_space *s)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const size_t m = (size_t)in->dims[in->rank - 2], n = (size_t)in->dims[in->rank - 1], most = TD_MAX(m, n);
    const size_t parts = td_parts_of(td_in(c, 0)->dtype);
    td_scratch t = { at, 0 };

    s->a = td_scratch_take(&t, m * most * parts);
    s->tau = td_scratch_take(&t, most * parts);
    s->pivot = (int *)(void *)td_scratch_take(&t, most);
    s->work = td_scratch_take(&t, td_lapack_qr_work(m, most) / sizeof(double));
    return t.size;
}

static td_status factor_prepare(td_call *c)
{
    factor_space s;

    TD_TRY(td_matrices_ready(c));
    c->scratch_size = factor_space_take(c, NULL, &s);
    return NULL;
}

/* ---------------------------------------------------------------- Cholesky */

static td_status square_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    return td_infer_same(c);
}

/* Clears what lies over the diagonal, or (below) under it. */
static void clear_triangle(double *a, size_t ld, size_t rows, size_t cols, size_t parts, bool below)
{
    for (size_t c = 0; c < cols; c++) {
        const size_t begin = below ? TD_MIN(c + 1, rows) : 0, end = below ? rows : TD_MIN(c, rows);

        for (size_t i = begin * parts; i < end * parts; i++)
            a[c * ld * parts + i] = 0.0;
    }
}

/* What is not positive definite has NaN for a factor, as in TensorFlow. */
static void spoil(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (double)NAN;
}

static td_status cholesky_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const bool is_complex = td_is_complex(in->dtype);
    factor_space s;
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)factor_space_take(c, c->scratch, &s);
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.rows, false);
        if (td_lapack_cholesky(is_complex, m.rows, s.a) != 0)
            spoil(s.a, m.rows * m.rows * td_parts_of(in->dtype));
        clear_triangle(s.a, m.rows, m.rows, m.rows, td_parts_of(in->dtype), false);
        td_matrix_store(td_out(c, 0), i, s.a, m.rows, m.rows, m.rows, false);
    }
    return NULL;
}

/* ---------------------------------------------------------------- Lu */

static td_status lu_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = td_in(c, 0)->shape;
    if (td_out_is_used(c, 1)) td_out(c, 1)->shape = td_matrices_shape(c, 0, m.rows, -1);
    return NULL;
}

/* LAPACK's swaps, one after the other, as the order of rows that they leave. */
static void store_order(td_tensor *out, size_t index, const int *pivot, size_t n)
{
    for (size_t i = 0; i < n; i++)
        td_tensor_set_int(out, index * n + i, (int64_t)i);
    for (size_t i = 0; i < n; i++) {
        const size_t a = index * n + i, b = index * n + (size_t)pivot[i] - 1;
        const int64_t was = td_tensor_int(out, a);

        td_tensor_set_int(out, a, td_tensor_int(out, b));
        td_tensor_set_int(out, b, was);
    }
}

static td_status lu_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    factor_space s;
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)factor_space_take(c, c->scratch, &s);
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.rows, false);
        if (td_lapack_lu(td_is_complex(in->dtype), m.rows, s.a, s.pivot) != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input is not invertible.");
        if (td_out_is_used(c, 0)) td_matrix_store(td_out(c, 0), i, s.a, m.rows, m.rows, m.rows, false);
        if (td_out_is_used(c, 1)) store_order(td_out(c, 1), i, s.pivot, m.rows);
    }
    return NULL;
}

/* ---------------------------------------------------------------- Qr */

static td_status qr_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_bool(p, "full_matrices");
    return NULL;
}

/* Columns of Q, and rows of R. */
static size_t inner_of(const td_call *c, const td_matrices *m)
{
    return *(const bool *)c->attrs ? m->rows : TD_MIN(m->rows, m->cols);
}

static td_status qr_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_of(c, 0, &m));
    const size_t inner = inner_of(c, &m);

    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = td_matrices_shape(c, 0, m.rows, (int64_t)inner);
    if (td_out_is_used(c, 1)) td_out(c, 1)->shape = td_matrices_shape(c, 0, inner, (int64_t)m.cols);
    return NULL;
}

/* R, in the place of A's upper triangle, to the output; the reflectors stay where they are. */
static void store_r(td_tensor *out, size_t index, const double *a, size_t ld, size_t rows, size_t cols)
{
    const size_t elem = td_dtype_size(out->dtype);

    td_matrix_store(out, index, a, ld, rows, cols, false);
    for (size_t r = 1; r < rows; r++)
        memset((char *)out->data + (index * rows + r) * cols * elem, 0, TD_MIN(r, cols) * elem);
}

static td_status qr_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const bool is_complex = td_is_complex(in->dtype);
    factor_space s;
    td_matrices m;

    TD_TRY(td_matrices_of(c, 0, &m));
    (void)factor_space_take(c, c->scratch, &s);
    const size_t inner = inner_of(c, &m), k = TD_MIN(m.rows, m.cols);

    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.cols, false);
        int info = k ? td_lapack_qr(is_complex, m.rows, m.cols, s.a, s.tau, s.work) : 0;

        if (td_out_is_used(c, 1)) store_r(td_out(c, 1), i, s.a, m.rows, inner, m.cols);
        if (!info && td_out_is_used(c, 0)) {
            info = td_lapack_q(is_complex, m.rows, inner, k, s.a, s.tau, s.work);
            td_matrix_store(td_out(c, 0), i, s.a, m.rows, m.rows, inner, false);
        }
        if (info) return TD_OP_ERR(c, INTERNAL, "QR decomposition failed: %d", info);
    }
    return NULL;
}

#define FACTOR_KERNELS(name, run_)                                                                           \
    static const td_kernel name[] = { { .dtypes = FACTOR_TYPES, .prepare = factor_prepare, .run = (run_) },  \
                                      { 0 } }
FACTOR_KERNELS(cholesky_kernels, cholesky_run);
FACTOR_KERNELS(lu_kernels, lu_run);
FACTOR_KERNELS(qr_kernels, qr_run);

const td_op td_ops_factor[] = {
    { .name = "Cholesky",
      .sig = "input: T -> output: T",
      .attrs = "T: type",
      .infer = square_infer,
      .kernels = cholesky_kernels },
    { .name = "Lu",
      .sig = "input: T -> lu: T, p: output_idx_type",
      .attrs = "T: type, output_idx_type: type = int32",
      .flags = TD_OP_SKIPS_UNUSED,
      .infer = lu_infer,
      .kernels = lu_kernels },
    { .name = "Qr",
      .sig = "input: T -> q: T, r: T",
      .attrs = "full_matrices: bool = false, T: type",
      .flags = TD_OP_SKIPS_UNUSED,
      .attrs_size = sizeof(bool),
      .parse = qr_parse,
      .infer = qr_infer,
      .kernels = qr_kernels },
    { 0 },
};
