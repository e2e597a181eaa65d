/* SPDX-License-Identifier: Apache-2.0 */
/* resize.c -- see resize.h. Coordinates are computed in float,
 * as TensorFlow does, so that the same pixels are met. */
#include "kernels/resize/resize.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"

static float scale_of(const td_resize *r, int dim)
{
    if (r->aligns_corners && r->out[dim] > 1) return (float)(r->in[dim] - 1) / (float)(r->out[dim] - 1);
    return (float)r->in[dim] / (float)r->out[dim];
}

static float source_of(const td_resize *r, int dim, size_t at)
{
    const float scale = scale_of(r, dim);
    return r->half_pixels ? ((float)at + 0.5f) * scale - 0.5f : (float)at * scale;
}

static size_t bound(int64_t i, size_t size)
{
    return i < 0 ? 0 : TD_MIN((size_t)i, size - 1);
}

td_resize_tap td_resize_bilinear_tap(const td_resize *r, int dim, size_t i)
{
    const float at = source_of(r, dim, i), low = floorf(at);

    return (td_resize_tap){ { bound((int64_t)low, r->in[dim]), bound((int64_t)low + 1, r->in[dim]) },
                            { 1.0f - (at - low), at - low } };
}

void td_resize_bilinear_taps(const td_resize *r, int dim, td_resize_tap *taps)
{
    for (size_t i = 0; i < r->out[dim]; i++)
        taps[i] = td_resize_bilinear_tap(r, dim, i);
}

