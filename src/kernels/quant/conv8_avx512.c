/* SPDX-License-Identifier: Apache-2.0 */
/* conv8_avx512.c -- what comes before and after the sums of panels, 16 at a time. */
#include <immintrin.h>

#include "kernels/quant/conv8.h"

enum { LANES = 16 };

static __mmask16 mask_of(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffffU : (1U << n) - 1);
}

/* Multipliers and shifts of outputs. */
static inline void load_factors(const td_conv8_end *e, size_t i, size_t n, __m512i *multiplier,
                                __m512i *shift)
{
    if (!e->factor_step) {
        *multiplier = _mm512_set1_epi32(e->factors->multiplier);
        *shift = _mm512_set1_epi32(e->factors->shift);
        return;
    }
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const int32_t *const from = &e->factors[i].multiplier;
    const __m512i a = _mm512_maskz_loadu_epi32(mask_of(2 * n), from);
    const __m512i b = _mm512_maskz_loadu_epi32(mask_of(n > LANES / 2 ? 2 * n - LANES : 0), from + LANES);

    *multiplier = _mm512_permutex2var_epi32(a, even, b);
    *shift = _mm512_permutex2var_epi32(a, _mm512_add_epi32(even, _mm512_set1_epi32(1)), b);
}

/* td_fixed_times() */
static inline __m512i times(__m512i v, __m512i multiplier, __m512i shift)
{
    const __m512i zero = _mm512_setzero_si512(), half = _mm512_set1_epi64(INT64_C(1) << 30);
    const __m512i wide = _mm512_sllv_epi32(v, _mm512_max_epi32(shift, zero));
    const __m512i right = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(wide, multiplier), half);
    const __m512i odd = _mm512_add_epi64(
        _mm512_mul_epi32(_mm512_srli_epi64(wide, 32), _mm512_srli_epi64(multiplier, 32)), half);
    const __m512i x = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
    const __m512i ones = _mm512_set1_epi32(1);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(ones, right), ones);
    const __m512i least = _mm512_add_epi32(_mm512_srli_epi32(mask, 1), _mm512_srli_epi32(x, 31));
    const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask), least);
    const __m512i down = _mm512_srav_epi32(x, right);

    return _mm512_mask_add_epi32(down, up, down, ones);
}

void td_conv8_finish_avx512(uint8_t *out, size_t step, const int32_t *acc, size_t rows, const td_conv8_end *e,
                            size_t n)
{
    const __m512i low = _mm512_set1_epi32(e->low - e->zero), high = _mm512_set1_epi32(e->high - e->zero);
    const __m512i zero = _mm512_set1_epi32(e->zero);

    if (e->rounds_once) {
        td_conv8_finish_ref(out, step, acc, rows, e, n);
        return;
    }
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 some = mask_of(n - i);
        const __m512i add = _mm512_maskz_loadu_epi32(some, e->add + i);
        __m512i multiplier, shift;

        load_factors(e, i, n - i, &multiplier, &shift);
        for (size_t r = 0; r < rows; r++) {
            const __m512i a = _mm512_maskz_loadu_epi32(some, acc + r * TD_CONV8_PANEL + i);
            const __m512i v = times(_mm512_add_epi32(a, add), multiplier, shift);
            const __m512i held = _mm512_min_epi32(_mm512_max_epi32(v, low), high);
            const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(held, zero));

            if (some == 0xffff) /* bytes under a mask cost more */
                _mm_storeu_si128((__m128i *)(void *)(out + r * step + i), bytes);
            else
                _mm_mask_storeu_epi8(out + r * step + i, some, bytes);
        }
    }
}

/* In the low halves of lanes, with the sign in the high ones. */
static inline __m512i distance(const uint8_t *p, __mmask16 some, __m128i flip, __m512i zero)
{
    const __m128i bytes = _mm_xor_si128(_mm_maskz_loadu_epi8(some, p), flip);

    return _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), zero);
}

void td_conv8_taps_avx512(int32_t *acc, const uint8_t *const *x, const uint8_t *const *w, size_t n_taps,
                          size_t n, const td_conv8_zeros *z)
{
    const __m128i flip_x = _mm_set1_epi8((char)z->flip_x), flip_w = _mm_set1_epi8((char)z->flip_w);
    const __m512i zero_x = _mm512_set1_epi32(z->x), zero_w = _mm512_set1_epi32(z->w);
    const __m512i low = _mm512_set1_epi32(0xffff);

    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 some = mask_of(n - i);
        __m512i sum = _mm512_setzero_si512();

        for (size_t t = 0; t < n_taps;
             t++) { /* both have 9 bits: a product of 16 bits with a sign is exact */
            const __m512i a = distance(x[t] + i, some, flip_x, zero_x);
            const __m512i b = _mm512_and_si512(distance(w[t] + i, some, flip_w, zero_w), low);

            sum = _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
        }
        _mm512_mask_storeu_epi32(acc + i, some, sum);
    }
}

const td_conv8_bodies td_conv8_avx512 = { .sums = td_conv8_sums_avx2,
                                          .finish = td_conv8_finish_avx512,
                                          .taps = td_conv8_taps_avx512 };
