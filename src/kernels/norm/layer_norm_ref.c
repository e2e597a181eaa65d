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

const td_layer_norm_variant td_layer_norm_variants[] = {
    TD_X86(td_layer_norm_, avx512),
    TD_X86(td_layer_norm_, avx2),
    TD_PLAIN(td_layer_norm_ref),
};
