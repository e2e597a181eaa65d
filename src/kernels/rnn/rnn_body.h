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

#define FAR 40.0f

VM_INLINE V one_plus(V e)
{
    return V_ADD(e, V_SET1(1.0f));
}

/* e^-x */
VM_INLINE V falling(V x)
{
    return v_exp_near(V_MAX(V_SET1(-FAR), V_MIN(V_SET1(FAR), V_SUB(V_ZERO(), x)))); /* NaN passes */
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

/* Each of these goes over all cells before the next one begins: a cell's own chain of instructions is long, and a CPU looks
 * ahead for the next cell's only so far. What one leaves for the next takes the place of sums. */
#define FOR_ALL_CELLS(x, step)                                                                               \
    for (size_t row = 0; row < (x)->rows; row++) {                                                           \
        size_t k = 0;                                                                                        \
                                                                                                             \
        for (; k + VW <= (x)->units; k += VW)                                                                \
            step(cells_at(x, row, k), VW);                                                                   \
        if (k < (x)->units) step(cells_at(x, row, k), (x)->units - k);                                       \
    }

/* ---------------------------------------------------------------- LSTM */

VM_INLINE V lstm_sum(cells x, size_t gate, size_t n)
{
    const V sum = load_n(x.sums + gate * x.gap, n);

    return x.own ? V_ADD(sum, load_n(x.own + gate * x.gap, n)) : sum;
}

VM_INLINE void lstm_falling(cells x, size_t n)
{
    store_n(x.sums, n, one_plus(falling(lstm_sum(x, 0, n))));
    store_n(x.sums + x.gap, n, one_plus(falling(lstm_sum(x, 1, n))));
    store_n(x.sums + 3 * x.gap, n, one_plus(falling(lstm_sum(x, 3, n))));
}

VM_INLINE void lstm_cell(cells x, size_t n)
{
    const V in = load_n(x.sums, n), keep = load_n(x.sums + x.gap, n);
    V p, q;

    v_tanh_ratio(lstm_sum(x, 2, n), &p, &q);
    const V below = V_MUL(in, q), above = V_FMA(load_n(x.c, n), below, V_MUL(p, keep));
    store_n(x.c, n, V_DIV(above, V_MUL(below, keep)));
}

VM_INLINE void lstm_state(cells x, size_t n)
{
    V p, q;

    v_tanh_ratio(load_n(x.c, n), &p, &q);
    store_n(x.out, n, V_DIV(p, V_MUL(load_n(x.sums + 3 * x.gap, n), q)));
}

static void lstm_gates(const td_rnn_cells *x){ FOR_ALL_CELLS(x, lstm_falling) FOR_ALL_CELLS(x, lstm_cell)
                                                   FOR_ALL_CELLS(x, lstm_state) }

/* ---------------------------------------------------------------- GRU */

VM_INLINE V gru_sum(cells x, size_t gate, size_t n)
{
    return V_ADD(load_n(x.sums + gate * x.gap, n), load_n(x.own + gate * x.gap, n));
}

VM_INLINE void gru_falling(cells x, size_t n)
{
    store_n(x.sums, n, falling(gru_sum(x, 0, n)));
    store_n(x.sums + x.gap, n, V_DIV(V_SET1(1.0f), one_plus(falling(gru_sum(x, 1, n)))));
}

VM_INLINE void gru_state(cells x, size_t n)
{
    const V e = load_n(x.sums, n), r = load_n(x.sums + x.gap, n);
    V p, q;

    v_tanh_ratio(V_FMA(r, load_n(x.own + 2 * x.gap, n), load_n(x.sums + 2 * x.gap, n)), &p, &q);
    store_n(x.out, n, V_DIV(V_FMA(load_n(x.h, n), q, V_MUL(e, p)), V_MUL(one_plus(e), q)));
}

static void gru_gates(const td_rnn_cells *x)
{
    FOR_ALL_CELLS(x, gru_falling)
    FOR_ALL_CELLS(x, gru_state)
}
