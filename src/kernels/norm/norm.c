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

/* sums = in / sums^beta, its usual cases without pow(), which takes longer than the sums. */
static void divide_by_powers(float *restrict sums, const float *restrict in, size_t n, float beta)
{
    if (beta == 0.75f)
        for (size_t c = 0; c < n; c++) {
            const float root = sqrtf(sums[c]);
            sums[c] = in[c] / (root * sqrtf(root));
        }
    else if (beta == 0.5f)
        for (size_t c = 0; c < n; c++)
            sums[c] = in[c] / sqrtf(sums[c]);
    else
        for (size_t c = 0; c < n; c++)
            sums[c] = in[c] / powf(sums[c], beta);
}

static void lrn_row(float *restrict out, const float *restrict in, size_t channels, size_t radius, float bias,
                    float alpha, float beta)
{
    for (size_t c = 0; c < channels; c++)
        out[c] = in[c] * in[c];
    for (size_t i = 1; i <= radius && i < channels; i++) {
        for (size_t c = 0; c < channels - i; c++)
            out[c] += in[c + i] * in[c + i];
        for (size_t c = i; c < channels; c++)
            out[c] += in[c - i] * in[c - i];
    }
    for (size_t c = 0; c < channels; c++)
        out[c] = bias + alpha * out[c];
    divide_by_powers(out, in, channels, beta);
}

void td_lrn(float *out, const float *in, size_t rows, size_t channels, size_t radius, float bias, float alpha,
            float beta)
{
    for (size_t r = 0; r < rows; r++, in += channels, out += channels)
        lrn_row(out, in, channels, radius, bias, alpha, beta);
}
