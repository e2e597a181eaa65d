/* SPDX-License-Identifier: Apache-2.0 */
/* lower_steps_wide.c -- LOGISTIC and TANH of steps of 16 bits: a table of all of them, made as TFLite computes each, between two
 * of 256 values of the logistic function that are 1/24 apart. */
#include <math.h>
#include <stdlib.h>

#include "formats/tflite/steps.h"

enum { ENTRIES = 1 << 16, POINTS = 256, LOGISTIC = 14 };

/* x in units of 1 / (3 * 2^12): (step * multiplier, rounded) >> shift. */
typedef struct scaling {
    int32_t multiplier, shift;
} scaling;

/* Scales of a power of two are shifted only, if by no more than `most`. */
static scaling scaling_of(float scale, int most)
{
    const float log = logf(scale) * (1.0f / logf(2.0f)), whole = roundf(log);
    const int left = 12 + (int)fmaxf(whole, -100.0f);
    double multiplier = (double)scale * 4096.0 * 3.0;
    int shift = 0;

    if (fabsf(log - whole) < 1e-3f && left >= 0 && left <= most) return (scaling){ 3 << left, 0 };
    for (; multiplier <= 32767.0 / 2.0 && shift <= 30; shift++)
        multiplier *= 2.0;
    return (scaling){ (int32_t)fmin(multiplier, 32767.0), shift };
}

static int32_t scaled(scaling s, int32_t step)
{
    const int64_t round = s.shift > 0 ? INT64_C(1) << (s.shift - 1) : 0;

    return (int32_t)(((int64_t)step * s.multiplier + round) >> s.shift);
}

/* |x| as a place of the table and `bits` behind it; what is beyond its end is `end`. */
static int32_t between(const uint32_t *points, uint32_t x, int bits, uint32_t end)
{
    const uint32_t at = x >> bits, part = x & ((1U << bits) - 1);

    if (at >= POINTS - 1) return (int32_t)(end << bits);
    return (int32_t)((points[at] << bits) + part * (points[at + 1] - points[at]));
}

/* The logistic function's value, and half of what a line to the next point is off in its middle: h^2 / 8 of the second
 * derivative, halved. */
static uint32_t point_at(int i)
{
    const double h = 1.0 / 24.0, y = 1.0 / (1.0 + exp(-i * h)), bend = y * (1.0 - y) * (1.0 - 2.0 * y);

    return (uint32_t)lround(fmin(65536.0 * (y - h * h / 16.0 * bend), 65535.0));
}

static int16_t logistic_of(const uint32_t *points, int32_t x)
{
    const int32_t y = between(points, (uint32_t)labs(x), 9, 0x7fff << 1);

    return (int16_t)((x >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1) >> 10);
}

static int16_t tanh_of(const uint32_t *points, int32_t x)
{
    const int32_t y = between(points, (uint32_t)labs(x), 8, 0xffff) - (1 << 23);

    return (int16_t)((x >= 0 ? y + (1 << 7) : -y + (1 << 7) - 1) >> 8);
}

void td_tfl_lower_steps_wide(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const bool is_logistic = o->def->code == LOGISTIC;
    const scaling s = scaling_of(x.scale, is_logistic ? 0 : 1);
    uint32_t points[POINTS];

    if (x.zero || y.zero || y.scale < 0x1p-15f || y.scale > 0x1p-15f)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT,
                              "zero points are not 0, or the output's scale is %g, not 1/32768",
                              (double)y.scale));
    const td_status over = td_budget_take(o->l->budget, TD_BUDGET_BYTES, ENTRIES * sizeof(int16_t), o->name);

    if (over) td_tfl_fail(o, over);
    if (o->trouble) return;
    int16_t *const table = TD_ARENA_NEW_N(o->l->arena, int16_t, ENTRIES);

    for (int i = 0; i < POINTS; i++)
        points[i] = point_at(i);
    for (int v = INT16_MIN; v <= INT16_MAX; v++)
        table[(uint16_t)v] = is_logistic ? logistic_of(points, scaled(s, v)) : tanh_of(points, scaled(s, v));
    td_node *const n =
        td_tfl_node(o, "_LiteLookup", o->type,
                    (td_edge[]){ td_tfl_in(o, 0), td_tfl_bytes(o, TD_I16, table, ENTRIES, 1) }, 2);

    td_tfl_set_type(o, n, "Tout", TD_I16);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}
