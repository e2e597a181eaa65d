/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_log_softmax.c -- _LiteLogSoftmax: rows of bytes to logarithms of their shares, in steps of 1 / 16 below 0. Signed bytes
 * by integers only; unsigned ones, as TFLite's other kernel has it, by floats. */
#include <math.h>

#include "base/macros.h"
#include "kernels/quant/fixed_exp.h"
#include "ops/quant/lite.h"

enum { WHOLE = 5, SUM_WHOLE = 12, OUT_WHOLE = 4, GRAIN = 1 << 12, ENTRIES = 256 };

typedef struct log_attrs {
    td_fixed factors[2];   /* of steps in 1 / 2^26, and back */
    int32_t least;         /* what is further below the largest counts nothing */
    int32_t fine[ENTRIES]; /* of steps below the largest, as far as `least` */
    float step, exp[ENTRIES];
} log_attrs;

/* Steps below the largest, so many that they don't overflow. */
static void fill(log_attrs *a)
{
    a->least = -(int32_t)((INT64_C(31) << (31 - WHOLE)) >> TD_MIN(TD_MAX(a->factors[0].shift, 0), 31));
    for (int i = 0; i < ENTRIES; i++) {
        a->fine[i] = -i >= a->least ? td_fixed_times(-i, a->factors[0]) : 0;
        a->exp[i] = expf(-a->step * (float)i);
    }
}

static td_status log_parse(td_parse *p)
{
    log_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_LITE_BYTES));
    TD_TRY(td_lite_factors_of(p, 2, a->factors));
    a->step = td_attr_float(p, "step");
    if (!(a->step > 0) || !isfinite(a->step))
        return TD_ERR(INVALID_ARGUMENT, "%s: steps of %g", p->node->name, (double)a->step);
    fill(a);
    return NULL;
}

static td_status log_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "there are no rows in a scalar");
    return td_infer_same(c);
}

static void signed_row(const log_attrs *a, int8_t *out, const int8_t *in, size_t n)
{
    int32_t most = INT8_MIN;
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        most = TD_MAX(most, in[i]);
    for (size_t i = 0; i < n; i++)
        if (in[i] - most >= a->least)
            sum += td_fixed_shift(td_fixed_exp(a->fine[most - in[i]], WHOLE, 31), -SUM_WHOLE, 31);
    const int32_t log = td_fixed_log((int32_t)TD_MIN(sum, INT32_MAX));
    const int32_t low = td_fixed_times((int32_t)((uint32_t)log + (uint32_t)INT32_MIN), a->factors[1]);
    const int32_t least = TD_MAX(a->least - 1, low);

    for (size_t i = 0; i < n; i++) {
        const int32_t below = in[i] - most;
        const int32_t fine = below > least && below >= a->least ? a->fine[-below] - log : 0;
        const int32_t y = td_round_shift(fine, 31 - WHOLE - OUT_WHOLE) + INT8_MAX;

        out[i] = (int8_t)(below > least ? td_steps_clamp(y, INT8_MIN, INT8_MAX) : INT8_MIN);
    }
}

static void unsigned_row(const log_attrs *a, uint8_t *out, const uint8_t *in, size_t n)
{
    uint8_t most = 0;
    float sum = 0;

    for (size_t i = 0; i < n; i++)
        most = TD_MAX(most, in[i]);
    for (size_t i = 0; i < n; i++)
        sum += a->exp[most - in[i]];
    const float steps = a->step * 16.0f, begin = (a->step * (float)most + logf(sum)) * 16.0f;

    for (size_t i = 0; i < n; i++) {
        const float y = rintf(steps * (float)in[i] - begin) + (float)UINT8_MAX;

        out[i] = (uint8_t)fminf(fmaxf(y, 0), (float)UINT8_MAX);
    }
}

typedef struct rows_job {
    const log_attrs *attrs;
    const uint8_t *in;
    uint8_t *out;
    size_t cols;
    bool is_u8;
} rows_job;

static void log_shard(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;

    for (size_t r = begin; r < end; r++)
        if (j->is_u8)
            unsigned_row(j->attrs, j->out + r * j->cols, j->in + r * j->cols, j->cols);
        else
            signed_row(j->attrs, (int8_t *)j->out + r * j->cols, (const int8_t *)j->in + r * j->cols,
                       j->cols);
}

static td_status log_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const size_t cols = (size_t)s->dims[s->rank - 1], count = (size_t)td_shape_count(s);
    rows_job j = { c->attrs, td_in(c, 0)->data, td_out(c, 0)->data, cols, td_in(c, 0)->dtype == TD_U8 };

    if (count) td_call_parallel(c, count / cols, TD_MAX(GRAIN / cols, 1), log_shard, &j);
    return NULL;
}

TD_RUN_KERNEL(log_kernels, TD_LITE_BYTES, log_run);

const td_op td_ops_lite_log_softmax[] = {
    { .name = "_LiteLogSoftmax",
      .sig = "logits: T -> logsoftmax: T",
      .attrs = "T: type, step: float, " TD_LITE_FACTORS_ATTRS,
      .attrs_size = sizeof(log_attrs),
      .parse = log_parse,
      .infer = log_infer,
      .kernels = log_kernels },
    { 0 },
};
