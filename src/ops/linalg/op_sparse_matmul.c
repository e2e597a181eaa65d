/* SPDX-License-Identifier: Apache-2.0 */
/* op_sparse_matmul.c -- SparseMatMul: a product of matrices of which one is told to hold many zeros.
 *
 * Those zeros are passed over, so they also hide what is not finite. Where only b is sparse, its transpose times that of a
 * is the transpose of the product. Either may be bfloat16; sums are floats. */
#include <string.h>

#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct sparse_attrs {
    bool swaps_a, swaps_b, a_is_sparse, b_is_sparse;
} sparse_attrs;

static td_status sparse_parse(td_parse *p)
{
    *(sparse_attrs *)p->attrs =
        (sparse_attrs){ td_attr_bool(p, "transpose_a"), td_attr_bool(p, "transpose_b"),
                        td_attr_bool(p, "a_is_sparse"), td_attr_bool(p, "b_is_sparse") };
    return NULL;
}

static td_status sparse_infer(td_call *c)
{
    const sparse_attrs *const at = c->attrs;
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

    if (a->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "a is not a matrix");
    if (b->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "b is not a matrix");
    if (a->dims[!at->swaps_a] != b->dims[at->swaps_b])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Matrix size incompatible: a: %s, b: %s",
                         td_shape_text(a, x, sizeof x), td_shape_text(b, y, sizeof y));
    return td_shape_make(2, (int64_t[]){ a->dims[at->swaps_a], b->dims[!at->swaps_b] }, &td_out(c, 0)->shape);
}

/* A matrix and the steps between its rows and its columns. */
typedef struct matrix {
    const float *data;
    size_t row, col;
} matrix;

typedef struct product {
    matrix left, right;
    float *out;
    size_t out_row, out_col, rows, k, n;
    bool skips; /* zeros of left */
} product;

/* Rows [begin, end) of left. */
static void multiply(void *ctx, size_t begin, size_t end)
{
    const product *const p = ctx;

    for (size_t i = begin; i < end; i++)
        for (size_t k = 0; k < p->k; k++) {
            const float v = p->left.data[i * p->left.row + k * p->left.col];
            const float *const right = p->right.data + k * p->right.row;
            float *const out = p->out + i * p->out_row;

            if (v == 0.0f && p->skips) continue;
            for (size_t j = 0; j < p->n; j++)
                out[j * p->out_col] += v * right[j * p->right.col];
        }
}

static size_t wide_size(const td_tensor *t)
{
    return t->dtype == TD_F32 ? 0 : (size_t)td_shape_count(&t->shape) * sizeof(float);
}

static td_status sparse_prepare(td_call *c)
{
    const uint64_t allowed = TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_BF16);

    if (!(allowed >> td_in(c, 1)->dtype & 1))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "b is of type %s", td_dtype_name(td_in(c, 1)->dtype));
    c->scratch_size = wide_size(td_in(c, 0)) + wide_size(td_in(c, 1));
    return NULL;
}

/* Input i as floats, in the scratch at *at if it holds others. */
static matrix matrix_of(const td_call *c, uint32_t i, bool swaps, char **at)
{
    const td_tensor *const t = td_in(c, i);
    const size_t cols = (size_t)t->shape.dims[1];
    matrix m = { t->data, swaps ? 1 : cols, swaps ? cols : 1 };

    if (t->dtype == TD_F32) return m;
    float *const wide = (float *)(void *)*at;

    td_to_float(t->dtype, t->data, (size_t)td_shape_count(&t->shape), wide);
    *at += wide_size(t);
    m.data = wide;
    return m;
}

static matrix transposed(matrix m)
{
    return (matrix){ m.data, m.col, m.row };
}

static td_status sparse_run(td_call *c)
{
    const sparse_attrs *const at = c->attrs;
    td_tensor *const out = td_out(c, 0);
    const size_t m = (size_t)out->shape.dims[0], n = (size_t)out->shape.dims[1];
    char *scratch = c->scratch;
    const matrix a = matrix_of(c, 0, at->swaps_a, &scratch), b = matrix_of(c, 1, at->swaps_b, &scratch);
    product p = {
        a, b, out->data, n, 1, m, (size_t)td_in(c, 0)->shape.dims[!at->swaps_a], n, at->a_is_sparse
    };

    if (at->b_is_sparse && !at->a_is_sparse)
        p = (product){ transposed(b), transposed(a), out->data, 1, n, n, p.k, m, true };
    if (!m || !n) return NULL;
    memset(out->data, 0, m * n * sizeof(float));
    td_call_parallel(c, p.rows, 1 + 65536 / (p.k * p.n + 1), multiply, &p);
    return NULL;
}

static const td_kernel sparse_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_BF16), 0, sparse_prepare, sparse_run, NULL },
    { 0 },
};

const td_op td_ops_sparse_matmul[] = {
    { .name = "SparseMatMul",
      .sig = "a: Ta, b: Tb -> product: float",
      .attrs = "transpose_a: bool = false, transpose_b: bool = false, a_is_sparse: bool = false, "
               "b_is_sparse: bool = false, Ta: type = float, Tb: type = float",
      .attrs_size = sizeof(sparse_attrs),
      .parse = sparse_parse,
      .infer = sparse_infer,
      .kernels = sparse_kernels },
    { 0 },
};
