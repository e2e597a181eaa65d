/* SPDX-License-Identifier: Apache-2.0 */
/* make_rnn.c -- recurrent layers as Keras exports them: a While over a list of rows, for the pass that makes one op of
 * it; and some that are a little different, which it must leave. */
#include <string.h>

#include "make.h"

enum { COUNTER, MAX, TIME, LIST, H, C, X_LIST, WX, WH, B, N_VARS };

typedef struct layer {
    int64_t time, inputs, hidden;
    bool is_gru, keeps_last, is_odd;
} layer;

static fz_id pair(fz_maker *m, int64_t a, int64_t b)
{
    const int64_t v[] = { a, b };

    return fz_const_ints(m, 1, 2, v);
}

static fz_id product(fz_maker *m, fz_id x, fz_id w)
{
    return FZ_ADD(m, 8, ((fz_id[]){ x, w }), "MatMul T=%%float");
}

static fz_id add(fz_maker *m, fz_id a, fz_id b)
{
    return fz_chance(&m->r, 70) ? fz_binary(m, "AddV2", a, b) : fz_binary(m, "AddV2", b, a);
}

static fz_id lstm(fz_maker *m, const layer *l, fz_id x, fz_id *cell)
{
    const fz_id sums = fz_binary(m, "BiasAdd", add(m, product(m, x, WX), product(m, H, WH)), B);
    const fz_id parts = FZ_ADD(m, 0, ((fz_id[]){ fz_int(m, 1), sums }), "Split T=%%float num_split=4");

    if (parts < 0) return -1;
    const fz_id i = fz_unary(m, "Sigmoid", parts), f = fz_unary(m, "Sigmoid", parts + 1);
    const fz_id fresh = fz_unary(m, l->is_odd ? "Softsign" : "Tanh", parts + 2);
    *cell = add(m, fz_binary(m, "Mul", f, C), fz_binary(m, "Mul", i, fresh));
    return fz_binary(m, "Mul", fz_unary(m, "Sigmoid", parts + 3), fz_unary(m, "Tanh", *cell));
}

static fz_id gru(fz_maker *m, const layer *l, fz_id x)
{
    const fz_id bias = fz_noise_const(m, TD_F32, &(td_shape){ 1, { 3 * l->hidden } }, FZ_USUAL);
    const fz_id sx = fz_binary(m, "BiasAdd", product(m, x, WX), B), sh = add(m, product(m, H, WH), bias);
    const fz_id px = FZ_ADD(m, 0, ((fz_id[]){ fz_int(m, -1), sx }), "Split T=%%float num_split=3");
    const fz_id ph = FZ_ADD(m, 0, ((fz_id[]){ fz_int(m, 1), sh }), "Split T=%%float num_split=3");

    if (px < 0 || ph < 0) return -1;
    const fz_id z = fz_unary(m, "Sigmoid", add(m, px, ph)),
                r = fz_unary(m, "Sigmoid", add(m, px + 1, ph + 1));
    const fz_id fresh =
        fz_unary(m, l->is_odd ? "Softsign" : "Tanh", add(m, px + 2, fz_binary(m, "Mul", r, ph + 2)));
    return add(m, fz_binary(m, "Mul", z, H),
               fz_binary(m, "Mul", fz_binary(m, "Sub", fz_scalar(m, 1.0f), z), fresh));
}

/* counter < max && time < steps */
static fz_maker *make_cond(fz_maker *m, const fz_id *vars, const layer *l)
{
    fz_maker *const b = fz_open_body(m, vars, N_VARS);

    if (!b) return NULL;
    const fz_id both = FZ_ADD(
        b, 0,
        ((fz_id[]){ fz_binary(b, "Less", COUNTER, MAX), fz_binary(b, "Less", TIME, fz_int(b, l->time)) }),
        "LogicalAnd");
    if (both < 0) return NULL;
    fz_return(b, both);
    fz_close_body(m, b);
    return b;
}

