/* SPDX-License-Identifier: Apache-2.0 */
/* fft.h -- discrete Fourier transforms of any length, in complex double, of one line or of some lines at once.
 *
 * Lengths of small prime factors are split by them; others become a convolution of a power of two (Bluestein).
 *
 * Each instruction set has a body, which transforms as many lines as a vector has doubles, its lanes. They lie side by
 * side, element after element, and complex ones have their real parts before their imaginary ones:
 *
 *   real      x0 x0 x0 x0   x1 x1 x1 x1 ...
 *   complex   re re re re   im im im im   re re re re   im im im im ...
 *
 * The plain body has one lane: doubles and complex numbers as C has them. A line's result is the same to the last bit
 * whichever body makes it, in whichever lane: what is computed together with what must not change an answer. */
#ifndef TD_KERNELS_FFT_FFT_H
#define TD_KERNELS_FFT_FFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/variant.h"

typedef struct td_fft td_fft;

/* n >= 1; lives in the arena, and may be shared by threads. NULL: no memory. */
td_fft *td_fft_make(td_arena *arena, size_t n);
/* The same, and for run_real. */
td_fft *td_fft_make_real(td_arena *arena, size_t n);
/* Numbers that a run needs beside its input and output, of each lane. */
size_t td_fft_scratch(const td_fft *f);

enum { TD_FFT_MOST_LANES = 8 };

/* Lines in a tensor: part p of element j of line i is at parts * (first[i] + j * step) + p. */
typedef struct td_fft_lines {
    size_t first[TD_FFT_MOST_LANES]; /* one of each lane; those from `count` on are loaded, but not stored */
    size_t count, n, step;
    size_t parts; /* 1: real, 2: complex numbers */
} td_fft_lines;

/* Lanes have the alignment of all of a body's lanes' doubles. */
typedef struct td_fft_body {
    size_t lanes;
    /* out[k] = sum of in[j] exp(-2 pi i j k / n); inverse: with +2, and divided by n. None of the three overlap; in is
     * spoilt. */
    void (*run)(const td_fft *f, bool inverse, double *in, double *out, double *scratch);
    /* Of real numbers, with room for complex ones; writes the first n / 2 + 1 of out, and whatever to the others. */
    void (*run_real)(const td_fft *f, double *in, double *out, double *scratch);
    /* Real or complex lines become lanes. Complex lanes become complex lines, or real ones: imaginary parts are dropped. */
    void (*load_f32)(double *lanes, const void *data, const td_fft_lines *l);
    void (*load_f64)(double *lanes, const void *data, const td_fft_lines *l);
    void (*store_f32)(void *data, const double *lanes, const td_fft_lines *l);
    void (*store_f64)(void *data, const double *lanes, const td_fft_lines *l);
} td_fft_body;

extern const td_fft_body td_fft_ref, td_fft_avx2, td_fft_avx512;
TD_VARIANTS(fft, const td_fft_body *);

#endif
