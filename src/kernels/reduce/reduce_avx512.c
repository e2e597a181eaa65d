/* SPDX-License-Identifier: Apache-2.0 */
/* reduce_avx512.c -- sums and extremes of floats and int32 for AVX-512. */
#include "kernels/reduce/body.h"

#define TD_REDUCE_LANES 64
#include "kernels/reduce/fast.inc"

const td_reduce_row *const td_reduce_avx512[] = { rows_F32, rows_BF16, rows_I32, NULL };
