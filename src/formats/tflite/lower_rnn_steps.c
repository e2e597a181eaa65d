/* SPDX-License-Identifier: Apache-2.0 */
/* lower_rnn_steps.c -- recurrent layers of integers: LSTM with input and state of 8 bits and a cell of 16, and SVDF. */
#include "formats/tflite/options.h"
#include "formats/tflite/steps.h"

#include <math.h>
#include <string.h>

enum { RANK = 0, SVDF_ACTIVATION, BIAS = 3, STATE = 4 };

/* The state's steps go with the time's weights into sums. TFLite computes both factors of floats. */
void td_tfl_lower_steps_svdf(td_tfl_op *o)
{
    const float x = td_tfl_steps_in(o, 0).scale, feature = td_tfl_steps_in(o, 1).scale;
    const float time = td_tfl_steps_in(o, 2).scale, state = td_tfl_steps_in(o, STATE).scale;
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    const td_fixed factors[] = { td_tfl_factor(o, (double)(x * feature / state)),
                                 td_tfl_factor(o, (double)(state * time / y.scale)) };

    if (!td_tfl_has(o, BIAS) || td_tfl_byte(o, SVDF_ACTIVATION) != 1)
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED,
                              "without a bias, or with another activation than RELU, it is not built"));
    if (o->trouble) return;
    const td_edge in[] = { td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_in(o, 2), td_tfl_in(o, BIAS),
                           td_tfl_state_in(o, STATE) };
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, 5);

    td_tfl_set_int(o, n, "rank", td_tfl_int(o, RANK, 0));
    td_tfl_set_int(o, n, "zero_x", td_tfl_steps_in(o, 0).zero);
    td_tfl_set_factors(o, n, factors, 2);
    td_tfl_set_steps(o, n, &y, 0); /* TFLite's clamps nothing, either */
    td_tfl_state_out(o, STATE, (td_edge){ n, 1, NULL });
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* ---- LSTM ----------------------------------------------------------------------------------------------- */

enum { PEEPHOLE = 10, PROJECTION = 16 };
enum { ACTIVATION = 0, CELL_CLIP, PROJECT_CLIP, TIME_MAJOR, KERNEL = 3, LSTM = 16 };
enum { H = 18, C = 19, NORM = 20, SLOTS = 18, GATES = 4, FACTORS = 14, PROJECT = 16, HIDDEN = 4 };

/* By op_lite_lstm_steps.c's slots: which operand it is; 0: none. */
static const size_t operands[SLOTS] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 11, 12, 13, 14, 15, 16, 17 };

/* Of floats, as TFLite computes it. */
static td_fixed factor_of(td_tfl_op *o, size_t i, float times, float over)
{
    return operands[i] && td_tfl_has(o, operands[i])
               ? td_tfl_factor(o, (double)(td_tfl_steps_in(o, operands[i]).scale * times / over))
               : (td_fixed){ 0, 0 };
}

/* Gates have 12 bits behind the point; what a cell gives away is an intermediate tensor of the file. */
static void fill_factors(td_tfl_op *o, int cell_bits, const td_tfl_steps *hidden, td_fixed *out)
{
    const float x = td_tfl_steps_in(o, 0).scale, h = td_tfl_steps_in(o, H).scale;

    for (size_t g = 0; g < GATES; g++) {
        out[g] = factor_of(o, g, x, 0x1p-12f);
        out[4 + g] = factor_of(o, 4 + g, h, 0x1p-12f);
        out[8 + g] = factor_of(o, 8 + g, ldexpf(1, -cell_bits), 0x1p-12f);
    }
    out[12] = td_tfl_factor(o, 0x1p-30 / (double)hidden->scale);
    out[13] = factor_of(o, PROJECT, hidden->scale, h);
}

/* Of its scale, a power of 2. */
static int cell_bits_of(td_tfl_op *o)
{
    const td_tfl_steps c = td_tfl_steps_in(o, C);
    int exponent;
    const float part = frexpf(c.scale, &exponent);

    if (c.type == TD_I16 && !c.zero && part >= 0.5f && part <= 0.5f && exponent <= 0 && exponent >= -14)
        return 1 - exponent;
    td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "the cell's scale, %g, is no power of 2", (double)c.scale));
    return 15;
}

