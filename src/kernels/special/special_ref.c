/* SPDX-License-Identifier: Apache-2.0 */
/* special_ref.c -- special functions over arrays. */
#include "kernels/elt/body.h"
#include "kernels/special/special.h"

#define T    float
#define DT   F32
#define LIST "kernels/special/special.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define LIST "kernels/special/special.inc"
#include "kernels/elt/body.inc"

const td_elt_row *const td_special_ref[] = { rows_F32, rows_F64, NULL };
