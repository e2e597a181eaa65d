/* binary_avx512.c -- functions of two and three numbers, a vector at a time. */
#include "kernels/binary/binary.h"

#define T    float
#define DT   F32
#define M(g) g##f
#define LIST "kernels/binary/binary_fast.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define M(g) g
#define LIST "kernels/binary/binary_fast.inc"
#include "kernels/elt/body.inc"

#define T    int32_t
#define U    uint32_t
#define W    uint32_t
#define DT   I32
#define LIST "kernels/binary/binary_fast_int.inc"
#include "kernels/elt/body.inc"

#define T    int64_t
#define U    uint64_t
#define W    uint64_t
#define DT   I64
#define LIST "kernels/binary/binary_fast_int.inc"
#include "kernels/elt/body.inc"

const td_elt_row *const td_binary_avx512[] = { rows_F32, rows_F64, rows_I32, rows_I64, NULL };
