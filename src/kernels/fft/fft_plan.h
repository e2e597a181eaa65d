/* SPDX-License-Identifier: Apache-2.0 */
/* fft_plan.h -- what fft.c plans for the bodies. */
#ifndef TD_KERNELS_FFT_FFT_PLAN_H
#define TD_KERNELS_FFT_FFT_PLAN_H

#include "base/complex.h"
#include "kernels/fft/fft.h"

enum { TD_FFT_MOST_FACTORS = 64, TD_FFT_LARGEST_PRIME = 31 };

struct td_fft {
    size_t n;
    size_t factors[TD_FFT_MOST_FACTORS], n_factors;
    double complex *roots;  /* exp(-2 pi i k / n) */
    td_fft *half;           /* of n / 2 numbers, for real signals; or NULL */
    td_fft *inner;          /* Bluestein's convolution, or NULL */
    double complex *chirp;  /* exp(-pi i k^2 / n) */
    double complex *kernel; /* the transform of its conjugate, wrapped around */
};

#endif
