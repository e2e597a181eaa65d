/* SPDX-License-Identifier: Apache-2.0 */
/* op_xent.c -- cross entropy of logits, with its gradient:
 * against distributions, and against class numbers. */
#include <math.h>

#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

/* log(sum(exp(x - max))) + max of a row. */
static double log_sum(const double *x, size_t n, double *max)
{
    double sum = 0.0;

    *max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        *max = TD_MAX(*max, x[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - *max);
    return log(sum);
}

/* ---------------------------------------------------------------- against distributions */

static td_status dense_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const y = &td_in(c, 1)->shape;
    char tx[TD_SHAPE_TEXT], ty[TD_SHAPE_TEXT];
    td_shape s;

    if (x->rank > 2 || y->rank > 2 || !td_shape_broadcast(x, y, &s) || s.rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "logits and labels must be broadcastable: logits_size=%s labels_size=%s",
                         td_shape_text(x, tx, sizeof tx), td_shape_text(y, ty, sizeof ty));
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = (td_shape){ .rank = 1, .dims = { s.dims[0] } };
    if (td_out_is_used(c, 1)) td_out(c, 1)->shape = s;
    return NULL;
}

/* The sizes after broadcasting. */
static void dense_sizes(const td_call *c, size_t *rows, size_t *cols)
{
    td_shape s;

    (void)td_shape_broadcast(&td_in(c, 0)->shape, &td_in(c, 1)->shape, &s);
    *rows = (size_t)s.dims[0];
    *cols = (size_t)s.dims[1];
}

/* Scratch: logits, labels, loss, gradient. */
static td_status dense_prepare(td_call *c)
{
    size_t rows, cols;

    dense_sizes(c, &rows, &cols);
    c->scratch_size = (3 * rows * cols + rows) * sizeof(double);
    return NULL;
}

/* Element [r][k] of a [1 or rows][1 or cols] matrix. */
static double at(const double *v, const td_shape *s, size_t r, size_t k)
{
    const size_t own_cols = s->rank ? (size_t)s->dims[s->rank - 1] : 1;
    const size_t own_rows = s->rank == 2 ? (size_t)s->dims[0] : 1;
    return v[(own_rows == 1 ? 0 : r) * own_cols + (own_cols == 1 ? 0 : k)];
}

static td_status dense_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0), *const y = td_in(c, 1);
    size_t rows, cols;

    dense_sizes(c, &rows, &cols);
    double *const logits = c->scratch, *const labels = logits + rows * cols,
                  *const grad = labels + rows * cols;
    double *const loss = grad + rows * cols;

    td_to_double(x->dtype, x->data, (size_t)td_shape_count(&x->shape), logits);
    td_to_double(y->dtype, y->data, (size_t)td_shape_count(&y->shape), labels);
    for (size_t r = 0; r < rows; r++) {
        double *const row = grad + r * cols, max;
        for (size_t k = 0; k < cols; k++)
            row[k] = at(logits, &x->shape, r, k);
        const double shift = log_sum(row, cols, &max);
        loss[r] = 0.0;
        for (size_t k = 0; k < cols; k++) {
            const double l = at(labels, &y->shape, r, k), log_p = row[k] - max - shift;
            if (l != 0.0) loss[r] -= l * log_p;
            row[k] = exp(log_p) - l;
        }
    }
    if (td_out_is_used(c, 0)) td_from_double(x->dtype, loss, rows, td_out(c, 0)->data);
    if (td_out_is_used(c, 1)) td_from_double(x->dtype, grad, rows * cols, td_out(c, 1)->data);
    return NULL;
}

/* ---------------------------------------------------------------- against class numbers */

static td_status sparse_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const y = &td_in(c, 1)->shape;

    if (x->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "logits must be 2-D");
    if (y->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "labels must be 1-D");
    if (x->dims[0] != y->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "logits and labels must have the same first dimension");
    if (x->dims[1] <= 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Must have at least one class");
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = *y;
    if (td_out_is_used(c, 1)) td_out(c, 1)->shape = *x;
    return NULL;
}

static td_status sparse_prepare(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    c->scratch_size = (size_t)(td_shape_count(x) + x->dims[0]) * sizeof(double);
    return NULL;
}

static td_status sparse_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0), *const y = td_in(c, 1);
    const size_t rows = (size_t)x->shape.dims[0], cols = (size_t)x->shape.dims[1];
    double *const logits = c->scratch, *const loss = logits + rows * cols;

    td_to_double(x->dtype, x->data, rows * cols, logits);
    for (size_t r = 0; r < rows; r++) {
        const int64_t label =
            y->dtype == TD_I32 ? ((const int32_t *)y->data)[r] : ((const int64_t *)y->data)[r];
        if (label < 0 || label >= (int64_t)cols)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Received a label value of %lld which is outside the valid range of [0, %zu).",
                             (long long)label, cols);
        double *const row = logits + r * cols, max;
        const double shift = log_sum(row, cols, &max);
        loss[r] = shift + max - row[label];
        for (size_t k = 0; k < cols; k++)
            row[k] = exp(row[k] - max - shift) - (k == (size_t)label ? 1.0 : 0.0);
    }
    if (td_out_is_used(c, 0)) td_from_double(x->dtype, loss, rows, td_out(c, 0)->data);
    if (td_out_is_used(c, 1)) td_from_double(x->dtype, logits, rows * cols, td_out(c, 1)->data);
    return NULL;
}

static const td_kernel dense_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64), 0, dense_prepare, dense_run, NULL },
    { 0 },
};

static const td_kernel sparse_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64), 0, sparse_prepare, sparse_run, NULL },
    { 0 },
};

const td_op td_ops_xent[] = {
    { .name = "SoftmaxCrossEntropyWithLogits",
      .sig = "features: T, labels: T -> loss: T, backprop: T",
      .attrs = "T: type",
      .infer = dense_infer,
      .kernels = dense_kernels },
    { .name = "SparseSoftmaxCrossEntropyWithLogits",
      .sig = "features: T, labels: Tlabels -> loss: T, backprop: T",
      .attrs = "T: type, Tlabels: type = int64",
      .infer = sparse_infer,
      .kernels = sparse_kernels },
    { 0 },
};
