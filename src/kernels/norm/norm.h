/* SPDX-License-Identifier: Apache-2.0 */
/* norm.h -- batch normalisation and local response normalisation over [rows, channels] arrays. */
#ifndef TD_KERNELS_NORM_NORM_H
#define TD_KERNELS_NORM_NORM_H

#include <stddef.h>

/* out[r][c] = in[r][c] * scale[c] + shift[c], then clamped; out may be in. */
void td_scale_shift(float *out, const float *in, size_t rows, size_t channels, const float *scale,
                    const float *shift);

/* Mean and (biased) variance of each channel, in double. */
void td_moments(const float *in, size_t rows, size_t channels, double *mean, double *variance);

/* out = in / (bias + alpha * sum of in^2 over channels c - radius .. c + radius)^beta; out is not in */
void td_lrn(float *out, const float *in, size_t rows, size_t channels, size_t radius, float bias, float alpha,
            float beta);

#endif
