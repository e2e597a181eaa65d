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
    SHARD_WORK = 100000,     /* multiply-adds that are worth waking a thread */
    SHARD_BYTES = 256 << 10, /* of sums: what follows finds them in the second-level cache */
    ROUNDED_BYTES = 32 << 10,
    SHARDS_OF_THREAD = 4,
    SHARD_ROWS = 8, /* of an image, or all: neighbours see the same rows */
    LANES = 16,     /* channels that stay together */
};

typedef struct depthwise {
    td_depthwise d;
    td_depthwise_fn *kernel;
    td_bf16_round_fn *round; /* sums become the output; NULL: they are it */
    size_t out_size;         /* bytes of an element that the kernel writes */
    size_t tile_bytes;       /* of the kernel's scratch */
    size_t rows, grain;      /* output rows; of a shard */
    size_t parts, part;      /* that a row's channels are cut into; channels of one */
} depthwise;

static td_depthwise geometry(const td_conv *c)
{
    td_depthwise d = { .batch = c->batch,
                       .channels = c->in_channels,
                       .multiplier = c->out_channels / c->in_channels,
                       .pad = { c->pad[1], c->pad[2] } };

    for (int i = 0; i < 2; i++) {
        d.in[i] = c->in[i + 1];
        d.out[i] = c->out[i + 1];
        d.kernel[i] = c->kernel[i + 1];
        d.stride[i] = c->stride[i + 1];
        d.dilation[i] = c->dilation[i + 1];
    }
    return d;
}

static bool can(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    td_depthwise_tiles tiles;

    if (c->groups != c->in_channels || !c->groups || c->is_transposed || c->kernel[0] != 1 || c->in[0] != 1 ||
        c->out[0] != 1 || c->pad[0] != 0)
        return false;
    const td_depthwise d = geometry(c);
    return d.multiplier != 1 || td_depthwise_tile(&d, &tiles);
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

/* Elements of one output row. */
static size_t row_size(const depthwise *s)
{
    return s->d.out[1] * s->d.channels * s->d.multiplier;
}

/* Into images first, then rows, of which there may be too few, so then channels. */
static void cut(depthwise *s, size_t threads)
{
    const size_t row_bytes = TD_MAX(1, row_size(s) * sizeof(float));
    const size_t work = s->rows * row_size(s) * s->d.kernel[0] * s->d.kernel[1];
    const size_t wanted = TD_MAX(1, TD_MIN(threads * SHARDS_OF_THREAD, work / SHARD_WORK));
    const size_t lanes = td_div_up(s->d.channels, LANES), image = s->d.out[0];

    s->grain = TD_MAX(1, TD_MIN(s->rows / wanted, SHARD_BYTES / row_bytes));
    s->grain = TD_MAX(s->grain, TD_MIN(image, SHARD_ROWS));
    if (s->round) s->grain = TD_MAX(1, TD_MIN(s->grain, ROUNDED_BYTES / row_bytes));
    if (image && s->grain > image) s->grain -= s->grain % image;
    const size_t shards = TD_MAX(1, td_div_up(s->rows, s->grain));
    const size_t parts = s->round ? 1 : TD_MIN(td_div_up(wanted, shards), lanes);
    s->part = td_div_up(lanes, parts) * LANES;
    s->parts = td_div_up(s->d.channels, s->part);
}

static void *make(const td_conv_ask *ask)
{
    depthwise *const s = td_try_alloc(sizeof *s, 16);
    td_depthwise_tiles tiles = { 0 };

    if (!s) return NULL;
    *s = (depthwise){ .d = geometry(&ask->conv), .out_size = sizeof(float) };
    s->rows = s->d.batch * s->d.out[0];
    s->kernel = td_depthwise_select(s->d.multiplier == 1 ? ask->cpu : TD_CPU_ref);
    const bool fits = s->kernel == td_depthwise_ref || td_depthwise_tile(&s->d, &tiles);
    TD_ASSERT(fits); /* or it can() not */
    s->tile_bytes = tiles.scratch;
    if (ask->reads_bf16) choose_bf16(s, ask);
    cut(s, (size_t)TD_MAX(ask->threads, 1));
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

static size_t sums_bytes(const depthwise *s)
{
    return s->round ? td_round_up(s->grain * row_size(s) * sizeof(float), 64) : 0;
}

static size_t thread_bytes(const depthwise *s)
{
    return s->tile_bytes + sums_bytes(s);
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

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run_ctx *const r = ctx;
    const depthwise *const s = r->s;
    const size_t row = shard / s->parts * s->grain, c = shard % s->parts * s->part;
    char *const own = (char *)r->job->scratch + (size_t)thread * thread_bytes(s);
    const td_depthwise_part part = { .row0 = row,
                                     .row1 = TD_MIN(row + s->grain, s->rows),
                                     .c0 = c,
                                     .c1 = TD_MIN(c + s->part, s->d.channels),
                                     .scratch = own };

    if (s->round) {
        float *const sums = (float *)(void *)(own + s->tile_bytes);
        s->kernel(&s->d, sums, r->job->in, r->job->packed, &r->end, &part);
        s->round((uint16_t *)r->job->out + row * row_size(s), sums, (part.row1 - row) * row_size(s));
    } else
        s->kernel(&s->d, (char *)r->job->out + row * row_size(s) * s->out_size, r->job->in, r->job->packed,
                  &r->end, &part);
}

static bool run(const void *state, const td_conv_job *j)
{
    const depthwise *const s = state;
    run_ctx r = { s, j, { j->end->bias, j->end->add, j->end->lo, j->end->hi, j->end->post } };

    td_team_run(j->team, td_div_up(s->rows, s->grain) * s->parts, run_shard, &r);
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
