/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h -- maximum and mean over windows of channels-last images of up to three spatial dimensions. */
#ifndef TD_KERNELS_POOL_POOL_H
#define TD_KERNELS_POOL_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/variant.h"

typedef struct td_pool_shape {
    size_t batch, channels;
    size_t in[3], out[3], kernel[3], stride[3]; /* depth, height, width */
    int64_t pad[3];                             /* in front */
} td_pool_shape;

typedef enum td_pool_kind { TD_POOL_MAX, TD_POOL_MEAN } td_pool_kind;

/* Output pixels [pixel0, pixel1) of batch * out. A mean divides by the pixels that lie in the image; a window
 * without any gives 0, and the lowest float for the maximum, which also one of NaNs gives. */
typedef void td_pool_fn(const td_pool_shape *p, td_pool_kind kind, float *out, const float *in, size_t pixel0,
                        size_t pixel1);

td_pool_fn td_pool_f32_ref, td_pool_f32_avx2, td_pool_f32_avx512;
TD_VARIANTS(pool, td_pool_fn *);

/* Any type by way of double. argmax, if any, gets the flat index ((n * height + y) * width + x) * channels +
 * c within the batch, or without n. */
void td_pool_f64(const td_pool_shape *p, td_pool_kind kind, double *out, const double *in, int64_t *argmax,
                 int with_batch);

#endif
