/* SPDX-License-Identifier: Apache-2.0 */
/* rnn_body.h -- gates over V; included by one file for each instruction set, after its v_*.h.
 *
 * A division costs as much as half a function, so each result is one fraction: of sigmoid(x) = 1 / (1 + e^-x) and tanh(x) = p / q,
 *
 *   c' = (c (1 + e^-i) q_g + p_g (1 + e^-f)) / ((1 + e^-f) (1 + e^-i) q_g),   h' = p_c' / ((1 + e^-o) q_c')
 *   h' = (h q_n + e^-z p_n) / ((1 + e^-z) q_n)                                of a GRU
 *
 * Exponents end at FAR, where the product of two is a float yet and sigmoid is 0 to 1e-17.
 */
#include "kernels/elt/vmath.h"
#include "kernels/rnn/rnn.h"

#define FAR  40.0f
#define SHUT 2e17f /* e^FAR is more */

VM_INLINE V one_plus(V e)
{
    return V_ADD(e, V_SET1(1.0f));
}

/* e^-x */
VM_INLINE V falling(V x)
{
    return v_exp_near(V_MAX(V_SET1(-FAR), V_MIN(V_SET1(FAR), V_SUB(V_ZERO(), x)))); /* NaN passes */
}

/* What x is behind a gate of 1 / (1 + e) that is 0: of infinity that is not a number. */
VM_INLINE V gated(V e, V x)
{
    return V_BLEND_GT(e, V_SET1(SHUT), V_MUL(x, V_ZERO()), x);
}

/* n of VW; a whole vector needs no mask. */
VM_INLINE V load_n(const float *x, size_t n)
{
    return n == VW ? V_LOAD(x) : V_LOAD_N(x, n);
}

VM_INLINE void store_n(float *x, size_t n, V v)
{
    if (n == VW)
        V_STORE(x, v);
    else
        V_STORE_N(x, n, v);
}

/* Pointers to what belongs to some units of a row. */
typedef struct cells {
    float *sums, *c, *out;
    const float *own, *h;
    size_t gap;
} cells;

VM_INLINE cells cells_at(const td_rnn_cells *x, size_t row, size_t k)
{
    const size_t at = row * x->sums_ld + k, state = row * x->ld + k;

    return (cells){ x->sums + at,
                    x->c ? x->c + state : NULL,
                    x->out + state,
                    x->own ? x->own + at : NULL,
                    x->h ? x->h + state : NULL,
                    x->gap };
}

/* Of many whole vectors, each step goes over all cells before the next one begins: a cell's own chain of instructions is long,
 * and a CPU looks ahead for the next cell's only so far. What one step leaves for the next takes the place of sums. */
VM_INLINE bool is_few(const td_rnn_cells *x)
{
    return x->rows * x->units < 4 * VW;
}

#define FOR_WHOLE_CELLS(x, step)                                                                             \
    for (size_t row = 0; row < (x)->rows; row++)                                                             \
        for (size_t k = 0; k + VW <= (x)->units; k += VW)                                                    \
            step(cells_at(x, row, k), VW);

#define FOR_OTHER_CELLS(x, step)                                                                             \
    for (size_t row = 0, k = (x)->units / VW * VW; k < (x)->units && row < (x)->rows; row++)                 \
        step(cells_at(x, row, k), (x)->units - k);

/* ---------------------------------------------------------------- LSTM */

VM_INLINE V lstm_sum(cells x, size_t gate, size_t n)
{
    const V sum = load_n(x.sums + gate * x.gap, n);

    return x.own ? V_ADD(sum, load_n(x.own + gate * x.gap, n)) : sum;
}

/* From what is below in the fractions of i and f. */
VM_INLINE V lstm_cell(V in, V keep, V g, V c)
{
    V p, q;

    v_tanh_ratio(g, &p, &q);
    const V below = V_MUL(in, q);
    return V_DIV(V_FMA(gated(keep, c), below, V_MUL(p, keep)), V_MUL(below, keep));
}

