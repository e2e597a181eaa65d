/* SPDX-License-Identifier: Apache-2.0 */
/* tail_avx512_bf16.c -- see tail.h: sums that become bfloat16. */
#include <immintrin.h>
#include <math.h>

#include "base/macros.h"
#include "kernels/dnnl/tail.h"

enum { LANES = 16, BLOCK = 1024 /* floats, for the function: they stay in the first-level cache */ };

static inline __m512 load16(const uint16_t *x, __mmask16 some)
{
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, x)), 16));
}

static inline void store16(uint16_t *to, __mmask16 some, __m512 x)
{
    _mm256_mask_storeu_epi16(to, some, (__m256i)_mm512_cvtneps_pbh(x));
}

static inline __mmask16 lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffffU : (1U << n) - 1);
}

/* A NaN in the second operand passes through both. */
static inline __m512 clamp(__m512 x, __m512 lo, __m512 hi)
{
    return _mm512_max_ps(lo, _mm512_min_ps(hi, x));
}

/* out NULL: sums stay floats. */
static void tail_block(uint16_t *out, float *sums, size_t n, const float *add, const uint16_t *add16,
                       const td_gemm_end *end)
{
    const __m512 lo = _mm512_set1_ps(end->lo), hi = _mm512_set1_ps(end->hi);
    const bool is_last = out && !end->post;

    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 some = lanes(n - i);
        __m512 x = _mm512_maskz_loadu_ps(some, sums + i);
        if (add) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(some, add + i));
        if (add16) x = _mm512_add_ps(x, load16(add16 + i, some));
        x = clamp(x, lo, hi);
        if (is_last)
            store16(out + i, some, x);
        else
            _mm512_mask_storeu_ps(sums + i, some, x);
    }
    if (end->post) end->post(sums, n);
    for (size_t i = 0; out && !is_last && i < n; i += LANES)
        store16(out + i, lanes(n - i), _mm512_maskz_loadu_ps(lanes(n - i), sums + i));
}

static void run_end(uint16_t *out, float *sums, size_t n, const float *add, const uint16_t *add16,
                    const td_gemm_end *end)
{
    for (size_t i = 0; i < n; i += BLOCK)
        tail_block(out ? out + i : NULL, sums + i, TD_MIN(BLOCK, n - i), add ? add + i : NULL,
                   add16 ? add16 + i : NULL, end);
}

static void run_clamp(uint16_t *x, size_t n, float lo, float hi)
{
    const __m512 low = _mm512_set1_ps(lo), high = _mm512_set1_ps(hi);

    if (lo == -INFINITY && hi == INFINITY) return;
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 some = lanes(n - i);
        store16(x + i, some, clamp(load16(x + i, some), low, high));
    }
}

const td_bf16_tail td_bf16_tail_avx512_bf16 = { run_end, run_clamp };
