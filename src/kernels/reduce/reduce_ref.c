/* SPDX-License-Identifier: Apache-2.0 */
/* reduce_ref.c -- every reduction for every type, in plain C: the definition of right. */
#include "kernels/reduce/body.h"

#define TD_REDUCE_LANES 8

#define F               float
#define T               float
#define DT              F32
#define LD(t)           (t)
#define ST(v)           (T)(v)
#define LIST            "kernels/reduce/reduce_float.inc"
#include "kernels/reduce/body.inc"

#define T     td_f16
#define DT    F16
#define LD(t) td_f16_to_f32(t)
#define ST(v) td_f32_to_f16((float)(v))
#define LIST  "kernels/reduce/reduce_float.inc"
#include "kernels/reduce/body.inc"

#define T     td_bf16
#define DT    BF16
#define LD(t) td_bf16_to_f32(t)
#define ST(v) td_f32_to_bf16((float)(v))
#define LIST  "kernels/reduce/reduce_float.inc"
#include "kernels/reduce/body.inc"

#undef F
#define F     double
#define T     double
#define DT    F64
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_float.inc"
#include "kernels/reduce/body.inc"

#undef F

#define L     int64_t
#define T     int8_t
#define DT    I8
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     int16_t
#define DT    I16
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     int32_t
#define DT    I32
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     int64_t
#define DT    I64
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#undef L
#define L     uint64_t
#define T     uint8_t
#define DT    U8
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     uint16_t
#define DT    U16
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     uint32_t
#define DT    U32
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#define T     uint64_t
#define DT    U64
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_int.inc"
#include "kernels/reduce/body.inc"

#undef L

#define T     float complex
#define DT    C64
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_complex.inc"
#include "kernels/reduce/body.inc"

#define T     double complex
#define DT    C128
#define LD(t) (t)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_complex.inc"
#include "kernels/reduce/body.inc"

#define T     uint8_t
#define DT    BOOL
#define LD(t) ((t) != 0)
#define ST(v) (T)(v)
#define LIST  "kernels/reduce/reduce_bool.inc"
#include "kernels/reduce/body.inc"

const td_reduce_row *const td_reduce_ref[] = { rows_F32, rows_F64,  rows_F16,  rows_BF16, rows_I8,  rows_I16,
                                               rows_I32, rows_I64,  rows_U8,   rows_U16,  rows_U32, rows_U64,
                                               rows_C64, rows_C128, rows_BOOL, NULL };
