/* SPDX-License-Identifier: Apache-2.0 */
/* transpose_avx2.c -- 4-byte elements in blocks of 8 by 8, held in eight registers.
 *
 * Three rounds of shuffles: pairs of rows, pairs of pairs, then the two halves of each register. Blocks walk
 * down the input, so that each line of it that was fetched is used up before it is lost. */
#include <immintrin.h>

#include "kernels/array/nd.h"

static void block_8x8(char *out, int64_t os, const char *in, int64_t is)
{
    __m256 r[8], t[8];

    for (int i = 0; i < 8; i++)
        r[i] = _mm256_loadu_ps((const float *)(const void *)(in + i * is));
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps((float *)(void *)(out + i * os), _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps((float *)(void *)(out + (i + 4) * os), _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

/* Two blocks side by side use up the lines of 64 bytes that they read. */
void td_transpose_u32_avx2(char *out, int64_t os, const char *in, int64_t is, int64_t rows, int64_t cols)
{
    const int64_t r8 = rows & ~INT64_C(7), c8 = cols & ~INT64_C(7);

    for (int64_t c = 0; c < c8; c += 16)
        for (int64_t r = 0; r < r8; r += 8) {
            block_8x8(out + c * os + r * 4, os, in + r * is + c * 4, is);
            if (c + 8 < c8) block_8x8(out + (c + 8) * os + r * 4, os, in + r * is + (c + 8) * 4, is);
        }
    if (r8 < rows) td_transpose_u32_ref(out + r8 * 4, os, in + r8 * is, is, rows - r8, cols);
    if (c8 < cols) td_transpose_u32_ref(out + c8 * os, os, in + c8 * 4, is, r8, cols - c8);
}
