/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_lstm_steps.c -- _LiteLstmSteps: TFLite's LSTM of integers: input, state and weights of 8 bits, gates and cell of 16. A
 * gate's sums have 12 bits behind the point, gates 15, the cell as many as its scale says, which is a power of 2. Every product
 * is rounded for itself, as TFLite does it. `places` as in lite_lstm.h. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/quant/fixed_exp.h"
#include "ops/quant/lite.h"
#include "ops/quant/lite_lstm.h"

enum { X = TD_LITE_LSTM_X, H, CELL, I = 0, F, C, O, GATES };
/* Slots, four gates each: weights of the input, of the state, of the cell, biases; and those of the projection. */
enum { OF_X = 0, OF_H = 4, OF_CELL = 8, BIAS = 12, PROJECT = 16, PROJECT_BIAS, SLOTS };
enum { HIDDEN = 12, PROJECTED, FACTORS }; /* behind those of the first three kinds of slots */
enum { POINT = 15, WHOLE = 3 };

typedef struct lstm_attrs {
    int32_t places[SLOTS];
    td_fixed factors[FACTORS];
    int32_t zero_x, zero_h, zero_hidden;
    int32_t cell_bits, cell_clip, project_clip; /* bits of the cell behind the point; clips of 0: none */
    bool time_major, is_backward;
} lstm_attrs;

static td_status lstm_parse(td_parse *p)
{
    lstm_attrs *const a = p->attrs;

    TD_TRY(td_lite_factors_of(p, FACTORS, a->factors));
    TD_TRY(td_lite_zero(p, "zero_x", TD_I8, &a->zero_x));
    TD_TRY(td_lite_zero(p, "zero_h", TD_I8, &a->zero_h));
    TD_TRY(td_lite_zero(p, "zero_hidden", TD_I8, &a->zero_hidden));
    TD_TRY(td_lite_int(p, "cell_bits", 1, POINT, &a->cell_bits));
    TD_TRY(td_lite_int(p, "cell_clip", 0, INT16_MAX, &a->cell_clip));
    TD_TRY(td_lite_int(p, "project_clip", 0, INT8_MAX, &a->project_clip));
    a->time_major = td_attr_bool(p, "time_major");
    a->is_backward = td_attr_bool(p, "backward");
    return td_lite_lstm_places(p, SLOTS, a->places);
}

/* ---------------------------------------------------------------- shapes */

static const td_tensor *operand(const td_call *c, int slot)
{
    const int32_t place = ((const lstm_attrs *)c->attrs)->places[slot];

    return place < 0 ? NULL : td_in(c, (uint32_t)place);
}

static td_status check(const td_call *c, int slot, td_dtype type, size_t rows, size_t cols, bool must_be)
{
    const td_tensor *const t = operand(c, slot);

    if (!t && !must_be) return NULL;
    if (!t || t->dtype != type || t->shape.rank != (cols ? 2 : 1) || t->shape.dims[0] != (int64_t)rows ||
        (cols && t->shape.dims[1] != (int64_t)cols))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "operand %d of an LSTM is not there, or does not fit", slot);
    return NULL;
}

static td_status check_all(const td_call *c, const td_lite_lstm *s)
{
    for (int gate = I; gate < GATES; gate++) {
        const bool must_be = gate != I || operand(c, OF_X + I) != NULL;

        TD_TRY(check(c, OF_X + gate, TD_I8, s->cells, s->inputs, must_be));
        TD_TRY(check(c, OF_H + gate, TD_I8, s->cells, s->outputs, must_be));
        TD_TRY(check(c, BIAS + gate, TD_I32, s->cells, 0, must_be));
        if (gate != C)
            TD_TRY(check(c, OF_CELL + gate, TD_I16, s->cells, 0, must_be && operand(c, OF_CELL + O)));
    }
    TD_TRY(check(c, PROJECT, TD_I8, s->outputs, s->cells, s->outputs != s->cells));
    TD_TRY(check(c, PROJECT_BIAS, TD_I32, s->outputs, 0, false));
    return td_lite_lstm_states(c, s, TD_I8, TD_I16);
}

