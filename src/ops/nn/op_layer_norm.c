/* SPDX-License-Identifier: Apache-2.0 */
/* op_layer_norm.c -- _FusedLayerNorm, over the last axis; passes/fuse_layer_norm makes it. */
#include <inttypes.h>

#include "base/macros.h"
#include "kernels/norm/layer_norm.h"
#include "ops/op.h"

typedef struct norm_attrs {
    float epsilon;
} norm_attrs;

static td_status norm_parse(td_parse *p)
{
    ((norm_attrs *)p->attrs)->epsilon = td_attr_float(p, "epsilon");
    return NULL;
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
    bool is_narrow; /* a row of x is one number, which is its own mean */
} norm_state;

static td_status norm_prepare(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    norm_state *const s = c->state;

    s->kernel = td_layer_norm_select(c->env->cpu);
    s->cols = (size_t)td_shape_count(&td_in(c, 1)->shape);
    s->is_narrow = s->cols > 1 && x->dims[x->rank - 1] == 1;
    s->rows = s->cols ? (size_t)td_shape_count(&td_out(c, 0)->shape) / s->cols : 0;
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

static void run_narrow(const td_call *c, const norm_state *s)
{
    const float *const x = td_in(c, 0)->data, *const gamma = td_in(c, 1)->data,
                       *const beta = td_in(c, 2)->data;
    float *out = td_out(c, 0)->data;

    for (size_t i = 0; i < s->rows; i++)
        for (size_t k = 0; k < s->cols; k++)
            *out++ = (x[i] - x[i]) * gamma[k] + beta[k]; /* NaN of what is not finite */
}

static td_status norm_run(td_call *c)
{
    const norm_state *const s = c->state;

    if (s->is_narrow)
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
    { 0 },
};
