/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_ref.c -- the definition of a tile. Plain C, one element at a time. */
#include "kernels/gemm/gemm.h"

static float tile_element(const td_gemm_tile *t, size_t rows, size_t i, size_t j)
{
    const float *b = t->b + j / TD_GEMM_LANES * t->strip + j % TD_GEMM_LANES;
    float sum = t->is_first ? 0.0f : t->c[i * t->ldc + j];

    for (size_t s = 0; s < t->segments; s++) {
        const float *const a = t->a[s * rows + i];
        for (size_t k = 0; k < t->depth; k++, b += t->ldb)
            sum += a[k] * *b;
    }
    if (!t->is_last) return sum;
    if (t->bias) sum += t->bias[j];
    if (t->add) sum += t->add[i * t->add_ld + j];
    return sum < t->lo ? t->lo : sum > t->hi ? t->hi : sum;
}

static void tile_rows(const td_gemm_tile *t, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < t->cols; j++)
            t->c[i * t->ldc + j] = tile_element(t, rows, i, j);
}

#define TILE(rows)                                                                                           \
    static void tile_##rows(const td_gemm_tile *t)                                                           \
    {                                                                                                        \
        tile_rows(t, rows);                                                                                  \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)

#define ROWS                                                                                                 \
    {                                                                                                        \
        tile_1, tile_2, tile_3, tile_4                                                                       \
    }
const td_gemm_isa td_gemm_isa_ref = {
    .name = "ref",
    .max_rows = { 4, 4, 4, 4 },
    .tile = { ROWS, ROWS, ROWS, ROWS },
};
