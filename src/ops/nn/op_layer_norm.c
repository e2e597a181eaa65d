/* SPDX-License-Identifier: Apache-2.0 */
/* op_layer_norm.c -- _FusedLayerNorm, over the last axis; passes/fuse_layer_norm makes it. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/wide/wide.h"
#include "ops/nn/epilogue.h"

typedef struct norm_attrs {
    float epsilon;
} norm_attrs;

static td_status norm_parse(td_parse *p)
{
    ((norm_attrs *)p->attrs)->epsilon = td_attr_float(p, "epsilon");
    return NULL;
}

static td_status mixed_parse(td_parse *p)
{
    static const char *const any[] = { "Tout", NULL };

    TD_TRY(td_mixed_parse(p, any, NULL));
    return norm_parse(p);
}

/* gamma and beta may have leading dims of 1, more than x, even. A last dim of 1 takes on theirs. */
static td_status norm_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    td_shape out = *x;

    if (x->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Invalid reduction dimension (-1 for input with 0 dimension(s)");
    const int64_t own = x->dims[x->rank - 1], cols = own == 1 ? td_shape_count(&td_in(c, 1)->shape) : own;
    for (uint32_t i = 1; i < 3; i++) {
        const td_shape *const v = &td_in(c, i)->shape;
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        if (td_shape_count(v) != cols || !td_shape_broadcast(&out, v, &out))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s",
                             td_shape_text(x, a, sizeof a), td_shape_text(v, b, sizeof b));
    }
    td_out(c, 0)->shape = out;
    return td_shape_check(&out);
}

typedef struct norm_state {
    td_layer_norm_fn *kernel;
    size_t rows, cols;
    bool is_narrow;   /* a row of x is one number, which is its own mean */
    size_t row_bytes; /* of a thread's scratch: a row of floats whose output is none; 0: it is one */
} norm_state;

static td_status norm_prepare(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    norm_state *const s = c->state;

    s->kernel = td_layer_norm_select(c->env->cpu);
    s->cols = (size_t)td_shape_count(&td_in(c, 1)->shape);
    s->is_narrow = s->cols > 1 && x->dims[x->rank - 1] == 1;
    s->rows = s->cols ? (size_t)td_shape_count(&td_out(c, 0)->shape) / s->cols : 0;
    if (td_out(c, 0)->dtype == TD_F32) return NULL;
    s->row_bytes = td_round_up(s->cols * sizeof(float), 64);
    c->scratch_size = s->row_bytes * (size_t)TD_MAX(c->threads, 1);
    return NULL;
}

enum { GRAIN = 32 * 1024 }; /* elements that are worth a thread */

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const norm_state *const s = c->state;
    const float *const in = td_in(c, 0)->data;
    float *const out = td_out(c, 0)->data;

    s->kernel(out + begin * s->cols, in + begin * s->cols, td_in(c, 1)->data, td_in(c, 2)->data, end - begin,
              s->cols, ((const norm_attrs *)c->attrs)->epsilon);
}

static void narrow_row(const float *x, const float *gamma, const float *beta, float *out, size_t cols)
{
    for (size_t k = 0; k < cols; k++)
        out[k] = (*x - *x) * gamma[k] + beta[k]; /* NaN of what is not finite */
}

static void run_narrow(const td_call *c, const norm_state *s)
{
    float *const out = td_out(c, 0)->data;

    for (size_t i = 0; i < s->rows; i++)
        narrow_row((const float *)td_in(c, 0)->data + i, td_in(c, 1)->data, td_in(c, 2)->data,
                   out + i * s->cols, s->cols);
}

static size_t grain_of(const norm_state *s)
{
    return TD_MAX(1, GRAIN / s->cols);
}

/* Row by row into a thread's scratch, then as the output's type. */
static void run_shard(void *ctx, size_t shard, int thread)
{
    const td_call *const c = ctx;
    const norm_state *const s = c->state;
    const td_tensor *const out = td_out(c, 0);
    const float *const in = td_in(c, 0)->data, *const gamma = td_in(c, 1)->data,
                       *const beta = td_in(c, 2)->data;
    float *const row = (float *)(void *)((char *)c->scratch + (size_t)thread * s->row_bytes);
    const size_t first = shard * grain_of(s), size = td_dtype_size(out->dtype);

    for (size_t i = first; i < TD_MIN(first + grain_of(s), s->rows); i++) {
        if (s->is_narrow)
            narrow_row(in + i, gamma, beta, row, s->cols);
        else
            s->kernel(row, in + i * s->cols, gamma, beta, 1, s->cols,
                      ((const norm_attrs *)c->attrs)->epsilon);
        td_from_float(out->dtype, row, s->cols, (char *)out->data + i * s->cols * size);
    }
}

static td_status norm_run(td_call *c)
{
    const norm_state *const s = c->state;

    if (s->row_bytes)
        td_team_run(c->team, (s->rows + grain_of(s) - 1) / grain_of(s), run_shard, c);
    else if (s->is_narrow)
        run_narrow(c, s);
    else if (s->rows)
        td_call_parallel(c, s->rows, TD_MAX(1, GRAIN / s->cols), run_rows, c);
    return NULL;
}

static const td_kernel norm_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32), sizeof(norm_state), norm_prepare, norm_run, NULL },
    { 0 },
};

const td_op td_ops_layer_norm[] = {
    { .name = "_FusedLayerNorm",
      .sig = "x: T, gamma: T, beta: T -> y: T",
      .attrs = "T: type, epsilon: float",
      .flags = TD_OP_INPLACE,
      .attrs_size = sizeof(norm_attrs),
      .parse = norm_parse,
      .infer = norm_infer,
      .kernels = norm_kernels },
    { .name = "_MixedLayerNorm",
      .sig = "x: T, gamma: T, beta: T -> y: Tout",
      .attrs = "T: type, Tout: type, epsilon: float",
      .attrs_size = sizeof(norm_attrs),
      .parse = mixed_parse,
      .infer = norm_infer,
      .kernels = norm_kernels },
    { 0 },
};
