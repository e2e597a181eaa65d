/* SPDX-License-Identifier: Apache-2.0 */
/* layer_norm_ref.c -- the definition, in double. */
#include <math.h>

#include "kernels/norm/layer_norm.h"

void td_layer_norm_ref(float *out, const float *in, const float *gamma, const float *beta, size_t rows,
                       size_t cols, float epsilon)
{
    for (size_t r = 0; r < rows; r++, in += cols, out += cols) {
        double mean = 0.0, variance = 0.0;

        for (size_t c = 0; c < cols; c++)
            mean += (double)in[c];
        mean /= (double)cols;
        for (size_t c = 0; c < cols; c++)
            variance += ((double)in[c] - mean) * ((double)in[c] - mean);
        variance /= (double)cols;
        const double scale = 1.0 / sqrt(variance + (double)epsilon);
        for (size_t c = 0; c < cols; c++)
            out[c] = (float)(((double)in[c] - mean) * scale * (double)gamma[c] + (double)beta[c]);
    }
}

td_layer_norm_fn *td_layer_norm_select(td_cpu cpu)
{
#if defined(__x86_64__)
    if (cpu >= TD_CPU_avx512) return td_layer_norm_avx512;
    if (cpu >= TD_CPU_avx2) return td_layer_norm_avx2;
#endif
    (void)cpu;
    return td_layer_norm_ref;
}
