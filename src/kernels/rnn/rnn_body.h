/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_body.h -- gates over V; included by one file for each instruction set, after its v_*.h. */
#include "kernels/elt/vmath.h"
#include "kernels/rnn/rnn.h"

VM_INLINE V lstm_cell(V i, V f, V g, V c)
{
    return V_FMA(v_sigmoid(f), c, V_MUL(v_sigmoid(i), v_tanh(g)));
}

static void lstm_gates(const float *sums, const float *own, float *c, const float *h, float *out, size_t n)
{
    const float *const i = sums, *const f = sums + n, *const g = f + n, *const o = g + n;
    size_t k = 0;

    (void)own;
    (void)h;
    for (; k + VW <= n; k += VW) {
        const V cell = lstm_cell(V_LOAD(i + k), V_LOAD(f + k), V_LOAD(g + k), V_LOAD(c + k));
        V_STORE(c + k, cell);
        V_STORE(out + k, V_MUL(v_sigmoid(V_LOAD(o + k)), v_tanh(cell)));
    }
    if (k == n) return;
    const size_t rest = n - k;
    const V cell =
        lstm_cell(V_LOAD_N(i + k, rest), V_LOAD_N(f + k, rest), V_LOAD_N(g + k, rest), V_LOAD_N(c + k, rest));
    V_STORE_N(c + k, rest, cell);
    V_STORE_N(out + k, rest, V_MUL(v_sigmoid(V_LOAD_N(o + k, rest)), v_tanh(cell)));
}

VM_INLINE V gru_state(V zx, V zh, V rx, V rh, V nx, V nh, V h)
{
    const V z = v_sigmoid(V_ADD(zx, zh)), r = v_sigmoid(V_ADD(rx, rh));
    const V fresh = v_tanh(V_FMA(r, nh, nx));
    return V_FMA(z, h, V_MUL(V_SUB(V_SET1(1.0f), z), fresh));
}

static void gru_gates(const float *sums, const float *own, float *c, const float *h, float *out, size_t n)
{
    const float *const z = sums, *const r = sums + n, *const x = r + n;
    const float *const zh = own, *const rh = own + n, *const xh = rh + n;
    size_t k = 0;

    (void)c;
    for (; k + VW <= n; k += VW)
        V_STORE(out + k, gru_state(V_LOAD(z + k), V_LOAD(zh + k), V_LOAD(r + k), V_LOAD(rh + k),
                                   V_LOAD(x + k), V_LOAD(xh + k), V_LOAD(h + k)));
    if (k == n) return;
    const size_t rest = n - k;
    V_STORE_N(out + k, rest,
              gru_state(V_LOAD_N(z + k, rest), V_LOAD_N(zh + k, rest), V_LOAD_N(r + k, rest),
                        V_LOAD_N(rh + k, rest), V_LOAD_N(x + k, rest), V_LOAD_N(xh + k, rest),
                        V_LOAD_N(h + k, rest)));
}
