/* SPDX-License-Identifier: Apache-2.0 */
/* op_ctc_loss.c -- CTCLoss: how unlikely what was said is, and the gradient by the logits. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/ctc/loss.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct loss_attrs {
    bool collapses, merges, ignores_longer;
} loss_attrs;

static td_status loss_parse(td_parse *p)
{
    loss_attrs *const a = p->attrs;

    a->collapses = td_attr_bool(p, "preprocess_collapse_repeated");
    a->merges = td_attr_bool(p, "ctc_merge_repeated");
    a->ignores_longer = td_attr_bool(p, "ignore_longer_outputs_than_inputs");
    return NULL;
}

/* -------------- inputs [time, batch, classes], labels as a sparse tensor [batch, any], lengths -> loss, gradient */

typedef struct speech {
    int64_t times, batch, classes;
    const int64_t *index; /* [n, 2] */
    const int32_t *labels, *length;
    int64_t n;
} speech;

static td_status check_labels(const td_call *c, const speech *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t *const at = s->index + 2 * i;
        const bool is_first = i == 0 || at[0] > at[-2];

        if (at[0] < 0 || at[0] >= s->batch || at[1] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "label SparseTensor is not valid: indices[%" PRId64 "] is out of bounds", i);
        if (!is_first && (at[0] < at[-2] || at[1] <= at[-1]))
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "label SparseTensor is not valid: indices[%" PRId64 "] is out of order or repeated", i);
    }
    return NULL;
}

static td_status read_speech(const td_call *c, speech *s)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const index = &td_in(c, 1)->shape;
    const td_shape *const labels = &td_in(c, 2)->shape, *const lengths = &td_in(c, 3)->shape;

    if (x->rank != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "inputs is not a 3-Tensor");
    if (lengths->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "sequence_length is not a vector");
    if (index->rank != 2 || index->dims[1] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "labels_indices is not a matrix of two columns");
    if (labels->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "labels_values is not a vector");
    if (lengths->dims[0] != x->dims[1])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "len(sequence_length) != batch_size");
    if (labels->dims[0] != index->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "labels_indices and labels_values must contain the same number of rows");
    if (x->dims[1] == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "batch_size must not be 0");
    *s = (speech){ x->dims[0],        x->dims[1],        x->dims[2],     td_in(c, 1)->data,
                   td_in(c, 2)->data, td_in(c, 3)->data, labels->dims[0] };
    if (s->times == 0 || s->classes == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "inputs must have times and classes");
    for (int64_t b = 0; b < s->batch; b++)
        if (s->length[b] < 0 || s->length[b] > s->times)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "sequence_length(%" PRId64 ") <= %" PRId64, b, s->times);
    return check_labels(c, s);
}

/* The labels of one of the batch, without blanks at the end; *all counts these, too. */
static td_status take_labels(td_call *c, const speech *s, int64_t b, int32_t *out, size_t *n, size_t *all)
{
    bool is_over = false;
    int32_t before = -1;

    *n = *all = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const int32_t label = s->labels[i];
        const bool is_again = *all > 0 && label == before && ((const loss_attrs *)c->attrs)->collapses;

        if (s->index[2 * i] != b) continue;
        ++*all;
        before = label;
        if (is_again) continue;
        if (label < s->classes - 1 && is_over)
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "Saw a non-null label (index >= num_classes - 1) following a null label, batch: %" PRId64, b);
        if (label < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "All labels must be nonnegative integers, batch: %" PRId64,
                             b);
        is_over = label >= s->classes - 1;
        if (!is_over) out[(*n)++] = label;
    }
    return *all ? NULL : TD_OP_ERR(c, INVALID_ARGUMENT, "Labels length is zero in batch %" PRId64, b);
}

/* The softmaxes of the logits of b, [length, classes]. */
static void read_logits(const td_call *c, const speech *s, int64_t b, double *y)
{
    const td_dtype type = td_in(c, 0)->dtype;
    const size_t n = (size_t)s->classes, row = n * td_dtype_size(type);

    for (int64_t t = 0; t < s->length[b]; t++, y += n) {
        double most = -INFINITY, sum = 0.0;

        td_to_double(type, (const char *)td_in(c, 0)->data + (size_t)(t * s->batch + b) * row, n, y);
        for (size_t k = 0; k < n; k++)
            most = TD_MAX(most, y[k]);
        for (size_t k = 0; k < n; k++)
            sum += y[k] = exp(y[k] - most);
        for (size_t k = 0; k < n; k++)
            y[k] /= sum;
    }
}

static void write_gradient(const td_call *c, const speech *s, int64_t b, const double *gradient)
{
    td_tensor *const out = td_out(c, 1);
    const size_t n = (size_t)s->classes, row = n * td_dtype_size(out->dtype);

    for (int64_t t = 0; t < s->length[b]; t++, gradient += n)
        td_from_double(out->dtype, gradient, n, (char *)out->data + (size_t)(t * s->batch + b) * row);
}

static td_status lose(td_call *c, const speech *s, int64_t b, int32_t *labels, double *y)
{
    const loss_attrs *const a = c->attrs;
    td_ctc_target t = { labels, 0, (size_t)s->length[b], (size_t)s->classes, a->merges };
    size_t all;

    TD_TRY(take_labels(c, s, b, labels, &t.n, &all));
    if (all > t.times && !a->ignores_longer)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Not enough time for target transition sequence (required: %zu, available: %zu)%" PRId64
            "You can turn this error into a warning by using the flag ignore_longer_outputs_than_inputs",
            all, t.times, b);
    if (t.times == 0 || all > t.times) return NULL;
    double *const gradient = y + (size_t)(s->times * s->classes);
    double *const work = td_arena_try_alloc(c->arena, td_ctc_loss_work(&t) * sizeof *work, 16);

    if (!work) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    read_logits(c, s, b, y);
    const double loss = td_ctc_loss(&t, y, gradient, work);

    td_from_double(td_out(c, 0)->dtype, &loss, 1,
                   (char *)td_out(c, 0)->data + (size_t)b * td_dtype_size(td_out(c, 0)->dtype));
    write_gradient(c, s, b, gradient);
    return NULL;
}

static td_status loss_run(td_call *c)
{
    speech s;

    TD_TRY(read_speech(c, &s));
    int32_t *const labels = td_arena_try_alloc(c->arena, (size_t)(s.n + 1) * sizeof *labels, 16);
    double *const y = td_arena_try_alloc(c->arena, 2 * (size_t)(s.times * s.classes) * sizeof *y, 16);

    if (!labels || !y) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { s.batch } }));
    TD_TRY(td_out_make(c, 1, &td_in(c, 0)->shape));
    memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
    memset(td_out(c, 1)->data, 0, td_tensor_bytes(td_out(c, 1)));
    for (int64_t b = 0; b < s.batch; b++)
        TD_TRY(lose(c, &s, b, labels, y));
    return NULL;
}

TD_RUN_KERNEL(loss_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), loss_run);

const td_op td_ops_ctc_loss[] = {
    { .name = "CTCLoss",
      .sig = "inputs: T, labels_indices: int64, labels_values: int32, sequence_length: int32 -> loss: T, "
             "gradient: T",
      .attrs = "preprocess_collapse_repeated: bool = false, ctc_merge_repeated: bool = true, "
               "ignore_longer_outputs_than_inputs: bool = false, T: type = float",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(loss_attrs),
      .parse = loss_parse,
      .kernels = loss_kernels },
    { 0 },
};
