/* SPDX-License-Identifier: Apache-2.0 */
/* spans.c -- see spans.h. All in float, as TensorFlow does, so that the same pixels are met. */
#include "kernels/resize/spans.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"

const char *const td_filter_names[] = { "lanczos1", "lanczos3", "lanczos5",  "gaussian",
                                        "box",      "triangle", "keyscubic", "mitchellcubic" };

static const float radii[] = { 1.0f, 3.0f, 5.0f, 1.5f, 1.0f, 1.0f, 2.0f, 2.0f };

/* ---------------------------------------------------------------- filters, by the distance x >= 0 */

static float lanczos(float radius, float x)
{
    const float pi = 3.14159265359f;

    if (x > radius) return 0.0f;
    if (x <= 1e-3f) return 1.0f;
    return radius * sinf(pi * x) * sinf(pi * x / radius) / (pi * pi * x * x);
}

static float gaussian(float radius, float x)
{
    const double sigma = (double)(radius / 3.0f);
    return x >= radius ? 0.0f : (float)exp((double)(-x * x) / (2.0 * sigma * sigma));
}

static float keys_cubic(float x)
{
    if (x >= 2.0f) return 0.0f;
    if (x >= 1.0f) return ((-0.5f * x + 2.5f) * x - 4.0f) * x + 2.0f;
    return (1.5f * x - 2.5f) * x * x + 1.0f;
}

static float mitchell_cubic(float x)
{
    if (x >= 2.0f) return 0.0f;
    if (x >= 1.0f) return ((-7.0f / 18.0f * x + 2.0f) * x - 10.0f / 3.0f) * x + 16.0f / 9.0f;
    return (7.0f / 6.0f * x - 2.0f) * x * x + 8.0f / 9.0f;
}

static float weigh(td_filter filter, float x)
{
    switch (filter) {
    case TD_FILTER_GAUSSIAN:
        return gaussian(radii[filter], x);
    case TD_FILTER_BOX:
        return x < 0.5f ? 1.0f : x == 0.5f ? 0.5f : 0.0f;
    case TD_FILTER_TRIANGLE:
        return x < 1.0f ? 1.0f - x : 0.0f;
    case TD_FILTER_KEYS_CUBIC:
        return keys_cubic(x);
    case TD_FILTER_MITCHELL_CUBIC:
        return mitchell_cubic(x);
    default:
        return lanczos(radii[filter], x);
    }
}

/* ---------------------------------------------------------------- spans */

static float widening(const td_spans *s)
{
    const float inverse = (float)(1.0 / (double)s->scale);
    return s->antialias && inverse > 1.0f ? inverse : 1.0f;
}

size_t td_spans_size(const td_spans *s)
{
    const float reach = ceilf(radii[s->filter] * widening(s));
    return reach < (float)s->in ? TD_MIN(2 * (size_t)reach + 1, s->in) : s->in;
}

static size_t bound(float x, size_t size)
{
    if (!(x > 0.0f)) return 0;
    return x < (float)size ? TD_MIN((size_t)x, size - 1) : size - 1;
}

/* The weights of one output whose middle is at `middle` of the input. */
static void fill_span(const td_spans *s, float middle, size_t *start, float *weight)
{
    const float wide = widening(s), reach = radii[s->filter] * wide, narrow = 1.0f / wide;
    const size_t first = bound(ceilf(middle - reach - 0.5f), s->in);
    const size_t last = bound(floorf(middle + reach - 0.5f), s->in);
    float sum = 0.0f;

    for (size_t i = first; i <= last && i - first < s->size; i++)
        sum += weight[i - first] = weigh(s->filter, fabsf(((float)i + 0.5f - middle) * narrow));
    const float norm = fabsf(sum) >= 1000.0f * FLT_MIN ? 1.0f / sum : 0.0f;

    for (size_t i = 0; i < s->size; i++)
        weight[i] *= norm;
    *start = first;
}

void td_spans_fill(const td_spans *s)
{
    const float inverse = (float)(1.0 / (double)s->scale), shift = -inverse * s->shift;

    memset(s->weight, 0, s->out * s->size * sizeof *s->weight);
    for (size_t i = 0; i < s->out; i++) {
        const float middle = ((float)i + 0.5f) * inverse + shift;

        s->start[i] = 0;
        if (middle >= 0.0f && middle <= (float)s->in) /* else it is off the image */
            fill_span(s, middle, &s->start[i], s->weight + i * s->size);
    }
}

/* ---------------------------------------------------------------- sums */

static void add_scaled(float *out, const float *in, size_t n, float by)
{
    for (size_t i = 0; i < n; i++)
        out[i] += by * in[i];
}

/* Lines of `line` numbers each. */
static void apply(const td_spans *s, size_t line, float *out, const float *in)
{
    for (size_t i = 0; i < s->out; i++, out += line) {
        const size_t n = TD_MIN(s->size, s->in - s->start[i]);

        memset(out, 0, line * sizeof *out);
        for (size_t k = 0; k < n; k++)
            add_scaled(out, in + (s->start[i] + k) * line, line, s->weight[i * s->size + k]);
    }
}

void td_spans_apply(const td_spans *rows, const td_spans *cols, size_t channels, float *out, const float *in,
                    float *work)
{
    apply(rows, cols->in * channels, work, in);
    for (size_t y = 0; y < rows->out; y++)
        apply(cols, channels, out + y * cols->out * channels, work + y * cols->in * channels);
}
