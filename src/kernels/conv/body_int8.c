/* SPDX-License-Identifier: Apache-2.0 */
/* body_int8.c -- convolutions whose weights are int8 and whose images become it as they come, each by its own largest magnitude.
 *
 * Pieces of images are looked at, then rounded, then blocks of output pixels gather what their filter sees and meet the panels.
 * Scratch: the images in steps, scales of images, what pieces found; then for each thread its block. */
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/conv/body.h"
#include "kernels/int8/rows.h"

enum {
    LEAST_CHANNELS = 8,
    LEAST_DEPTH = 32, /* less is filled up with more zeros than it saves */
    LEAST_WEIGHTS = 1 << 10,
    PIECE = 1 << 15, /* elements of an image, at least, that a thread takes at once */
};

typedef struct int8_conv {
    td_conv conv;
    const td_int8_isa *isa;
    size_t image;  /* elements */
    size_t pixels; /* of an output image */
    size_t k;
    size_t pieces, piece; /* of an image; elements */
    td_int8_cut cut;      /* of all pixels */
    float scale;          /* of all images; 0: each has its own */
    bool is_matrix;       /* and whole steps of depth: the image is its rows */
    size_t at_scales, at_most, at_threads, at_row_scales, at_acc, thread_bytes;
} int8_conv;

static size_t volume(const size_t dims[3])
{
    return dims[0] * dims[1] * dims[2];
}

static bool can(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    size_t k, image;

    return ask->is_const && ask->precision == TD_PRECISION_INT8 && c->groups == 1 && !c->is_transposed &&
           td_mul_size(volume(c->kernel), c->in_channels, &k) && k && k <= TD_INT8_MOST_K &&
           td_mul_size(c->batch, volume(c->in) * c->in_channels, &image) && image && image <= SIZE_MAX / 8 &&
           c->batch * volume(c->out) > 0;
}

static bool pays(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;

    return c->in_channels >= LEAST_CHANNELS && volume(c->kernel) * c->in_channels >= LEAST_DEPTH &&
           c->out_channels >= TD_INT8_COLS / 2 &&
           volume(c->kernel) * c->in_channels * c->out_channels >= LEAST_WEIGHTS;
}

static void cut(int8_conv *s, int threads)
{
    const size_t most = threads <= 1 ? 1 : 4 * (size_t)threads;

    s->pieces = threads <= 1 ? 1 : TD_MAX(1, TD_MIN(most, s->image / PIECE));
    s->piece = td_div_up(s->image, s->pieces);
    s->pieces = td_div_up(s->image, s->piece);
    s->cut = td_int8_cut_make(s->isa, s->conv.batch * s->pixels, s->conv.out_channels, s->k, threads);
}

static void *make(const td_conv_ask *ask)
{
    int8_conv *const s = td_try_alloc(sizeof *s, 16);
    const td_conv *const c = &ask->conv;
    td_conv_gemm gemm;
    size_t at = 0, own = 0;

    if (!s) return NULL;
    td_conv_gemm_plan(c, &gemm);
    *s = (int8_conv){ .conv = *c,
                      .isa = td_int8_select(ask->cpu),
                      .image = volume(c->in) * c->in_channels,
                      .pixels = volume(c->out),
                      .k = volume(c->kernel) * c->in_channels,
                      .scale = ask->scale };
    s->is_matrix = gemm.is_matrix && s->k % TD_INT8_DEPTH == 0;
    cut(s, ask->threads);
    /* Bodies may look at whole blocks of rows. */
    (void)td_reserve(&at, (c->batch * s->image + (s->is_matrix ? TD_INT8_ROWS * s->k : 0)) * s->isa->width);
    s->at_scales = td_reserve(&at, c->batch * sizeof(float));
    s->at_most = td_reserve(&at, c->batch * s->pieces * sizeof(uint32_t));
    s->at_threads = at;
    (void)td_reserve(&own, s->is_matrix ? 0 : TD_INT8_ROWS * td_int8_depth(s->k) * s->isa->width);
    s->at_row_scales = td_reserve(&own, TD_INT8_ROWS * sizeof(float));
    s->at_acc = td_reserve(&own, TD_INT8_ROWS * TD_INT8_COLS * sizeof(int32_t));
    s->thread_bytes = own;
    return s;
}

static uint64_t layout(const void *state)
{
    const int8_conv *const s = state;
    const size_t shape[] = { s->k, s->conv.out_channels };

    return td_hash_bytes(shape, sizeof shape, 0);
}

static size_t packed_size(const void *state)
{
    const int8_conv *const s = state;

    return td_int8_packed_size(s->k, s->conv.out_channels);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    const int8_conv *const s = state;

    td_int8_pack(packed, w, s->k, s->conv.out_channels, s->conv.out_channels, 1, scale);
    return true;
}

static size_t scratch(const void *state, int threads)
{
    const int8_conv *const s = state;

    return s->at_threads + s->thread_bytes * (size_t)threads;
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const int8_conv *s;
    const td_conv_job *job;
    char *steps;
    float *scales;
    uint32_t *most;
} run;

static void look(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const int8_conv *const s = r->s;
    const size_t image = shard / s->pieces, at = shard % s->pieces * s->piece;

    (void)thread;
    r->most[shard] =
        s->isa->most((const float *)r->job->in + image * s->image + at, TD_MIN(s->piece, s->image - at));
}

