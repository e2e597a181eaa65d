/* SPDX-License-Identifier: Apache-2.0 */
/* resize.c -- see resize.h. Coordinates are computed in float,
 * as TensorFlow does, so that the same pixels are met. */
#include "kernels/resize/resize.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/elt/cast.h"

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

/* ---------------------------------------------------------------- rows */

const td_resize_variant td_resize_variants[] = {
    TD_X86(&td_resize_, avx2),
    TD_PLAIN(&td_resize_ref),
};

bool td_resize_how_find(td_dtype type, td_cpu cpu, td_resize_how *out)
{
    td_elt_arg arg = { 0 };

    *out = (td_resize_how){ .type = type, .size = td_dtype_size(type), .bodies = td_resize_select(cpu) };
    return type == TD_F32 || td_cast_find(type, TD_F32, false, cpu, &out->to_float, &arg);
}

/* Lines of the output, n_taps of them and their numbers; then one line of the input. */
bool td_resize_work(const td_resize *r, int n_taps, size_t *out)
{
    size_t line, lines;

    return td_mul_size(r->out[1], r->channels, &line) && td_mul_size(line, (size_t)n_taps, &lines) &&
           td_add_size(lines, r->in[1] * r->channels, out);
}

/* The lines that output rows are made of, as wide as these. */
typedef struct cache {
    const td_resize *r;
    const td_resize_how *how;
    int n_taps;
    const td_resize_tap *by_col;
    size_t x0, x1; /* the columns that are wanted */
    const char *in;
    float *work;
    size_t held[4]; /* which line of all images is at place line % n_taps; SIZE_MAX: none */
} cache;

static void cache_init(cache *k)
{
    for (int i = 0; i < 4; i++)
        k->held[i] = SIZE_MAX;
}

static const float *cache_line(cache *k, size_t line)
{
    const td_resize *const r = k->r;
    const size_t place = line % (size_t)k->n_taps, wide = r->out[1] * r->channels, n = r->in[1] * r->channels;
    float *const out = k->work + place * wide, *const floats = k->work + (size_t)k->n_taps * wide;
    td_resize_line from = { k->in + line * n * k->how->size, k->how->type == TD_U8, r->in[1] };

    if (k->held[place] == line) return out;
    k->held[place] = line;
    if (k->how->type != TD_U8 && k->how->type != TD_F32) {
        (void)td_elt_run(&k->how->to_float, floats, &from.data, n, &(td_elt_arg){ 0 });
        from.data = floats;
    }
    k->how->bodies->across(out + k->x0 * r->channels, &from, k->by_col + k->x0, k->n_taps, k->x1 - k->x0,
                           r->channels);
    return out;
}

/* One output row, its columns x0 to x1. */
static void put_row(cache *k, float *out, size_t first_line, const td_resize_tap *y)
{
    const size_t ch = k->r->channels;
    const float *lines[4] = { NULL };

    for (int i = 0; i < k->n_taps; i++) /* they follow each other, so none takes another one's place */
        lines[i] = cache_line(k, first_line + y->index[i]) + k->x0 * ch;
    k->how->bodies->down(out + k->x0 * ch, lines, y, k->n_taps, (k->x1 - k->x0) * ch);
}

void td_resize_rows(const td_resize *r, const td_resize_how *how, int n_taps, const td_resize_tap *by_row,
                    const td_resize_tap *by_col, float *out, const void *in, float *work, size_t row0,
                    size_t row1)
{
    cache k = { r, how, n_taps, by_col, 0, r->out[1], in, work, { 0 } };

    cache_init(&k);
    for (size_t row = row0; row < row1; row++)
        put_row(&k, out + row * r->out[1] * r->channels, row / r->out[0] * r->in[0],
                &by_row[row % r->out[0]]);
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

void td_resize_area(const td_resize *r, float *out, const float *in, size_t row0, size_t row1)
{
    const float steps[2] = { scale_of(r, 0), scale_of(r, 1) };
    /* A single pixel stretched with aligned corners has step 0: it is the whole window. */
    const float scale[2] = { steps[0] > 0 ? steps[0] : 1.0f, steps[1] > 0 ? steps[1] : 1.0f };
    const size_t image = r->in[0] * r->in[1] * r->channels;

    out += row0 * r->out[1] * r->channels;
    for (size_t row = row0; row < row1; row++)
        for (size_t x = 0; x < r->out[1]; x++, out += r->channels) {
            const size_t n = row / r->out[0], y = row % r->out[0];
            const float y0 = (float)y * steps[0], x0 = (float)x * steps[1];
            const float window[4] = { y0, x0, steps[0] > 0 ? (float)(y + 1) * steps[0] : 1.0f,
                                      steps[1] > 0 ? (float)(x + 1) * steps[1] : 1.0f };
            area_pixel(r, out, in + n * image, window, scale);
        }
}

/* ---------------------------------------------------------------- boxes */

float td_crop_at(float a, float b, size_t in, size_t out, size_t i)
{
    const float last = (float)(in - 1);
    if (out > 1) return a * last + (float)i * ((b - a) * last / (float)(out - 1));
    return 0.5f * (a + b) * last;
}

/* False: it lies outside of the image. */
static bool crop_tap(const td_resize *r, int dim, const float *box, bool nearest, size_t i,
                     td_resize_tap *out)
{
    const float at = td_crop_at(box[dim], box[dim + 2], r->in[dim], r->out[dim], i);

    if (!(at >= 0 && at <= (float)(r->in[dim] - 1))) return false;
    const size_t low = (size_t)(nearest ? roundf(at) : floorf(at));

    *out = (td_resize_tap){ { low, nearest ? low : (size_t)ceilf(at) },
                            { 0, nearest ? 0.0f : at - (float)low } };
    return true;
}

static void fill(float *out, float value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

void td_crop_rows(const td_resize *r, const td_resize_how *how, const float *box, bool nearest, float outside,
                  float *out, const void *in, td_resize_tap *by_col, float *work, size_t row0, size_t row1)
{
    cache k = { r, how, 2, by_col, 0, 0, in, work, { 0 } };
    const size_t ch = r->channels;

    cache_init(&k);
    while (k.x0 < r->out[1] && !crop_tap(r, 1, box, nearest, k.x0, &by_col[k.x0]))
        k.x0++;
    for (k.x1 = k.x0; k.x1 < r->out[1] && crop_tap(r, 1, box, nearest, k.x1, &by_col[k.x1]);)
        k.x1++; /* columns go one way: those in the image are next to each other */
    for (size_t row = row0; row < row1; row++) {
        float *const to = out + row * r->out[1] * ch;
        td_resize_tap y;
        const bool is_in = crop_tap(r, 0, box, nearest, row, &y);
        const size_t x0 = is_in ? k.x0 : r->out[1], x1 = is_in ? k.x1 : r->out[1];

        fill(to, outside, x0 * ch);
        if (is_in) put_row(&k, to, 0, &y);
        fill(to + x1 * ch, outside, (r->out[1] - x1) * ch);
    }
}
