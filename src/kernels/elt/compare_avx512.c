/* SPDX-License-Identifier: Apache-2.0 */
/* compare_avx512.c -- see compare_vec.inc. */
#include "kernels/elt/compare_vec.inc"

const td_elt_row *const td_compare_avx512[] = { rows_F32, rows_I32, rows_I64, NULL };
