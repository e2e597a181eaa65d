/* SPDX-License-Identifier: Apache-2.0 */
/* cast_ref.c -- casts between all types that C has, in plain C.
 * The 16-bit and 8-bit floats go through float; see cast.c. */
#include "kernels/elt/body.h"

/* What the x86 instructions give, said without undefined behaviour:
 * out of range is the most negative number. */
#define TD_TO_I32(x) ((x) >= -0x1p31f && (x) < 0x1p31f ? (int32_t)(x) : INT32_MIN)
#define TD_TO_I64(x) ((x) >= -0x1p63f && (x) < 0x1p63f ? (int64_t)(x) : INT64_MIN)
#define TD_TO_U64(x) ((x) >= 0x1p63f && (x) < 0x1p64f ? (uint64_t)(x) : (uint64_t)TD_TO_I64(x))

/* Out of range, TensorFlow's answer hangs on whether a vector of elements was cast at once or one alone: here it is the vector's
 * everywhere, since most elements of large tensors are in one, and rows must not depend on their neighbours. Narrower
 * integers saturate on the way, but those of complex float, which TensorFlow has no vectors for, wrap. */
#define CLAMP(i, low, high) ((i) < (low) ? (low) : (i) > (high) ? (high) : (i))
#define WRAP(i, low, high)  (i)
#define VECTOR_U32(x)                                                                                        \
    ((x) < 0x1p31f ? (uint32_t)TD_TO_I32(x) : (x) < 0x1p32f ? (uint32_t)(x) : UINT32_C(0x80000000))

#define N      CLAMP
#define TO_U32 VECTOR_U32
#define V(x)   x
#define T      float
#define DT     F32
#define LIST   "kernels/elt/cast_float.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define LIST "kernels/elt/cast_float.inc"
#include "kernels/elt/body.inc"
#undef V

#undef N
#undef TO_U32
#define N      WRAP
#define TO_U32 TD_TO_I64
#define V(x)   crealf(x)
#define T      float complex
#define DT     C64
#define LIST   "kernels/elt/cast_float.inc"
#include "kernels/elt/body.inc"
#undef V

#undef N
#define N    CLAMP
#define V(x) creal(x)
#define T    double complex
#define DT   C128
#define LIST "kernels/elt/cast_float.inc"
#include "kernels/elt/body.inc"
#undef V

#define V(x) (x != 0)
#define T    uint8_t
#define DT   BOOL
#define LIST "kernels/elt/cast_int.inc"
#include "kernels/elt/body.inc"
#undef V

#define V(x)     x
#define LIST_INT "kernels/elt/cast_int.inc"
#include "kernels/elt/integers.inc"

const td_elt_row *const td_cast_ref[] = { rows_F32,  rows_F64,  rows_C64,
                                          rows_C128, rows_BOOL, TD_ELT_INTEGER_ROWS,
                                          NULL };
