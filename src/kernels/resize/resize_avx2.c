/* SPDX-License-Identifier: Apache-2.0 */
/* resize_avx2.c -- four channels at a time across, eight numbers down.
 *
 * Pixels of three channels are read and written as four, the fourth being the next pixel's first, which is
 * overwritten in its turn; where there is no next pixel they go one channel at a time. No product is fused with a sum:
 * results are the reference's, bit for bit. */
#include <immintrin.h>
#include <string.h>

#include "kernels/resize/resize.h"

#define INLINE static inline __attribute__((always_inline))

INLINE __m128 load(const td_resize_line *line, size_t at, const size_t n, const bool is_u8)
{
    int32_t four;

    if (!is_u8)
        return n == 4 ? _mm_loadu_ps((const float *)line->data + at)
                      : _mm_load_ss((const float *)line->data + at);
    const uint8_t *const p = (const uint8_t *)line->data + at;

    if (n == 1) return _mm_cvt_si2ss(_mm_setzero_ps(), *p);
    memcpy(&four, p, sizeof four);
    return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}

/* n numbers, 4 or 1, that begin with channel c of one output pixel. */
INLINE void put(float *out, const td_resize_line *line, const td_resize_tap *tap, const int n_taps, size_t c,
                size_t channels, const size_t n, const bool is_u8)
{
    __m128 sum = load(line, tap->index[0] * channels + c, n, is_u8);

    if (n_taps == 2) {
        const __m128 by = _mm_sub_ps(load(line, tap->index[1] * channels + c, n, is_u8), sum);
        sum = _mm_add_ps(sum, _mm_mul_ps(by, _mm_set1_ps(tap->weight[1])));
    } else {
        sum = _mm_add_ps(_mm_setzero_ps(), _mm_mul_ps(sum, _mm_set1_ps(tap->weight[0])));
        for (int k = 1; k < 4; k++)
            sum = _mm_add_ps(sum, _mm_mul_ps(load(line, tap->index[k] * channels + c, n, is_u8),
                                             _mm_set1_ps(tap->weight[k])));
    }
    if (n == 4)
        _mm_storeu_ps(out, sum);
    else
        _mm_store_ss(out, sum);
}

/* May four numbers be read where a pixel of three begins? */
INLINE bool has_next(const td_resize_tap *tap, const int n_taps, size_t last)
{
    for (int k = 0; k < n_taps; k++)
        if (tap->index[k] >= last) return false;
    return true;
}

INLINE void across(float *out, const td_resize_line *line, const td_resize_tap *taps, const int n_taps,
                   size_t width, const size_t channels, const bool is_u8)
{
    for (size_t x = 0; x < width; x++, out += channels) {
        size_t c = 0;

        if (channels == 3 && x + 1 < width && has_next(&taps[x], n_taps, line->width - 1)) {
            put(out, line, &taps[x], n_taps, 0, 3, 4, is_u8);
            continue;
        }
        for (; c + 4 <= channels; c += 4)
            put(out + c, line, &taps[x], n_taps, c, channels, 4, is_u8);
        for (; c < channels; c++)
            put(out + c, line, &taps[x], n_taps, c, channels, 1, is_u8);
    }
}

INLINE void across_channels(float *out, const td_resize_line *line, const td_resize_tap *taps,
                            const int n_taps, size_t width, size_t channels, const bool is_u8)
{
    if (channels == 1)
        across(out, line, taps, n_taps, width, 1, is_u8);
    else if (channels == 3)
        across(out, line, taps, n_taps, width, 3, is_u8);
    else
        across(out, line, taps, n_taps, width, channels, is_u8);
}

static void run_across(float *out, const td_resize_line *line, const td_resize_tap *taps, int n_taps,
                       size_t width, size_t channels)
{
    if (n_taps == 2 && line->is_u8)
        across_channels(out, line, taps, 2, width, channels, true);
    else if (n_taps == 2)
        across_channels(out, line, taps, 2, width, channels, false);
    else if (line->is_u8)
        across_channels(out, line, taps, 4, width, channels, true);
    else
        across_channels(out, line, taps, 4, width, channels, false);
}

static void run_down(float *restrict out, const float *const lines[4], const td_resize_tap *y, int n_taps,
                     size_t n)
{
    const float *const a = lines[0], *const b = lines[1], *const c = lines[2], *const d = lines[3];
    const float *const w = y->weight;

    if (n_taps == 2)
        for (size_t i = 0; i < n; i++)
            out[i] = a[i] + (b[i] - a[i]) * w[1];
    else
        for (size_t i = 0; i < n; i++)
            out[i] = (((0.0f + a[i] * w[0]) + b[i] * w[1]) + c[i] * w[2]) + d[i] * w[3];
}

const td_resize_bodies td_resize_avx2 = { run_across, run_down };
