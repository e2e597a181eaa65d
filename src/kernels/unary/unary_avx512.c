/* unary_avx512.c -- functions of one float, a vector at a time. */
#include "kernels/elt/body.h"
#include "kernels/vec/vec_f32.h"

#define T    float
#define DT   F32
#define LIST "kernels/unary/unary_fast.inc"
#include "kernels/elt/body.inc"

const td_elt_row *const td_unary_avx512[] = { rows_F32, NULL };
