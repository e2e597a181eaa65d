/* SPDX-License-Identifier: Apache-2.0 */
/* body_amx_taps.c -- convolutions of several taps, or of steps, in bfloat16 on AMX tiles: kernels/amx.
 *
 * A shard copies the rows that it sees, padding and all, as bfloat16; channels are filled up to whole steps of 32. Then output
 * pixels are rows of a product: the pixel after the last of a line is the first of the padding, so that lines follow each other
 * without a gap, and each tap is an offset. What comes out between two lines is left where it is.
 *
 *     copy, in[rows + reach - 1][width], width = out + reach - 1        tap (y, x) of pixel v: copy[v + y width + x]
 *
 * Filters of one tap take steps: only the pixels that count are copied.
 */
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/amx/tile.h"
#include "kernels/conv/body.h"
#include "kernels/wide/wide.h"
#include "tensor/half.h"

enum {
    SUMS_BYTES = TD_AMX_ROWS * TD_AMX_COLS * sizeof(float),
    COPY_BYTES = 1 << 19, /* of a shard, about: it stays in the second-level cache beside a panel */
    LEAST_WORK = 1 << 19, /* multiply-adds of an image */
    SHARD_WORK = 1 << 20, /* that are worth waking a thread */
    LEAST_CHANNELS = 24,
    MOST_SIZE = 1 << 16,
    MOST_COPY = 1 << 22, /* elements that one output row sees: offsets and scratch stay small */
};

typedef struct amx_taps {
    td_conv conv;
    bool reads, writes; /* bfloat16 */
    const td_amx_tiles *tiles;
    td_bf16_round_fn *round;
    size_t channels, width; /* of the copy: filled up; pixels of a line */
    size_t panels;
    size_t bands, band_rows, groups, group_panels; /* how an image is cut: output rows; panels */
    size_t images;                                 /* whole ones that a shard takes: they share each panel */
    size_t thread_bytes;
    size_t n_steps;
    uint32_t steps[];
} amx_taps;

static size_t reach(const td_conv *c, int dim)
{
    return (c->kernel[dim] - 1) * c->dilation[dim] + 1;
}

static size_t taps_of(const td_conv *c)
{
    return c->kernel[1] * c->kernel[2];
}

static bool is_small(const td_conv *c)
{
    for (int i = 1; i < 3; i++)
        if (c->in[i] > MOST_SIZE || c->out[i] > MOST_SIZE || c->kernel[i] > 64 || c->dilation[i] > 64 ||
            c->pad[i] < 0 || c->pad[i] > MOST_SIZE)
            return false;
    if (c->in_channels > MOST_SIZE || c->out_channels > MOST_SIZE) return false;
    return reach(c, 1) * (c->out[2] + reach(c, 2) - 1) * td_round_up(c->in_channels, TD_AMX_K_STEP) <=
           MOST_COPY;
}

static bool can(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    const bool has_steps = c->stride[1] > 1 || c->stride[2] > 1;

    if (!ask->is_bf16 || !ask->is_const || !td_amx_select(ask->cpu) || !is_small(c)) return false;
    if (has_steps && (taps_of(c) > 1 || c->pad[1] || c->pad[2])) return false;
    return c->groups == 1 && !c->is_transposed && c->kernel[0] == 1 && c->in[0] == 1 && c->out[0] == 1 &&
           c->pad[0] == 0 && c->batch && c->out[1] && c->out[2] && c->in_channels && c->out_channels;
}

static size_t work_of(const td_conv *c)
{
    return c->out[1] * c->out[2] * c->out_channels * taps_of(c) * c->in_channels;
}

static bool pays(const td_conv_ask *ask)
{
    return ask->conv.in_channels >= LEAST_CHANNELS && work_of(&ask->conv) >= LEAST_WORK;
}

static bool takes(const td_conv_ask *ask)
{
    (void)ask;
    return true;
}

/* ---------------------------------------------------------------- shards */

