/* SPDX-License-Identifier: Apache-2.0 */
/* tail_avx512.c -- see tail.h. */
#include "kernels/elt/v_avx512.h"

#include "kernels/dnnl/tail_body.h"

TAIL(td_dnnl_tail_avx512)
