/* SPDX-License-Identifier: Apache-2.0 */
/* binary_ref.c -- every function of two or three arguments for every type, in plain C over libm: the
 * definition of right. */
#include "kernels/elt/binary.h"

#define T    float
#define DT   F32
#define M(g) g##f
#define LIST "kernels/elt/binary_float.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define M(g) g
#define LIST "kernels/elt/binary_float.inc"
#include "kernels/elt/body.inc"

#define T    float complex
#define R    float
#define DT   C64
#define M(g) c##g##f
#define LIST "kernels/elt/binary_complex.inc"
#include "kernels/elt/body.inc"

#define T    double complex
#define R    double
#define DT   C128
#define M(g) c##g
#define LIST "kernels/elt/binary_complex.inc"
#include "kernels/elt/body.inc"

#define T    uint8_t
#define DT   BOOL
#define LIST "kernels/elt/binary_bool.inc"
#include "kernels/elt/body.inc"

#define LIST_INT "kernels/elt/binary_int.inc"
#include "kernels/elt/integers.inc"

const td_elt_row *const td_binary_ref[] = { rows_F32,  rows_F64,  rows_C64,
                                            rows_C128, rows_BOOL, TD_ELT_INTEGER_ROWS,
                                            NULL };
