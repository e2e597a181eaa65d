/* SPDX-License-Identifier: Apache-2.0 */
/* warp.h -- where the pixels of a projected image come from. */
#ifndef TD_KERNELS_IMAGE_WARP_H
#define TD_KERNELS_IMAGE_WARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is beyond the edges of an image: a constant, its mirror image, the image again, its edge. */
typedef enum td_warp_fill { TD_WARP_CONSTANT, TD_WARP_REFLECT, TD_WARP_WRAP, TD_WARP_NEAREST } td_warp_fill;

typedef struct td_warp_point {
    float y, x;
    bool is_somewhere; /* false: the constant */
} td_warp_point;

/* The place, maybe beyond constant edges, in an image of in_rows x in_cols that output (row, col) shows. The matrix is [a b c; d e f; g h 1], as 8
 * numbers. */
td_warp_point td_warp_source(const float *matrix, td_warp_fill fill, int64_t in_rows, int64_t in_cols,
                             size_t row, size_t col);

#endif