static size_t copy_bytes(const amx_taps *s, size_t rows)
{
    return (rows - 1 + reach(&s->conv, 1)) * s->width * s->channels * sizeof(uint16_t);
}

static size_t panel_size(const amx_taps *s)
{
    return s->n_steps * TD_AMX_K_STEP * TD_AMX_COLS;
}

/* Bands of rows copy the image in parts, groups of panels read the weights in parts: what costs less. */
static void cut(amx_taps *s, int threads)
{
    const td_conv *const c = &s->conv;
    const size_t rows = c->out[1], n_threads = (size_t)TD_MAX(threads, 1);
    const size_t most = TD_MAX(1, work_of(c) / SHARD_WORK);
    const size_t want = n_threads == 1 ? 1 : TD_MIN(td_div_up(2 * n_threads, c->batch), most);
    const size_t weights = s->panels * panel_size(s) * sizeof(uint16_t);
    const size_t large = td_div_up(copy_bytes(s, rows), COPY_BYTES);

    s->bands = TD_MIN(rows, TD_MAX(large, copy_bytes(s, rows) > weights ? want : 1));
    s->band_rows = td_div_up(rows, s->bands);
    s->bands = td_div_up(rows, s->band_rows);
    /* each group copies the band again: no more than there are threads */
    s->groups = TD_MIN(s->panels, td_div_up(TD_MIN(want, n_threads), s->bands * c->batch));
    s->group_panels = td_div_up(s->panels, s->groups);
    s->groups = td_div_up(s->panels, s->group_panels);
    s->images =
        s->bands > 1 ? 1 : TD_MIN(COPY_BYTES / copy_bytes(s, rows), td_div_up(c->batch, 2 * n_threads));
    s->images = TD_MAX(1, s->images);
}

/* Of one image's band; bytes. */
static size_t copy_size(const amx_taps *s)
{
    return td_round_up(copy_bytes(s, s->band_rows), 64);
}

static void *make(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    const size_t channels = td_round_up(c->in_channels, TD_AMX_K_STEP), per_tap = channels / TD_AMX_K_STEP;
    const size_t n_steps = taps_of(c) * per_tap;
    amx_taps *const s = td_try_alloc(sizeof *s + n_steps * sizeof s->steps[0], 16);

    if (!s) return NULL;
    *s = (amx_taps){ .conv = *c,
                     .reads = ask->reads_bf16,
                     .writes = ask->writes_bf16,
                     .tiles = td_amx_select(ask->cpu),
                     .round = td_bf16_round_select(ask->cpu),
                     .channels = channels,
                     .width = c->out[2] + reach(c, 2) - 1,
                     .panels = td_div_up(c->out_channels, TD_AMX_COLS),
                     .n_steps = n_steps };
    for (size_t i = 0; i < n_steps; i++) {
        const size_t tap = i / per_tap, y = tap / c->kernel[2], x = tap % c->kernel[2];
        s->steps[i] = (uint32_t)((y * c->dilation[1] * s->width + x * c->dilation[2]) * channels +
                                 i % per_tap * TD_AMX_K_STEP);
    }
    cut(s, ask->threads);
    s->thread_bytes = 2 * SUMS_BYTES + s->images * copy_size(s);
    return s;
}

/* ---------------------------------------------------------------- weights */

static uint64_t layout(const void *state)
{
    const amx_taps *const s = state;
    const size_t shape[] = { s->conv.kernel[1], s->conv.kernel[2], s->conv.in_channels,
                             s->conv.out_channels };

    return td_hash_bytes(shape, sizeof shape, 0);
}

static size_t packed_size(const void *state)
{
    const amx_taps *const s = state;

    return s->panels * panel_size(s) * sizeof(uint16_t);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    const amx_taps *const s = state;
    const size_t in = s->conv.in_channels, out = s->conv.out_channels, panel = panel_size(s);
    uint16_t *const to = (uint16_t *)(void *)packed;

    memset(to, 0, packed_size(s));
    for (size_t i = 0; i < taps_of(&s->conv) * in; i++) {
        const size_t k = i / in * s->channels + i % in;
        for (size_t o = 0; o < out; o++)
            to[o / TD_AMX_COLS * panel + k / 2 * 2 * TD_AMX_COLS + o % TD_AMX_COLS * 2 + k % 2] =
                td_f32_to_bf16(w[i * out + o] * (scale ? scale[o] : 1.0f)).bits;
    }
    return true;
}