/* What steps of an image mean. */
static float scale_of(const run *r, size_t image, float *factor)
{
    const int8_conv *const s = r->s;
    uint32_t most = 0;

    for (size_t i = 0; i < s->pieces; i++)
        most = TD_MAX(most, r->most[image * s->pieces + i]);
    const float own = td_int8_scale(most, factor);

    if (s->scale <= 0 || own != own) return own;
    *factor = 1.0f / s->scale;
    return s->scale;
}

static void round_piece(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const int8_conv *const s = r->s;
    const size_t image = shard / s->pieces, at = shard % s->pieces * s->piece;
    const size_t from = image * s->image + at, n = TD_MIN(s->piece, s->image - at);
    char *const to = r->steps + from * s->isa->width;
    float factor;

    (void)thread;
    const float scale = scale_of(r, image, &factor);
    if (at == 0) r->scales[image] = scale;
    if (factor > 0)
        s->isa->round(to, (const float *)r->job->in + from, n, factor);
    else
        memset(to, s->isa->zero, n * s->isa->width);
}

/* The input's coordinate; beyond the image if it is none. */
static size_t place(const td_conv *c, int dim, const td_conv_pixel *p, size_t tap)
{
    return (size_t)((int64_t)(p->at[dim] * c->stride[dim] + tap * c->dilation[dim]) - c->pad[dim]);
}

/* A row of the filter over a line of the image. */
static void gather_line(const int8_conv *s, char *to, const char *line, const td_conv_pixel *p)
{
    const td_conv *const c = &s->conv;
    const size_t bytes = c->in_channels * s->isa->width, first = place(c, 2, p, 0);

    if (c->dilation[2] == 1 && first < c->in[2] && c->kernel[2] <= c->in[2] - first) {
        memcpy(to, line + first * bytes, c->kernel[2] * bytes);
        return;
    }
    for (size_t x = 0; x < c->kernel[2]; x++, to += bytes) {
        const size_t at = place(c, 2, p, x);

        if (at < c->in[2])
            memcpy(to, line + at * bytes, bytes);
        else
            memset(to, s->isa->zero, bytes);
    }
}

/* What the filter sees for one output pixel. */
static void gather(const run *r, char *to, const td_conv_pixel *p)
{
    const int8_conv *const s = r->s;
    const td_conv *const c = &s->conv;
    const size_t bytes = c->in_channels * s->isa->width, line = c->kernel[2] * bytes;

    for (size_t z = 0; z < c->kernel[0]; z++)
        for (size_t y = 0; y < c->kernel[1]; y++, to += line) {
            const size_t iz = place(c, 0, p, z), iy = place(c, 1, p, y);

            if (iz < c->in[0] && iy < c->in[1])
                gather_line(s, to, r->steps + ((p->n * c->in[0] + iz) * c->in[1] + iy) * c->in[2] * bytes, p);
            else
                memset(to, s->isa->zero, line);
        }
}

static void run_block(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const int8_conv *const s = r->s;
    const td_int8_shard at = td_int8_shard_at(&s->cut, shard);
    const size_t row = at.row, n_rows = at.rows;
    const size_t stride = td_int8_depth(s->k) * s->isa->width, n = s->conv.out_channels;
    char *const own = (char *)r->job->scratch + s->at_threads + (size_t)thread * s->thread_bytes;
    float *const row_scales = (float *)(void *)(own + s->at_row_scales);
    const td_gemm_end *const end = r->job->end;

    for (size_t i = 0; i < n_rows; i++) {
        const td_conv_pixel p = td_conv_pixel_at(&s->conv, row + i);

        row_scales[i] = r->scales[p.n];
        if (!s->is_matrix) gather(r, own + i * stride, &p);
    }
    const td_int8_block b = { .isa = s->isa,
                              .n = n,
                              .k = s->k,
                              .packed = r->job->packed,
                              .rows = s->is_matrix ? r->steps + row * stride : own,
                              .row_scales = row_scales,
                              .n_rows = n_rows,
                              .out = (float *)r->job->out + row * n,
                              .add = end->add ? end->add + row * end->add_ld : NULL,
                              .end = end,
                              .acc = (int32_t *)(void *)(own + s->at_acc) };
    if (s->isa->begin) s->isa->begin();
    td_int8_block_run(&b, at.panel, at.panel_end);
    if (s->isa->end) s->isa->end();
}

static bool run_job(const void *state, const td_conv_job *job)
{
    const int8_conv *const s = state;
    char *const base = job->scratch;
    run r = { s, job, base, (float *)(void *)(base + s->at_scales), (uint32_t *)(void *)(base + s->at_most) };

    td_team_run(job->team, s->conv.batch * s->pieces, look, &r);
    td_team_run(job->team, s->conv.batch * s->pieces, round_piece, &r);
    td_team_run(job->team, s->cut.row_parts * s->cut.col_parts, run_block, &r);
    return true;
}

const td_conv_body td_conv_body_int8 = {
    .name = "int8",
    .precision = TD_PRECISION_INT8,
    .can = can,
    .pays = pays,
    .make = make,
    .free = td_free,
    .form = "conv int8",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run_job,
};
