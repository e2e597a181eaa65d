/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_lstm.c -- _LiteLstm: TFLite's LSTM over floats, with all that it may have: weights of floats or of steps, a gate that
 * is coupled to another, weights of the cell (peepholes), norms of the gates, a projection, a second input.
 *
 * Inputs as in lite_lstm.h: the states before are some, those behind are outputs. Rows of a batch never meet. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/quant/lite_lstm.h"
#include "ops/quant/lite_product.h"

enum { X = TD_LITE_LSTM_X, H, CELL, I = 0, F, C, O, GATES };
/* Slots, four gates each: weights of the input, of the state, of the second input, of the cell, biases, norms; and others. */
enum {
    OF_X = 0,
    OF_H = 4,
    OF_AUX = 8,
    OF_CELL = 12,
    BIAS = 16,
    NORM = 20,
    PROJECT = 24,
    PROJECT_BIAS,
    AUX,
    SLOTS
};

typedef struct lstm_attrs {
    int32_t places[SLOTS];
    float scales[SLOTS]; /* of weights of steps; 0: floats */
    int activation;
    float cell_clip, project_clip;
    bool time_major, is_backward, is_asymmetric, has_steps;
} lstm_attrs;

static td_status read_scales(const td_parse *p, lstm_attrs *a)
{
    const td_attr_value *scales;

    if (td_attr_list(p, "scales", &scales) != SLOTS)
        return TD_ERR(INVALID_ARGUMENT, "%s: there are not %d scales", p->node->name, SLOTS);
    for (int i = 0; i < SLOTS; i++) {
        a->scales[i] = scales[i].u.f;
        a->has_steps |= a->scales[i] > 0;
        if (!(a->scales[i] >= 0) || !isfinite(a->scales[i]))
            return TD_ERR(INVALID_ARGUMENT, "%s: a scale of %g", p->node->name, (double)a->scales[i]);
    }
    return NULL;
}

static td_status lstm_parse(td_parse *p)
{
    lstm_attrs *const a = p->attrs;

    a->cell_clip = td_attr_float(p, "cell_clip");
    a->project_clip = td_attr_float(p, "project_clip");
    a->time_major = td_attr_bool(p, "time_major");
    a->is_backward = td_attr_bool(p, "backward");
    a->is_asymmetric = td_attr_bool(p, "asymmetric");
    TD_TRY(td_lite_activation(p, &a->activation));
    TD_TRY(td_lite_lstm_places(p, SLOTS, a->places));
    return read_scales(p, a);
}

/* ---------------------------------------------------------------- shapes */

static const td_tensor *operand(const td_call *c, int slot)
{
    const int32_t place = ((const lstm_attrs *)c->attrs)->places[slot];

    return place < 0 ? NULL : td_in(c, (uint32_t)place);
}

/* Slot, if it is there, is [rows, cols] of its type; cols 0: a vector. */
static td_status check(const td_call *c, int slot, size_t rows, size_t cols, bool must_be)
{
    const td_tensor *const t = operand(c, slot);
    const bool may_have_steps = slot < BIAS || slot == PROJECT;
    const td_dtype want = may_have_steps && ((const lstm_attrs *)c->attrs)->scales[slot] > 0 ? TD_I8 : TD_F32;

    if (!t && !must_be) return NULL;
    if (!t) return TD_OP_ERR(c, INVALID_ARGUMENT, "operand %d of an LSTM is not there", slot);
    if (t->dtype != want || t->shape.rank != (cols ? 2 : 1) || t->shape.dims[0] != (int64_t)rows ||
        (cols && t->shape.dims[1] != (int64_t)cols))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "operand %d of an LSTM does not fit %zu cells, %zu columns",
                         slot, rows, cols);
    return NULL;
}

static td_status check_gate(const td_call *c, const td_lite_lstm *s, int gate)
{
    const bool must_be = gate != I || operand(c, OF_X + I) != NULL;

    TD_TRY(check(c, OF_X + gate, s->cells, s->inputs, must_be));
    TD_TRY(check(c, OF_H + gate, s->cells, s->outputs, must_be));
    TD_TRY(check(c, OF_AUX + gate, s->cells, s->aux, must_be && s->aux));
    if (gate != C) TD_TRY(check(c, OF_CELL + gate, s->cells, 0, must_be && operand(c, OF_CELL + O)));
    TD_TRY(check(c, BIAS + gate, s->cells, 0, must_be));
    return check(c, NORM + gate, s->cells, 0, must_be && operand(c, NORM + F));
}

