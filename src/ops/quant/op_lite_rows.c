/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_rows.c -- _LiteSoftmax: rows of bytes to shares of 1; _LiteL2Norm: to vectors of length 1; _LiteSums: sums of 32 bits,
 * or their means, to steps. */
#include <inttypes.h>
#include <math.h>

#include "base/macros.h"
#include "ops/quant/lite.h"

enum { ENTRIES = 256, CENTRE = 128, GRAIN = 1 << 14 };

/* ---------------------------------------------------------------- _LiteSoftmax */

typedef struct softmax_attrs {
    float scale; /* of the output */
    int32_t zero;
    float exp[ENTRIES]; /* of what is so many steps below the row's largest */
    bool is_u8;
} softmax_attrs;

static td_status softmax_parse(td_parse *p)
{
    softmax_attrs *const a = p->attrs;
    const float step = td_attr_float(p, "step");

    TD_TRY(td_lite_type(p, "T", TD_LITE_BYTES));
    TD_TRY(td_lite_zero(p, "zero", td_attr_type(p, "T"), &a->zero));
    a->is_u8 = td_attr_type(p, "T") == TD_U8;
    a->scale = td_attr_float(p, "scale");
    if (!(a->scale > 0) || !isfinite(a->scale) || !isfinite(step))
        return TD_ERR(INVALID_ARGUMENT, "%s: a scale of %g, steps of %g", p->node->name, (double)a->scale,
                      (double)step);
    for (int i = 0; i < ENTRIES; i++)
        a->exp[i] = expf(-step * (float)i);
    return NULL;
}

static td_status rows_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "there are no rows in a scalar");
    return td_infer_same(c);
}

typedef struct rows_job {
    const void *attrs;
    const uint8_t *in;
    uint8_t *out;
    size_t cols;
} rows_job;

/* Bytes with the top bit turned, if they are signed, are in their order. */
static void softmax_row(const softmax_attrs *a, uint8_t *out, const uint8_t *in, size_t n)
{
    const uint8_t flip = a->is_u8 ? 0 : CENTRE;
    const int32_t low = a->is_u8 ? 0 : INT8_MIN, high = low + UINT8_MAX;
    uint8_t most = 0;
    float sum = 0;

    for (size_t i = 0; i < n; i++)
        most = TD_MAX(most, (uint8_t)(in[i] ^ flip));
    for (size_t i = 0; i < n; i++)
        sum += a->exp[most - (in[i] ^ flip)];
    const float scale = 1.0f / (sum * a->scale);
    for (size_t i = 0; i < n; i++) {
        const float share = a->exp[most - (in[i] ^ flip)] * scale;
        const float step = (a->is_u8 ? floorf(share + 0.5f) : roundf(share)) + (float)a->zero;

        out[i] = (uint8_t)(step >= (float)high ? high : step > (float)low ? (int32_t)step : low);
    }
}

static void softmax_shard(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;

    for (size_t r = begin; r < end; r++)
        softmax_row(j->attrs, j->out + r * j->cols, j->in + r * j->cols, j->cols);
}

static td_status run_rows(td_call *c, void (*fn)(void *ctx, size_t begin, size_t end))
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const size_t cols = (size_t)s->dims[s->rank - 1], count = (size_t)td_shape_count(s);
    rows_job j = { c->attrs, td_in(c, 0)->data, td_out(c, 0)->data, cols };

    if (count) td_call_parallel(c, count / cols, TD_MAX(GRAIN / cols, 1), fn, &j);
    return NULL;
}

static td_status softmax_run(td_call *c)
{
    return run_rows(c, softmax_shard);
}

/* ---------------------------------------------------------------- _LiteL2Norm, in steps of 1 / 128 */

typedef struct norm_attrs {
    int32_t zero;
    bool is_u8;
} norm_attrs;

static td_status norm_parse(td_parse *p)
{
    norm_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_LITE_BYTES));
    a->is_u8 = td_attr_type(p, "T") == TD_U8;
    return td_lite_zero(p, "zero_x", td_attr_type(p, "T"), &a->zero);
}

static int32_t distance(const norm_attrs *a, uint8_t v)
{
    return (a->is_u8 ? v : (int8_t)v) - a->zero;
}

