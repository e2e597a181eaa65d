/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_avx512.c -- gates of recurrent layers, 16 at a time. */
#include "kernels/elt/v_avx512.h"

#include "kernels/rnn/rnn_body.h"

const td_rnn_isa td_rnn_isa_avx512 = { { lstm_gates, gru_gates } };
