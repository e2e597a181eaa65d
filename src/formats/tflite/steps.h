/* SPDX-License-Identifier: Apache-2.0 */
/* steps.h -- quantised tensors of TFLite: a number is scale * (step - zero). Scales and zero points are checked here before
 * anything is computed of them: what is wrong becomes the operator's trouble.
 *
 * For the files of this directory only. */
#ifndef TD_FORMATS_TFLITE_STEPS_H
#define TD_FORMATS_TFLITE_STEPS_H

#include "formats/tflite/lower.h"
#include "kernels/quant/fixed.h"

typedef struct td_tfl_steps {
    td_dtype type;
    float scale;
    int32_t zero, low, high; /* low, high: of the type */
} td_tfl_steps;

/* Operand or result i with one scale. After trouble: some that may be computed with. */
td_tfl_steps td_tfl_steps_in(td_tfl_op *o, size_t i);
td_tfl_steps td_tfl_steps_out(td_tfl_op *o, size_t i);
td_tfl_steps td_tfl_steps_between(td_tfl_op *o, size_t i); /* intermediate tensor i */
int32_t td_tfl_zero_of(const td_tfl_tensor *t);            /* a byte's first zero point, whatever it is */
/* The scales of operand i along axis `axis`, one or as many as that has, and *zero, which all have. NULL: there is trouble. */
const float *td_tfl_scales_in(td_tfl_op *o, size_t i, int32_t axis, size_t *n, int32_t *zero);

/* Trouble if it is none: too large. */
td_fixed td_tfl_factor(td_tfl_op *o, double factor);
/* Those of a node: its attributes multipliers and shifts. */
void td_tfl_set_factors(td_tfl_op *o, td_node *n, const td_fixed *factors, size_t n_factors);
/* zero, low and high; of low and high what the fused activation leaves. */
void td_tfl_set_steps(td_tfl_op *o, td_node *n, const td_tfl_steps *out, uint8_t activation);
/* The step of a number, not clamped. */
int32_t td_tfl_step_of(const td_tfl_steps *s, float v);

#endif
