/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_ref.c -- the definition of the gates, in double. */
#include <math.h>

#include "kernels/rnn/rnn.h"

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void lstm_gates(const float *sums, const float *own, float *c, const float *h, float *out, size_t n)
{
    (void)own;
    (void)h;
    for (size_t k = 0; k < n; k++) {
        const double i = (double)sums[k], f = (double)sums[n + k], g = (double)sums[2 * n + k];
        const double cell = sigmoid(f) * (double)c[k] + sigmoid(i) * tanh(g);
        c[k] = (float)cell;
        out[k] = (float)(sigmoid((double)sums[3 * n + k]) * tanh(cell));
    }
}

static void gru_gates(const float *sums, const float *own, float *c, const float *h, float *out, size_t n)
{
    (void)c;
    for (size_t k = 0; k < n; k++) {
        const double z = sigmoid((double)sums[k] + (double)own[k]);
        const double r = sigmoid((double)sums[n + k] + (double)own[n + k]);
        const double fresh = tanh((double)sums[2 * n + k] + r * (double)own[2 * n + k]);
        out[k] = (float)(z * (double)h[k] + (1.0 - z) * fresh);
    }
}

const td_rnn_isa td_rnn_isa_ref = { { lstm_gates, gru_gates } };
