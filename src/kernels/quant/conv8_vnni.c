/* SPDX-License-Identifier: Apache-2.0 */
/* conv8_vnni.c -- sums of panels by the instruction for them: 16 outputs in a register, a pixel's four bytes in all of its lanes. */
#include <immintrin.h>
#include <string.h>

#include "kernels/quant/conv8.h"

enum { ROWS = 8 };

static inline __m512i spread(const uint8_t *p)
{
    int32_t bytes;

    memcpy(&bytes, p, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

static inline __attribute__((always_inline)) void some_rows(int32_t *acc, const uint8_t *patch, size_t stride,
                                                            const int8_t *panel, size_t quads, int rows)
{
    __m512i sum[ROWS];

    for (int r = 0; r < rows; r++)
        sum[r] = _mm512_setzero_si512();
    for (size_t q = 0; q < quads; q++) {
        const __m512i w = _mm512_loadu_si512(panel + q * 4 * TD_CONV8_PANEL);

        for (int r = 0; r < rows; r++)
            sum[r] = _mm512_dpbusd_epi32(sum[r], spread(patch + (size_t)r * stride + 4 * q), w);
    }
    for (int r = 0; r < rows; r++)
        _mm512_storeu_si512(acc + r * TD_CONV8_PANEL, sum[r]);
}

/* One row in four sums, none of which waits for another. */
static void one_row(int32_t *acc, const uint8_t *patch, const int8_t *panel, size_t quads)
{
    __m512i sum[4] = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                       _mm512_setzero_si512() };
    size_t q = 0;

    for (; q + 4 <= quads; q += 4)
        for (size_t i = 0; i < 4; i++)
            sum[i] = _mm512_dpbusd_epi32(sum[i], spread(patch + 4 * (q + i)),
                                         _mm512_loadu_si512(panel + (q + i) * 4 * TD_CONV8_PANEL));
    for (; q < quads; q++)
        sum[0] = _mm512_dpbusd_epi32(sum[0], spread(patch + 4 * q),
                                     _mm512_loadu_si512(panel + q * 4 * TD_CONV8_PANEL));
    _mm512_storeu_si512(acc,
                        _mm512_add_epi32(_mm512_add_epi32(sum[0], sum[1]), _mm512_add_epi32(sum[2], sum[3])));
}

static void sums(int32_t *acc, const uint8_t *patch, size_t stride, size_t rows, const int8_t *panel,
                 size_t quads)
{
    size_t r = 0;

    for (; r + ROWS <= rows; r += ROWS)
        some_rows(acc + r * TD_CONV8_PANEL, patch + r * stride, stride, panel, quads, ROWS);
    for (; r + 2 <= rows; r += 2)
        some_rows(acc + r * TD_CONV8_PANEL, patch + r * stride, stride, panel, quads, 2);
    if (r < rows) one_row(acc + r * TD_CONV8_PANEL, patch + r * stride, panel, quads);
}

const td_conv8_bodies td_conv8_vnni = { .sums = sums,
                                        .finish = td_conv8_finish_avx512,
                                        .taps = td_conv8_taps_avx512 };
