/* SPDX-License-Identifier: Apache-2.0 */
/* tile.h -- blocks of products of bfloat16 on AMX tiles, and what is done to them on the way out.
 *
 * A block is up to 32 rows of A, in two halves that lie anywhere, by 32 columns of B. k goes in steps of 32; each finds its
 * part of a row at an offset of its own, so that a row may be a matrix's (offsets 0, 32, 64, ...) or what the taps of a filter
 * see of an image. B's panel is [k / 2][32 columns][2].
 *
 *     tiles->configure(rows[0], rows[1]);    once for blocks of the same rows
 *     tiles->block(&b);                      b.c[32][32] = the sums
 *     tiles->finish(&f);                     rows of them become output
 *     tiles->release();                      before anything else runs on this thread
 */
#ifndef TD_KERNELS_AMX_TILE_H
#define TD_KERNELS_AMX_TILE_H

#include "base/variant.h"
#include "kernels/gemm/gemm.h"

#include <stdint.h>

enum {
    TD_AMX_HALF = 16, /* rows of one tile */
    TD_AMX_ROWS = 32, /* of a block */
    TD_AMX_COLS = 32, /* of a block, and of a panel of B */
    TD_AMX_K_STEP = 32,
};

typedef struct td_amx_block {
    const uint16_t *a[2];  /* the first rows of both halves; the second may have none */
    size_t lda;            /* elements from row to row */
    const uint32_t *steps; /* n_steps offsets, in elements; NULL: 0, 32, 64, ... */
    size_t n_steps;
    const uint16_t *b; /* [n_steps * 16][32][2] */
    float *c;          /* the second half begins at row 16 */
    size_t ldc;        /* floats from row to row of it; TD_AMX_COLS for finish() */
} td_amx_block;

/* Some rows of a block. */
typedef struct td_amx_finish {
    float *c; /* [rows][32]; changed */
    void *out;
    size_t rows, cols, ld; /* of out, in elements */
    bool is_bf16;          /* out */
    const float *bias;     /* cols elements; NULL: none */
    const float *add;      /* the residual, in either type; NULL, both: none */
    const uint16_t *add16;
    size_t add_ld;
    const td_gemm_end *end; /* of which the clamp and the function count here */
} td_amx_finish;

typedef struct td_amx_tiles {
    void (*configure)(size_t rows0, size_t rows1);
    void (*block)(const td_amx_block *b); /* rows1 > 0 */
    void (*half)(const td_amx_block *b);  /* rows1 == 0 */
    void (*finish)(const td_amx_finish *f);
    void (*release)(void);
} td_amx_tiles;

extern const td_amx_tiles td_amx_tiles_amx;
TD_VARIANTS(amx, const td_amx_tiles *); /* NULL: this CPU has none */

#endif
