/* SPDX-License-Identifier: Apache-2.0 */
/* rnn.h -- recurrent layers: all steps of an LSTM or a GRU over a sequence, in float.
 *
 * What a step adds to the sums of its gates is computed for many steps at once, x[t] Wx + b; then each step
 * adds h Wh and turns the sums into the next state. Rows of the batch never meet, so threads take rows, each
 * through the whole sequence, and need no barrier.
 *
 *   LSTM, sums of i f g o:   c' = sigmoid(f) c + sigmoid(i) tanh(g),   h' = sigmoid(o) tanh(c')
 *   GRU, sums of z r n:      n' = tanh(n_x + sigmoid(r) (n_h + bias_h)),   h' = z h + (1 - z) n'
 *
 * A GRU keeps the sums of x and of h apart (reset_after).
 */
#ifndef TD_KERNELS_RNN_RNN_H
#define TD_KERNELS_RNN_RNN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/variant.h"
#include "device/team.h"
#include "kernels/gemm/gemm.h"

typedef enum td_rnn_kind { TD_RNN_LSTM = 0, TD_RNN_GRU } td_rnn_kind;

/* One row of the batch. sums: gates * hidden elements, for a GRU those of x; own: those of h (GRU). c: the
 * LSTM's cell, changed in place. h: the GRU's state before. out may be h. */
typedef void td_rnn_gates_fn(const float *sums, const float *own, float *c, const float *h, float *out,
                             size_t hidden);

typedef struct td_rnn_isa {
    td_rnn_gates_fn *gates[2]; /* by td_rnn_kind */
} td_rnn_isa;

extern const td_rnn_isa td_rnn_isa_ref, td_rnn_isa_avx2, td_rnn_isa_avx512;

TD_VARIANTS(rnn, const td_rnn_isa *);

/* Shapes of one layer, and how it is cut. */
typedef struct td_rnn_plan {
    td_rnn_kind kind;
    size_t steps, batch, inputs, hidden;
    size_t shards, shard_rows; /* rows of the batch that go through the sequence together */
    size_t chunk;              /* steps whose x Wx is computed at once */
    size_t shard_bytes;        /* of scratch */
} td_rnn_plan;

size_t td_rnn_gates(td_rnn_kind kind);

/* steps, batch, inputs and hidden may be 0. RNN sizes are checked by the caller: products fit size_t. */
td_rnn_plan td_rnn_plan_make(td_rnn_kind kind, size_t steps, size_t batch, size_t inputs, size_t hidden,
                             int threads);

typedef struct td_rnn {
    const td_rnn_plan *plan;
    const td_gemm_isa *gemm;
    td_rnn_gates_fn *gates;
    const float *x, *h0, *c0; /* [steps, batch, inputs], [batch, hidden] */
    const float *wx, *wh;     /* packed by td_gemm_pack() */
    const float *bx, *bh;     /* bh: GRU only */
    float *seq;               /* [steps, batch, hidden]: every h; NULL: not wanted */
    float *h, *c;             /* the last ones; h must be there, c where there is a cell */
    void *scratch;            /* plan->shards * plan->shard_bytes */
} td_rnn;

void td_rnn_run(const td_rnn *r, td_team *team);

#endif
