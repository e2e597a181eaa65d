/* SPDX-License-Identifier: Apache-2.0 */
/* fft_avx512.c -- see fft_body.inc. */
#include <immintrin.h>

typedef __m512d lanes;
#define LANES    8
#define SPLAT(x) _mm512_set1_pd(x)
#include "kernels/fft/fft_body.inc"

const td_fft_body td_fft_avx512 = FFT_BODY;