static td_status find_sizes(const td_call *c, td_lite_lstm *s)
{
    TD_TRY(td_lite_lstm_sizes(c, TD_I8, ((const lstm_attrs *)c->attrs)->time_major, operand(c, OF_X + O),
                              operand(c, OF_H + O), s));
    return check_all(c, s);
}

static td_status lstm_infer(td_call *c)
{
    td_lite_lstm s;

    TD_TRY(find_sizes(c, &s));
    return td_lite_lstm_shapes(c, &s);
}

/* ---------------------------------------------------------------- run */

typedef struct lstm_state {
    td_lite_lstm s;
    size_t row_bytes;
} lstm_state;

static td_status lstm_prepare(td_call *c)
{
    lstm_state *const s = c->state;
    size_t each;

    TD_TRY(find_sizes(c, &s->s));
    if (!td_mul_size(s->s.cells, GATES * sizeof(int16_t) + 1, &each) ||
        !td_mul_size(td_round_up(each, 64), s->s.batch, &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the layer is too large");
    s->row_bytes = td_round_up(each, 64);
    c->work = td_lite_lstm_work(&s->s);
    return NULL;
}

typedef struct cell_step {
    const td_call *c;
    const lstm_attrs *a;
    const td_lite_lstm *s;
    int16_t *gates[GATES], *cell;
    int8_t *hidden, *h, *out;
    const int8_t *x;
} cell_step;

static const void *data_of(const cell_step *t, int slot)
{
    const td_tensor *const found = operand(t->c, slot);

    return found ? found->data : NULL;
}

static int16_t hold16(int64_t v)
{
    return (int16_t)td_steps_of(v, 0, INT16_MIN, INT16_MAX);
}

/* bias + w (x - zero), scaled. */
static int32_t product(const int8_t *w, const int8_t *x, size_t n, int32_t zero, int32_t bias, td_fixed f)
{
    uint32_t sum = (uint32_t)bias;

    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)(w[i] * (x[i] - zero));
    return td_fixed_times((int32_t)sum, f);
}

static void sum_gate(const cell_step *t, int gate)
{
    const int8_t *const wx = data_of(t, OF_X + gate), *const wh = data_of(t, OF_H + gate);
    const int32_t *const bias = data_of(t, BIAS + gate);
    const int16_t *const wc = gate == C ? NULL : data_of(t, OF_CELL + gate);
    const td_fixed *const f = t->a->factors;
    const size_t in = t->s->inputs, outs = t->s->outputs;

    for (size_t i = 0; i < t->s->cells; i++) {
        int16_t v = hold16(product(wx + i * in, t->x, in, t->a->zero_x, bias[i], f[OF_X + gate]));

        v = hold16((int64_t)v + product(wh + i * outs, t->h, outs, t->a->zero_h, 0, f[OF_H + gate]));
        if (wc) v = hold16((int64_t)v + td_fixed_times(wc[i] * t->cell[i], f[OF_CELL + gate]));
        t->gates[gate][i] = v;
    }
}

static void logistic_gate(const cell_step *t, int gate)
{
    sum_gate(t, gate);
    for (size_t i = 0; i < t->s->cells; i++)
        t->gates[gate][i] = (int16_t)td_fixed_logistic(t->gates[gate][i], WHOLE, POINT);
}

static int16_t rounded(int32_t v, int bits)
{
    return (int16_t)td_round_shift(v, bits);
}

static void update_cell(const cell_step *t)
{
    const bool is_coupled = !operand(t->c, OF_X + I);
    const int32_t most = t->a->cell_clip ? t->a->cell_clip : INT16_MAX,
                  least = t->a->cell_clip ? -most : INT16_MIN;

    logistic_gate(t, F);
    sum_gate(t, C);
    if (!is_coupled) logistic_gate(t, I);
    for (size_t i = 0; i < t->s->cells; i++) {
        const int16_t forget = t->gates[F][i],
                      in = is_coupled ? (int16_t)(INT16_MAX - forget) : t->gates[I][i];
        const int32_t value = td_fixed_tanh(t->gates[C][i], WHOLE, POINT);
        const int16_t kept = rounded(forget * t->cell[i], POINT);
        const int16_t added = rounded(in * value, 2 * POINT - t->a->cell_bits);

        t->cell[i] = (int16_t)td_steps_clamp(hold16(kept + added), least, most);
    }
}

static void project(const cell_step *t)
{
    const int8_t *const w = data_of(t, PROJECT);
    const int32_t *const bias = data_of(t, PROJECT_BIAS);
    const size_t n = t->s->cells;
    const int32_t most = t->a->project_clip ? t->a->project_clip : INT8_MAX;
    const int32_t least = t->a->project_clip ? -most : INT8_MIN;

    for (size_t i = 0; i < t->s->outputs; i++) {
        const int32_t v =
            product(w + i * n, t->hidden, n, t->a->zero_hidden, bias ? bias[i] : 0, t->a->factors[PROJECTED]);
        const int32_t held = td_steps_of(v, t->a->zero_h, INT8_MIN, INT8_MAX);

        t->out[i] = (int8_t)td_steps_clamp(held, least, most);
    }
}

static void run_step(const cell_step *t)
{
    update_cell(t);
    logistic_gate(t, O);
    for (size_t i = 0; i < t->s->cells; i++) {
        const int32_t value = td_fixed_tanh(t->cell[i], POINT - t->a->cell_bits, POINT);

        t->hidden[i] = (int8_t)td_steps_of(td_fixed_times(t->gates[O][i] * value, t->a->factors[HIDDEN]),
                                           t->a->zero_hidden, INT8_MIN, INT8_MAX);
    }
    if (operand(t->c, PROJECT))
        project(t);
    else
        memcpy(t->out, t->hidden, t->s->outputs);
    memcpy(t->h, t->out, t->s->outputs);
}

static void run_row(const td_call *c, size_t b)
{
    const lstm_state *const state = c->state;
    const td_lite_lstm *const s = &state->s;
    const lstm_attrs *const a = c->attrs;
    int16_t *const gates = (int16_t *)(void *)((char *)c->scratch + b * state->row_bytes);
    cell_step t = { .c = c,
                    .a = a,
                    .s = s,
                    .hidden = (int8_t *)(gates + GATES * s->cells),
                    .h = (int8_t *)td_out(c, 1)->data + b * s->outputs,
                    .cell = (int16_t *)td_out(c, 2)->data + b * s->cells };

    for (int g = I; g < GATES; g++)
        t.gates[g] = gates + (size_t)g * s->cells;
    for (size_t i = 0; i < s->time; i++) {
        const size_t at = a->is_backward ? s->time - 1 - i : i;
        const size_t row = a->time_major ? at * s->batch + b : b * s->time + at;

        t.x = (const int8_t *)td_in(c, X)->data + row * s->inputs;
        t.out = (int8_t *)td_out(c, 0)->data + row * s->outputs;
        run_step(&t);
    }
}

static void run_rows(void *ctx, size_t begin, size_t end)
{
    for (size_t b = begin; b < end; b++)
        run_row(ctx, b);
}

static td_status lstm_run(td_call *c)
{
    const lstm_state *const s = c->state;

    memcpy(td_out(c, 1)->data, td_in(c, H)->data, s->s.batch * s->s.outputs);
    memcpy(td_out(c, 2)->data, td_in(c, CELL)->data, s->s.batch * s->s.cells * sizeof(int16_t));
    td_call_parallel(c, s->s.batch, 1, run_rows, c);
    return NULL;
}

static const td_kernel lstm_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(lstm_state), lstm_prepare, lstm_run, NULL },
    { 0 },
};

const td_op td_ops_lite_lstm_steps[] = {
    { .name = "_LiteLstmSteps",
      .sig = "in: Tin -> output: int8, h: int8, c: int16",
      .attrs = "Tin: list(type), places: list(int), " TD_LITE_FACTORS_ATTRS ", zero_x: int, zero_h: int, "
               "zero_hidden: int, cell_bits: int, cell_clip: int, project_clip: int, time_major: bool, "
               "backward: bool",
      .attrs_size = sizeof(lstm_attrs),
      .parse = lstm_parse,
      .infer = lstm_infer,
      .kernels = lstm_kernels },
    { 0 },
};
