/* SPDX-License-Identifier: Apache-2.0 */
/* fft.h -- discrete Fourier transforms of any length, in complex double.
 *
 * Lengths of small prime factors are split by them; others become a convolution of a power of two (Bluestein). */
#ifndef TD_KERNELS_FFT_FFT_H
#define TD_KERNELS_FFT_FFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/complex.h"

typedef struct td_fft td_fft;

/* n >= 1; lives in the arena, and may be shared by threads. NULL: no memory. */
td_fft *td_fft_make(td_arena *arena, size_t n);
/* The same, and for td_fft_run_real(). */
td_fft *td_fft_make_real(td_arena *arena, size_t n);
/* Numbers that a run needs beside its input and output. */
size_t td_fft_scratch(const td_fft *f);
/* out[k] = sum of in[j] exp(-2 pi i j k / n); inverse: with +2, and divided by n. None of the three overlap; in is spoilt. */
void td_fft_run(const td_fft *f, bool inverse, double complex *in, double complex *out,
                double complex *scratch);
/* Of real numbers; writes the first n / 2 + 1 of out, and whatever to the others. */
void td_fft_run_real(const td_fft *f, double complex *in, double complex *out, double complex *scratch);

#endif
