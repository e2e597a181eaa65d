/* SPDX-License-Identifier: Apache-2.0 */
/* act_avx2.c -- activations, 8 at a time. */
#include "kernels/elt/v_avx2.h"

#include "kernels/elt/act_body.h"

td_act_fn *const td_acts_avx2[TD_ACT_COUNT] = ACT_TABLE;
