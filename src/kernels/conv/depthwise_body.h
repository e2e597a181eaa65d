/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_body.h -- the vector body; included by one file for each instruction set, after its v_*.h.
 *
 * A tile is SPAN neighbouring output pixels by one vector of channels: each weight is loaded once for it.
 * Tiles go along the channels first, so that memory is read in order. Pixels whose filter sticks out of the
 * image on the left or right are done one by one.
 *
 * Before it, a file whose image or output are no floats says what they are: X, X_LOAD and X_CONVERTS, Y and Y_STORE; and whether
 * td_depthwise_end.post can be.
 */
#include <stdbool.h>

#include "kernels/conv/depthwise.h"

#ifndef X
#define X            float
#define X_CONVERTS   false /* loads of it are more than loads */
#define X_LOAD(p, n) ((n) == VW ? V_LOAD(p) : V_LOAD_N(p, n))
#endif
#ifndef Y
#define Y                   float
#define Y_STORE(p, n, v)    ((n) == VW ? V_STORE(p, v) : V_STORE_N(p, n, v))
#define Y_POST(end, out, n) ((end)->post ? (end)->post(out, n) : (void)0)
#endif

enum { SPAN = 8 };

/* One output row: the filter rows that lie within the image, the first of them at `line`. */
typedef struct row_job {
    const td_depthwise *d;
    const td_depthwise_end *end;
    const X *line; /* of the first filter row that counts; w, too */
    const float *w;
    size_t ky_count, line_step;
    Y *out;
    const float *add; /* as out; NULL: none */
} row_job;

/* One filter row at `span` neighbouring outputs; at: of tap 0, which kx0 may leave out, as it lies before the image. */
static inline __attribute__((always_inline)) void sum_taps(V *acc, const row_job *r, const size_t span,
                                                           ptrdiff_t at, const float *w, size_t kx0,
                                                           size_t kx1, const size_t n)
{
    const size_t ch = r->d->channels, pixel_step = r->d->stride[1] * ch, tap_step = r->d->dilation[1] * ch;

    for (size_t kx = kx0; kx < kx1; kx++) {
        const V weight = n == VW ? V_LOAD(w + kx * ch) : V_LOAD_N(w + kx * ch, n);
        const X *const p = r->line + (at + (ptrdiff_t)(kx * tap_step));
#pragma GCC unroll 8
        for (size_t i = 0; i < span; i++)
            acc[i] = V_FMA(X_LOAD(p + i * pixel_step, n), weight, acc[i]);
    }
}

/* The same of `width` taps without gaps, outputs `stride` apart: what is no float yet is brought to one once, not by each tap. */
static inline __attribute__((always_inline)) void sum_window(V *acc, const row_job *r, const size_t span,
                                                             const X *p, const float *w, const size_t width,
                                                             const size_t stride, const size_t n)
{
    const size_t ch = r->d->channels;
    V x[(SPAN - 1) * 2 + 5];

#pragma GCC unroll 24
    for (size_t i = 0; i < (span - 1) * stride + width; i++)
        x[i] = X_LOAD(p + i * ch, n);
#pragma GCC unroll 8
    for (size_t k = 0; k < width; k++) {
        const V weight = n == VW ? V_LOAD(w + k * ch) : V_LOAD_N(w + k * ch, n);
#pragma GCC unroll 8
        for (size_t i = 0; i < span; i++)
            acc[i] = V_FMA(x[i * stride + k], weight, acc[i]);
    }
}

/* width 0: any filter; else all of a filter that sum_window() takes. */
static inline __attribute__((always_inline)) void tile(const row_job *r, const size_t span, size_t x,
                                                       size_t kx0, size_t kx1, size_t c, const size_t n,
                                                       const size_t width, const size_t stride)
{
    const td_depthwise *const d = r->d;
    const size_t ch = d->channels;
    /* Behind `line`: before the image where the first taps lie in the padding, which kx0 leaves out. */
    ptrdiff_t at = (ptrdiff_t)((int64_t)(x * d->stride[1]) - d->pad[1]) * (ptrdiff_t)ch + (ptrdiff_t)c;
    const float *w = r->w + c;
    V acc[SPAN];

#pragma GCC unroll 8
    for (size_t i = 0; i < span; i++)
        acc[i] =
            r->end->bias ? (n == VW ? V_LOAD(r->end->bias + c) : V_LOAD_N(r->end->bias + c, n)) : V_ZERO();
    for (size_t ky = 0; ky < r->ky_count; ky++, at += (ptrdiff_t)r->line_step, w += d->kernel[1] * ch) {
        if (width)
            sum_window(acc, r, span, r->line + at, w, width, stride, n);
        else
            sum_taps(acc, r, span, at, w, kx0, kx1, n);
    }
    const V lo = V_SET1(r->end->lo), hi = V_SET1(r->end->hi);
    Y *const out = r->out + x * ch + c;
    if (r->add) {
        const float *const add = r->add + x * ch + c;
#pragma GCC unroll 8
        for (size_t i = 0; i < span; i++)
            acc[i] = V_ADD(acc[i], n == VW ? V_LOAD(add + i * ch) : V_LOAD_N(add + i * ch, n));
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < span; i++)
        Y_STORE(out + i * ch, n, V_MAX(lo, V_MIN(hi, acc[i])));
}

