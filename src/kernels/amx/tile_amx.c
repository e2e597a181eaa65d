/* SPDX-License-Identifier: Apache-2.0 */
/* tile_amx.c -- see tile.h.
 *
 * Tiles 0 to 3 are sums (two halves by 16 columns twice), 4 and 5 rows of A, 6 and 7 columns of B: each tile that is loaded
 * is used twice.
 */
#include <immintrin.h>

#include "base/macros.h"
#include "kernels/amx/tile.h"

enum {
    B_STRIDE = TD_AMX_COLS * 2 * sizeof(uint16_t),
    B_STEP = TD_AMX_K_STEP * TD_AMX_COLS, /* elements */
    B_RIGHT = TD_AMX_COLS,                /* elements to columns 16 to 31 */
    LANES = 16,
};

/* What LDTILECFG reads. */
typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tile_config;

static void configure(size_t rows0, size_t rows1)
{
    const uint8_t first = (uint8_t)rows0, second = (uint8_t)(rows1 ? rows1 : rows0);
    tile_config c = { .palette = 1 };
    const uint8_t rows[8] = { first, first, second, second, first, second, TD_AMX_HALF, TD_AMX_HALF };

    for (int i = 0; i < 8; i++) {
        c.bytes[i] = 64;
        c.rows[i] = rows[i];
    }
    _tile_loadconfig(&c);
}

static void release(void)
{
    _tile_release();
}

static inline size_t step_at(const td_amx_block *b, size_t s)
{
    return b->steps ? b->steps[s] : s * TD_AMX_K_STEP;
}

static void block(const td_amx_block *b)
{
    const size_t lda = b->lda * sizeof(uint16_t), ldc = b->ldc * sizeof(float);
    const uint16_t *at = b->b;

    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t s = 0; s < b->n_steps; s++, at += B_STEP) {
        _tile_loadd(4, b->a[0] + step_at(b, s), lda);
        _tile_loadd(6, at, B_STRIDE);
        _tile_loadd(5, b->a[1] + step_at(b, s), lda);
        _tile_loadd(7, at + B_RIGHT, B_STRIDE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, b->c, ldc);
    _tile_stored(1, b->c + TD_AMX_HALF, ldc);
    _tile_stored(2, b->c + TD_AMX_HALF * b->ldc, ldc);
    _tile_stored(3, b->c + TD_AMX_HALF * b->ldc + TD_AMX_HALF, ldc);
}

static void half(const td_amx_block *b)
{
    const size_t lda = b->lda * sizeof(uint16_t), ldc = b->ldc * sizeof(float);
    const uint16_t *at = b->b;

    _tile_zero(0);
    _tile_zero(1);
    for (size_t s = 0; s < b->n_steps; s++, at += B_STEP) {
        _tile_loadd(4, b->a[0] + step_at(b, s), lda);
        _tile_loadd(6, at, B_STRIDE);
        _tile_loadd(7, at + B_RIGHT, B_STRIDE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
    }
    _tile_stored(0, b->c, ldc);
    _tile_stored(1, b->c + TD_AMX_HALF, ldc);
}

/* ---------------------------------------------------------------- on the way out */

static inline __attribute__((always_inline)) __m512 wide(const uint16_t *x, __mmask16 some)
{
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, x)), 16));
}

static inline __attribute__((always_inline)) void put(const td_amx_finish *f, size_t row, size_t col,
                                                      __mmask16 some, __m512 x)
{
    const size_t at = row * f->ld + col;
    const __m256i narrow = (__m256i)_mm512_cvtneps_pbh(x);

    if (!f->is_bf16)
        _mm512_mask_storeu_ps((float *)f->out + at, some, x);
    else if (some == 0xffff) /* bytes under a mask cost more */
        _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)f->out + at), narrow);
    else
        _mm256_mask_storeu_epi16((uint16_t *)f->out + at, some, narrow);
}

static __mmask16 mask_of(size_t cols, size_t col)
{
    return (__mmask16)(cols >= col + LANES ? 0xffffU : (1U << (cols - col)) - 1);
}

/* 16 columns, summed with what there is and clamped. A NaN in the second operand passes through both. */
static inline __attribute__((always_inline)) void finish_columns(const td_amx_finish *f, size_t col,
                                                                 const float *add, const uint16_t *add16,
                                                                 const bool is_last)
{
    const __m512 lo = _mm512_set1_ps(f->end->lo), hi = _mm512_set1_ps(f->end->hi);
    const __mmask16 some = mask_of(f->cols, col);
    const __m512 bias = f->bias ? _mm512_maskz_loadu_ps(some, f->bias + col) : _mm512_setzero_ps();

    for (size_t row = 0; row < f->rows; row++) {
        float *const c = f->c + row * TD_AMX_COLS + col;
        __m512 x = _mm512_add_ps(_mm512_loadu_ps(c), bias);
        if (add) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(some, add + row * f->add_ld + col));
        if (add16) x = _mm512_add_ps(x, wide(add16 + row * f->add_ld + col, some));
        x = _mm512_max_ps(lo, _mm512_min_ps(hi, x));
        if (is_last)
            put(f, row, col, some, x);
        else
            _mm512_storeu_ps(c, x);
    }
}

/* Columns that are not there are zeros, or sums of them. */
static void finish_by_post(const td_amx_finish *f)
{
    for (size_t col = 0; col < f->cols; col += LANES)
        finish_columns(f, col, f->add, f->add16, false);
    f->end->post(f->c, f->rows * TD_AMX_COLS);
    for (size_t row = 0; row < f->rows; row++)
        for (size_t col = 0; col < f->cols; col += LANES)
            put(f, row, col, mask_of(f->cols, col), _mm512_loadu_ps(f->c + row * TD_AMX_COLS + col));
}

static void finish(const td_amx_finish *f)
{
    if (f->end->post) {
        finish_by_post(f);
        return;
    }
    for (size_t col = 0; col < f->cols; col += LANES)
        if (f->add)
            finish_columns(f, col, f->add, NULL, true);
        else if (f->add16)
            finish_columns(f, col, NULL, f->add16, true);
        else
            finish_columns(f, col, NULL, NULL, true);
}

const td_amx_tiles td_amx_tiles_amx = { configure, block, half, finish, release };
