/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_narrow_avx512_bf16.c -- see depthwise_body.h: images of bfloat16, and outputs. */
#include <stdint.h>

#include "kernels/elt/v_avx512.h"

#define X                uint16_t
#define X_CONVERTS       true
#define X_LOAD(p, n)     load((p), (n))
#define Y                uint16_t
#define Y_STORE(p, n, v) store((p), (n), (v))
#define Y_POST(f, p, n)  ((void)(f), (void)(p)) /* there is none */

static inline __attribute__((always_inline)) __m512 load(const uint16_t *p, size_t n)
{
    const __m256i x = n == VW ? _mm256_loadu_si256((const __m256i *)(const void *)p)
                              : _mm256_maskz_loadu_epi16(V_MASK(n), p);

    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}

static inline __attribute__((always_inline)) void store(uint16_t *p, size_t n, __m512 v)
{
    const __m256i x = (__m256i)_mm512_cvtneps_pbh(v);

    if (n == VW)
        _mm256_storeu_si256((__m256i *)(void *)p, x);
    else
        _mm256_mask_storeu_epi16(p, V_MASK(n), x);
}

#include "kernels/conv/depthwise_body.h"

static void narrow(const td_depthwise *d, void *out, const void *in, const float *w,
                   const td_depthwise_end *end, const td_depthwise_part *part)
{
    run_part(d, out, in, w, end, part);
}

const td_depthwise_bf16 td_depthwise_bf16_avx512_bf16 = { narrow, td_depthwise_widen_avx512_bf16 };