/* Signed bytes have the factor shifted, unsigned ones the number; the sum may overflow, as TFLite's may. */
static uint8_t norm_of(const norm_attrs *a, int32_t v, td_fixed factor)
{
    if (a->is_u8) return (uint8_t)td_steps_of(td_fixed_times(v * CENTRE, factor), CENTRE, 0, UINT8_MAX);
    factor.shift += 7;
    return (uint8_t)td_steps_of(td_fixed_times(v, factor), 0, INT8_MIN, INT8_MAX);
}

static void norm_shard(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;

    for (size_t i = begin * j->cols; i < end * j->cols; i += j->cols) {
        uint32_t sum = 0;

        for (size_t k = 0; k < j->cols; k++) {
            const int32_t v = distance(j->attrs, j->in[i + k]);
            sum += (uint32_t)(v * v);
        }
        const td_fixed factor = td_fixed_rsqrt((int32_t)TD_MIN(sum, (uint32_t)INT32_MAX));

        for (size_t k = 0; k < j->cols; k++)
            j->out[i + k] = norm_of(j->attrs, distance(j->attrs, j->in[i + k]), factor);
    }
}

static td_status norm_run(td_call *c)
{
    return run_rows(c, norm_shard);
}

/* ---------------------------------------------------------------- _LiteSums: sums, what they are of */

typedef struct sums_attrs {
    td_lite_out out;
    td_fixed factor;
    bool is_mean;
} sums_attrs;

static td_status sums_parse(td_parse *p)
{
    sums_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    TD_TRY(td_lite_out_parse(p, td_attr_type(p, "T"), &a->out));
    a->is_mean = td_attr_bool(p, "mean");
    return td_lite_factors_of(p, 1, &a->factor);
}

/* The factor with a division by count in it: as many bits of the quotient as fit. */
static td_fixed divided(td_fixed f, int64_t count)
{
    int shift = 63 - __builtin_clzll((unsigned long long)count);

    shift = TD_MIN(shift, 32);
    shift = TD_MIN(shift, 31 + f.shift);
    return (td_fixed){ (int32_t)(((int64_t)f.multiplier << shift) / count), f.shift - shift };
}

static td_status sums_run(td_call *c)
{
    const sums_attrs *const a = c->attrs;
    const int32_t *const in = td_in(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape), of = td_shape_count(&td_in(c, 1)->shape);
    td_tensor *const out = td_out(c, 0);
    const td_fixed factor = a->is_mean && n && of / n > 0 ? divided(a->factor, of / n) : a->factor;

    for (int64_t i = 0; i < n; i++) {
        const int32_t v = td_steps_of(td_fixed_times(in[i], factor), a->out.zero, a->out.low, a->out.high);

        if (out->dtype == TD_I16)
            ((int16_t *)out->data)[i] = (int16_t)v;
        else
            ((uint8_t *)out->data)[i] = (uint8_t)v;
    }
    return NULL;
}

TD_RUN_KERNEL(norm_kernels, TD_LITE_BYTES, norm_run);
TD_RUN_KERNEL(softmax_kernels, TD_LITE_BYTES, softmax_run);
TD_RUN_KERNEL(sums_kernels, TD_DTYPE_BIT(TD_I32), sums_run);

const td_op td_ops_lite_rows[] = {
    { .name = "_LiteL2Norm",
      .sig = "input: T -> output: T",
      .attrs = "T: type, zero_x: int",
      .attrs_size = sizeof(norm_attrs),
      .parse = norm_parse,
      .infer = rows_infer,
      .kernels = norm_kernels },
    { .name = "_LiteSoftmax",
      .sig = "logits: T -> softmax: T",
      .attrs = "T: type, step: float, scale: float, zero: int",
      .attrs_size = sizeof(softmax_attrs),
      .parse = softmax_parse,
      .infer = rows_infer,
      .kernels = softmax_kernels },
    { .name = "_LiteSums",
      .sig = "sums: int32, of: Tof -> output: T",
      .attrs = "T: type, Tof: type, " TD_LITE_OUT_ATTRS ", " TD_LITE_FACTORS_ATTRS ", mean: bool = true",
      .attrs_size = sizeof(sums_attrs),
      .parse = sums_parse,
      .infer = td_infer_same,
      .kernels = sums_kernels },
    { 0 },
};
