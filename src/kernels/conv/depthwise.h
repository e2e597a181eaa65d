/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise.h -- convolution of each channel with its own filter, channels last, two dimensions.
 *
 * Input channel c makes output channels c * multiplier .. + multiplier - 1; weights are
 * [kernel height][kernel width][channels * multiplier].
 */
#ifndef TD_KERNELS_DEPTHWISE_DEPTHWISE_H
#define TD_KERNELS_DEPTHWISE_DEPTHWISE_H

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

/* Output rows [row0, row1) of batch * out[0], of which out is the first. in and out are floats, or as the name says. */
typedef void td_depthwise_fn(const td_depthwise *d, void *out, const void *in, const float *w,
                             const td_depthwise_end *end, size_t row0, size_t row1);

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

#endif
