/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_softmax_wide.c -- _LiteSoftmaxWide: rows of steps of 16 bits to shares of 1, in steps of 1 / 32768. Exponentials and the
 * reciprocal of their sum lie on lines between 513 points. */
#include <math.h>

#include "base/macros.h"
#include "ops/quant/lite.h"

enum { LINES = 512, GRAIN = 1 << 13 };

typedef struct softmax_attrs {
    td_fixed factor;           /* of steps in 10 / 65535 */
    int16_t exps[LINES + 1];   /* of -10 to 0, as fractions of 2^15 */
    int16_t shares[LINES + 1]; /* 1 / (1 + x), x from 0 to 1, likewise */
} softmax_attrs;

static double share_of(double x)
{
    return 1.0 / (1.0 + x);
}

static int16_t hold(double v)
{
    return (int16_t)fmin(fmax(v, INT16_MIN), INT16_MAX);
}

/* Each point takes off half of what its line is off in the middle. */
static void fill_points(int16_t *points, double (*fn)(double), double from, double to)
{
    const double step = (to - from) / LINES;

    for (int i = 0; i < LINES; i++) {
        const double here = round(fn(from + i * step) * 32768.0), next = fn(from + (i + 1) * step) * 32768.0;
        const double middle = round(fn(from + i * step + step / 2) * 32768.0);

        points[i] = hold(here - round((round((next + here) / 2) - middle) / 2));
    }
    points[LINES] = hold(round(fn(to) * 32768.0));
}

static td_status softmax_parse(td_parse *p)
{
    softmax_attrs *const a = p->attrs;

    TD_TRY(td_lite_factors_of(p, 1, &a->factor));
    fill_points(a->exps, exp, -10.0, 0.0);
    fill_points(a->shares, share_of, 0.0, 1.0);
    return NULL;
}

static td_status softmax_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "there are no rows in a scalar");
    return td_infer_same(c);
}

static int32_t look_up(const int16_t *points, int32_t at)
{
    const int32_t held = td_steps_clamp(at, INT16_MIN, INT16_MAX), i = LINES / 2 + (held >> 7);

    return points[i] + (((points[i + 1] - points[i]) * (held & 0x7f) + 64) >> 7);
}

static int32_t exp_of(const softmax_attrs *a, int32_t below)
{
    return look_up(a->exps,
                   (int32_t)td_steps_of(td_fixed_times(below, a->factor), INT16_MAX, INT16_MIN, INT16_MAX));
}

static void softmax_row(const softmax_attrs *a, int16_t *out, const int16_t *in, size_t n)
{
    int32_t most = INT16_MIN;
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        most = TD_MAX(most, in[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp_of(a, in[i] - most);
    sum = TD_MAX(TD_MIN(sum, INT32_MAX), 1);
    const int headroom = __builtin_clz((unsigned)sum), shift = 31 - headroom;
    const int32_t scaled = (int32_t)(((sum << (headroom - 1)) + (1 << 13)) >> 14) - (1 << 15) - (1 << 16);
    const int64_t share = look_up(a->shares, scaled), round = shift ? INT64_C(1) << (shift - 1) : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)td_steps_of((exp_of(a, in[i] - most) * share + round) >> shift, 0, 0, INT16_MAX);
}

typedef struct rows_job {
    const softmax_attrs *attrs;
    const int16_t *in;
    int16_t *out;
    size_t cols;
} rows_job;

static void softmax_shard(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;

    for (size_t r = begin; r < end; r++)
        softmax_row(j->attrs, j->out + r * j->cols, j->in + r * j->cols, j->cols);
}

static td_status softmax_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const size_t cols = (size_t)s->dims[s->rank - 1], count = (size_t)td_shape_count(s);
    rows_job j = { c->attrs, td_in(c, 0)->data, td_out(c, 0)->data, cols };

    if (count) td_call_parallel(c, count / cols, TD_MAX(GRAIN / cols, 1), softmax_shard, &j);
    return NULL;
}

TD_RUN_KERNEL(softmax_kernels, TD_DTYPE_BIT(TD_I16), softmax_run);

const td_op td_ops_lite_softmax_wide[] = {
    { .name = "_LiteSoftmaxWide",
      .sig = "logits: int16 -> softmax: int16",
      .attrs = TD_LITE_FACTORS_ATTRS,
      .attrs_size = sizeof(softmax_attrs),
      .parse = softmax_parse,
      .infer = softmax_infer,
      .kernels = softmax_kernels },
    { 0 },
};
