/* SPDX-License-Identifier: Apache-2.0 */
/* fft_ref.c -- one line at a time: the definition of right. */
typedef double lanes;
#define LANES    1
#define SPLAT(x) (x)
#include "kernels/fft/fft_body.inc"

const td_fft_body td_fft_ref = FFT_BODY;
