/* act_avx512.c -- activations, 16 at a time. */
#include "kernels/act/v_avx512.h"

#include "kernels/act/act_body.h"

td_act_fn *const td_acts_avx512[TD_ACT_COUNT] = ACT_TABLE;
