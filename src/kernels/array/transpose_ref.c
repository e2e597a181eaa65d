/* SPDX-License-Identifier: Apache-2.0 */
/* transpose_ref.c -- the definition of right. */
#include <string.h>

#include "kernels/array/nd.h"

void td_transpose_u32_ref(char *out, int64_t out_stride, const char *in, int64_t in_stride, int64_t rows,
                          int64_t cols)
{
    for (int64_t c = 0; c < cols; c++)
        for (int64_t r = 0; r < rows; r++)
            memcpy(out + c * out_stride + r * 4, in + r * in_stride + c * 4, 4);
}
