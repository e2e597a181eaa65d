/* SPDX-License-Identifier: Apache-2.0 */
/* compare_ref.c -- comparisons for every type, in plain C. */
#include "kernels/elt/body.h"

#define T    float
#define DT   F32
#define M(g) g##f
#define LIST "kernels/elt/compare_float.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define M(g) g
#define LIST "kernels/elt/compare_float.inc"
#include "kernels/elt/body.inc"

#define T    float complex
#define DT   C64
#define LIST "kernels/elt/compare_equal.inc"
#include "kernels/elt/body.inc"

#define T    double complex
#define DT   C128
#define LIST "kernels/elt/compare_equal.inc"
#include "kernels/elt/body.inc"

#define T    bool
#define DT   BOOL
#define LIST "kernels/elt/compare_equal.inc"
#include "kernels/elt/body.inc"

#define LIST_INT "kernels/elt/compare.inc"
#include "kernels/elt/integers.inc"

const td_elt_row *const td_compare_ref[] = { rows_F32,  rows_F64,  rows_C64,
                                             rows_C128, rows_BOOL, TD_ELT_INTEGER_ROWS,
                                             NULL };