static size_t scratch(const void *state, int threads)
{
    return ((const amx_taps *)state)->thread_bytes * (size_t)threads;
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const amx_taps *s;
    const td_conv_job *job;
} run;

/* n pixels of the image, `step` apart, as the copy has them. */
static void copy_pixels(const run *r, uint16_t *to, size_t at, size_t n, size_t step)
{
    const amx_taps *const s = r->s;
    const size_t in = s->conv.in_channels;
    const uint16_t *const narrow = (const uint16_t *)r->job->in + at * in;
    const float *const wide = (const float *)r->job->in + at * in;

    if (in == s->channels && step == 1) {
        if (s->reads)
            memcpy(to, narrow, n * in * sizeof *to);
        else
            s->round(to, wide, n * in);
        return;
    }
    for (size_t i = 0; i < n; i++, to += s->channels) {
        if (s->reads)
            memcpy(to, narrow + i * step * in, in * sizeof *to);
        else
            s->round(to, wide + i * step * in, in);
        memset(to + in, 0, (s->channels - in) * sizeof *to);
    }
}

/* Line y of the padded image. */
static void copy_line(const run *r, uint16_t *to, size_t image, int64_t y)
{
    const amx_taps *const s = r->s;
    const td_conv *const c = &s->conv;
    const size_t before = TD_MIN((size_t)c->pad[2], s->width), pixel = s->channels;
    const size_t here = c->stride[2] > 1 ? s->width : TD_MIN(c->in[2], s->width - before);

    if (y < 0 || y >= (int64_t)c->in[1]) {
        memset(to, 0, s->width * pixel * sizeof *to);
        return;
    }
    memset(to, 0, before * pixel * sizeof *to);
    copy_pixels(r, to + before * pixel, (image * c->in[1] + (size_t)y) * c->in[2], here, c->stride[2]);
    memset(to + (before + here) * pixel, 0, (s->width - before - here) * pixel * sizeof *to);
}

/* A block whose sums are there, and not yet its output. */
typedef struct pending {
    float *sums;
    size_t rows[2]; /* of each half */
    size_t at;      /* the first pixel of the band's lines, padding counted */
    size_t out;     /* the band's first output pixel */
    size_t panel;
} pending;

/* n pixels from `at` on, which are in one line. */
static void finish(const run *r, float *sums, size_t n, size_t out_pixel, size_t panel)
{
    const amx_taps *const s = r->s;
    const td_gemm_end *const end = r->job->end;
    const size_t out = s->conv.out_channels, col = panel * TD_AMX_COLS, at = out_pixel * out + col;

    s->tiles->finish(&(td_amx_finish){
        .c = sums,
        .out = s->writes ? (void *)((uint16_t *)r->job->out + at) : (void *)((float *)r->job->out + at),
        .rows = n,
        .cols = TD_MIN(TD_AMX_COLS, out - col),
        .ld = out,
        .is_bf16 = s->writes,
        .bias = end->bias ? end->bias + col : NULL,
        .add = end->add ? end->add + at : NULL,
        .add16 = r->job->add ? r->job->add + at : NULL,
        .add_ld = out,
        .end = end,
    });
}

/* Pixels [at, at + n) of a band whose first output pixel is `out`: those that lie in a line. */
static void finish_some(const run *r, float *sums, size_t at, size_t n, size_t out, size_t panel)
{
    const size_t width = r->s->width, line = r->s->conv.out[2];

    for (size_t i = 0; i < n;) {
        const size_t y = (at + i) / width, x = (at + i) % width, here = TD_MIN(n - i, width - x);

        if (x < line) finish(r, sums + i * TD_AMX_COLS, TD_MIN(here, line - x), out + y * line + x, panel);
        i += here;
    }
}

