/* SPDX-License-Identifier: Apache-2.0 */
/* op_csr_product.c -- SparseMatrixMatMul, SparseMatrixSparseMatMul: matrices in compressed rows times dense ones and times
 * each other, one by one over a batch. See csr.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "ops/sparse/csr.h"
#include "ops/sparse/sparse.h"
#include "ops/strings.h"

typedef struct product_attrs {
    td_dtype type;
    bool swaps_a, swaps_b, conj_a, conj_b, swaps_out, conj_out;
} product_attrs;

static td_status factors_parse(td_parse *p, const char *type)
{
    product_attrs *const a = p->attrs;

    a->type = td_attr_type(p, type);
    a->conj_a = td_attr_bool(p, "adjoint_a");
    a->conj_b = td_attr_bool(p, "adjoint_b");
    if ((a->conj_a && td_attr_bool(p, "transpose_a")) || (a->conj_b && td_attr_bool(p, "transpose_b")))
        return TD_ERR(INVALID_ARGUMENT, "%s: Only one of adjoint_%c and transpose_%c may be true.",
                      p->node->name, a->conj_a ? 'a' : 'b', a->conj_a ? 'a' : 'b');
    a->swaps_a = a->conj_a || td_attr_bool(p, "transpose_a");
    a->swaps_b = a->conj_b || td_attr_bool(p, "transpose_b");
    return NULL;
}

static td_status dense_parse(td_parse *p)
{
    product_attrs *const a = p->attrs;

    a->swaps_out = td_attr_bool(p, "transpose_output");
    a->conj_out = td_attr_bool(p, "conjugate_output");
    return factors_parse(p, "T");
}

static td_status sparse_parse(td_parse *p)
{
    return factors_parse(p, "type");
}

static td_status check_inner(const td_call *c, const td_shape *a, const td_shape *b)
{
    const product_attrs *const at = c->attrs;
    char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

    if (a->rank != b->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Ranks of a and b must match, saw: %d vs. %d.", (int)a->rank,
                         (int)b->rank);
    if (a->rank == 3 && a->dims[0] != b->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Batch sizes of a and b must match, saw: %" PRId64 " vs. %" PRId64 ".", a->dims[0],
                         b->dims[0]);
    if (a->dims[a->rank - 1 - at->swaps_a] != b->dims[b->rank - 2 + at->swaps_b])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Inner product dimensions of A and B do not agree.  Shapes are: %s vs. %s",
                         td_shape_text(a, x, sizeof x), td_shape_text(b, y, sizeof y));
    return NULL;
}

/* ---------------------------------------------------------------- times a dense one */

typedef struct dense_product {
    const product_attrs *at;
    td_csr a;
    const char *b;
    char *out, *term; /* [batches, m, n] before it is turned; room for a row */
    int64_t m, n, k;  /* k: rows of b, as it lies there or turned */
    size_t elem;
    td_combine_fn *add, *mul;
} dense_product;

/* out row i += value * b row j, of matrix `batch`. */
static void add_term(const dense_product *p, int64_t batch, int64_t i, int64_t j, const char *value)
{
    const td_dtype dtype = p->a.dtype;
    const char *const b = p->b + (size_t)(batch * p->k * p->n) * p->elem;
    char v[16];

    memcpy(v, value, p->elem);
    if (p->at->conj_a) td_sparse_conjugate(dtype, v);
    if (!p->at->swaps_b) memcpy(p->term, b + (size_t)(j * p->n) * p->elem, (size_t)p->n * p->elem);
    for (int64_t x = 0; p->at->swaps_b && x < p->n; x++) {
        char *const to = p->term + (size_t)x * p->elem;

        memcpy(to, b + (size_t)(x * p->k + j) * p->elem, p->elem);
        if (p->at->conj_b) td_sparse_conjugate(dtype, to);
    }
    p->mul(p->term, v, (size_t)p->n, 0);
    p->add(p->out + (size_t)((batch * p->m + i) * p->n) * p->elem, p->term, (size_t)p->n, 1);
}

static void add_terms(const dense_product *p)
{
    for (int64_t b = 0; p->n && b < p->a.batches; b++)
        for (int64_t r = 0; r < p->a.rows; r++)
            for (int64_t e = td_csr_at(&p->a, b, r); e < td_csr_at(&p->a, b, r + 1); e++) {
                const int64_t col = p->a.col[e];

                add_term(p, b, p->at->swaps_a ? col : r, p->at->swaps_a ? r : col,
                         p->a.values + (size_t)e * p->elem);
            }
}

