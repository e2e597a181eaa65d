/* SPDX-License-Identifier: Apache-2.0 */
/* pool8.h -- maximum and mean over windows of steps, channels last. */
#ifndef TD_KERNELS_QUANT_POOL8_H
#define TD_KERNELS_QUANT_POOL8_H

#include "kernels/pool/pool.h"
#include "kernels/quant/conv8.h"

typedef struct td_pool8 {
    td_pool_shape shape; /* two spatial dimensions */
    td_pool_kind kind;
    td_int type;
    int32_t low, high;
} td_pool8;

/* Output pixels [begin, end) of batch * out. A mean is of what lies in the image, halves away from zero; acc: room for all
 * channels. */
void td_pool8_run(const td_pool8 *p, void *out, const void *in, int32_t *acc, size_t begin, size_t end);

#endif
