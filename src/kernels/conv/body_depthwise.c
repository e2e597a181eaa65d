/* SPDX-License-Identifier: Apache-2.0 */
/* body_depthwise.c -- a group a channel: depthwise.h. Its weights stay as they are, but for the scale. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/conv/body.h"
#include "kernels/conv/depthwise.h"
#include "kernels/wide/wide.h"

enum {
    SHARD_WORK = 100000, /* multiply-adds that are worth waking a thread */
    SHARDS_OF_THREAD = 4,
};

typedef struct depthwise {
    td_depthwise d;
    td_depthwise_fn *kernel;
    td_bf16_round_fn *round; /* rows of sums become the output; NULL: they are it */
    size_t out_size;         /* bytes of an element that the kernel writes */
    size_t rows, grain;      /* output rows; of a shard */
} depthwise;

static bool can(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;

    return c->groups == c->in_channels && c->groups && !c->is_transposed && c->kernel[0] == 1 &&
           c->in[0] == 1 && c->out[0] == 1 && c->pad[0] == 0;
}

/* Vectors are of one output a channel. One channel that is a group is a plain convolution. */
static bool pays(const td_conv_ask *ask)
{
    return ask->conv.groups > 1 && ask->conv.out_channels == ask->conv.in_channels;
}

static bool takes(const td_conv_ask *ask)
{
    return ask->reads_bf16 && !ask->adds_bf16 && td_depthwise_bf16_select(ask->cpu) && pays(ask);
}

/* Which takes() said yes to. */
static void choose_bf16(depthwise *s, const td_conv_ask *ask)
{
    const td_depthwise_bf16 *const bodies = td_depthwise_bf16_select(ask->cpu);
    const bool is_direct = ask->writes_bf16 && !ask->has_more;

    s->kernel = is_direct ? bodies->narrow : bodies->widen;
    if (is_direct) s->out_size = sizeof(uint16_t);
    if (ask->writes_bf16 && !is_direct) s->round = td_bf16_round_select(ask->cpu);
}

static void *make(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    depthwise *const s = td_try_alloc(sizeof *s, 16);

    if (!s) return NULL;
    *s = (depthwise){
        .d = { .batch = c->batch,
               .channels = c->in_channels,
               .multiplier = c->out_channels / c->in_channels,
               .pad = { c->pad[1], c->pad[2] } },
        .rows = c->batch * c->out[1],
    };
    for (int i = 0; i < 2; i++) {
        s->d.in[i] = c->in[i + 1];
        s->d.out[i] = c->out[i + 1];
        s->d.kernel[i] = c->kernel[i + 1];
        s->d.stride[i] = c->stride[i + 1];
        s->d.dilation[i] = c->dilation[i + 1];
    }
    s->kernel = td_depthwise_select(s->d.multiplier == 1 ? ask->cpu : TD_CPU_ref);
    s->out_size = sizeof(float);
    if (ask->reads_bf16) choose_bf16(s, ask);
    const size_t row_work = TD_MAX(1, c->out[2] * c->out_channels * c->kernel[1] * c->kernel[2]);
    s->grain = TD_MAX(TD_MAX(1, s->rows / ((size_t)TD_MAX(ask->threads, 1) * SHARDS_OF_THREAD)),
                      SHARD_WORK / row_work);
    return s;
}

static size_t weights_of(const td_depthwise *d)
{
    return d->kernel[0] * d->kernel[1] * d->channels * d->multiplier;
}

static uint64_t layout(const void *state)
{
    (void)state;
    return 0;
}

static size_t packed_size(const void *state)
{
    return weights_of(&((const depthwise *)state)->d) * sizeof(float);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    const td_depthwise *const d = &((const depthwise *)state)->d;
    const size_t n = weights_of(d), channels = d->channels * d->multiplier;

    memcpy(packed, w, n * sizeof *w);
    for (size_t i = 0; scale && i < n; i += channels)
        for (size_t o = 0; o < channels; o++)
            packed[i + o] *= scale[o];
    return true;
}

/* Elements of one output row. */
static size_t row_size(const depthwise *s)
{
    return s->d.out[1] * s->d.channels * s->d.multiplier;
}

static size_t thread_bytes(const depthwise *s)
{
    return s->round ? td_round_up(row_size(s) * sizeof(float), 64) : 0;
}

static size_t scratch(const void *state, int threads)
{
    return thread_bytes(state) * (size_t)threads;
}

typedef struct run_ctx {
    const depthwise *s;
    const td_conv_job *job;
    td_depthwise_end end;
} run_ctx;

/* Row by row: the function of the end is one of floats. */
static void run_rounded(const run_ctx *r, size_t first, size_t last, float *sums)
{
    const size_t n = row_size(r->s);

    for (size_t row = first; row < last; row++) {
        r->s->kernel(&r->s->d, sums, r->job->in, r->job->packed, &r->end, row, row + 1);
        r->s->round((uint16_t *)r->job->out + row * n, sums, n);
    }
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run_ctx *const r = ctx;
    const depthwise *const s = r->s;
    const size_t first = shard * s->grain, last = TD_MIN(first + s->grain, s->rows);
    char *const own = (char *)r->job->scratch + (size_t)thread * thread_bytes(s);

    if (s->round)
        run_rounded(r, first, last, (float *)(void *)own);
    else
        s->kernel(&s->d, (char *)r->job->out + first * row_size(s) * s->out_size, r->job->in, r->job->packed,
                  &r->end, first, last);
}

static bool run(const void *state, const td_conv_job *j)
{
    const depthwise *const s = state;
    run_ctx r = { s, j, { j->end->bias, j->end->add, j->end->lo, j->end->hi, j->end->post } };

    td_team_run(j->team, (s->rows + s->grain - 1) / s->grain, run_shard, &r);
    return true;
}

const td_conv_body td_conv_body_depthwise = {
    .name = "depthwise",
    .can = can,
    .pays = pays,
    .takes = takes,
    .make = make,
    .free = td_free,
    .form = "conv depthwise",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
