/* SPDX-License-Identifier: Apache-2.0 */
/* norm.c -- plain bodies; compilers make vectors of the first. */
#include "kernels/norm/norm.h"

#include <math.h>
#include <string.h>

void td_scale_shift(float *out, const float *in, size_t rows, size_t channels, const float *scale,
                    const float *shift)
{
    for (size_t r = 0; r < rows; r++, in += channels, out += channels)
        for (size_t c = 0; c < channels; c++)
            out[c] = in[c] * scale[c] + shift[c];
}

void td_moments(const float *in, size_t rows, size_t channels, double *mean, double *variance)
{
    const double n = (double)rows;

    memset(mean, 0, channels * sizeof *mean);
    memset(variance, 0, channels * sizeof *variance);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            mean[c] += (double)in[r * channels + c];
    for (size_t c = 0; c < channels; c++)
        mean[c] /= n;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) {
            const double d = (double)in[r * channels + c] - mean[c];
            variance[c] += d * d;
        }
    for (size_t c = 0; c < channels; c++)
        variance[c] /= n;
}

void td_lrn(float *out, const float *in, size_t rows, size_t channels, size_t radius, float bias, float alpha,
            float beta)
{
    for (size_t r = 0; r < rows; r++, in += channels, out += channels)
        for (size_t c = 0; c < channels; c++) {
            const size_t from = c > radius ? c - radius : 0;
            const size_t to = channels - c > radius ? c + radius + 1 : channels;
            double sum = 0.0;
            for (size_t i = from; i < to; i++)
                sum += (double)in[i] * (double)in[i];
            out[c] = (float)((double)in[c] / pow((double)bias + (double)alpha * sum, (double)beta));
        }
}