static inline __attribute__((always_inline)) void tiles(const row_job *r, const size_t span, size_t x,
                                                        size_t kx0, size_t kx1, const size_t width,
                                                        const size_t stride)
{
    const size_t ch = r->d->channels;
    size_t c = 0;

    for (; c + VW <= ch; c += VW)
        tile(r, span, x, kx0, kx1, c, VW, width, stride);
    if (c < ch) tile(r, span, x, kx0, kx1, c, ch - c, width, stride);
    Y_POST(r->end, r->out + x * ch, span * ch);
}

/* SPAN outputs that see the whole width of the filter. */
static void wide_tiles(const row_job *r, size_t x)
{
    const td_depthwise *const d = r->d;
    const size_t width = d->kernel[1], stride = d->stride[1];
    const bool is_known = X_CONVERTS && d->dilation[1] == 1;

    if (is_known && width == 3 && stride == 1)
        tiles(r, SPAN, x, 0, width, 3, 1);
    else if (is_known && width == 3 && stride == 2)
        tiles(r, SPAN, x, 0, width, 3, 2);
    else if (is_known && width == 5 && stride == 1)
        tiles(r, SPAN, x, 0, width, 5, 1);
    else
        tiles(r, SPAN, x, 0, width, 0, 0);
}

/* A pixel at the left or right edge: only the taps within the image. */
static void edge(const row_job *r, size_t x)
{
    const td_depthwise *const d = r->d;
    const int64_t at = (int64_t)(x * d->stride[1]) - d->pad[1], step = (int64_t)d->dilation[1];
    size_t kx0 = 0, kx1 = d->kernel[1];

    while (kx0 < kx1 && at + (int64_t)kx0 * step < 0)
        kx0++;
    while (kx1 > kx0 && at + (int64_t)(kx1 - 1) * step >= (int64_t)d->in[1])
        kx1--;
    tiles(r, 1, x, kx0, kx1, 0, 0);
}

/* Output pixels [*x0, *x1) see the whole width of the filter. */
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

static void one_row(const row_job *r)
{
    const td_depthwise *const d = r->d;
    size_t x0, x1, x = 0;

    inner_range(d, &x0, &x1);
    for (; x < x0; x++)
        edge(r, x);
    for (; x + SPAN <= x1; x += SPAN)
        wide_tiles(r, x);
    if (x + 4 <= x1) {
        tiles(r, 4, x, 0, d->kernel[1], 0, 0);
        x += 4;
    }
    for (; x < x1; x++)
        tiles(r, 1, x, 0, d->kernel[1], 0, 0);
    for (; x < d->out[1]; x++)
        edge(r, x);
}

static void run_rows(const td_depthwise *d, Y *out, const X *in, const float *w, const td_depthwise_end *end,
                     size_t row0, size_t row1)
{
    const size_t ch = d->channels, line = d->in[1] * ch;

    for (size_t row = row0; row < row1; row++) {
        const int64_t y0 = (int64_t)(row % d->out[0] * d->stride[0]) - d->pad[0],
                      step = (int64_t)d->dilation[0];
        size_t ky0 = 0, ky1 = d->kernel[0];
        while (ky0 < ky1 && y0 + (int64_t)ky0 * step < 0)
            ky0++;
        while (ky1 > ky0 && y0 + (int64_t)(ky1 - 1) * step >= (int64_t)d->in[0])
            ky1--;
        const ptrdiff_t first =
            (ptrdiff_t)(row / d->out[0] * d->in[0]) + (ptrdiff_t)(y0 + (int64_t)ky0 * step);
        const row_job r = {
            .d = d,
            .end = end,
            .line = ky1 > ky0 && line ? in + first * (ptrdiff_t)line : in, /* there may be no row at all */
            .w = w + ky0 * d->kernel[1] * ch,
            .ky_count = ky1 - ky0,
            .line_step = d->dilation[0] * line,
            .out = out + (row - row0) * d->out[1] * ch,
            .add = end->add ? end->add + row * d->out[1] * ch : NULL,
        };
        one_row(&r);
    }
}
