/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_body.h -- the vector body; included by one file for each instruction set, after its v_*.h.
 *
 *     for each block of channels, image, strip of output columns:
 *         copy each input row once, to a line for each vector of channels
 *         for each output row: tiles of pixels by vectors, see depthwise_tile.h
 *
 * Lines have one vector a pixel, zeros for what lies beside the image and for channels that fill no vector, and are of floats; so
 * tiles know no edges. A block's lines and weights stay in the first-level cache. Filter rows above and below the image are
 * left out. Wide images under few taps (td_depthwise_tiles.is_direct) are read where they are, from end to end.
 *
 * Before it, a file whose image or output are no floats says what they are: X, X_LOAD and X_CONVERTS, Y and Y_STORE; and how
 * td_depthwise_end.post is called.
 */
#include <stdbool.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/conv/depthwise_tile.h"

#ifndef X
#define X            float
#define X_CONVERTS   false /* loads of it are more than loads */
#define X_LOAD(p, n) ((n) == VW ? V_LOAD(p) : V_LOAD_N(p, n))
#endif
/* A block of channels of some rows of an image. */
typedef struct block {
    const td_depthwise *d;
    const td_depthwise_end *end;
    const td_depthwise_tiles *tiles;
    const X *in; /* the image */
    Y *out;      /* row y0; add, too */
    const float *add;
    size_t y0, y1, c0, c1;
    float *lines;      /* [kernel rows][vectors][tiles.line][VW] */
    float *weights;    /* [vectors][kernel rows][kernel columns][VW] */
    size_t *held;      /* [kernel rows]: which input row a line is a copy of, plus one */
    const float **see; /* [kernel rows]: what a tile reads */
} block;

/* Some columns of a block, by way of lines. */
typedef struct strip {
    size_t x0, pixels;       /* outputs */
    ptrdiff_t at;            /* the first input column, which may be one of padding */
    size_t line, begin, end; /* input columns, and which of them are in the image */
    size_t vectors;          /* of channels */
} strip;

/* Filter rows [*ky0, *ky1) of output row y lie in the image, the first of them on the row returned. */
static size_t rows_seen(const td_depthwise *d, size_t y, size_t *ky0, size_t *ky1)
{
    const int64_t at = (int64_t)(y * d->stride[0]) - d->pad[0], step = (int64_t)d->dilation[0];

    *ky0 = 0;
    *ky1 = d->kernel[0];
    while (*ky0 < *ky1 && at + (int64_t)*ky0 * step < 0)
        ++*ky0;
    while (*ky1 > *ky0 && at + (int64_t)(*ky1 - 1) * step >= (int64_t)d->in[0])
        --*ky1;
    return *ky0 < *ky1 ? (size_t)(at + (int64_t)*ky0 * step) : 0;
}

/* Of an output row's first pixel, without what it sees; its filter begins on input row *iy. */
static row_job row_at(const block *b, size_t y, size_t *iy)
{
    const td_depthwise *const d = b->d;
    const size_t at = (y - b->y0) * d->out[1] * d->channels, w_row = d->kernel[1] * VW;
    size_t ky0, ky1;

    *iy = rows_seen(d, y, &ky0, &ky1);
    return (row_job){ .see = b->see,
                      .w = b->weights + ky0 * w_row,
                      .weights = d->kernel[0] * w_row,
                      .w_row = w_row,
                      .rows = ky1 - ky0,
                      .span = b->tiles->span,
                      .c0 = b->c0,
                      .c1 = b->c1,
                      .width = d->channels,
                      .bias = b->end->bias,
                      .add = b->add ? b->add + at : NULL,
                      .lo = b->end->lo,
                      .hi = b->end->hi,
                      .out = b->out + at };
}

static void set_steps(row_job *r, const td_depthwise *d, size_t pixel, size_t vector)
{
    r->next = vector;
    r->tap = d->dilation[1] * pixel;
    for (size_t i = 0; i < TD_COUNT(r->ahead); i++)
        r->ahead[i] = i * d->stride[1] * pixel;
}

static void move_to(row_job *r, size_t x)
{
    r->out += x * r->width;
    if (r->add) r->add += x * r->width;
}

/* ---------------------------------------------------------------- by way of lines */

static inline float *line_at(const block *b, const strip *s, size_t slot, size_t v)
{
    return b->lines + (slot * s->vectors + v) * s->line * VW;
}

