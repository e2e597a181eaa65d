/* compare_avx512.c -- comparisons of the types that models compare, a vector at a time. */
#include "kernels/elt/body.h"

#define T    float
#define DT   F32
#define LIST "kernels/compare/compare.inc"
#include "kernels/elt/body.inc"

#define T    int32_t
#define DT   I32
#define LIST "kernels/compare/compare.inc"
#include "kernels/elt/body.inc"

#define T    int64_t
#define DT   I64
#define LIST "kernels/compare/compare.inc"
#include "kernels/elt/body.inc"

const td_elt_row *const td_compare_avx512[] = { rows_F32, rows_I32, rows_I64, NULL };
