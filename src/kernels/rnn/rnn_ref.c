/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_ref.c -- the definition of the gates, in double. */
#include <math.h>

#include "kernels/rnn/rnn.h"

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* Sum g of unit k. */
static double lstm_sum(const td_rnn_cells *x, size_t row, size_t g, size_t k)
{
    const size_t at = row * x->sums_ld + g * x->gap + k;

    return (double)x->sums[at] + (x->own ? (double)x->own[at] : 0.0);
}

static void lstm_gates(const td_rnn_cells *x)
{
    for (size_t row = 0; row < x->rows; row++)
        for (size_t k = 0; k < x->units; k++) {
            float *const c = x->c + row * x->ld + k;
            const double i = lstm_sum(x, row, 0, k), f = lstm_sum(x, row, 1, k), g = lstm_sum(x, row, 2, k);
            const double cell = sigmoid(f) * (double)*c + sigmoid(i) * tanh(g);

            *c = (float)cell;
            x->out[row * x->ld + k] = (float)(sigmoid(lstm_sum(x, row, 3, k)) * tanh(cell));
        }
}

static void gru_gates(const td_rnn_cells *x)
{
    for (size_t row = 0; row < x->rows; row++)
        for (size_t k = 0; k < x->units; k++) {
            const float *const s = x->sums + row * x->sums_ld + k, *const own = x->own + row * x->sums_ld + k;
            const double z = sigmoid((double)s[0] + (double)own[0]);
            const double r = sigmoid((double)s[x->gap] + (double)own[x->gap]);
            const double fresh = tanh((double)s[2 * x->gap] + r * (double)own[2 * x->gap]);

            x->out[row * x->ld + k] = (float)(z * (double)x->h[row * x->ld + k] + (1.0 - z) * fresh);
        }
}

const td_rnn_isa td_rnn_isa_ref = { { lstm_gates, gru_gates } };