/* An input row of a strip. */
static void copy_row(const block *b, const strip *s, size_t iy, size_t slot)
{
    const size_t ch = b->d->channels, pixels = s->end - s->begin;

    if (pixels == 0) return; /* and make no pointer to it */
    const X *const from = b->in + (iy * b->d->in[1] + (size_t)(s->at + (ptrdiff_t)s->begin)) * ch;
    for (size_t v = 0; v < s->vectors; v++) {
        const size_t c = b->c0 + v * VW, n = b->c1 - c;
        float *const to = line_at(b, s, slot, v) + s->begin * VW;
        if (n >= VW)
            for (size_t i = 0; i < pixels; i++)
                V_STORE(to + i * VW, X_LOAD(from + i * ch + c, VW));
        else
            for (size_t i = 0; i < pixels; i++)
                V_STORE(to + i * VW, X_LOAD(from + i * ch + c, n));
    }
}

/* Rows of one filter position have slots of their own, whatever the dilation. */
static void strip_row(const block *b, const strip *s, size_t y)
{
    const td_depthwise *const d = b->d;
    size_t iy;
    row_job r = row_at(b, y, &iy);
    size_t slot = iy / d->dilation[0] % d->kernel[0];

    for (size_t k = 0; k < r.rows; k++, iy += d->dilation[0]) {
        if (b->held[slot] != iy + 1) copy_row(b, s, iy, slot);
        b->held[slot] = iy + 1;
        b->see[k] = line_at(b, s, slot, 0);
        if (++slot == d->kernel[0]) slot = 0;
    }
    set_steps(&r, d, VW, s->line * VW);
    move_to(&r, s->x0);
    r.pixels = s->pixels;
    run_line_row(&r, d->kernel[1], d->dilation[1] == 1 ? d->stride[1] : 0);
}

/* Zeros beside the image; lines of no row. */
static void clear_lines(const block *b, const strip *s)
{
    for (size_t k = 0; k < b->d->kernel[0] * s->vectors; k++) {
        float *const line = b->lines + k * s->line * VW;
        for (size_t i = 0; i < s->begin; i++)
            V_STORE(line + i * VW, V_ZERO());
        for (size_t i = s->end; i < s->line; i++)
            V_STORE(line + i * VW, V_ZERO());
    }
    for (size_t k = 0; k < b->d->kernel[0]; k++)
        b->held[k] = 0;
}

static void run_strip(const block *b, size_t x0, size_t x1)
{
    const td_depthwise *const d = b->d;
    const int64_t at = (int64_t)(x0 * d->stride[1]) - d->pad[1], width = (int64_t)d->in[1];
    const size_t line = (x1 - x0 - 1) * d->stride[1] + (d->kernel[1] - 1) * d->dilation[1] + 1;
    const int64_t begin = TD_MIN(TD_MAX(-at, 0), (int64_t)line),
                  end = TD_MAX(begin, TD_MIN((int64_t)line, width - at));
    const strip s = { .x0 = x0,
                      .pixels = x1 - x0,
                      .at = (ptrdiff_t)at,
                      .line = line,
                      .begin = (size_t)begin,
                      .end = (size_t)end,
                      .vectors = td_div_up(b->c1 - b->c0, VW) };

    clear_lines(b, &s);
    for (size_t y = b->y0; y < b->y1; y++)
        strip_row(b, &s, y);
}

/* ---------------------------------------------------------------- where it is */

/* Outputs [*x0, *x1) see the whole width of the filter. */
static void inner_range(const td_depthwise *d, size_t *x0, size_t *x1)
{
    const int64_t stride = (int64_t)d->stride[1], reach = (int64_t)((d->kernel[1] - 1) * d->dilation[1]);
    const int64_t last = (int64_t)d->in[1] - 1 - reach + d->pad[1];
    const int64_t first = d->pad[1] > 0 ? (d->pad[1] + stride - 1) / stride : 0;
    const int64_t end = last < 0 ? 0 : last / stride + 1, width = (int64_t)d->out[1];

    *x0 = (size_t)(first < width ? first : width);
    *x1 = (size_t)(end < width ? end : width);
    if (*x1 < *x0) *x1 = *x0;
}

/* Outputs [x, stop) of a row, which see filter columns [kx0, kx1), the first of them at input column `from`. */
DW_INLINE void run_direct(const block *b, row_job r, size_t x, size_t stop, size_t kx0, size_t kx1, size_t iy)
{
    const td_depthwise *const d = b->d;
    const size_t ch = d->channels, line = d->in[1] * ch;
    const size_t column = (size_t)((int64_t)(x * d->stride[1] + kx0 * d->dilation[1]) - d->pad[1]);

    if (kx0 >= kx1) r.rows = 0;
    for (size_t k = 0; k < r.rows; k++)
        b->see[k] =
            (const float *)(const void *)(b->in + (iy + k * d->dilation[0]) * line + column * ch + b->c0);
    r.w += kx0 * VW;
    move_to(&r, x);
    r.pixels = stop - x;
    r.span = td_div_up(r.pixels, td_div_up(r.pixels, TD_DEPTHWISE_SPAN));
    if (kx1 - kx0 == TD_DEPTHWISE_DIRECT)
        run_row(&r, (view){ TD_DEPTHWISE_DIRECT, 0, false });
    else
        tile(&r, 0, 1, (view){ kx1 - kx0, 0, false });
}

