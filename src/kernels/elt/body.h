/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- what body.inc and the lists lean on. */
#ifndef TD_KERNELS_ELT_BODY_H
#define TD_KERNELS_ELT_BODY_H

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/elt/elt.h"

/* The output may be an input exactly, never half-way: no iteration touches what another one does. Without
 * this the compiler tests for overlap and takes the slow loop in place. */
#if defined(__GNUC__) && !defined(__clang__)
#define TD_IVDEP _Pragma("GCC ivdep")
#else
#define TD_IVDEP
#endif

/* The row lists that integers.inc makes. */
#define TD_ELT_INTEGER_ROWS rows_I8, rows_I16, rows_I32, rows_I64, rows_U8, rows_U16, rows_U32, rows_U64

/* A complex number of these parts, without arithmetic that would spoil signed
 * zeros and infinities. C is its type. */
#define TD_COMPLEX(C, re, im)                                                                                \
    (sizeof(C) == 8 ? (C)td_c64((float)(re), (float)(im)) : (C)td_c128((double)(re), (double)(im)))

static inline float complex td_c64(float re, float im)
{
    float complex c;
    memcpy(&c, (const float[2]){ re, im }, sizeof c);
    return c;
}

static inline double complex td_c128(double re, double im)
{
    double complex c;
    memcpy(&c, (const double[2]){ re, im }, sizeof c);
    return c;
}

#define TD_ELT_ALPHA                                                                                         \
    const T a = (T)(arg ? arg->alpha : 0);                                                                   \
    (void)a

#define TD_ELT_IS_FIXED(OUT) _Generic((OUT)0, T : false, default : true)

#endif
