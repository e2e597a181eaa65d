/* SPDX-License-Identifier: Apache-2.0 */
/* op_spectral.c -- Svd, SelfAdjointEigV2, Eig: singular values, eigenvalues, and their vectors. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

#define SPECTRAL_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)

typedef struct spectral_attrs {
    bool want_vectors, is_full;
} spectral_attrs;

static td_status svd_parse(td_parse *p)
{
    *(spectral_attrs *)p->attrs =
        (spectral_attrs){ td_attr_bool(p, "compute_uv"), td_attr_bool(p, "full_matrices") };
    return NULL;
}

static td_status eig_parse(td_parse *p)
{
    *(spectral_attrs *)p->attrs = (spectral_attrs){ td_attr_bool(p, "compute_v"), false };
    return NULL;
}

/* Vectors that nobody asked for are a scalar. */
static void set_vectors(td_call *c, uint32_t i, size_t rows, size_t cols)
{
    if (!td_out_is_used(c, i)) return;
    td_out(c, i)->shape = ((const spectral_attrs *)c->attrs)->want_vectors
                              ? td_matrices_shape(c, 0, rows, (int64_t)cols)
                              : (td_shape){ 0 };
}

typedef struct spectral_space {
    double *a, *values, *u, *v;
    void *work;
} spectral_space;

/* Room for the complex type, whatever the matrix is: Eig computes in it. */
static size_t spectral_space_take(const td_call *c, void *at, spectral_space *s)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const size_t m = (size_t)in->dims[in->rank - 2], n = (size_t)in->dims[in->rank - 1];
    td_scratch t = { at, 0 };

    s->a = td_scratch_take(&t, 2 * TD_MAX(m, n) * n); /* V turns there, too */
    s->values = td_scratch_take(&t, 2 * TD_MAX(m, n));
    s->u = td_scratch_take(&t, 2 * m * m);
    s->v = td_scratch_take(&t, 2 * n * n);
    s->work = td_scratch_take(&t, td_lapack_work(m, n) / sizeof(double));
    return t.size;
}

static td_status spectral_prepare(td_call *c)
{
    spectral_space s;

    TD_TRY(td_matrices_ready(c));
    c->scratch_size = spectral_space_take(c, NULL, &s);
    return NULL;
}

/* Real values as elements of output 0, which may be complex. */
static void store_values(td_call *c, size_t index, const double *values, size_t n, bool are_complex)
{
    td_tensor *const out = td_out(c, 0);
    const size_t step = are_complex ? 2 : 1, parts = td_parts_of(out->dtype);

    if (!td_out_is_used(c, 0)) return;
    for (size_t i = 0; i < n * parts; i++) {
        const size_t part = i % parts, at = index * n * parts + i;
        const double v = part && !are_complex ? 0.0 : values[i / parts * step + part];

        if (out->dtype == TD_F64 || out->dtype == TD_C128)
            ((double *)out->data)[at] = v;
        else
            ((float *)out->data)[at] = (float)v;
    }
}

static td_status failed(td_call *c, int info)
{
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s was not successful (info %d). The input might not be valid.",
                     c->op->name, info);
}

/* A scalar that means nothing, in place of vectors. */
static void clear_vectors(td_call *c)
{
    for (uint32_t i = 1; i < c->n_out; i++)
        if (td_out_is_used(c, i) && !((const spectral_attrs *)c->attrs)->want_vectors)
            memset(td_out(c, i)->data, 0, td_tensor_bytes(td_out(c, i)));
}

static bool wants(td_call *c, uint32_t i)
{
    return ((const spectral_attrs *)c->attrs)->want_vectors && td_out_is_used(c, i);
}

/* ---------------------------------------------------------------- Svd */

static td_status svd_infer(td_call *c)
{
    const spectral_attrs *const a = c->attrs;
    td_matrices m;

    TD_TRY(td_matrices_of(c, 0, &m));
    const size_t k = TD_MIN(m.rows, m.cols);

    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = td_matrices_shape(c, 0, k, -1);
    set_vectors(c, 1, m.rows, a->is_full ? m.rows : k);
    set_vectors(c, 2, m.cols, a->is_full ? m.cols : k);
    return NULL;
}

/* V of V^H, in place of it: [k, n] by columns becomes [n, k] by columns, in `to`. */
static void adjoint(double *to, const double *from, size_t k, size_t n, size_t parts)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++) {
            to[(i * n + j) * parts] = from[(j * k + i) * parts];
            if (parts == 2) to[(i * n + j) * 2 + 1] = -from[(j * k + i) * 2 + 1];
        }
}

/* Nothing to decompose: any orthogonal matrix will do. */
static void store_identity(td_call *c, uint32_t i, size_t count, size_t n, double *a)
{
    const size_t parts = td_parts_of(td_in(c, 0)->dtype);

    if (!wants(c, i) || td_shape_count(&td_out(c, i)->shape) == 0) return;
    for (size_t k = 0; k < n * n * parts; k++)
        a[k] = k % ((n + 1) * parts) == 0 ? 1.0 : 0.0;
    for (size_t k = 0; k < count; k++)
        td_matrix_store(td_out(c, i), k, a, n, n, n, false);
}