static void settle(const run *r, const pending *p)
{
    if (!p->rows[0]) return;
    finish_some(r, p->sums, p->at, p->rows[0], p->out, p->panel);
    finish_some(r, p->sums + TD_AMX_HALF * TD_AMX_COLS, p->at + p->rows[0], p->rows[1], p->out, p->panel);
}

/* What a thread has at hand. */
typedef struct bench {
    char *own;
    pending last;
    size_t turn;
} bench;

/* One panel of a band of `rows` lines, which begins at output pixel `out`. */
static void run_panel(const run *r, bench *w, const uint16_t *copy, size_t rows, size_t panel, size_t out)
{
    const amx_taps *const s = r->s;
    const size_t n = (rows - 1) * s->width + s->conv.out[2], step = td_div_up(n, td_div_up(n, TD_AMX_ROWS));

    for (size_t at = 0; at < n; at += step, w->turn ^= 1) {
        const size_t here = TD_MIN(step, n - at), first = td_div_up(here, 2);
        float *const sums = (float *)(void *)(w->own + w->turn * SUMS_BYTES);
        const pending next = { sums, { first, here - first }, at, out, panel };
        const td_amx_block b = { .a = { copy + at * s->channels, copy + (at + first) * s->channels },
                                 .lda = s->channels,
                                 .steps = s->steps,
                                 .n_steps = s->n_steps,
                                 .b = (const uint16_t *)(const void *)r->job->packed + panel * panel_size(s),
                                 .c = sums,
                                 .ldc = TD_AMX_COLS };
        if (memcmp(next.rows, w->last.rows, sizeof next.rows) != 0)
            s->tiles->configure(next.rows[0], next.rows[1]);
        (next.rows[1] ? s->tiles->block : s->tiles->half)(&b);
        settle(r, &w->last);
        w->last = next;
    }
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const amx_taps *const s = r->s;
    const td_conv *const c = &s->conv;
    const size_t group = shard % s->groups, band = shard / s->groups % s->bands;
    const size_t image0 = shard / s->groups / s->bands * s->images,
                 images = TD_MIN(s->images, c->batch - image0);
    const size_t row0 = band * s->band_rows, rows = TD_MIN(s->band_rows, c->out[1] - row0);
    const size_t panel0 = group * s->group_panels, panel1 = TD_MIN(panel0 + s->group_panels, s->panels);
    char *const own = (char *)r->job->scratch + (size_t)thread * s->thread_bytes;
    uint16_t *const copies = (uint16_t *)(void *)(own + 2 * SUMS_BYTES);
    const size_t copy_step = copy_size(s) / sizeof(uint16_t);
    bench w = { .own = own };

    for (size_t i = 0; i < images; i++)
        for (size_t y = 0; y < rows - 1 + reach(c, 1); y++)
            copy_line(r, copies + i * copy_step + y * s->width * s->channels, image0 + i,
                      (int64_t)((row0 + y) * c->stride[1]) - c->pad[1]);
    for (size_t panel = panel0; panel < panel1; panel++)
        for (size_t i = 0; i < images; i++)
            run_panel(r, &w, copies + i * copy_step, rows, panel,
                      ((image0 + i) * c->out[1] + row0) * c->out[2]);
    settle(r, &w.last);
    s->tiles->release();
}

static bool run_job(const void *state, const td_conv_job *job)
{
    const amx_taps *const s = state;
    run r = { s, job };

    td_team_run(job->team, td_div_up(s->conv.batch, s->images) * s->bands * s->groups, run_shard, &r);
    return true;
}

const td_conv_body td_conv_body_amx_taps = {
    .name = "amx_taps",
    .can = can,
    .pays = pays,
    .takes = takes,
    .make = make,
    .free = td_free,
    .form = "conv amx taps",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run_job,
};
