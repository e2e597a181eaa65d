/* SPDX-License-Identifier: Apache-2.0 */
/* op_softmax.c -- Softmax and LogSoftmax over the last axis.
 *
 * The tensor is seen as [rows, cols], cols being the last dimension. Half and bfloat16 go through float, a row at a time.
 */
#include "base/macros.h"
#include "kernels/elt/num.h"
#include "kernels/softmax/softmax.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct softmax_attrs {
    bool is_log;
} softmax_attrs;

static td_status softmax_parse(td_parse *p)
{
    ((softmax_attrs *)p->attrs)->is_log = false;
    return NULL;
}

static td_status log_parse(td_parse *p)
{
    ((softmax_attrs *)p->attrs)->is_log = true;
    return NULL;
}

static td_status softmax_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "logits must have >= 1 dimension, got 0-d");
    return td_infer_same(c);
}

typedef struct softmax_state {
    td_softmax_fn *kernel;
    td_widen_fn *widen; /* of 16-bit floats; NULL: they are others */
    td_narrow_fn *narrow;
    size_t rows, cols;
    size_t parts; /* of rows, each with a row of floats to work in */
    bool is_log;
} softmax_state;

enum { MOST_PARTS = 64 };

static td_status softmax_prepare(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    const softmax_attrs *const a = c->attrs;
    softmax_state *const s = c->state;

    s->is_log = a->is_log;
    s->kernel = td_softmax_select(c->env->cpu);
    s->cols = (size_t)x->dims[x->rank - 1];
    s->rows = s->cols ? (size_t)td_shape_count(x) / s->cols : 0;
    s->parts = TD_MIN(s->rows, (size_t)MOST_PARTS);
    s->widen = td_widen_find(td_in(c, 0)->dtype, c->env->cpu);
    s->narrow = td_narrow_find(td_in(c, 0)->dtype, c->env->cpu);
    if (s->widen) c->scratch_size = s->parts * s->cols * sizeof(float);
    return NULL;
}

typedef struct rows_job {
    const softmax_state *s;
    float *out;
    const float *in;
} rows_job;

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;
    const size_t cols = j->s->cols;
    j->s->kernel(j->out + begin * cols, j->in + begin * cols, end - begin, cols, j->s->is_log);
}

typedef struct parts_job {
    const softmax_state *s;
    uint16_t *out;
    const uint16_t *in;
    float *work;
} parts_job;

static void run_parts(void *ctx, size_t begin, size_t end)
{
    const parts_job *const j = ctx;
    const softmax_state *const s = j->s;

    for (size_t part = begin; part < end; part++) {
        float *const row = j->work + part * s->cols;

        for (size_t r = s->rows * part / s->parts; r < s->rows * (part + 1) / s->parts; r++) {
            s->widen(row, j->in + r * s->cols, s->cols);
            s->kernel(row, row, 1, s->cols, s->is_log);
            s->narrow(j->out + r * s->cols, row, s->cols);
        }
    }
}

static td_status softmax_run(td_call *c)
{
    const softmax_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0);

    if (s->rows == 0) return NULL;
    if (x->dtype == TD_F32) {
        rows_job j = { s, td_out(c, 0)->data, x->data };
        td_call_parallel(c, s->rows, TD_MAX(1, 16384 / s->cols), run_rows, &j);
        return NULL;
    }
    if (s->widen) {
        parts_job j = { s, td_out(c, 0)->data, x->data, c->scratch };
        td_call_parallel(c, s->parts, TD_MAX(1, 16384 / s->cols * s->parts / s->rows), run_parts, &j);
        return NULL;
    }
    td_softmax_f64(td_out(c, 0)->data, x->data, s->rows, s->cols, s->is_log);
    return NULL;
}

static const td_kernel softmax_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64), sizeof(softmax_state), softmax_prepare,
      softmax_run, NULL },
    { 0 },
};

#define COMMON                                                                                               \
    .attrs = "T: type", .flags = TD_OP_INPLACE, .attrs_size = sizeof(softmax_attrs), .infer = softmax_infer, \
    .kernels = softmax_kernels

const td_op td_ops_softmax[] = {
    { .name = "Softmax", .sig = "logits: T -> softmax: T", .parse = softmax_parse, COMMON },
    { .name = "LogSoftmax", .sig = "logits: T -> logsoftmax: T", .parse = log_parse, COMMON },
    { 0 },
};