/* The sums as the output has them. */
static void turn(const dense_product *p, char *to)
{
    for (int64_t b = 0; b < p->a.batches; b++)
        for (int64_t i = 0; i < p->m; i++)
            for (int64_t j = 0; j < p->n; j++)
                memcpy(to + (size_t)((b * p->n + j) * p->m + i) * p->elem,
                       p->out + (size_t)((b * p->m + i) * p->n + j) * p->elem, p->elem);
}

static td_status dense_run(td_call *c)
{
    const td_shape *const b = &td_in(c, 1)->shape;
    dense_product p = { .at = c->attrs, .b = td_in(c, 1)->data };

    TD_TRY(td_csr_in(c, 0, NULL, &p.a));
    TD_TRY(td_csr_check_type(c, &p.a, p.at->type));
    TD_TRY(check_inner(c, &p.a.shape, b));
    p.elem = td_dtype_size(p.a.dtype);
    p.m = p.at->swaps_a ? p.a.cols : p.a.rows;
    p.k = p.at->swaps_a ? p.a.rows : p.a.cols;
    p.n = b->dims[b->rank - 1 - p.at->swaps_b];
    p.add = td_combine_find(TD_COMBINE_ADD, p.a.dtype);
    p.mul = td_combine_find(TD_COMBINE_MUL, p.a.dtype);
    td_shape s = *b;

    s.dims[s.rank - 2] = p.at->swaps_out ? p.n : p.m;
    s.dims[s.rank - 1] = p.at->swaps_out ? p.m : p.n;
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(c, 0, &s));
    if (!td_out_is_used(c, 0)) return NULL;
    const size_t bytes = td_tensor_bytes(td_out(c, 0));

    TD_TRY(td_text_rooms(c, (size_t)p.n, p.elem, &p.term));
    p.out = td_out(c, 0)->data;
    if (p.at->swaps_out) TD_TRY(td_text_rooms(c, bytes, 1, &p.out));
    if (bytes) memset(p.out, 0, bytes);
    add_terms(&p);
    for (size_t i = 0; p.at->conj_out && i < bytes; i += p.elem)
        td_sparse_conjugate(p.a.dtype, p.out + i);
    if (p.at->swaps_out) turn(&p, td_out(c, 0)->data);
    return NULL;
}

/* ---------------------------------------------------------------- times a sparse one */

/* Row after row of the result is gathered where its columns are: sums[col], and which columns there are. */
typedef struct sparse_product {
    td_csr a, b, out;
    char *sums;
    int32_t *cols; /* of this row */
    int64_t *seen; /* by column: the last row that had it, counted over the batch, plus 1 */
    td_combine_fn *add, *mul;
    size_t elem;
} sparse_product;

/* The columns of a row; with sums, what is there. Returns how many. */
static int64_t gather_row(sparse_product *p, int64_t batch, int64_t r, bool has_sums)
{
    const int64_t now = batch * p->a.rows + r + 1;
    int64_t n = 0;

    for (int64_t e = td_csr_at(&p->a, batch, r); e < td_csr_at(&p->a, batch, r + 1); e++) {
        const int64_t k = p->a.col[e];

        for (int64_t f = td_csr_at(&p->b, batch, k); f < td_csr_at(&p->b, batch, k + 1); f++) {
            const int32_t col = p->b.col[f];
            char *const sum = p->sums + (size_t)col * p->elem;
            char term[16];

            if (p->seen[col] != now) {
                p->seen[col] = now;
                p->cols[n++] = col;
                memset(sum, 0, p->elem);
            }
            if (!has_sums) continue;
            memcpy(term, p->a.values + (size_t)e * p->elem, p->elem);
            p->mul(term, p->b.values + (size_t)f * p->elem, 1, 1);
            p->add(sum, term, 1, 1);
        }
    }
    return n;
}

