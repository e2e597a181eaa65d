/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_tile.h -- the body of a tile, compiled once for each instruction set.
 *
 * The including file defines V (a vector type of VW floats), its arithmetic (V_*), MAX_VECS of a tile, and V_AT(b, j, strip), where
 * vector j of a row of B lies; then instantiates TILE(rows, vectors). Everything is unrolled by constants: accumulators live in registers for the whole of
 * k.
 */
#include "kernels/gemm/gemm.h"

#define TILE_INLINE static inline __attribute__((always_inline))

TILE_INLINE void tile_finish(const td_gemm_tile *t, V x, const size_t row, const size_t col, const size_t n)
{
    float *const c = t->c + row * t->ldc + col;
    if (t->is_last) {
        if (t->bias) x = V_ADD(x, n == VW ? V_LOAD(t->bias + col) : V_LOAD_N(t->bias + col, n));
        if (t->add) {
            const float *const add = t->add + row * t->add_ld + col;
            x = V_ADD(x, n == VW ? V_LOAD(add) : V_LOAD_N(add, n));
        }
        /* A NaN in the second operand passes through both. */
        x = V_MAX(V_SET1(t->lo), V_MIN(V_SET1(t->hi), x));
    }
    if (n == VW)
        V_STORE(c, x);
    else
        V_STORE_N(c, n, x);
}

/* A whole tile that needs no look at C: the usual case. */
TILE_INLINE void tile_end_fast(const int rows, const int vecs, const td_gemm_tile *t, const size_t col0,
                               V acc[TD_GEMM_MAX_ROWS][MAX_VECS])
{
    const V lo = V_SET1(t->lo), hi = V_SET1(t->hi);
    const float *add = t->add ? t->add + col0 : NULL;
    float *c = t->c + col0;
    V bias[MAX_VECS];

#pragma GCC unroll 8
    for (int j = 0; j < vecs; j++)
        bias[j] = t->bias ? V_LOAD(t->bias + col0 + (size_t)j * VW) : V_ZERO();
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, c += t->ldc) {
#pragma GCC unroll 8
        for (int j = 0; j < vecs; j++) {
            V x = V_ADD(acc[i][j], bias[j]);
            if (add) x = V_ADD(x, V_LOAD(add + (size_t)j * VW));
            V_STORE(c + (size_t)j * VW, V_MAX(lo, V_MIN(hi, x)));
        }
        if (add) add += t->add_ld;
    }
}

TILE_INLINE void tile_end(const int rows, const int vecs, const td_gemm_tile *t, const size_t col0,
                          V acc[TD_GEMM_MAX_ROWS][MAX_VECS])
{
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
        for (int j = 0; j < vecs; j++) {
            const size_t col = col0 + (size_t)j * VW;
            if (col >= t->cols) continue;
            const size_t n = t->cols - col < VW ? t->cols - col : VW;
            V x = acc[i][j];
            if (!t->is_first) {
                const float *const c = t->c + (size_t)i * t->ldc + col;
                x = V_ADD(x, n == VW ? V_LOAD(c) : V_LOAD_N(c, n));
            }
            tile_finish(t, x, (size_t)i, col, n);
        }
    }
}

/* b: of column col0 */
TILE_INLINE void tile_body(const int rows, const int vecs, const td_gemm_tile *t, const float *b,
                           const size_t col0)
{
    V acc[TD_GEMM_MAX_ROWS][MAX_VECS];
    const size_t ldb = t->ldb, strip = t->strip;
    const char *prefetch = t->prefetch;

    (void)strip; /* where a row of B is one piece */

#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < vecs; j++)
            acc[i][j] = V_ZERO();
    if (t->is_last && t->add) /* both are on their way while the sums are made */
#pragma GCC unroll 16
        for (size_t i = 0; i < (size_t)rows; i++)
#pragma GCC unroll 8
            for (size_t j = 0; j < (size_t)vecs * VW; j += VW) {
                __builtin_prefetch(t->add + i * t->add_ld + col0 + j);
                __builtin_prefetch(t->c + i * t->ldc + col0 + j, 1);
            }
    for (size_t s = 0; s < t->segments; s++) {
        const float *p[TD_GEMM_MAX_ROWS];
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++)
            p[i] = t->a[s * (size_t)rows + (size_t)i];
#pragma GCC unroll 2 /* 12 multiply-adds a step leave AVX2 no slot for counting */
        for (size_t k = 0; k < t->depth; k++) {
            V bv[MAX_VECS];
#pragma GCC unroll 8
            for (int j = 0; j < vecs; j++)
                bv[j] = V_LOAD(V_AT(b, (size_t)j, strip));
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                const V x = V_SET1(p[i][k]);
#pragma GCC unroll 8
                for (int j = 0; j < vecs; j++)
                    acc[i][j] = V_FMA(x, bv[j], acc[i][j]);
            }
            b += ldb;
            __builtin_prefetch(prefetch, 0, 2);
            prefetch += t->prefetch_step;
        }
    }
    if (t->is_first && t->is_last && t->cols >= col0 + (size_t)vecs * VW)
        tile_end_fast(rows, vecs, t, col0, acc);
    else
        tile_end(rows, vecs, t, col0, acc);
}
