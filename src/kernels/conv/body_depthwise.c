/* SPDX-License-Identifier: Apache-2.0 */
/* body_depthwise.c -- a group a channel: depthwise.h. Its weights stay as they are, but for the scale. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "kernels/conv/body.h"
#include "kernels/conv/depthwise.h"

enum {
    SHARD_WORK = 100000, /* multiply-adds that are worth waking a thread */
    SHARDS_OF_THREAD = 4,
};

typedef struct depthwise {
    td_depthwise d;
    td_depthwise_fn *kernel;
    size_t rows, grain; /* output rows; of a shard */
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
    s->kernel = td_depthwise_select(ask->cpu, s->d.multiplier);
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

static size_t scratch(const void *state, int threads)
{
    (void)state, (void)threads;
    return 0;
}

typedef struct run_ctx {
    const depthwise *s;
    const td_conv_job *job;
    td_depthwise_end end;
} run_ctx;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run_ctx *const r = ctx;
    const size_t row = shard * r->s->grain;

    (void)thread;
    r->s->kernel(&r->s->d, r->job->out, r->job->in, r->job->packed, &r->end, row,
                 TD_MIN(row + r->s->grain, r->s->rows));
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
    .make = make,
    .free = td_free,
    .form = "conv depthwise",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
