/* SPDX-License-Identifier: Apache-2.0 */
/* op_matrix_function.c -- MatrixExponential, MatrixLogarithm, MatrixSquareRoot, computed in complex double. */
#include <string.h>

#include "kernels/lapack/function.h"
#include "ops/linalg/matrices.h"
#include "tensor/type_sets.h"

static td_status function_parse(td_parse *p)
{
    const char *const op = p->node->op_name;

    *(td_matrix_function *)p->attrs = strcmp(op, "MatrixExponential") == 0 ? TD_MATRIX_EXP
                                      : strcmp(op, "MatrixLogarithm") == 0 ? TD_MATRIX_LOG
                                                                           : TD_MATRIX_SQRT;
    return NULL;
}

static td_status function_infer(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    return td_infer_same(c);
}

static size_t matrix_bytes(size_t n)
{
    return (2 * n * n * sizeof(double) + TD_ALIGN - 1) / TD_ALIGN * TD_ALIGN;
}

static td_status function_prepare(td_call *c)
{
    td_matrices m;

    TD_TRY(td_matrices_ready(c));
    TD_TRY(td_matrices_square(c, 0, &m));
    c->scratch_size = matrix_bytes(m.rows) + td_matrix_function_work(m.rows);
    return NULL;
}

static bool is_finite(const double *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(a[i] - a[i] == 0)) return false;
    return true;
}

static td_status function_run(td_call *c)
{
    double *const a = c->scratch;
    td_matrices m;

    TD_TRY(td_matrices_square(c, 0, &m));
    for (size_t i = 0; i < m.count && m.rows > 0; i++) {
        td_matrix_load(a, td_in(c, 0), i, m.rows, m.rows, true);
        if (!is_finite(a, 2 * m.rows * m.rows) ||
            !td_matrix_function_run(*(const td_matrix_function *)c->attrs, m.rows, a,
                                    (char *)c->scratch + matrix_bytes(m.rows)))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s was not successful. The input might not be valid.",
                             c->op->name);
        td_matrix_store(td_out(c, 0), i, a, m.rows, m.rows, m.rows, true);
    }
    return NULL;
}

#define FUNCTION_KERNELS(name, types)                                                                        \
    static const td_kernel name[] = {                                                                        \
        { .dtypes = (types), .prepare = function_prepare, .run = function_run }, { 0 }                       \
    }
FUNCTION_KERNELS(complex_kernels, TD_COMPLEX_TYPES);
FUNCTION_KERNELS(all_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES);

#define FUNCTION_OP(name_, kernels_)                                                                         \
    {                                                                                                        \
        .name = (name_), .sig = "input: T -> output: T", .attrs = "T: type",                                 \
        .attrs_size = sizeof(td_matrix_function), .parse = function_parse, .infer = function_infer,          \
        .kernels = (kernels_)                                                                                \
    }

const td_op td_ops_matrix_function[] = {
    FUNCTION_OP("MatrixExponential", all_kernels),
    FUNCTION_OP("MatrixLogarithm", complex_kernels),
    FUNCTION_OP("MatrixSquareRoot", all_kernels),
    { 0 },
};
