/* SPDX-License-Identifier: Apache-2.0 */
/* code_avx2.c -- panels of halves by the instruction for them; of 4 bits as everywhere. */
#include <immintrin.h>

#include "kernels/gemm/code_body.h"

enum { LANES = 8 };

static size_t half_panel_size(size_t k, size_t width)
{
    return td_code_half_ref.panel_size(k, width);
}

static void half_encode(void *panel, const float *block, size_t width, size_t row, size_t n)
{
    td_code_half_ref.encode(panel, block, width, row, n);
}

/* Widths are multiples of 16. */
static void half_decode(float *block, const void *panel, size_t width, size_t row, size_t n)
{
    const uint16_t *const from = (const uint16_t *)panel + row * width;

    for (size_t i = 0; i < n * width; i += LANES)
        _mm256_storeu_ps(block + i,
                         _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(from + i))));
}

const td_gemm_code td_code_half_avx2 = { half_panel_size, half_encode, half_decode };
const td_gemm_code td_code_int4_avx2 = { int4_panel_size, int4_encode, int4_decode };
