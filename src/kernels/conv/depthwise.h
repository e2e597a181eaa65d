/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise.h -- convolution of each channel with its own filter, channels last, two dimensions.
 *
 * Input channel c makes output channels c * multiplier .. + multiplier - 1; weights are
 * [kernel height][kernel width][channels * multiplier].
 */
#ifndef TD_KERNELS_DEPTHWISE_DEPTHWISE_H
#define TD_KERNELS_DEPTHWISE_DEPTHWISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/variant.h"

typedef struct td_depthwise {
    size_t batch, channels, multiplier;
    size_t in[2], out[2], kernel[2], stride[2], dilation[2]; /* height, width */
    int64_t pad[2];                                          /* above, left */
} td_depthwise;

/* What happens to finished outputs: bias and add, of the output's shape (NULL, both: none), clamp, then post (NULL:
 * none). */
typedef struct td_depthwise_end {
    const float *bias, *add;
    float lo, hi;
    void (*post)(float *x, size_t n);
} td_depthwise_end;

/* What a call computes: output rows [row0, row1) of batch * out[0], made from channels [c0, c1) of the image. */
typedef struct td_depthwise_part {
    size_t row0, row1, c0, c1;
    void *scratch; /* td_depthwise_tiles.scratch bytes, of the caller's thread; aligned to 64 */
} td_depthwise_part;

/* out is the whole of row0, with all channels. in and out are floats, or as the name says. */
typedef void td_depthwise_fn(const td_depthwise *d, void *out, const void *in, const float *w,
                             const td_depthwise_end *end, const td_depthwise_part *part);

td_depthwise_fn td_depthwise_ref, td_depthwise_avx2, td_depthwise_avx512;
TD_VARIANTS(depthwise, td_depthwise_fn *); /* multiplier 1 only, but for the last */

/* Of images of bfloat16, for multiplier 1. */
typedef struct td_depthwise_bf16 {
    td_depthwise_fn *narrow; /* to bfloat16, without post */
    td_depthwise_fn *widen;  /* to floats */
} td_depthwise_bf16;

td_depthwise_fn td_depthwise_widen_avx512_bf16;
extern const td_depthwise_bf16 td_depthwise_bf16_avx512_bf16;
TD_VARIANTS(depthwise_bf16, const td_depthwise_bf16 *); /* NULL: none */

/* How all bodies but the reference cut an image, see depthwise_body.h. */
enum { TD_DEPTHWISE_SPAN = 8, TD_DEPTHWISE_LANES = 16, TD_DEPTHWISE_DIRECT = 3 };

typedef struct td_depthwise_tiles {
    bool is_direct;     /* of TD_DEPTHWISE_DIRECT taps in a row: a float image is read where it is */
    size_t block;       /* channels, a multiple of TD_DEPTHWISE_LANES */
    size_t span, strip; /* output pixels of a tile, TD_DEPTHWISE_SPAN at most, and of a strip, whole tiles */
    size_t lines;       /* floats, of the rows that a filter sees from a strip */
    size_t scratch;     /* bytes; the reference needs none */
} td_depthwise_tiles;

/* False: the filter is so big that only the reference will do. */
bool td_depthwise_tile(const td_depthwise *d, td_depthwise_tiles *out);

#endif
