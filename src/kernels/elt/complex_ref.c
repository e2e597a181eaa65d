/* SPDX-License-Identifier: Apache-2.0 */
/* complex_ref.c -- complex numbers of their parts. */
#include "kernels/elt/body.h"

#define T    float
#define C    float complex
#define DT   F32
#define LIST "kernels/elt/binary_real.inc"
#include "kernels/elt/body.inc"
#undef C

#define T    double
#define C    double complex
#define DT   F64
#define LIST "kernels/elt/binary_real.inc"
#include "kernels/elt/body.inc"
#undef C

const td_elt_row *const td_complex_ref[] = { rows_F32, rows_F64, NULL };
