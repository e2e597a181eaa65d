/* SPDX-License-Identifier: Apache-2.0 */
/* pool_avx512.c -- see pool_vec.h. */
#include "kernels/elt/v_avx512.h"

#include "kernels/pool/pool_vec.h"

void td_pool_f32_avx512(const td_pool_shape *p, td_pool_kind kind, float *out, const float *in, size_t pixel0,
                        size_t pixel1)
{
    pool_pixels(p, kind, out, in, pixel0, pixel1);
}
