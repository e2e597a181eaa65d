/* SPDX-License-Identifier: Apache-2.0 */
/* gemm.h -- C[m, n] = A[m, k] B[k, n] in float, with B packed and an epilogue; also what convolutions run on.
 *
 * B is cut into panels of 16, 32, 48 or 64 columns, stored so that the inner loop reads one stream: as [k][width],
 * or by strips of 16 columns where a tile is no wider (td_gemm_panel). A stays where it is: a tile of up to 9 rows is a table of row pointers, cut into segments
 * of `depth` consecutive elements. A plain matrix has one segment; a convolution one for each filter tap,
 * whose pointer is a pixel of the image, or zeros where the tap falls off its edge. So a convolution needs no
 * im2col, and any shape runs on the same packed weights.
 *
 *         segment 0         segment 1                panel (k = segments * depth rows)
 *   a[0] -> ..depth..  a[R] -> ..depth..             b -> [width][width][width]...
 *   a[1] -> ..depth..  a[R+1] -> ..depth..
 *
 * Accumulators stay in registers along k. The epilogue adds the bias and an optional matrix (a residual),
 * clamps (ReLU, ReLU6), and may call a function for other activations while the tile is in the first-level
 * cache.
 */
#ifndef TD_KERNELS_GEMM_GEMM_H
#define TD_KERNELS_GEMM_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/variant.h"
#include "device/team.h"

enum {
    TD_GEMM_MAX_ROWS = 9, /* of a tile */
    TD_GEMM_LANES = 16,   /* panel widths are multiples of it */
    TD_GEMM_MAX_WIDTH = 64,
};

/* One tile: rows x cols of C. */
typedef struct td_gemm_tile {
    const float *const *a; /* [segments][rows] */
    size_t segments, depth;
    const float *b;    /* [segments * depth][ldb] */
    size_t ldb, strip; /* of its panel: td_gemm_panel */
    float *c;
    size_t ldc, cols;       /* 1 <= cols <= width */
    bool is_first, is_last; /* not first: C holds a partial sum; not last: no epilogue yet */
    const float *bias;      /* cols elements; NULL: none */
    const float *add;       /* rows of add_ld elements, added before clamping; may be c; NULL: none */
    size_t add_ld;
    float lo, hi;
    const char *prefetch; /* one cache line is fetched each step of k, this far apart: the next panel */
    size_t prefetch_step;
} td_gemm_tile;

typedef void td_gemm_tile_fn(const td_gemm_tile *t);

/* Tiles of one instruction set: tile[w][r - 1] does r rows of 16 (w + 1) columns;
 * max_rows[w] is the best r. */
typedef struct td_gemm_isa {
    const char *name;
    int max_rows[4];
    td_gemm_tile_fn *tile[4][TD_GEMM_MAX_ROWS];
} td_gemm_isa;

extern const td_gemm_isa td_gemm_isa_ref, td_gemm_isa_avx2, td_gemm_isa_avx512;

TD_VARIANTS(gemm, const td_gemm_isa *);

/* ---------------------------------------------------------------- packing */

size_t td_gemm_width(size_t n);                 /* the best panel width for n columns */
size_t td_gemm_packed_size(size_t k, size_t n); /* bytes, a whole number of panels */

/* Where element [i][col] of a panel lies: at col / 16 * strip + i * ld + col % 16. With tiles of 16 columns (AVX2) each 16 are a
 * strip of their own: rows of 64 would leave such a tile a quarter of the first-level cache's sets. */
typedef struct td_gemm_panel {
    size_t ld, strip;
} td_gemm_panel;

td_gemm_panel td_gemm_panel_of(size_t k, size_t width);

/* Packs row-major b, whose element [k][n] lies at b[k * stride_k + n * stride_n]. scale, if any, multiplies
 * column n by scale[n]. Columns beyond n are zeros. */
void td_gemm_pack(float *packed, const float *b, size_t k, size_t n, size_t stride_k, size_t stride_n,
                  const float *scale);