/* Keys' cubic, from a table of 1024 steps as TensorFlow has it. */
static float cubic(size_t step, bool is_far, double a)
{
    const double x = (double)step / 1024.0 + (is_far ? 1.0 : 0.0);

    if (is_far) return (float)(((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a);
    return (float)(((a + 2.0) * x - (a + 3.0)) * x * x + 1.0);
}

void td_resize_bicubic_taps(const td_resize *r, int dim, td_resize_tap *taps)
{
    const double a = r->half_pixels ? -0.5 : -0.75;

    for (size_t i = 0; i < r->out[dim]; i++) {
        const float at = source_of(r, dim, i), low = floorf(at);
        const size_t step = (size_t)lrintf((at - low) * 1024.0f);
        const float w[] = { cubic(step, true, a), cubic(step, false, a), cubic(1024 - step, false, a),
                            cubic(1024 - step, true, a) };
        float sum = 0.0f;
        for (int64_t k = 0; k < 4; k++) {
            const int64_t index = (int64_t)low - 1 + k;
            taps[i].index[k] = bound(index, r->in[dim]);
            const bool is_out = r->half_pixels && (int64_t)taps[i].index[k] != index;
            taps[i].weight[k] = is_out ? 0.0f : w[k];
            sum += taps[i].weight[k];
        }
        for (int k = 0; r->half_pixels && fabsf(sum) >= 1000.0f * FLT_MIN && k < 4; k++)
            taps[i].weight[k] *= 1.0f / sum;
    }
}

static float lerp_pixel(const float *const line[4], const td_resize_tap *y, const td_resize_tap *x, size_t ch,
                        size_t c)
{
    const float *const top = line[0], *const bottom = line[1];
    const size_t l = x->index[0] * ch + c, r = x->index[1] * ch + c;
    const float t = top[l] + (top[r] - top[l]) * x->weight[1];
    const float b = bottom[l] + (bottom[r] - bottom[l]) * x->weight[1];
    return t + (b - t) * y->weight[1];
}

static float cubic_pixel(const float *const line[4], const td_resize_tap *y, const td_resize_tap *x,
                         size_t ch, size_t c)
{
    float sum = 0.0f;

    for (int i = 0; i < 4; i++) {
        float row = 0.0f;
        for (int k = 0; k < 4; k++)
            row += line[i][x->index[k] * ch + c] * x->weight[k];
        sum += row * y->weight[i];
    }
    return sum;
}

void td_resize_rows(const td_resize *r, int n_taps, const td_resize_tap *by_row, const td_resize_tap *by_col,
                    float *out, const float *in, size_t row0, size_t row1)
{
    const size_t ch = r->channels, line_size = r->in[1] * ch;

    for (size_t row = row0; row < row1; row++) {
        const td_resize_tap *const y = &by_row[row % r->out[0]];
        const float *const image = in + row / r->out[0] * r->in[0] * line_size, *line[4];
        float *to = out + row * r->out[1] * ch;
        for (int i = 0; i < n_taps; i++)
            line[i] = image + y->index[i] * line_size;
        for (size_t x = 0; x < r->out[1]; x++)
            for (size_t c = 0; c < ch; c++)
                *to++ = n_taps == 2 ? lerp_pixel(line, y, &by_col[x], ch, c)
                                    : cubic_pixel(line, y, &by_col[x], ch, c);
    }
}

size_t td_resize_nearest(const td_resize *r, int dim, size_t at)
{
    const float scale = scale_of(r, dim);
    const float x = r->half_pixels ? ((float)at + 0.5f) * scale : (float)at * scale;
    return bound((int64_t)(r->aligns_corners ? roundf(x) : floorf(x)), r->in[dim]);
}

/* How much of source pixel i lies in [from, to). */
static float overlap(int64_t i, float from, float to, float scale)
{
    if ((float)i < from) return (float)(i + 1) > to ? scale : (float)(i + 1) - from;
    return (float)(i + 1) > to ? to - (float)i : 1.0f;
}

/* window: from y, from x, to y, to x */
static void area_pixel(const td_resize *r, float *out, const float *image, const float *window,
                       const float *scale)
{
    const size_t ch = r->channels;
    const float y0 = window[0], x0 = window[1], y1 = window[2], x1 = window[3];
    const float total = 1.0f / (scale[0] * scale[1]);

    memset(out, 0, ch * sizeof *out);
    for (int64_t y = (int64_t)floorf(y0); y < (int64_t)ceilf(y1); y++)
        for (int64_t x = (int64_t)floorf(x0); x < (int64_t)ceilf(x1); x++) {
            const float w = overlap(y, y0, y1, scale[0]) * overlap(x, x0, x1, scale[1]) * total;
            const float *const p = image + (bound(y, r->in[0]) * r->in[1] + bound(x, r->in[1])) * ch;
            for (size_t c = 0; c < ch; c++)
                out[c] += p[c] * w;
        }
}

void td_resize_area(const td_resize *r, float *out, const float *in)
{
    const float steps[2] = { scale_of(r, 0), scale_of(r, 1) };
    /* A single pixel stretched with aligned corners has step 0: it is the whole window. */
    const float scale[2] = { steps[0] > 0 ? steps[0] : 1.0f, steps[1] > 0 ? steps[1] : 1.0f };
    const size_t image = r->in[0] * r->in[1] * r->channels;

    for (size_t n = 0; n < r->batch; n++)
        for (size_t y = 0; y < r->out[0]; y++)
            for (size_t x = 0; x < r->out[1]; x++, out += r->channels) {
                const float y0 = (float)y * steps[0], x0 = (float)x * steps[1];
                const float window[4] = { y0, x0, steps[0] > 0 ? (float)(y + 1) * steps[0] : 1.0f,
                                          steps[1] > 0 ? (float)(x + 1) * steps[1] : 1.0f };
                area_pixel(r, out, in + n * image, window, scale);
            }
}

float td_crop_at(float a, float b, size_t in, size_t out, size_t i)
{
    const float last = (float)(in - 1);
    if (out > 1) return a * last + (float)i * ((b - a) * last / (float)(out - 1));
    return 0.5f * (a + b) * last;
}

void td_crop_resize(const td_resize *r, const float *box, bool nearest, float outside, float *out,
                    const float *in)
{
    const size_t ch = r->channels;

    for (size_t y = 0; y < r->out[0]; y++)
        for (size_t x = 0; x < r->out[1]; x++, out += ch) {
            const float fy = td_crop_at(box[0], box[2], r->in[0], r->out[0], y);
            const float fx = td_crop_at(box[1], box[3], r->in[1], r->out[1], x);
            const bool is_in =
                fy >= 0 && fx >= 0 && fy <= (float)(r->in[0] - 1) && fx <= (float)(r->in[1] - 1);
            for (size_t c = 0; !is_in && c < ch; c++)
                out[c] = outside;
            if (!is_in) continue;
            const size_t y0 = (size_t)(nearest ? roundf(fy) : floorf(fy)),
                         x0 = (size_t)(nearest ? roundf(fx) : floorf(fx));
            const size_t y1 = nearest ? y0 : (size_t)ceilf(fy), x1 = nearest ? x0 : (size_t)ceilf(fx);
            const float ly = nearest ? 0.0f : fy - (float)y0, lx = nearest ? 0.0f : fx - (float)x0;
            const float *const a = in + (y0 * r->in[1] + x0) * ch, *const b = in + (y0 * r->in[1] + x1) * ch;
            const float *const d = in + (y1 * r->in[1] + x0) * ch, *const e = in + (y1 * r->in[1] + x1) * ch;
            for (size_t c = 0; c < ch; c++) {
                const float top = a[c] + (b[c] - a[c]) * lx, bottom = d[c] + (e[c] - d[c]) * lx;
                out[c] = top + (bottom - top) * ly;
            }
        }
}
