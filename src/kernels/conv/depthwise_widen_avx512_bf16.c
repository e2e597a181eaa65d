/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_widen_avx512_bf16.c -- see depthwise_body.h: images of bfloat16, outputs of floats. */
#include <stdint.h>

#include "kernels/elt/v_avx512.h"

#define X            uint16_t
#define X_CONVERTS   true
#define X_LOAD(p, n) load((p), (n))

static inline __attribute__((always_inline)) __m512 load(const uint16_t *p, size_t n)
{
    const __m256i x = n == VW ? _mm256_loadu_si256((const __m256i *)(const void *)p)
                              : _mm256_maskz_loadu_epi16(V_MASK(n), p);

    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}

#include "kernels/conv/depthwise_body.h"

void td_depthwise_widen_avx512_bf16(const td_depthwise *d, void *out, const void *in, const float *w,
                                    const td_depthwise_end *end, const td_depthwise_part *part)
{
    run_part(d, out, in, w, end, part);
}
