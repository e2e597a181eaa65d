/* SPDX-License-Identifier: Apache-2.0 */
/* rnn.h -- recurrent layers: all steps of an LSTM or a GRU over a sequence.
 *
 * What a step adds to the sums of its gates is computed for many steps at once, x[t] Wx + b; then each step
 * adds h Wh and turns the sums into the next state.
 *
 *   LSTM, sums of i f g o:   c' = sigmoid(f) c + sigmoid(i) tanh(g),   h' = sigmoid(o) tanh(c')
 *   GRU, sums of z r n:      n' = tanh(n_x + sigmoid(r) (n_h + bias_h)),   h' = z h + (1 - z) n'
 *
 * A GRU keeps the sums of x and of h apart (reset_after).
 *
 * Units go in groups of TD_RNN_GROUP, whose weights, of all gates, are packed together: what a group's sums are is all that
 * its part of the next state needs. Rows of the batch never meet, so threads take rows, each through the whole sequence, and
 * need not wait for one another. Where rows are few, or weights are larger than a core's cache, they share a step
 * instead: each takes some groups (a part), and a step begins when all parts of the one before are done.
 */
#ifndef TD_KERNELS_RNN_RNN_H
#define TD_KERNELS_RNN_RNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/variant.h"
#include "device/team.h"
#include "kernels/amx/tile.h"
#include "kernels/gemm/gemm.h"
#include "kernels/wide/wide.h"

typedef enum td_rnn_kind { TD_RNN_LSTM = 0, TD_RNN_GRU } td_rnn_kind;

enum { TD_RNN_GROUP = 32, TD_RNN_MAX_GATES = 4 };

size_t td_rnn_gates(td_rnn_kind kind);

/* Some rows of some units. */
typedef struct td_rnn_cells {
    size_t rows, units;
    /* Changed. A gate's are `gap` elements behind those of the gate before, a row's sums_ld. */
    float *sums;
    /* Of the same layout: a GRU's of h, or what is yet to be added to an LSTM's (NULL: nothing). */
    const float *own;
    size_t gap, sums_ld;
    float *c;       /* the LSTM's cell, changed in place */
    const float *h; /* the GRU's state before */
    float *out;     /* not h */
    size_t ld;      /* of c, h and out */
} td_rnn_cells;

typedef void td_rnn_gates_fn(const td_rnn_cells *cells);

typedef struct td_rnn_isa {
    td_rnn_gates_fn *gates[2]; /* by td_rnn_kind */
} td_rnn_isa;

extern const td_rnn_isa td_rnn_isa_ref, td_rnn_isa_avx2, td_rnn_isa_avx512;

TD_VARIANTS(rnn, const td_rnn_isa *);

/* One layer. Sizes may be 0; they are checked by the caller: products of them fit size_t. */
typedef struct td_rnn_ask {
    td_rnn_kind kind;
    size_t steps, batch, inputs, hidden;
    td_cpu cpu;
    int threads;
    bool is_bf16; /* products of bfloat16 will do; sums, gates and the cell are floats */
} td_rnn_ask;

/* How one is cut. */
typedef struct td_rnn_plan {
    td_rnn_ask ask;
    const struct td_rnn_body *body;
    td_rnn_gates_fn *gates;
    const td_gemm_isa *gemm;
    const td_amx_tiles *tiles;
    td_bf16_round_fn *round;
    size_t groups, width;      /* elements from row to row of a group's sums */
    size_t shards, shard_rows; /* rows of the batch that go through the sequence together */
    size_t parts;              /* of a shard: threads that share its steps */
    size_t chunk;              /* steps whose x Wx is computed at once */
    /* A shard's scratch, in bytes: how far parts are, biases as groups have them, sums of x, of h, two states, what the body
     * wants for each part, and for all of them. */
    size_t at_bias, at_sums, at_own, at_h, at_body, at_shared;
    size_t own_bytes, body_bytes; /* of a part */
    /* Of panels, for whole groups and for the last: columns, and of a panel. */
    size_t columns[2], panel[2];
    size_t shard_bytes;
} td_rnn_plan;

td_rnn_plan td_rnn_plan_make(const td_rnn_ask *ask);

typedef struct td_rnn {
    const td_rnn_plan *plan;
    const float *x, *h0, *c0; /* [steps, batch, inputs], [batch, hidden] */
    const void *wx, *wh;      /* packed by the body */
    const float *bx, *bh;     /* bh: GRU only; as TensorFlow has them: [gates * hidden] */
    float *seq;               /* [steps, batch, hidden]: every h; NULL: not wanted */
    float *h, *c;             /* the last ones; h must be there, c where there is a cell */
    void *scratch;            /* plan->shards * plan->shard_bytes, 64-byte aligned */
} td_rnn;

void td_rnn_run(const td_rnn *r, td_team *team);

#endif
