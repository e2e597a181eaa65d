/* SPDX-License-Identifier: Apache-2.0 */
/* color.c -- see color.h. */
#include "kernels/image/color.h"

#include <math.h>
#include <stdbool.h>

#include "base/macros.h"

/* ---------------------------------------------------------------- hue, saturation, value */

void td_color_to_hsv(double *pixels, size_t n)
{
    for (double *p = pixels; p < pixels + 3 * n; p += 3) {
        const double r = p[0], g = p[1], b = p[2];
        const double value = TD_MAX(r, TD_MAX(g, b)), range = value - TD_MIN(r, TD_MIN(g, b));
        double hue = (r - g) / range / 6.0 + 4.0 / 6.0;

        if (g == value) hue = (b - r) / range / 6.0 + 2.0 / 6.0;
        if (r == value) hue = (g - b) / range / 6.0;
        if (!(range > 0.0)) hue = 0.0;
        p[0] = hue < 0.0 ? hue + 1.0 : hue;
        p[1] = value > 0.0 ? range / value : 0.0;
        p[2] = value;
    }
}

static double within_one(double x)
{
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

void td_color_from_hsv(double *pixels, size_t n)
{
    for (double *p = pixels; p < pixels + 3 * n; p += 3) {
        const double hue = 6.0 * p[0], s = p[1], value = p[2];

        p[0] = (1.0 - s + s * within_one(fabs(hue - 3.0) - 1.0)) * value;
        p[1] = (1.0 - s + s * within_one(2.0 - fabs(hue - 2.0))) * value;
        p[2] = (1.0 - s + s * within_one(2.0 - fabs(hue - 4.0))) * value;
    }
}

/* ---------------------------------------------------------------- hue */

/* A color as TensorFlow turns it: the places of its largest and smallest number, and where the third is between. */
typedef struct hue {
    float at, least, most; /* at: [0, 6) */
} hue;

static hue between(int sixth, float least, float middle, float most)
{
    const float part = (middle - least) / (most - least);
    const bool rises = (sixth & 1) == 0;

    if (most == least) return (hue){ 0.0f, least, most };
    return (hue){ (float)sixth + (rises ? part : 1.0f - part), least, most };
}

static hue hue_of(float r, float g, float b)
{
    if (r < g) {
        if (b < r) return between(1, b, r, g);
        return b > g ? between(3, r, g, b) : between(2, r, b, g);
    }
    if (b < g) return between(0, b, g, r);
    return b > r ? between(4, g, r, b) : between(5, g, b, r);
}

static void put_hue(float *out, const hue *h)
{
    static const char places[6][3] = { { 2, 1, 0 }, { 1, 2, 0 }, { 0, 2, 1 },
                                       { 0, 1, 2 }, { 1, 0, 2 }, { 2, 0, 1 } };
    const int sixth = h->at >= 0.0f && h->at < 6.0f ? (int)h->at : 5;
    const float part = h->at - (float)sixth, up = (sixth & 1) == 0 ? part : 1.0f - part;
    const float levels[] = { h->least, h->least + up * (h->most - h->least), h->most };

    for (int i = 0; i < 3; i++)
        out[i] = levels[(int)places[sixth][i]];
}

/* x modulo six, by the steps that TensorFlow takes while they are few. */
static float within_six(float x)
{
    if (!(fabsf(x) < 600.0f)) x = fmodf(x, 6.0f);
    while (x < 0.0f)
        x += 6.0f;
    while (x >= 6.0f)
        x -= 6.0f;
    return x;
}

void td_color_turn_hue(float *out, const float *in, size_t n, float turns)
{
    for (size_t i = 0; i < 3 * n; i += 3) {
        hue h = hue_of(in[i], in[i + 1], in[i + 2]);

        h.at = within_six(h.at + turns * 6.0f);
        put_hue(out + i, &h);
    }
}

/* ---------------------------------------------------------------- saturation */

/* Where the hue is in the circle of six; a hue that is none (NaN) makes all levels equal. */
static void put_saturated(float *out, float hue6, float chroma, float value)
{
    static const char places[6][3] = { { 2, 1, 0 }, { 1, 2, 0 }, { 0, 2, 1 },
                                       { 0, 1, 2 }, { 1, 0, 2 }, { 2, 0, 1 } };
    const bool is_hue = hue6 > -1.0f && hue6 < 6.0f;
    const float turn = fmodf(hue6, 2.0f), x = chroma * (1.0f - fabsf(turn - 1.0f));
    const float levels[] = { 0.0f, x, chroma };

    for (int i = 0; i < 3; i++)
        out[i] = (is_hue ? levels[(int)places[(int)hue6][i]] : 0.0f) + (value - chroma);
}

void td_color_scale_saturation(float *out, const float *in, size_t n, float scale)
{
    for (size_t i = 0; i < 3 * n; i += 3) {
        const float r = in[i], g = in[i + 1], b = in[i + 2];
        const float value = TD_MAX(r, TD_MAX(g, b)), range = value - TD_MIN(r, TD_MIN(g, b));
        const float norm = 1.0f / (6.0f * range), s = (value > 0.0f ? range / value : 0.0f) * scale;
        float at = r == value   ? norm * (g - b)
                   : g == value ? (float)((double)(norm * (b - r)) + 2.0 / 6.0)
                                : (float)((double)(norm * (r - g)) + 4.0 / 6.0);

        if (range <= 0.0f) at = 0.0f;
        if (at < 0.0f) at += 1.0f;
        put_saturated(out + i, at * 6.0f, (s < 0.0f ? 0.0f : s > 1.0f ? 1.0f : s) * value, value);
    }
}

/* ---------------------------------------------------------------- contrast */

void td_color_scale_contrast(float *out, const float *in, size_t pixels, size_t channels, float factor)
{
    for (size_t ch = 0; ch < channels; ch++) {
        double sum = 0.0;

        for (size_t i = 0; i < pixels; i++)
            sum += (double)in[i * channels + ch];
        const float mean = (float)(sum / (double)pixels);
        for (size_t i = ch; i < pixels * channels; i += channels)
            out[i] = mean + (in[i] - mean) * factor;
    }
}
