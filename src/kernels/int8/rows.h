/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- blocks of rows in steps against panels: what products and convolutions of int8 share. */
#ifndef TD_KERNELS_INT8_ROWS_H
#define TD_KERNELS_INT8_ROWS_H

#include "kernels/gemm/gemm.h"
#include "kernels/int8/int8.h"

/* Some rows, of TD_INT8_ROWS at most, that are there in steps. */
typedef struct td_int8_block {
    const td_int8_isa *isa;
    size_t n, k;
    const void *packed;
    const void *rows; /* td_int8_depth(k) steps apart */
    const float *row_scales;
    size_t n_rows;
    float *out; /* of the first of them, and column 0 */
    const float *add;
    const td_gemm_end *end; /* its add and add_ld are of the first row of all */
    int32_t *acc;           /* [TD_INT8_ROWS][16] */
} td_int8_block;

/* Panels [begin, end) of it; rows of out are n apart. */
void td_int8_block_run(const td_int8_block *b, size_t begin, size_t end);

/* How m rows and the panels of n columns are cut into shards: blocks of rows, and of panels where rows are few. */
typedef struct td_int8_cut {
    size_t m, panels;
    size_t rows, row_parts;
    size_t part_panels, col_parts;
} td_int8_cut;

typedef struct td_int8_shard {
    size_t row, rows;
    size_t panel, panel_end;
} td_int8_shard;

td_int8_cut td_int8_cut_make(const td_int8_isa *isa, size_t m, size_t n, size_t k, int threads);
td_int8_shard td_int8_shard_at(const td_int8_cut *c, size_t shard); /* of row_parts * col_parts */

/* One row as steps; what they mean. scale not 0: given; else found. steps have room for td_int8_depth(n). */
float td_int8_row(const td_int8_isa *isa, void *steps, const float *x, size_t n, float scale);

#endif
