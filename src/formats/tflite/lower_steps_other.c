/* SPDX-License-Identifier: Apache-2.0 */
/* lower_steps_other.c -- operators over quantised tensors that divide or take logarithms, PRELU, and those of 16 bits whose values
 * lie on lines between 513 points. */
#include <math.h>

#include "formats/tflite/options.h"
#include "formats/tflite/steps.h"

enum { LINES = 512, ENTRIES = 1 << 16, ACTIVATION = 0, EXP = 47, APPROXIMATE = 0 };

static void put(td_tfl_op *o, td_node *n)
{
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

static td_node *pair(td_tfl_op *o, uint8_t activation)
{
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_int(o, n, "zero_x", td_tfl_steps_in(o, 0).zero);
    td_tfl_set_int(o, n, "zero_y", td_tfl_steps_in(o, 1).zero);
    td_tfl_set_steps(o, n, &y, activation);
    return n;
}

void td_tfl_lower_steps_div(td_tfl_op *o)
{
    const float under = td_tfl_steps_in(o, 1).scale * td_tfl_steps_out(o, 0).scale;
    const td_fixed factor = td_tfl_factor(o, (double)(td_tfl_steps_in(o, 0).scale / under));
    td_node *const n = pair(o, td_tfl_byte(o, ACTIVATION));

    td_tfl_set_factors(o, n, &factor, 1);
    put(o, n);
}

/* Factors of what is not below 0, and of what is, times its own. */
void td_tfl_lower_steps_prelu(td_tfl_op *o)
{
    const float x = td_tfl_steps_in(o, 0).scale, y = td_tfl_steps_out(o, 0).scale;
    const td_fixed factors[] = { td_tfl_factor(o, (double)(x / y)),
                                 td_tfl_factor(o, (double)(x * td_tfl_steps_in(o, 1).scale / y)) };
    td_node *const n = pair(o, 0);

    td_tfl_set_factors(o, n, factors, 2);
    put(o, n);
}

/* To 26 bits behind the point, and back. */
void td_tfl_lower_steps_log_softmax(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const td_edge in = td_tfl_in(o, 0);
    td_fixed factors[2] = { td_tfl_factor(o, fmin((double)x.scale * 0x1p26, 0x1p31 - 1)), { 0, 0 } };

    if (y.scale < 0.0625f || y.scale > 0.0625f || y.zero != y.high)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "the result has a scale of %g around %d, not 1/16 around %d",
                              (double)y.scale, (int)y.zero, (int)y.high));
    if (!factors[0].multiplier || factors[0].shift < 1)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "a scale of %g is too small", (double)x.scale));
    if (o->trouble) return;
    factors[1] = td_tfl_factor(o, ldexp(1, 31 - factors[0].shift) / (double)factors[0].multiplier);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &in, 1);

    td_tfl_set_float(o, n, "step", x.scale);
    td_tfl_set_factors(o, n, factors, 2);
    put(o, n);
}

/* ---- 16 bits on lines ---------------------------------------------------------------------------------- */

static float gelu(float v)
{
    return 0.5f * v * (1.0f + erff(v * 0.70710678f));
}

static float gelu_by_tanh(float v)
{
    return 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v)));
}

static float (*function_of(td_tfl_op *o))(float)
{
    if (o->def->code == EXP) return expf;
    return td_tfl_bool(o, APPROXIMATE) ? gelu_by_tanh : gelu;
}

/* What is no number becomes 0. */
static int16_t hold(float v)
{
    return isnan(v) ? 0 : (int16_t)fminf(fmaxf(v, INT16_MIN), INT16_MAX);
}

/* Each point takes off half of what its line is off in the middle. */
static void fill_points(int16_t *points, float (*fn)(float), const td_tfl_steps *x, const td_tfl_steps *y)
{
    const float from = x->scale * (float)(INT16_MIN - x->zero), to = x->scale * (float)(INT16_MAX - x->zero);
    const float low = y->scale * (float)(INT16_MIN - y->zero), high = y->scale * (float)(INT16_MAX - y->zero);
    const float step = (to - from) / LINES, finer = 65536.0f / (high - low);

    for (int i = 0; i < LINES; i++) {
        const float here = roundf(fn(from + (float)i * step) * finer);
        const float next = fn(from + (float)(i + 1) * step) * finer;
        const float middle = roundf(fn(from + (float)i * step + step / 2) * finer);

        points[i] = hold(here - roundf((roundf((next + here) / 2) - middle) / 2));
    }
    points[LINES] = hold(roundf(fn(to) * finer));
}

void td_tfl_lower_steps_lines(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const td_status over = td_budget_take(o->l->budget, TD_BUDGET_BYTES, ENTRIES * sizeof(int16_t), o->name);
    int16_t points[LINES + 1];

    if (over) td_tfl_fail(o, over);
    if (o->trouble) return;
    int16_t *const table = TD_ARENA_NEW_N(o->l->arena, int16_t, ENTRIES);

    fill_points(points, function_of(o), &x, &y);
    for (int v = INT16_MIN; v <= INT16_MAX; v++) {
        const int i = LINES / 2 + (v >> 7);

        table[(uint16_t)v] = (int16_t)(points[i] + (((points[i + 1] - points[i]) * (v & 127) + 64) >> 7));
    }
    td_node *const n =
        td_tfl_node(o, "_LiteLookup", o->type,
                    (td_edge[]){ td_tfl_in(o, 0), td_tfl_bytes(o, TD_I16, table, ENTRIES, 1) }, 2);

    td_tfl_set_type(o, n, "Tout", TD_I16);
    put(o, n);
}
