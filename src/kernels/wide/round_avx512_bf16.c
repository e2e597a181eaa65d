/* SPDX-License-Identifier: Apache-2.0 */
/* round_avx512_bf16.c -- see wide.h. */
#include <immintrin.h>

#include "kernels/wide/wide.h"

enum { LANES = 16 };

static inline __attribute__((always_inline)) __m256i round_some(__m512 x)
{
    const __m256bh y = _mm512_cvtneps_pbh(x);

    return (__m256i)y;
}

void td_bf16_round_avx512_bf16(uint16_t *out, const float *in, size_t n)
{
    for (; n >= LANES; n -= LANES, in += LANES, out += LANES)
        _mm256_storeu_si256((__m256i *)(void *)out, round_some(_mm512_loadu_ps(in)));
    if (!n) return;
    const __mmask16 some = (__mmask16)((1U << n) - 1);

    _mm256_mask_storeu_epi16(out, some, round_some(_mm512_maskz_loadu_ps(some, in)));
}
