/* SPDX-License-Identifier: Apache-2.0 */
/* fft_avx2.c -- see fft_body.inc. */
#include <immintrin.h>

typedef __m256d lanes;
#define LANES    4
#define SPLAT(x) _mm256_set1_pd(x)
#include "kernels/fft/fft_body.inc"

const td_fft_body td_fft_avx2 = FFT_BODY;
