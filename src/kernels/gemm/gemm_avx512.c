/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_avx512.c -- tiles of 32 registers of 16 floats. */
#include <immintrin.h>

#define V                  __m512
#define VW                 16
#define V_ZERO()           _mm512_setzero_ps()
#define V_SET1(x)          _mm512_set1_ps(x)
#define V_LOAD(p)          _mm512_loadu_ps(p)
#define V_STORE(p, x)      _mm512_storeu_ps((p), (x))
#define V_MASK(n)          ((__mmask16)((1U << (n)) - 1U))
#define V_LOAD_N(p, n)     _mm512_maskz_loadu_ps(V_MASK(n), (p))
#define V_STORE_N(p, n, x) _mm512_mask_storeu_ps((p), V_MASK(n), (x))
#define V_FMA(a, b, c)     _mm512_fmadd_ps((a), (b), (c))
#define V_ADD(a, b)        _mm512_add_ps((a), (b))
#define V_MIN(a, b)        _mm512_min_ps((a), (b))
#define V_MAX(a, b)        _mm512_max_ps((a), (b))

#define MAX_VECS           4
#define V_AT(b, j, strip)  ((b) + (j)*VW)

#include "kernels/gemm/gemm_tile.h"

#define TILE(rows, vecs)                                                                                     \
    static void tile_##rows##_##vecs(const td_gemm_tile *t)                                                  \
    {                                                                                                        \
        tile_body(rows, vecs, t, t->b, 0);                                                                   \
    }
#define TILES_6(v) TILE(1, v) TILE(2, v) TILE(3, v) TILE(4, v) TILE(5, v) TILE(6, v)
#define TILES_9(v) TILES_6(v) TILE(7, v) TILE(8, v) TILE(9, v)
TILES_9(1)
TILES_9(2)
TILES_9(3)
TILES_6(4)

#define ROWS_6(v) tile_1_##v, tile_2_##v, tile_3_##v, tile_4_##v, tile_5_##v, tile_6_##v
#define ROWS_9(v) ROWS_6(v), tile_7_##v, tile_8_##v, tile_9_##v

/* Row pointers stay in general registers up to 9 rows; reloading them costs more than taller tiles gain. */
const td_gemm_isa td_gemm_isa_avx512 = {
    .name = "avx512",
    .max_rows = { 9, 9, 9, 6 },
    .tile = { { ROWS_9(1) }, { ROWS_9(2) }, { ROWS_9(3) }, { ROWS_6(4) } },
};