static int compare_cols(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static void put_row(sparse_product *p, int64_t batch, int64_t r, int64_t at)
{
    const int64_t n = gather_row(p, batch, r, true);
    int32_t *const row = p->out.row + batch * (p->out.rows + 1);

    if (n) qsort(p->cols, (size_t)n, sizeof *p->cols, compare_cols);
    for (int64_t i = 0; i < n; i++) {
        p->out.col[at + i] = p->cols[i];
        memcpy(p->out.values + (size_t)(at + i) * p->elem, p->sums + (size_t)p->cols[i] * p->elem, p->elem);
    }
    row[r + 1] = row[r] + (int32_t)n;
}

static void forget_rows(sparse_product *p)
{
    memset(p->seen, 0, (size_t)(p->b.cols + 1) * sizeof *p->seen);
}

static td_status multiply(td_call *c, sparse_product *p, td_bag **bag)
{
    td_shape s = p->a.shape;
    int64_t total = 0, at = 0;

    s.dims[s.rank - 1] = p->b.cols;
    p->elem = td_dtype_size(p->a.dtype);
    p->add = td_combine_find(TD_COMBINE_ADD, p->a.dtype);
    p->mul = td_combine_find(TD_COMBINE_MUL, p->a.dtype);
    TD_TRY(td_text_rooms(c, (size_t)p->b.cols + 1, p->elem, &p->sums));
    TD_TRY(td_text_rooms(c, (size_t)p->b.cols + 1, sizeof *p->cols, &p->cols));
    TD_TRY(td_text_rooms(c, (size_t)p->b.cols + 1, sizeof *p->seen, &p->seen));
    forget_rows(p);
    for (int64_t b = 0; b < p->a.batches; b++)
        for (int64_t r = 0; r < p->a.rows; r++)
            total += gather_row(p, b, r, false);
    TD_TRY(td_csr_make(c, p->a.dtype, &s, total, bag, &p->out));
    forget_rows(p);
    for (int64_t b = 0; b < p->a.batches; b++) {
        for (int64_t r = 0; r < p->a.rows; r++) {
            put_row(p, b, r, at);
            at = (int64_t)p->out.batch[b] + p->out.row[b * (p->out.rows + 1) + r + 1];
        }
        p->out.batch[b + 1] = (int32_t)at;
    }
    return NULL;
}

/* A factor that is to be turned, turned; *bag holds it then. */
static td_status turn_factor(td_call *c, bool swaps, bool conjugates, td_bag **bag, td_csr *m)
{
    const td_csr from = *m;

    return swaps ? td_csr_transpose(c, &from, conjugates, bag, m) : NULL;
}

static td_status sparse_run(td_call *c)
{
    const product_attrs *const at = c->attrs;
    td_bag *turned_a = NULL, *turned_b = NULL, *bag = NULL;
    sparse_product p = { 0 };

    TD_TRY(td_csr_in(c, 0, NULL, &p.a));
    TD_TRY(td_csr_in(c, 1, NULL, &p.b));
    TD_TRY(td_csr_check_type(c, &p.a, at->type));
    TD_TRY(td_csr_check_type(c, &p.b, at->type));
    TD_TRY(check_inner(c, &p.a.shape, &p.b.shape));
    td_status s = turn_factor(c, at->swaps_a, at->conj_a, &turned_a, &p.a);
    if (!s) s = turn_factor(c, at->swaps_b, at->conj_b, &turned_b, &p.b);
    if (!s) s = multiply(c, &p, &bag);
    td_bag_unref(turned_a);
    td_bag_unref(turned_b);
    return s ? s : td_bag_put(c, 0, bag);
}

TD_RUN_KERNEL(dense_kernels, TD_CSR_TYPES, dense_run);
TD_RUN_KERNEL(sparse_kernels, TD_CSR_TYPES, sparse_run);

#define FACTORS                                                                                              \
    "transpose_a: bool = false, transpose_b: bool = false, adjoint_a: bool = false, adjoint_b: bool = false"

const td_op td_ops_csr_product[] = {
    { .name = "SparseMatrixMatMul",
      .sig = "a: variant, b: T -> output: T",
      .attrs = "T: type, " FACTORS ", transpose_output: bool = false, conjugate_output: bool = false",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(product_attrs),
      .parse = dense_parse,
      .kernels = dense_kernels },
    { .name = "SparseMatrixSparseMatMul",
      .sig = "a: variant, b: variant -> c: variant",
      .attrs = "type: type, " FACTORS,
      .key = "type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(product_attrs),
      .parse = sparse_parse,
      .kernels = sparse_kernels },
    { 0 },
};
