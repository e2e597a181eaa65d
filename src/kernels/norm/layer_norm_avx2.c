/* SPDX-License-Identifier: Apache-2.0 */
/* layer_norm_avx2.c -- layer normalisation, 8 columns at a time. */
#include "kernels/elt/v_avx2.h"

#include "kernels/norm/layer_norm_body.h"

void td_layer_norm_avx2(float *out, const float *in, const float *gamma, const float *beta, size_t rows,
                        size_t cols, float epsilon)
{
    run_layer_norm(out, in, gamma, beta, rows, cols, epsilon);
}
