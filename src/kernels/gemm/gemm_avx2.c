/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_avx2.c -- tiles of 16 registers of 8 floats: a panel is done 16 columns at a time, which are a strip of it. */
#include <immintrin.h>
#include <stdint.h>

#define V                  __m256
#define VW                 8
#define V_ZERO()           _mm256_setzero_ps()
#define V_SET1(x)          _mm256_set1_ps(x)
#define V_LOAD(p)          _mm256_loadu_ps(p)
#define V_STORE(p, x)      _mm256_storeu_ps((p), (x))
#define V_LOAD_N(p, n)     _mm256_maskload_ps((p), mask_of(n))
#define V_STORE_N(p, n, x) _mm256_maskstore_ps((p), mask_of(n), (x))
#define V_FMA(a, b, c)     _mm256_fmadd_ps((a), (b), (c))
#define V_ADD(a, b)        _mm256_add_ps((a), (b))
#define V_MIN(a, b)        _mm256_min_ps((a), (b))
#define V_MAX(a, b)        _mm256_max_ps((a), (b))

#include <stddef.h>

static inline __m256i mask_of(size_t n)
{
    static const int32_t ones[16] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones + 8 - n));
}

#define MAX_VECS          8
#define V_AT(b, j, strip) ((b) + (j) / 2 * (strip) + (j) % 2 * VW)

#include "kernels/gemm/gemm_tile.h"

/* A sum waits four cycles for the one before, and two can be made in each: few rows do several strips at once. */
#define STRIPS(rows, n)                                                                                      \
    for (; t->cols > col + ((n)-1) * TD_GEMM_LANES; col += (n)*TD_GEMM_LANES, b += (n)*t->strip)             \
    tile_body(rows, 2 * (n), t, b, col)
#define TILE(rows)                                                                                           \
    static void tile_##rows(const td_gemm_tile *t)                                                           \
    {                                                                                                        \
        const float *b = t->b;                                                                               \
        size_t col = 0;                                                                                      \
                                                                                                             \
        if (rows == 1) STRIPS(rows, 4);                                                                      \
        if (rows <= 3) STRIPS(rows, 2);                                                                      \
        STRIPS(rows, 1);                                                                                     \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

#define ROWS                                                                                                 \
    {                                                                                                        \
        tile_1, tile_2, tile_3, tile_4, tile_5, tile_6                                                       \
    }
const td_gemm_isa td_gemm_isa_avx2 = {
    .name = "avx2",
    .max_rows = { 6, 6, 6, 6 },
    .tile = { ROWS, ROWS, ROWS, ROWS },
};
