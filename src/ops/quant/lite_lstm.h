/* SPDX-License-Identifier: Apache-2.0 */
/* lite_lstm.h -- what TFLite's LSTMs of floats and of integers have in common: sizes, and how their inputs lie.
 *
 * Inputs are x, the hidden state, the cell, and then whichever operands there are; `places` says which input each of them is, -1: none.
 * x is [batch, time, inputs], or [time, batch, inputs], or one step without the time. Outputs are y and both states. */
#ifndef TD_OPS_QUANT_LITE_LSTM_H
#define TD_OPS_QUANT_LITE_LSTM_H

#include "ops/op.h"

enum { TD_LITE_LSTM_X = 0, TD_LITE_LSTM_H, TD_LITE_LSTM_CELL, TD_LITE_LSTM_GATES = 4 };

typedef struct td_lite_lstm {
    size_t batch, time, inputs, aux, cells, outputs; /* aux: of a second input; 0: there is none */
} td_lite_lstm;

/* Attribute `places`, of n operands. INVALID_ARGUMENT: there are others, or one is no input. */
TD_MUST_USE td_status td_lite_lstm_places(const td_parse *p, int n, int32_t *out);
/* All but aux. w, r: one gate's weights of the input and of the state, NULL if they are not there. INVALID_ARGUMENT. */
TD_MUST_USE td_status td_lite_lstm_sizes(const td_call *c, td_dtype of_x, bool time_major, const td_tensor *w,
                                         const td_tensor *r, td_lite_lstm *out);
/* INVALID_ARGUMENT, with the numbers: the states that the model keeps are not of this batch. */
TD_MUST_USE td_status td_lite_lstm_states(const td_call *c, const td_lite_lstm *s, td_dtype of_h,
                                          td_dtype of_cell);
TD_MUST_USE td_status td_lite_lstm_shapes(td_call *c, const td_lite_lstm *s); /* of the outputs */
double td_lite_lstm_work(const td_lite_lstm *s); /* floating-point operations, about */

#endif
