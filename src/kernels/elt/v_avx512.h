/* SPDX-License-Identifier: Apache-2.0 */
/* v_avx512.h -- the vector operations of kernels/act bodies in AVX-512. */
#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#define V                      __m512
#define VW                     16
#define V_ZERO()               _mm512_setzero_ps()
#define V_SET1(x)              _mm512_set1_ps(x)
#define V_LOAD(p)              _mm512_loadu_ps(p)
#define V_STORE(p, x)          _mm512_storeu_ps((p), (x))
#define V_MASK(n)              ((__mmask16)((1U << (n)) - 1U))
#define V_LOAD_N(p, n)         _mm512_maskz_loadu_ps(V_MASK(n), (p))
#define V_STORE_N(p, n, x)     _mm512_mask_storeu_ps((p), V_MASK(n), (x))
#define V_FMA(a, b, c)         _mm512_fmadd_ps((a), (b), (c))
#define V_ADD(a, b)            _mm512_add_ps((a), (b))
#define V_SUB(a, b)            _mm512_sub_ps((a), (b))
#define V_MUL(a, b)            _mm512_mul_ps((a), (b))
#define V_DIV(a, b)            _mm512_div_ps((a), (b))
#define V_MIN(a, b)            _mm512_min_ps((a), (b))
#define V_MAX(a, b)            _mm512_max_ps((a), (b))
#define V_ROUND(x)             _mm512_roundscale_ps((x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define V_SCALE(x, n)          _mm512_scalef_ps((x), (n))
#define V_BLEND_GT(a, b, y, n) _mm512_mask_blend_ps(_mm512_cmp_ps_mask((a), (b), _CMP_GT_OQ), (n), (y))
#define V_SUM(x)               _mm512_reduce_add_ps(x)
#define V_HMAX(x)              _mm512_reduce_max_ps(x)