static fz_maker *make_step(fz_maker *m, const fz_id *vars, const layer *l)
{
    fz_maker *const b = fz_open_body(m, vars, N_VARS);
    fz_id next[N_VARS];

    if (!b) return NULL;
    for (int i = 0; i < N_VARS; i++)
        next[i] = i;
    const fz_id x = FZ_ADD(b, 0, ((fz_id[]){ X_LIST, TIME, pair(b, -1, l->inputs) }),
                           "TensorListGetItem element_dtype=%%float");
    next[H] = l->is_gru ? gru(b, l, x) : lstm(b, l, x, &next[C]);
    next[LIST] = FZ_ADD(b, 0, ((fz_id[]){ LIST, l->keeps_last ? fz_int(b, 0) : TIME, next[H] }),
                        "TensorListSetItem element_dtype=%%float");
    next[COUNTER] = fz_binary(b, "AddV2", COUNTER, fz_int(b, 1));
    next[TIME] = fz_binary(b, "AddV2", TIME, fz_int(b, 1));
    if (!fz_return_all(b, next, N_VARS)) return NULL;
    fz_close_body(m, b);
    return b;
}

static fz_id state(fz_maker *m, const layer *l)
{
    td_shape s[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        s[feed] = (td_shape){ 2, { m->batch[feed], l->hidden } };
    return fz_noise_arg(m, TD_F32, s);
}

static bool make_vars(fz_maker *m, const layer *l, fz_id *vars)
{
    const int64_t columns = (l->is_gru ? 3 : 4) * l->hidden, zero = 0, one = 1;
    td_shape s[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        s[feed] = (td_shape){ 3, { l->time, m->batch[feed], l->inputs } };
    const fz_id x = fz_noise_arg(m, TD_F32, s), shape = fz_unary(m, "Shape", x);
    const fz_id from = fz_const_ints(m, 1, 1, &zero), to = fz_const_ints(m, 1, 1, &one);
    const fz_id size = FZ_ADD(m, 0, ((fz_id[]){ shape, from, to, to }),
                              "StridedSlice T=%%int32 Index=%%int32 shrink_axis_mask=1");
    vars[COUNTER] = fz_int(m, 0);
    vars[MAX] = size;
    vars[TIME] = fz_int(m, 0);
    vars[LIST] = FZ_ADD(m, 0, ((fz_id[]){ pair(m, -1, l->hidden), l->keeps_last ? fz_int(m, 1) : size }),
                        "TensorListReserve element_dtype=%%float shape_type=%%int32");
    vars[H] = state(m, l);
    vars[C] = state(m, l);
    vars[X_LIST] = FZ_ADD(m, 0, ((fz_id[]){ x, pair(m, -1, l->inputs) }),
                          "TensorListFromTensor element_dtype=%%float shape_type=%%int32");
    vars[WX] = fz_noise_const(m, TD_F32, &(td_shape){ 2, { l->inputs, columns } }, FZ_USUAL);
    vars[WH] = fz_noise_const(m, TD_F32, &(td_shape){ 2, { l->hidden, columns } }, FZ_SMALL);
    vars[B] = fz_noise_const(m, TD_F32, &(td_shape){ 1, { columns } }, FZ_USUAL);
    for (int i = 0; i < N_VARS; i++)
        if (vars[i] < 0) return false;
    return true;
}

static void rnn(fz_maker *m)
{
    const layer l = { .time = fz_between(&m->r, 1, 6),
                      .inputs = fz_between(&m->r, 1, 7),
                      .hidden = fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 9 : 33),
                      .is_gru = fz_chance(&m->r, 50),
                      .keeps_last = fz_chance(&m->r, 30),
                      .is_odd = fz_chance(&m->r, 15) };
    fz_id vars[N_VARS];

    if (m->is_body || !make_vars(m, &l, vars)) return;
    fz_maker *const cond = make_cond(m, vars, &l), *const body = cond ? make_step(m, vars, &l) : NULL;
    if (!body) return;
    const fz_id out = FZ_ADD(
        m, 0, vars,
        "StatelessWhile T={%%int32%%int32%%int32%%variant%%float%%float%%variant%%float%%float%%float} "
        "cond=@%s body=@%s",
        cond->f->name, body->f->name);
    if (out < 0) return;
    const fz_id all = FZ_ADD(m, 0, ((fz_id[]){ out + LIST, pair(m, -1, l.hidden) }),
                             "TensorListStack element_dtype=%%float");
    if (all >= 0) (void)fz_unary(m, "Identity", all);
    (void)fz_unary(m, "Identity", out + H);
    if (!l.is_gru && fz_chance(&m->r, 50)) (void)fz_unary(m, "Identity", out + C);
}

const fz_production fz_rnn[] = { { "rnn", 1, rnn }, { 0 } };