/* At an edge: only the taps within the image. */
static void run_edge(const block *b, const row_job *r, size_t x, size_t iy)
{
    const td_depthwise *const d = b->d;
    const int64_t at = (int64_t)(x * d->stride[1]) - d->pad[1], step = (int64_t)d->dilation[1];
    size_t kx0 = 0, kx1 = d->kernel[1];

    while (kx0 < kx1 && at + (int64_t)kx0 * step < 0)
        kx0++;
    while (kx1 > kx0 && at + (int64_t)(kx1 - 1) * step >= (int64_t)d->in[1])
        kx1--;
    run_direct(b, *r, x, x + 1, kx0, kx1, iy);
}

static void direct_row(const block *b, size_t y, size_t x0, size_t x1)
{
    const td_depthwise *const d = b->d;
    size_t iy;
    row_job r = row_at(b, y, &iy);

    set_steps(&r, d, d->channels, VW);
    for (size_t x = 0; x < x0; x++)
        run_edge(b, &r, x, iy);
    if (x0 < x1) run_direct(b, r, x0, x1, 0, d->kernel[1], iy);
    for (size_t x = x1; x < d->out[1]; x++)
        run_edge(b, &r, x, iy);
}

static void run_block(const block *b)
{
    const size_t width = b->d->out[1], strip_size = b->tiles->strip;
    size_t x0, x1;

    if (b->tiles->is_direct && !X_CONVERTS) {
        inner_range(b->d, &x0, &x1);
        for (size_t y = b->y0; y < b->y1; y++)
            direct_row(b, y, x0, x1);
        return;
    }
    for (size_t x = 0; x < width; x += strip_size)
        run_strip(b, x, TD_MIN(x + strip_size, width));
}

DW_INLINE void copy_weights(const block *b, const float *w)
{
    const size_t taps = b->d->kernel[0] * b->d->kernel[1];
    float *to = b->weights;

    for (size_t c = b->c0; c < b->c1; c += VW)
        for (size_t t = 0; t < taps; t++, to += VW)
            V_STORE(to, load_n(w + t * b->d->channels + c, TD_MIN(VW, b->c1 - c)));
}

/* Rows [row, stop) of one image, which are the part's, and the block's channels. */
static void run_rows(block *b, Y *out, const X *in, const td_depthwise_part *part, size_t row, size_t stop)
{
    const td_depthwise *const d = b->d;
    const size_t row_size = d->out[1] * d->channels, image_size = d->in[0] * d->in[1] * d->channels;

    b->in = image_size ? in + row / d->out[0] * image_size : in;
    b->out = out + (row - part->row0) * row_size;
    b->add = b->end->add ? b->end->add + row * row_size : NULL;
    b->y0 = row % d->out[0];
    b->y1 = b->y0 + (stop - row);
    run_block(b);
}

static void run_post(const td_depthwise *d, const td_depthwise_end *end, Y *out,
                     const td_depthwise_part *part)
{
    const size_t ch = d->channels, pixels = (part->row1 - part->row0) * d->out[1], n = part->c1 - part->c0;

    if (n == ch)
        Y_POST(end->post, out, pixels * ch);
    else
        for (size_t i = 0; i < pixels; i++)
            Y_POST(end->post, out + i * ch + part->c0, n);
}

static void run_part(const td_depthwise *d, Y *out, const X *in, const float *w, const td_depthwise_end *end,
                     const td_depthwise_part *part)
{
    td_depthwise_tiles tiles;
    block b = { .d = d, .end = end, .tiles = &tiles };

    const bool fits = td_depthwise_tile(d, &tiles);
    TD_ASSERT(fits);
    b.lines = part->scratch;
    b.weights = b.lines + tiles.lines;
    b.held = (size_t *)(void *)(b.weights + d->kernel[0] * d->kernel[1] * tiles.block);
    b.see = (const float **)(void *)(b.held + d->kernel[0]);
    for (size_t c = part->c0; c < part->c1; c += tiles.block) {
        b.c0 = c;
        b.c1 = TD_MIN(c + tiles.block, part->c1);
        copy_weights(&b, w);
        for (size_t row = part->row0, stop; row < part->row1; row = stop) {
            stop = TD_MIN(part->row1, (row / d->out[0] + 1) * d->out[0]);
            run_rows(&b, out, in, part, row, stop);
        }
    }
    if (end->post) run_post(d, end, out, part);
}
