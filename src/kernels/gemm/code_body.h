/* SPDX-License-Identifier: Apache-2.0 */
/* code_body.h -- panels of weights by 4 bits, in C that compilers make vectors of; compiled once for each instruction set.
 *
 * 32 rows share a scale for each column, and their steps, from -7 to 7, lie as steps + 8 behind it: those of the panel's left half in
 * the low bits of bytes that hold the right half's in the high ones.
 *
 *     scale[width]    bytes[32][width / 2]        for each 32 rows
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "kernels/gemm/gemm.h"

enum { INT4_MOST = 7, INT4_ZERO = 8 };

static inline size_t int4_group(size_t width)
{
    return width * sizeof(float) + TD_GEMM_CODED * width / 2;
}

static size_t int4_panel_size(size_t k, size_t width)
{
    return td_div_up(k, TD_GEMM_CODED) * int4_group(width);
}

static inline __attribute__((always_inline)) void int4_decode_row(float *out, const float *scales,
                                                                  const uint8_t *bytes, size_t half)
{
    for (size_t j = 0; j < half; j++)
        out[j] = (float)((int32_t)(bytes[j] & 15) - INT4_ZERO) * scales[j];
    for (size_t j = 0; j < half; j++)
        out[half + j] = (float)((int32_t)(bytes[j] >> 4) - INT4_ZERO) * scales[half + j];
}

static void int4_decode(float *block, const void *panel, size_t width, size_t row, size_t n)
{
    for (size_t i = row; i < row + n; i++, block += width) {
        const char *const group = (const char *)panel + i / TD_GEMM_CODED * int4_group(width);
        const float *const scales = (const float *)(const void *)group;
        const uint8_t *const bytes =
            (const uint8_t *)group + width * sizeof(float) + i % TD_GEMM_CODED * width / 2;

        int4_decode_row(block, scales, bytes, width / 2);
    }
}

/* Not finite: NaN, which spoils what the column makes. */
static float int4_scale(const float *column, size_t width, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(column[i * width])) return NAN;
        most = fmaxf(most, fabsf(column[i * width]));
    }
    return most / INT4_MOST;
}

static void int4_encode(void *panel, const float *block, size_t width, size_t row, size_t n)
{
    char *const group = (char *)panel + row / TD_GEMM_CODED * int4_group(width);
    float *const scales = (float *)(void *)group;
    uint8_t *const bytes = (uint8_t *)group + width * sizeof(float);

    memset(bytes, INT4_ZERO | INT4_ZERO << 4, TD_GEMM_CODED * width / 2);
    for (size_t j = 0; j < width; j++) {
        const float scale = scales[j] = int4_scale(block + j, width, n);

        for (size_t i = 0; scale > 0 && i < n; i++) {
            const int step = (int)fminf(INT4_MOST, fmaxf(-INT4_MOST, rintf(block[i * width + j] / scale)));
            uint8_t *const to = &bytes[i * width / 2 + j % (width / 2)];
            const int shift = j < width / 2 ? 0 : 4;

            *to = (uint8_t)((*to & ~(15 << shift)) | (step + INT4_ZERO) << shift);
        }
    }
}
