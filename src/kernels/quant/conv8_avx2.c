/* SPDX-License-Identifier: Apache-2.0 */
/* conv8_avx2.c -- bodies of panels without instructions for sums of bytes: bytes become 16 bits, and pairs of products 32. */
#include <immintrin.h>
#include <string.h>

#include "kernels/quant/conv8.h"

enum { LANES = 8, PART = 4, PARTS = TD_CONV8_PANEL / PART }; /* outputs of a register of 16 bits */

/* Four unsigned bytes as 16 bits, for each of 4 outputs. */
static inline __m256i spread(const uint8_t *p)
{
    int32_t bytes;

    memcpy(&bytes, p, sizeof bytes);
    return _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(bytes)));
}

/* sum[part] has two halves of each output side by side. */
static inline void store(int32_t *acc, const __m256i *sum)
{
    for (int i = 0; i < PARTS; i += 2) {
        const __m256i pairs = _mm256_hadd_epi32(sum[i], sum[i + 1]);

        _mm256_storeu_si256((__m256i *)(void *)(acc + i * PART), _mm256_permute4x64_epi64(pairs, 0xd8));
    }
}

static inline __attribute__((always_inline)) void some_rows(int32_t *acc, const uint8_t *patch, size_t stride,
                                                            const int8_t *panel, size_t quads, int rows)
{
    __m256i sum[2][PARTS];

    for (int r = 0; r < rows; r++)
        for (int i = 0; i < PARTS; i++)
            sum[r][i] = _mm256_setzero_si256();
    for (size_t q = 0; q < quads; q++, panel += 4 * TD_CONV8_PANEL)
        for (int i = 0; i < PARTS; i++) {
            const __m256i w = _mm256_cvtepi8_epi16(
                _mm_loadu_si128((const __m128i *)(const void *)(panel + (ptrdiff_t)i * 4 * PART)));

            for (int r = 0; r < rows; r++)
                sum[r][i] = _mm256_add_epi32(
                    sum[r][i], _mm256_madd_epi16(w, spread(patch + (size_t)r * stride + 4 * q)));
        }
    for (int r = 0; r < rows; r++)
        store(acc + r * TD_CONV8_PANEL, sum[r]);
}

void td_conv8_sums_avx2(int32_t *acc, const uint8_t *patch, size_t stride, size_t rows, const int8_t *panel,
                        size_t quads)
{
    size_t r = 0;

    for (; r + 2 <= rows; r += 2)
        some_rows(acc + r * TD_CONV8_PANEL, patch + r * stride, stride, panel, quads, 2);
    if (r < rows) some_rows(acc + r * TD_CONV8_PANEL, patch + r * stride, stride, panel, quads, 1);
}

/* Multipliers and shifts of 8 outputs. */
static inline void load_factors(const td_conv8_end *e, size_t i, __m256i *multiplier, __m256i *shift)
{
    if (!e->factor_step) {
        *multiplier = _mm256_set1_epi32(e->factors->multiplier);
        *shift = _mm256_set1_epi32(e->factors->shift);
        return;
    }
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    const __m256i *const from = (const __m256i *)(const void *)(e->factors + i);
    const __m256i a = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from), order);
    const __m256i b = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from + 1), order);

    *multiplier = _mm256_permute2x128_si256(a, b, 0x20);
    *shift = _mm256_permute2x128_si256(a, b, 0x31);
}

/* td_fixed_times() */
static inline __m256i times(__m256i v, __m256i multiplier, __m256i shift)
{
    const __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i wide = _mm256_sllv_epi32(v, _mm256_max_epi32(shift, zero));
    const __m256i right = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(wide, multiplier), half);
    const __m256i odd = _mm256_add_epi64(
        _mm256_mul_epi32(_mm256_srli_epi64(wide, 32), _mm256_srli_epi64(multiplier, 32)), half);
    const __m256i x = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
    const __m256i ones = _mm256_set1_epi32(1);
    const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(ones, right), ones);
    const __m256i least = _mm256_add_epi32(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(x, 31));
    const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), least);

    return _mm256_sub_epi32(_mm256_srav_epi32(x, right), up);
}

static void finish_row(uint8_t *out, const int32_t *acc, const td_conv8_end *e, size_t n)
{
    const __m256i low = _mm256_set1_epi32(e->low - e->zero), high = _mm256_set1_epi32(e->high - e->zero);
    const __m256i zero = _mm256_set1_epi32(e->zero);
    const __m256i first = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4,
                                           8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    size_t i = 0;

    for (; !e->rounds_once && i + LANES <= n; i += LANES) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(acc + i));
        const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(e->add + i));
        __m256i multiplier, shift;

        load_factors(e, i, &multiplier, &shift);
        const __m256i v = times(_mm256_add_epi32(a, b), multiplier, shift);
        const __m256i held = _mm256_min_epi32(_mm256_max_epi32(v, low), high);
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_add_epi32(held, zero), first);
        const int32_t left = _mm256_extract_epi32(bytes, 0), right = _mm256_extract_epi32(bytes, 4);

        memcpy(out + i, &left, 4);
        memcpy(out + i + 4, &right, 4);
    }
    td_conv8_end rest = *e;

    rest.add += i;
    rest.factors += i * e->factor_step;
    if (i < n) td_conv8_finish_ref(out + i, 0, acc + i, 1, &rest, n - i);
}

static void finish(uint8_t *out, size_t step, const int32_t *acc, size_t rows, const td_conv8_end *e,
                   size_t n)
{
    for (size_t r = 0; r < rows; r++)
        finish_row(out + r * step, acc + r * TD_CONV8_PANEL, e, n);
}

static inline __m256i distance(const uint8_t *p, __m128i flip, __m256i zero)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)p);

    return _mm256_sub_epi32(_mm256_cvtepi8_epi32(_mm_xor_si128(bytes, flip)), zero);
}

static void taps(int32_t *acc, const uint8_t *const *x, const uint8_t *const *w, size_t n_taps, size_t n,
                 const td_conv8_zeros *z)
{
    const __m128i flip_x = _mm_set1_epi8((char)z->flip_x), flip_w = _mm_set1_epi8((char)z->flip_w);
    const __m256i zero_x = _mm256_set1_epi32(z->x), zero_w = _mm256_set1_epi32(z->w);
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        __m256i sum = _mm256_setzero_si256();

        for (size_t t = 0; t < n_taps; t++)
            sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(distance(x[t] + i, flip_x, zero_x),
                                                           distance(w[t] + i, flip_w, zero_w)));
        _mm256_storeu_si256((__m256i *)(void *)(acc + i), sum);
    }
    for (; i < n; i++) {
        int32_t sum = 0;

        for (size_t t = 0; t < n_taps; t++)
            sum += ((int8_t)(x[t][i] ^ z->flip_x) - z->x) * ((int8_t)(w[t][i] ^ z->flip_w) - z->w);
        acc[i] = sum;
    }
}

const td_conv8_bodies td_conv8_avx2 = { .sums = td_conv8_sums_avx2, .finish = finish, .taps = taps };
