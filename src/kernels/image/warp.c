/* SPDX-License-Identifier: Apache-2.0 */
/* warp.c -- see warp.h. In float, as TensorFlow does, so that the same pixels are met. */
#include "kernels/image/warp.h"

#include <math.h>

#include "base/macros.h"

/* How often `size` goes into x >= 0. Beyond 2^24 floats skip pixels anyway. */
static float times(float x, int64_t size)
{
    return x < 0x1p40f ? (float)(int64_t)(x / (float)size) : 0.0f;
}

/* abcd becomes dcba|abcd|dcba. */
static float reflect(float x, int64_t size)
{
    const float twice = (float)(2 * size), n = (float)size;

    if (x < 0.0f) {
        x += twice * times(-x, 2 * size);
        return x < -n ? x + twice : -x - 1.0f;
    }
    if (x > n - 1.0f) {
        x -= twice * times(x, 2 * size);
        if (x >= n) x = twice - x - 1.0f;
    }
    return x;
}

/* abcd becomes abcd|abcd|abcd. */
static float wrap(float x, int64_t size)
{
    if (x < 0.0f) return x + (float)size * (times(-x, size - 1) + 1.0f);
    return x > (float)(size - 1) ? x - (float)size * times(x, size - 1) : x;
}

static float place(float x, td_warp_fill fill, int64_t size)
{
    const float last = (float)(size - 1);

    if (fill == TD_WARP_CONSTANT) return x;
    if (size <= 1) return 0.0f;
    if (fill == TD_WARP_REFLECT) x = reflect(x, size);
    if (fill == TD_WARP_WRAP) x = wrap(x, size);
    return x < 0.0f ? 0.0f : x > last ? last : x;
}

td_warp_point td_warp_source(const float *matrix, td_warp_fill fill, int64_t in_rows, int64_t in_cols,
                             size_t row, size_t col)
{
    const float *const m = matrix, r = (float)row, c = (float)col;
    const float depth = m[6] * c + m[7] * r + 1.0f;

    if (depth == 0.0f) return (td_warp_point){ 0 };
    const float x = place((m[0] * c + m[1] * r + m[2]) / depth, fill, in_cols);
    const float y = place((m[3] * c + m[4] * r + m[5]) / depth, fill, in_rows);

    return (td_warp_point){ y, x, true };
}