VM_INLINE V lstm_state(V out, V cell)
{
    V p, q;

    v_tanh_ratio(cell, &p, &q);
    return V_DIV(p, V_MUL(out, q));
}

VM_INLINE void lstm_step_1(cells x, size_t n)
{
    store_n(x.sums, n, one_plus(falling(lstm_sum(x, 0, n))));
    store_n(x.sums + x.gap, n, one_plus(falling(lstm_sum(x, 1, n))));
    store_n(x.sums + 3 * x.gap, n, one_plus(falling(lstm_sum(x, 3, n))));
}

VM_INLINE void lstm_step_2(cells x, size_t n)
{
    store_n(x.c, n,
            lstm_cell(load_n(x.sums, n), load_n(x.sums + x.gap, n), lstm_sum(x, 2, n), load_n(x.c, n)));
}

VM_INLINE void lstm_step_3(cells x, size_t n)
{
    store_n(x.out, n, lstm_state(load_n(x.sums + 3 * x.gap, n), load_n(x.c, n)));
}

VM_INLINE void lstm_at_once(cells x, size_t n)
{
    const V in = one_plus(falling(lstm_sum(x, 0, n))), keep = one_plus(falling(lstm_sum(x, 1, n)));
    const V out = one_plus(falling(lstm_sum(x, 3, n)));
    const V cell = lstm_cell(in, keep, lstm_sum(x, 2, n), load_n(x.c, n));

    store_n(x.c, n, cell);
    store_n(x.out, n, lstm_state(out, cell));
}

static void lstm_gates(const td_rnn_cells *x)
{
    if (is_few(x)) {
        FOR_WHOLE_CELLS(x, lstm_at_once)
    } else {
        FOR_WHOLE_CELLS(x, lstm_step_1)
        FOR_WHOLE_CELLS(x, lstm_step_2)
        FOR_WHOLE_CELLS(x, lstm_step_3)
    }
    FOR_OTHER_CELLS(x, lstm_at_once)
}

/* ---------------------------------------------------------------- GRU */

VM_INLINE V gru_sum(cells x, size_t gate, size_t n)
{
    return V_ADD(load_n(x.sums + gate * x.gap, n), load_n(x.own + gate * x.gap, n));
}

/* e^-z of the gate's sum z. */
VM_INLINE V gru_state(cells x, V e, V r, size_t n)
{
    V p, q;

    v_tanh_ratio(V_FMA(r, load_n(x.own + 2 * x.gap, n), load_n(x.sums + 2 * x.gap, n)), &p, &q);
    return V_DIV(V_FMA(gated(e, load_n(x.h, n)), q, V_MUL(e, p)), V_MUL(one_plus(e), q));
}

VM_INLINE V gru_reset(cells x, size_t n)
{
    const V e = falling(gru_sum(x, 1, n));

    return gated(e, V_DIV(V_SET1(1.0f), one_plus(e)));
}

VM_INLINE void gru_step_1(cells x, size_t n)
{
    store_n(x.sums, n, falling(gru_sum(x, 0, n)));
    store_n(x.sums + x.gap, n, gru_reset(x, n));
}

VM_INLINE void gru_step_2(cells x, size_t n)
{
    store_n(x.out, n, gru_state(x, load_n(x.sums, n), load_n(x.sums + x.gap, n), n));
}

VM_INLINE void gru_at_once(cells x, size_t n)
{
    const V r = gru_reset(x, n), e = falling(gru_sum(x, 0, n));

    store_n(x.out, n, gru_state(x, e, r, n));
}

static void gru_gates(const td_rnn_cells *x)
{
    if (is_few(x)) {
        FOR_WHOLE_CELLS(x, gru_at_once)
    } else {
        FOR_WHOLE_CELLS(x, gru_step_1)
        FOR_WHOLE_CELLS(x, gru_step_2)
    }
    FOR_OTHER_CELLS(x, gru_at_once)
}
