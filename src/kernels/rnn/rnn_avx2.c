/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_avx2.c -- gates of recurrent layers, 8 at a time. */
#include "kernels/elt/v_avx2.h"

#include "kernels/rnn/rnn_body.h"

const td_rnn_isa td_rnn_isa_avx2 = { { lstm_gates, gru_gates } };
