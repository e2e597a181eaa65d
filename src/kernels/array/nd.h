/* SPDX-License-Identifier: Apache-2.0 */
/* nd.h -- copies elements between two strided views of up to TD_ND_MAX dimensions.
 *
 * Slicing, transposing, tiling, joining, padding, space-to-batch: all of them are a walk over some dimensions
 * with one stride in the output and one in the input. Ops say the dimensions; td_nd_finish() sorts and merges
 * them and picks a body: one memcpy, rows of memcpy, rows of single elements, or blocked transposes.
 *
 * Elements are bytes of a fixed size: dtypes do not matter here.
 */
#ifndef TD_KERNELS_ARRAY_ND_H
#define TD_KERNELS_ARRAY_ND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/variant.h"

enum { TD_ND_MAX = 26 };

typedef struct td_nd_dim {
    int64_t n;
    int64_t out, in; /* strides in bytes; in may be 0 (repeat) or negative (backwards) */
} td_nd_dim;

/* While it is built. */
typedef struct td_nd_builder {
    td_nd_dim dim[TD_ND_MAX];
    int rank;
    int64_t elem; /* bytes an element */
} td_nd_builder;

/* How the innermost dimensions are done. */
typedef enum td_nd_body {
    TD_ND_EMPTY,     /* nothing to do */
    TD_ND_ROWS,      /* the last dim is a loop over runs of `run` bytes */
    TD_ND_TRANSPOSE, /* the last dim is dense in the output, the one before it in the input */
} td_nd_body;

typedef struct td_nd {
    td_nd_dim *dim; /* outermost first, in the arena given to td_nd_finish() */
    int rank;       /* at least 1 */
    td_nd_body body;
    size_t run;   /* bytes that lie together in both views */
    size_t bytes; /* copied by the whole walk */
    size_t units; /* pieces that may be copied at the same time */
    int64_t rows_per_unit;
    td_cpu cpu;
} td_nd;

void td_nd_start(td_nd_builder *b, size_t elem_size);
/* Adds a dimension; strides are in elements. No two points may share a place in the output. */
void td_nd_add(td_nd_builder *b, int64_t n, int64_t out_stride, int64_t in_stride);
void td_nd_finish(td_nd_builder *b, td_arena *arena, td_cpu cpu, td_nd *out);

/* Copies units [begin, end). out and in point at the element of index 0 in every dimension. */
void td_nd_copy_units(const td_nd *nd, void *out, const void *in, size_t begin, size_t end);
void td_nd_copy(const td_nd *nd, void *out, const void *in);

/* out[c * out_stride + r] = in[r * in_stride + c] for r < rows, c < cols;
 * strides in bytes, elements of 4 bytes. */
typedef void td_transpose_u32_fn(char *out, int64_t out_stride, const char *in, int64_t in_stride,
                                 int64_t rows, int64_t cols);
td_transpose_u32_fn td_transpose_u32_ref, td_transpose_u32_avx2;
TD_VARIANTS(transpose_u32, td_transpose_u32_fn *);

/* Writes the `elem` bytes (1, 2, 4, 8 or 16) at value n times. */
void td_fill(void *out, size_t elem, const void *value, size_t n);

#endif
