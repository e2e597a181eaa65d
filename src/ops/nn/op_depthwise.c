/* SPDX-License-Identifier: Apache-2.0 */
/* op_depthwise.c -- DepthwiseConv2dNative: each channel with its own filter.
 *
 * float runs on vectors (kernels/depthwise); the rest, and channels-first images, go through conv_call as one
 * group a channel.
 */
#include "base/macros.h"
#include "base/map.h"
#include "kernels/conv/depthwise.h"
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"
#include "ops/pack.h"

typedef struct depthwise_attrs {
    td_window window;
    td_epilogue epilogue;
} depthwise_attrs;

static td_status depthwise_parse(td_parse *p)
{
    depthwise_attrs *const a = p->attrs;

    a->epilogue = td_epilogue_none;
    return td_window_parse(p, 2, TD_WINDOW_DILATIONS | TD_WINDOW_FORMAT | TD_WINDOW_EXPLICIT, &a->window);
}

static td_status fused_parse(td_parse *p)
{
    depthwise_attrs *const a = p->attrs;

    TD_TRY(depthwise_parse(p));
    TD_TRY(td_epilogue_parse(p, 2, &a->epilogue));
    if (a->epilogue.add) return TD_ERR(UNIMPLEMENTED, "%s: fused_ops has Add", p->node->name);
    return NULL;
}

static td_status depthwise_geometry(const td_call *c, const td_window *w, td_conv *out)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    const td_shape grouped = td_depthwise_filter(f);

    TD_TRY(td_window_check_rank(c, w, x, "input"));
    TD_TRY(td_window_check_rank(c, w, f, "filter"));
    const int64_t channels = x->dims[td_window_channel_dim(w, x)];
    if (channels != f->dims[2])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input and filter must have the same depth: %lld vs %lld",
                         (long long)channels, (long long)f->dims[2]);
    return td_conv_geometry(c, w, x, &grouped, out);
}

static td_status depthwise_infer(td_call *c)
{
    const depthwise_attrs *const a = c->attrs;
    td_conv g;

    TD_TRY(depthwise_geometry(c, &a->window, &g));
    const td_shape sum = td_conv_output(&a->window, &g);
    return td_epilogue_infer(c, &a->epilogue, (int64_t)g.out_channels, &sum, &td_out(c, 0)->shape);
}

/* ---------------------------------------------------------------- float, channels last */

typedef struct depthwise_state {
    td_depthwise d;
    td_epilogue epilogue;
    const float *w;
    td_depthwise_fn *kernel;
    size_t grain;
} depthwise_state;

typedef struct scale_ctx {
    const float *w, *scale;
    size_t taps, channels;
} scale_ctx;

static td_status build_scaled(void *ctx, void *data)
{
    const scale_ctx *const x = ctx;
    float *const to = data;

    for (size_t i = 0; i < x->taps * x->channels; i++)
        to[i] = x->w[i] * x->scale[i % x->channels];
    return NULL;
}

static td_status fold_scale(td_call *c, depthwise_state *s)
{
    const size_t channels = s->d.channels * s->d.multiplier;
    scale_ctx x = { td_in(c, 1)->data, td_in(c, s->epilogue.scale)->data, s->d.kernel[0] * s->d.kernel[1],
                    channels };
    const uint64_t by_scale = td_hash_bytes(x.scale, channels * sizeof(float), channels);
    const td_pack_key key = { .data = { x.w }, .kind = "depthwise", .params = by_scale };
    const void *scaled;

    if (!td_in_is_const(c, 1) || !td_in_is_const(c, s->epilogue.scale))
        return TD_ERR(INTERNAL, "%s: a fused scale must be constant, and so the weights", c->node);
    TD_TRY(td_pack_get(c, &key, x.taps * channels * sizeof(float), build_scaled, &x, &scaled));
    s->w = scaled;
    return NULL;
}