static int64_t clip_of(td_tfl_op *o, size_t field, float scale, int64_t most)
{
    const float clip = td_tfl_float(o, field, 0) / scale;

    return clip > 0 ? (int64_t)fminf(clip, (float)most) : 0;
}

static td_edge add_lstm(td_tfl_op *o, const td_tfl_steps *hidden)
{
    static const td_dtype states[] = { TD_I8, TD_I8, TD_I16 };
    td_edge in[3 + SLOTS] = { td_tfl_in(o, 0), td_tfl_state_in(o, H), td_tfl_state_in(o, C) };
    td_attr_value *const types = TD_ARENA_NEW_N(o->l->arena, td_attr_value, 3 + SLOTS);
    int64_t places[SLOTS];
    td_fixed factors[FACTORS];
    const int cell_bits = cell_bits_of(o);
    uint32_t n_in = 3;

    fill_factors(o, cell_bits, hidden, factors);
    for (size_t i = 0; i < 3; i++)
        types[i] = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = states[i] };
    for (size_t i = 0; i < SLOTS; i++) {
        const bool is_there = operands[i] && td_tfl_has(o, operands[i]);

        places[i] = is_there ? (int64_t)n_in : -1;
        if (!is_there) continue;
        types[n_in] = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = td_tfl_type_of(o, operands[i]) };
        in[n_in++] = td_tfl_in(o, operands[i]);
    }
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, n_in);

    td_node_add_attr(o->l->g, n, "Tin", (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { types, n_in } });
    td_tfl_set_ints(o, n, "places", places, SLOTS);
    td_tfl_set_factors(o, n, factors, FACTORS);
    td_tfl_set_int(o, n, "zero_x", td_tfl_steps_in(o, 0).zero);
    td_tfl_set_int(o, n, "zero_h", td_tfl_steps_in(o, H).zero);
    /* Beside a projection TFLite turns its sign, which counts where it saturates. */
    td_tfl_set_int(o, n, "zero_hidden", td_tfl_has(o, PROJECTION) ? -hidden->zero : hidden->zero);
    td_tfl_set_int(o, n, "cell_bits", cell_bits);
    td_tfl_set_int(o, n, "cell_clip", clip_of(o, CELL_CLIP, td_tfl_steps_in(o, C).scale, INT16_MAX));
    td_tfl_set_int(o, n, "project_clip", clip_of(o, PROJECT_CLIP, td_tfl_steps_in(o, H).scale, INT8_MAX));
    td_tfl_set_bool(o, n, "time_major", o->def->code != LSTM && td_tfl_bool(o, TIME_MAJOR));
    td_tfl_set_bool(o, n, "backward", false);
    td_tfl_state_out(o, H, (td_edge){ n, 1, NULL });
    td_tfl_state_out(o, C, (td_edge){ n, 2, NULL });
    return (td_edge){ n, 0, NULL };
}

void td_tfl_lower_steps_lstm(td_tfl_op *o)
{
    const td_tfl_steps hidden = td_tfl_steps_between(o, HIDDEN);

    if (td_tfl_has(o, NORM + 1) || (o->def->code == LSTM && td_tfl_byte(o, KERNEL)) ||
        td_tfl_byte(o, ACTIVATION) != 4)
        td_tfl_fail(o,
                    TD_ERR(UNIMPLEMENTED, "norms, the basic kernel and activations beside TANH are not built "
                                          "yet for integers"));
    if (td_tfl_has(o, PEEPHOLE) && td_tfl_has(o, PROJECTION)) /* TFLite's reads other weights than those */
        td_tfl_fail(
            o, TD_ERR(UNIMPLEMENTED, "weights of the cell beside a projection are not built for integers"));
    if (!o->trouble) td_tfl_out(o, 0, add_lstm(o, &hidden));
}
