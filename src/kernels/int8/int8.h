/* SPDX-License-Identifier: Apache-2.0 */
/* int8.h -- products of floats that were rounded to 127 steps on either side of zero.
 *
 * Weights have a scale for each column, rows of the other side one each, found as they come or given. So
 *
 *     out[r][c] = scale[r] * scale[c] * SUM over k of step[r][k] * step[k][c]    + bias + residual, clamped
 *
 * in which the sum is exact. Weights lie in panels: 16 columns side by side, four elements of depth together, zeros behind k up
 * to a multiple of 64, and behind all panels the scales and the sums of steps, 16 of each for a panel:
 *
 *     panel[depth / 4][16 columns][4] ...    scale[columns]    sum[columns]
 *
 * How steps of rows lie is their body's affair: as signed numbers of 16 bits, or as bytes to which 128 was added, which the
 * sums of columns take off again. A row with an infinity or a NaN in it has a scale of NaN: it spoils its results, and no others.
 */
#ifndef TD_KERNELS_INT8_INT8_H
#define TD_KERNELS_INT8_INT8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/variant.h"

enum {
    TD_INT8_COLS = 16,
    TD_INT8_ROWS = 32,        /* at once, at most */
    TD_INT8_DEPTH = 64,       /* k is filled up to a multiple of it */
    TD_INT8_MOST_K = 1 << 16, /* sums of 255 * 127 fit 32 bits */
};

/* What becomes of a block of sums [rows][16], of which n columns are there. Vectors are of the block's columns. */
typedef struct td_int8_end {
    const float *row_scales; /* of each row */
    const float *scales;     /* of 16 columns */
    const int32_t *sums;     /* likewise: of steps */
    const float *bias, *add; /* NULL: none; add[row * add_ld + column] */
    size_t add_ld;
    float lo, hi; /* NaN passes */
} td_int8_end;

typedef struct td_int8_isa {
    size_t block;                      /* the most rows that are best, up to TD_INT8_ROWS */
    size_t width;                      /* bytes of a row's step */
    int32_t zero;                      /* what a byte holds for 0 */
    void (*begin)(void), (*end)(void); /* around the sums of a thread; NULL: nothing */
    /* acc[rows][16] = SUM of rows by a panel over 4 * quads elements. rows[] lie stride bytes apart, and hold what they like, if it is
     * numbers, behind k. Rows and acc have room for TD_INT8_ROWS, all of which may be read and written. */
    void (*sums)(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                 size_t quads);
    /* The bits of the largest magnitude: of an infinity or a NaN at least 0x7f800000. */
    uint32_t (*most)(const float *x, size_t n);
    void (*round)(void *steps, const float *x, size_t n,
                  float factor); /* of finite x; beyond 127 they are 127 */
    void (*finish)(float *out, size_t ld, const int32_t *acc, size_t rows, size_t n, const td_int8_end *e);
} td_int8_isa;

extern const td_int8_isa td_int8_ref, td_int8_avx2, td_int8_avx512, td_int8_vnni, td_int8_amx;
TD_VARIANTS(int8, const td_int8_isa *);

/* ---------------------------------------------------------------- weights */

size_t td_int8_depth(size_t k); /* filled up */
size_t td_int8_panels(size_t n);
size_t td_int8_panel_size(size_t k);            /* bytes */
size_t td_int8_packed_size(size_t k, size_t n); /* bytes, a multiple of 64 */

/* Element [k][n] lies at b[k * stride_k + n * stride_n]; columns are multiplied by scale, if any. Columns that are not finite are of
 * NaN. */
void td_int8_pack(void *packed, const float *b, size_t k, size_t n, size_t stride_k, size_t stride_n,
                  const float *scale);

static inline const float *td_int8_scales(const void *packed, size_t k, size_t n)
{
    return (const float *)(const void *)((const char *)packed + td_int8_panels(n) * td_int8_panel_size(k));
}

/* ---------------------------------------------------------------- rows */

/* What steps of x mean, by their largest magnitude's bits; *factor makes steps of numbers, and is 0 where all are to be 0. */
float td_int8_scale(uint32_t most, float *factor);

#endif
