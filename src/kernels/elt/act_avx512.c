/* SPDX-License-Identifier: Apache-2.0 */
/* act_avx512.c -- activations, 16 at a time. */
#include "kernels/elt/v_avx512.h"

#include "kernels/elt/act_body.h"

td_act_fn *const td_acts_avx512[TD_ACT_COUNT] = ACT_TABLE;
