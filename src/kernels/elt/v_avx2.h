/* SPDX-License-Identifier: Apache-2.0 */
/* v_avx2.h -- the vector operations of kernels/act bodies in AVX2 and FMA. */
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define V                      __m256
#define VW                     8
#define V_ZERO()               _mm256_setzero_ps()
#define V_SET1(x)              _mm256_set1_ps(x)
#define V_LOAD(p)              _mm256_loadu_ps(p)
#define V_STORE(p, x)          _mm256_storeu_ps((p), (x))
#define V_LOAD_N(p, n)         _mm256_maskload_ps((p), v_mask(n))
#define V_STORE_N(p, n, x)     _mm256_maskstore_ps((p), v_mask(n), (x))
#define V_FMA(a, b, c)         _mm256_fmadd_ps((a), (b), (c))
#define V_ADD(a, b)            _mm256_add_ps((a), (b))
#define V_SUB(a, b)            _mm256_sub_ps((a), (b))
#define V_MUL(a, b)            _mm256_mul_ps((a), (b))
#define V_DIV(a, b)            _mm256_div_ps((a), (b))
#define V_MIN(a, b)            _mm256_min_ps((a), (b))
#define V_MAX(a, b)            _mm256_max_ps((a), (b))
#define V_ROUND(x)             _mm256_round_ps((x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define V_SCALE(x, n)          v_scale((x), (n))
#define V_BLEND_GT(a, b, y, n) _mm256_blendv_ps((n), (y), _mm256_cmp_ps((a), (b), _CMP_GT_OQ))
#define V_SUM(x)               v_sum(x)
#define V_HMAX(x)              v_hmax(x)

__attribute__((unused)) static inline __m256i v_mask(size_t n)
{
    static const int32_t ones[16] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones + 8 - n));
}

/* x * 2^n in two steps, so that results below the normal range come out right. */
__attribute__((unused)) static inline __m256 v_scale(__m256 x, __m256 n)
{
    const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    const __m256i rest = _mm256_sub_epi32(whole, half), bias = _mm256_set1_epi32(127);
    x = _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23)));
    return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23)));
}

__attribute__((unused)) static inline float v_sum(__m256 x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

__attribute__((unused)) static inline float v_hmax(__m256 x)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