/* One panel of it: cols of its width are there. out lies as td_gemm_panel_of(k, width) says. */
void td_gemm_pack_panel(float *out, const float *b, size_t k, size_t cols, size_t width, size_t stride_k,
                        size_t stride_n, const float *scale);

/* ---------------------------------------------------------------- whole products */

/* What is left to do where a tile is finished. */
typedef struct td_gemm_end {
    const float *bias;
    const float *add;
    size_t add_ld;
    float lo, hi;                     /* -INFINITY and INFINITY: no clamp; NaN passes */
    void (*post)(float *x, size_t n); /* applied to each finished row piece, in place; NULL: none */
} td_gemm_end;

extern const td_gemm_end td_gemm_end_none;

/* Panels whose weights are kept in fewer bits than floats have, and become floats, block by block, as they are used. */
typedef struct td_gemm_code {
    size_t (*panel_size)(size_t k, size_t width); /* bytes, a multiple of 4 */
    /* Rows [row, row + n) of a panel, [n][width], from floats and back. Rows come in blocks of TD_GEMM_CODED, the last one may be
     * shorter; they go in any. */
    void (*encode)(void *panel, const float *block, size_t width, size_t row, size_t n);
    void (*decode)(float *block, const void *panel, size_t width, size_t row, size_t n);
} td_gemm_code;

enum { TD_GEMM_CODED = 32 };

extern const td_gemm_code td_code_half_ref, td_code_half_avx2, td_code_int4_ref, td_code_int4_avx2;
TD_VARIANTS(code_half, const td_gemm_code *);
TD_VARIANTS(code_int4, const td_gemm_code *);

/* As td_gemm_packed_size() and td_gemm_pack(). */
size_t td_gemm_coded_size(const td_gemm_code *code, size_t k, size_t n);
void td_gemm_encode(const td_gemm_code *code, void *packed, const float *b, size_t k, size_t n,
                    size_t stride_k, size_t stride_n, const float *scale);
/* Bytes of scratch that a thread needs beside td_gemm_scratch(), at the end of it. */
size_t td_gemm_decoded_size(size_t segments, size_t depth, size_t n);

typedef struct td_gemm td_gemm;

/* Fills a[s * rows + r] for segments [seg, seg + n_seg) and rows [row, row + rows). patch is `patch_size`
 * bytes of scratch of the calling thread, for rows that must be put together first. */
typedef void td_gemm_rows_fn(const td_gemm *g, size_t row, size_t rows, size_t seg, size_t n_seg,
                             const float **a, void *patch);

struct td_gemm {
    const td_gemm_isa *isa;
    size_t m, n;
    size_t segments, depth; /* k = segments * depth */
    td_gemm_rows_fn *rows;  /* NULL: one segment, rows at a + i * lda */
    const void *ctx;        /* for rows */
    const float *a;
    size_t lda;
    const void *b;            /* packed */
    const td_gemm_code *code; /* how; NULL: floats */
    float *c;
    size_t ldc;
    size_t row_bytes; /* of A that a row brings along, to size blocks; 0: k elements */
    td_gemm_end end;
    void *scratch; /* threads * scratch_size bytes */
    size_t scratch_size;
};

/* Runs the product on a team (NULL: the calling thread). */
void td_gemm_run(const td_gemm *g, td_team *team);

/* Bytes of scratch a thread needs: row pointers and patches. */
size_t td_gemm_scratch(size_t segments, size_t patch_size);

/* How a product is cut into pieces for `threads` threads. */
typedef struct td_gemm_cut {
    size_t row_step, row_parts;     /* rows of a piece */
    size_t panel_step, panel_parts; /* panels of a piece */
} td_gemm_cut;

td_gemm_cut td_gemm_cut_make(const td_gemm *g, int threads);
/* Runs one piece on the calling thread. scratch is td_gemm_scratch() bytes. */
void td_gemm_run_piece(const td_gemm *g, const td_gemm_cut *cut, size_t piece, void *scratch);

#endif