static td_status depthwise_prepare_f32(td_call *c, const td_conv *g, depthwise_state *s)
{
    s->d = (td_depthwise){
        .batch = g->batch,
        .channels = g->in_channels,
        .multiplier = g->in_channels ? g->out_channels / g->in_channels : 1,
        .pad = { g->pad[1], g->pad[2] },
    };
    for (int i = 0; i < 2; i++) {
        s->d.in[i] = g->in[i + 1];
        s->d.out[i] = g->out[i + 1];
        s->d.kernel[i] = g->kernel[i + 1];
        s->d.stride[i] = g->stride[i + 1];
        s->d.dilation[i] = g->dilation[i + 1];
    }
    s->kernel = td_depthwise_select(c->env->cpu, s->d.multiplier);
    const size_t rows = g->batch * g->out[1],
                 row_work = g->out[2] * g->out_channels * g->kernel[1] * g->kernel[2];
    s->grain = TD_MAX(TD_MAX(1, rows / ((size_t)c->threads * 4)), 100000 / TD_MAX(1, row_work));
    return s->epilogue.scale ? fold_scale(c, s) : NULL;
}

typedef struct rows_job {
    const depthwise_state *s;
    const float *in, *w;
    float *out;
    td_depthwise_end end;
} rows_job;

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;
    j->s->kernel(&j->s->d, j->out, j->in, j->w, &j->end, begin, end);
}

static void depthwise_run_f32(td_call *c, const depthwise_state *s)
{
    const td_gemm_end end = td_epilogue_end(c, &s->epilogue, s->d.channels * s->d.multiplier);
    rows_job j = {
        .s = s,
        .in = td_in(c, 0)->data,
        .w = s->w ? s->w : td_in(c, 1)->data,
        .out = td_out(c, 0)->data,
        .end = { .bias = end.bias, .lo = end.lo, .hi = end.hi, .post = end.post },
    };

    if (td_shape_count(&td_out(c, 0)->shape) == 0) return;
    td_call_parallel(c, s->d.batch * s->d.out[0], s->grain, run_rows, &j);
}

/* ---------------------------------------------------------------- both */

typedef struct either_state {
    bool is_fast;
    depthwise_state fast;
    td_conv_call general;
} either_state;

static td_status depthwise_prepare(td_call *c)
{
    const depthwise_attrs *const a = c->attrs;
    either_state *const s = c->state;

    td_conv g;
    TD_TRY(depthwise_geometry(c, &a->window, &g));
    s->is_fast = td_in(c, 0)->dtype == TD_F32 && !a->window.is_first;
    if (s->is_fast) {
        s->fast.epilogue = a->epilogue;
        return depthwise_prepare_f32(c, &g, &s->fast);
    }
    s->general = (td_conv_call){
        .conv = g,
        .epilogue = a->epilogue,
        .sum = td_conv_output(&a->window, &g),
        .is_first = a->window.is_first,
        .filter = 1,
    };
    return td_conv_call_prepare(c, &s->general);
}

static td_status depthwise_run(td_call *c)
{
    const either_state *const s = c->state;

    if (!s->is_fast) return td_conv_call_run(c, &s->general);
    depthwise_run_f32(c, &s->fast);
    return NULL;
}

static void depthwise_release(void *state)
{
    td_conv_call_release(&((either_state *)state)->general);
}

static const td_kernel depthwise_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64), sizeof(either_state), depthwise_prepare,
      depthwise_run, depthwise_release },
    { 0 },
};

#define COMMON                                                                                               \
    .flags = TD_OP_PACKS, .attrs_size = sizeof(depthwise_attrs), .infer = depthwise_infer,                   \
    .kernels = depthwise_kernels

const td_op td_ops_depthwise[] = {
    { .name = "DepthwiseConv2dNative",
      .sig = "input: T, filter: T -> output: T",
      .attrs = TD_CONV2D_ATTRS,
      .parse = depthwise_parse,
      COMMON },
    { .name = "_FusedDepthwiseConv2dNative",
      .sig = "input: T, filter: T, args: num_args*T -> output: T",
      .attrs = TD_CONV2D_ATTRS ", num_args: int, fused_ops: list(string) = []",
      .parse = fused_parse,
      COMMON },
    { 0 },
};
