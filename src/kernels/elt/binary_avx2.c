/* SPDX-License-Identifier: Apache-2.0 */
/* binary_avx2.c -- see binary_vec.inc. */
#include "kernels/elt/binary_vec.inc"

const td_elt_row *const td_binary_avx2[] = { rows_F32, rows_F64, rows_I32, rows_I64, NULL };
