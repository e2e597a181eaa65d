/* SPDX-License-Identifier: Apache-2.0 */
/* layer_norm_avx512.c -- layer normalisation, 16 columns at a time. */
#include "kernels/elt/v_avx512.h"

#include "kernels/norm/layer_norm_body.h"

void td_layer_norm_avx512(float *out, const float *in, const float *gamma, const float *beta, size_t rows,
                          size_t cols, float epsilon)
{
    run_layer_norm(out, in, gamma, beta, rows, cols, epsilon);
}