static td_status find_sizes(const td_call *c, td_lite_lstm *s)
{
    const td_shape *const x = &td_in(c, X)->shape;
    const td_tensor *const aux = operand(c, AUX);

    TD_TRY(td_lite_lstm_sizes(c, TD_F32, ((const lstm_attrs *)c->attrs)->time_major, operand(c, OF_X + O),
                              operand(c, OF_H + O), s));
    if (aux && (aux->shape.rank != x->rank || aux->dtype != TD_F32))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "the second input of an LSTM is of other dimensions");
    for (int i = 0; aux && i < x->rank - 1; i++)
        if (aux->shape.dims[i] != x->dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "the second input is of another batch or time");
    if (aux) s->aux = (size_t)aux->shape.dims[x->rank - 1];
    for (int gate = I; gate < GATES; gate++)
        TD_TRY(check_gate(c, s, gate));
    TD_TRY(check(c, PROJECT, s->outputs, s->cells, s->outputs != s->cells));
    TD_TRY(check(c, PROJECT_BIAS, s->outputs, 0, false));
    return td_lite_lstm_states(c, s, TD_F32, TD_F32);
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
    size_t row_bytes; /* of scratch: gates, steps of what products take */
} lstm_state;

static td_status lstm_prepare(td_call *c)
{
    lstm_state *const s = c->state;
    size_t floats, all;

    TD_TRY(find_sizes(c, &s->s));
    const size_t steps = s->s.inputs + s->s.aux + s->s.outputs + s->s.cells;

    if (!td_mul_size(s->s.cells, GATES * sizeof(float), &floats) || !td_add_size(floats, steps + 64, &all) ||
        !td_mul_size(td_round_up(all, 64), s->s.batch, &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the layer is too large");
    s->row_bytes = td_round_up(all, 64);
    c->work = td_lite_lstm_work(&s->s);
    return NULL;
}

typedef struct job {
    const td_call *c;
    const lstm_attrs *a;
    const td_lite_lstm *s;
    size_t row_bytes;
} job;

/* One row of the batch, at one time. */
typedef struct cell_step {
    const job *j;
    float *gates[GATES];
    td_lite_row x, aux, h, projected;
    float *h_state, *cell, *out;
} cell_step;

static const float *floats_of(const job *j, int slot)
{
    const td_tensor *const t = operand(j->c, slot);

    return t ? t->data : NULL;
}

static td_lite_matrix matrix_of(const job *j, int slot)
{
    const td_tensor *const t = operand(j->c, slot);

    if (!t) return (td_lite_matrix){ 0 };
    return (td_lite_matrix){ t->data, (size_t)t->shape.dims[0], (size_t)t->shape.dims[1],
                             j->a->scales[slot] };
}

static void multiply(const cell_step *t, float *out, int slot, const td_lite_row *r)
{
    const td_lite_matrix m = matrix_of(t->j, slot);

    td_lite_multiply(out, &m, r);
}

/* To mean 0 and deviation 1, as TFLite computes it. */
static void normalize(float *x, size_t n)
{
    float sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    const float mean = sum / (float)n;

    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const float factor = 1.0f / sqrtf(squares / (float)n + 1e-8f);

    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - mean) * factor;
}

/* The sums of a gate; of the cell's weights, too, which may be of steps. */
static void sum_gate(const cell_step *t, int gate)
{
    const size_t n = t->j->s->cells;
    float *const g = t->gates[gate];
    const float *const bias = floats_of(t->j, BIAS + gate), *const norm = floats_of(t->j, NORM + gate);
    const td_tensor *const of_cell = gate == C ? NULL : operand(t->j->c, OF_CELL + gate);
    const float scale = t->j->a->scales[OF_CELL + gate];

    for (size_t i = 0; i < n; i++)
        g[i] = norm ? 0 : bias[i];
    multiply(t, g, OF_X + gate, &t->x);
    if (t->aux.n) multiply(t, g, OF_AUX + gate, &t->aux);
    multiply(t, g, OF_H + gate, &t->h);
    for (size_t i = 0; of_cell && i < n; i++)
        g[i] += (scale > 0 ? (float)((const int8_t *)of_cell->data)[i] * scale
                           : ((const float *)of_cell->data)[i]) *
                t->cell[i];
    if (!norm) return;
    normalize(g, n);
    for (size_t i = 0; i < n; i++)
        g[i] = g[i] * norm[i] + bias[i];
}

static void clip(float *x, size_t n, float most)
{
    for (size_t i = 0; most > 0 && i < n; i++)
        x[i] = fminf(fmaxf(x[i], -most), most);
}

enum { SIGMOID = 6 };

static void update_cell(const cell_step *t)
{
    const size_t n = t->j->s->cells;
    const bool is_coupled = !operand(t->j->c, OF_X + I);
    float *const forget = t->gates[F], *const value = t->gates[C];

    if (!is_coupled) {
        sum_gate(t, I);
        td_lite_activate(t->gates[I], n, SIGMOID);
    }
    sum_gate(t, F);
    td_lite_activate(forget, n, SIGMOID);
    sum_gate(t, C);
    td_lite_activate(value, n, t->j->a->activation);
    for (size_t i = 0; i < n; i++)
        t->cell[i] = forget[i] * t->cell[i] + value[i] * (is_coupled ? 1.0f - forget[i] : t->gates[I][i]);
    clip(t->cell, n, t->j->a->cell_clip);
}

static void run_step(cell_step *t)
{
    const td_lite_lstm *const s = t->j->s;
    float *const gate = t->gates[O], *const value = t->gates[C];
    const float *const bias = floats_of(t->j, PROJECT_BIAS);

    update_cell(t);
    sum_gate(t, O);
    td_lite_activate(gate, s->cells, SIGMOID);
    memcpy(value, t->cell, s->cells * sizeof *value);
    td_lite_activate(value, s->cells, t->j->a->activation);
    for (size_t i = 0; i < s->cells; i++)
        gate[i] *= value[i];
    if (operand(t->j->c, PROJECT)) {
        for (size_t i = 0; i < s->outputs; i++)
            t->out[i] = bias ? bias[i] : 0;
        td_lite_row_set(&t->projected, gate, s->cells, t->j->a->is_asymmetric);
        multiply(t, t->out, PROJECT, &t->projected);
        clip(t->out, s->outputs, t->j->a->project_clip);
    } else {
        memcpy(t->out, gate, s->outputs * sizeof *gate);
    }
    memcpy(t->h_state, t->out, s->outputs * sizeof *gate);
}

static void run_row(const job *j, size_t b)
{
    const td_lite_lstm *const s = j->s;
    char *const scratch = (char *)j->c->scratch + b * j->row_bytes;
    float *const gates = (float *)(void *)scratch;
    int8_t *const steps = j->a->has_steps ? (int8_t *)(gates + GATES * s->cells) : NULL;
    cell_step t = { .j = j,
                    .h_state = (float *)td_out(j->c, 1)->data + b * s->outputs,
                    .cell = (float *)td_out(j->c, 2)->data + b * s->cells };

    for (int g = I; g < GATES; g++)
        t.gates[g] = gates + (size_t)g * s->cells;
    t.x.steps = steps;
    t.aux.steps = steps ? steps + s->inputs : NULL;
    t.h.steps = steps ? steps + s->inputs + s->aux : NULL;
    t.projected.steps = steps ? steps + s->inputs + s->aux + s->outputs : NULL;
    for (size_t i = 0; i < s->time; i++) {
        const size_t at = j->a->is_backward ? s->time - 1 - i : i;
        const size_t row = j->a->time_major ? at * s->batch + b : b * s->time + at;

        td_lite_row_set(&t.x, (const float *)td_in(j->c, X)->data + row * s->inputs, s->inputs,
                        j->a->is_asymmetric);
        if (s->aux) td_lite_row_set(&t.aux, floats_of(j, AUX) + row * s->aux, s->aux, j->a->is_asymmetric);
        td_lite_row_set(&t.h, t.h_state, s->outputs, j->a->is_asymmetric);
        t.out = (float *)td_out(j->c, 0)->data + row * s->outputs;
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
    job j = { c, c->attrs, &s->s, s->row_bytes };

    memcpy(td_out(c, 1)->data, td_in(c, H)->data, s->s.batch * s->s.outputs * sizeof(float));
    memcpy(td_out(c, 2)->data, td_in(c, CELL)->data, s->s.batch * s->s.cells * sizeof(float));
    td_call_parallel(c, s->s.batch, 1, run_rows, &j);
    return NULL;
}

static const td_kernel lstm_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(lstm_state), lstm_prepare, lstm_run, NULL },
    { 0 },
};

const td_op td_ops_lite_lstm[] = {
    { .name = "_LiteLstm",
      .sig = "in: Tin -> output: float, h: float, c: float",
      .attrs = "Tin: list(type), places: list(int), scales: list(float), activation: int, cell_clip: float, "
               "project_clip: float, time_major: bool, backward: bool, asymmetric: bool",
      .attrs_size = sizeof(lstm_attrs),
      .parse = lstm_parse,
      .infer = lstm_infer,
      .kernels = lstm_kernels },
    { 0 },
};
