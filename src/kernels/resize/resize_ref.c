/* SPDX-License-Identifier: Apache-2.0 */
/* resize_ref.c -- the definition of right: a number at a time. */
#include "kernels/resize/resize.h"

static float number(const td_resize_line *line, size_t i)
{
    return line->is_u8 ? (float)((const uint8_t *)line->data)[i] : ((const float *)line->data)[i];
}

static void across_two(float *out, const td_resize_line *line, const td_resize_tap *taps, size_t width,
                       size_t channels)
{
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < channels; c++) {
            const float first = number(line, taps[x].index[0] * channels + c);
            const float second = number(line, taps[x].index[1] * channels + c);

            *out++ = first + (second - first) * taps[x].weight[1];
        }
}

static void across_four(float *out, const td_resize_line *line, const td_resize_tap *taps, size_t width,
                        size_t channels)
{
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < channels; c++) {
            float sum = 0.0f;

            for (int k = 0; k < 4; k++)
                sum += number(line, taps[x].index[k] * channels + c) * taps[x].weight[k];
            *out++ = sum;
        }
}

static void across(float *out, const td_resize_line *line, const td_resize_tap *taps, int n_taps,
                   size_t width, size_t channels)
{
    (n_taps == 2 ? across_two : across_four)(out, line, taps, width, channels);
}

static void down(float *out, const float *const lines[4], const td_resize_tap *y, int n_taps, size_t n)
{
    for (size_t i = 0; n_taps == 2 && i < n; i++)
        out[i] = lines[0][i] + (lines[1][i] - lines[0][i]) * y->weight[1];
    for (size_t i = 0; n_taps == 4 && i < n; i++) {
        float sum = 0.0f;

        for (int k = 0; k < 4; k++)
            sum += lines[k][i] * y->weight[k];
        out[i] = sum;
    }
}

const td_resize_bodies td_resize_ref = { across, down };