static td_status svd_one(td_call *c, size_t i, const td_matrices *m, const spectral_space *s)
{
    const spectral_attrs *const attrs = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    const size_t parts = td_parts_of(in->dtype), k = TD_MIN(m->rows, m->cols);
    const size_t u_cols = attrs->is_full ? m->rows : k, v_cols = attrs->is_full ? m->cols : k;
    const bool with_vectors = wants(c, 1) || wants(c, 2);

    td_matrix_load(s->a, in, i, m->rows, m->cols, false);
    const int info = td_lapack_svd(parts == 2, m->rows, m->cols, attrs->is_full, s->a, s->values,
                                   with_vectors ? s->u : NULL, with_vectors ? s->v : NULL, s->work);

    if (info) return failed(c, info);
    store_values(c, i, s->values, k, false);
    if (wants(c, 1)) td_matrix_store(td_out(c, 1), i, s->u, m->rows, m->rows, u_cols, false);
    if (!wants(c, 2)) return NULL;
    adjoint(s->a, s->v, v_cols, m->cols, parts);
    td_matrix_store(td_out(c, 2), i, s->a, m->cols, m->cols, v_cols, false);
    return NULL;
}

static td_status svd_run(td_call *c)
{
    td_matrices m;
    spectral_space s;

    TD_TRY(td_matrices_of(c, 0, &m));
    (void)spectral_space_take(c, c->scratch, &s);
    clear_vectors(c);
    if (m.rows == 0 || m.cols == 0) {
        store_identity(c, 1, m.count, m.rows, s.u);
        store_identity(c, 2, m.count, m.cols, s.v);
        return NULL;
    }
    for (size_t i = 0; i < m.count; i++)
        TD_TRY(svd_one(c, i, &m, &s));
    return NULL;
}

/* ---------------------------------------------------------------- SelfAdjointEigV2, Eig */

static td_status eig_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = td_matrices_shape(c, 0, m.rows, -1);
    set_vectors(c, 1, m.rows, m.rows);
    return NULL;
}

static td_status eigh_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const bool is_complex = td_is_complex(in->dtype);
    td_matrices m;
    spectral_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)spectral_space_take(c, c->scratch, &s);
    clear_vectors(c);
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.a, in, i, m.rows, m.rows, false);
        const int info = td_lapack_eigh(is_complex, m.rows, wants(c, 1), s.a, s.values, s.work);

        if (info) return failed(c, info);
        store_values(c, i, s.values, m.rows, false);
        if (wants(c, 1)) td_matrix_store(td_out(c, 1), i, s.a, m.rows, m.rows, m.rows, false);
    }
    return NULL;
}

static td_status eig_run(td_call *c)
{
    td_matrices m;
    spectral_space s;

    TD_TRY(td_matrices_square(c, 0, &m));
    (void)spectral_space_take(c, c->scratch, &s);
    clear_vectors(c);
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(s.a, td_in(c, 0), i, m.rows, m.rows, true);
        const int info = td_lapack_eig(m.rows, s.a, s.values, wants(c, 1) ? s.u : NULL, s.work);

        if (info) return failed(c, info);
        store_values(c, i, s.values, m.rows, true);
        if (wants(c, 1)) td_matrix_store(td_out(c, 1), i, s.u, m.rows, m.rows, m.rows, true);
    }
    return NULL;
}

#define SPECTRAL_KERNELS(name, run_)                                                                         \
    static const td_kernel name[] = {                                                                        \
        { .dtypes = SPECTRAL_TYPES, .prepare = spectral_prepare, .run = (run_) }, { 0 }                      \
    }
SPECTRAL_KERNELS(svd_kernels, svd_run);
SPECTRAL_KERNELS(eigh_kernels, eigh_run);
SPECTRAL_KERNELS(eig_kernels, eig_run);

#define SPECTRAL_OP(name_, sig_, attrs_, parse_, infer_, kernels_)                                           \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .flags = TD_OP_SKIPS_UNUSED,                      \
        .attrs_size = sizeof(spectral_attrs), .parse = (parse_), .infer = (infer_), .kernels = (kernels_)    \
    }
#define SVD(name)                                                                                            \
    SPECTRAL_OP(name, "input: T -> s: T, u: T, v: T",                                                        \
                "compute_uv: bool = true, full_matrices: bool = false, T: type", svd_parse, svd_infer,       \
                svd_kernels)
#define EIGH(name)                                                                                           \
    SPECTRAL_OP(name, "input: T -> e: T, v: T", "compute_v: bool = true, T: type", eig_parse, eig_infer,     \
                eigh_kernels)

const td_op td_ops_spectral[] = {
    SVD("Svd"),
    EIGH("SelfAdjointEigV2"),
    SPECTRAL_OP("Eig", "input: T -> e: Tout, v: Tout", "compute_v: bool = true, T: type, Tout: type",
                eig_parse, eig_infer, eig_kernels),
    { 0 },
};
