/* SPDX-License-Identifier: Apache-2.0 */
/* unary_avx512.c -- see unary_vec.inc. */
#include "kernels/elt/unary_vec.inc"

const td_elt_row *const td_unary_avx512[] = { rows_F32, NULL };
