/* SPDX-License-Identifier: Apache-2.0 */
/* lower_steps_math.c -- operators over quantised tensors that work element by element, and what goes between them and numbers.
 * Whatever one byte becomes is a table of 256 entries, made here as TFLite computes it. */
#include <math.h>
#include <string.h>

#include "formats/tflite/steps.h"

enum { ENTRIES = 256, ACTIVATION = 0, ALPHA = 0, APPROXIMATE = 0, CONCAT_AXIS = 0, CONCAT_ACTIVATION };

/* ---- sums and products --------------------------------------------------------------------------------- */

static void put(td_tfl_op *o, td_node *n)
{
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

static td_node *pair(td_tfl_op *o, const char *op, uint8_t activation)
{
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    td_node *const n = td_tfl_node(o, op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_int(o, n, "zero_x", td_tfl_steps_in(o, 0).zero);
    td_tfl_set_int(o, n, "zero_y", td_tfl_steps_in(o, 1).zero);
    td_tfl_set_steps(o, n, &y, activation);
    return n;
}

/* ADD, SUB, SQUARED_DIFFERENCE: of both operands, shifted left as far as they fit, in units of twice the larger scale. */
void td_tfl_lower_steps_add(td_tfl_op *o)
{
    const bool squares = !strcmp(o->def->op, "SquaredDifference");
    const int left = squares ? 7 : o->type == TD_I16 ? 15 : 20;
    const td_tfl_steps a = td_tfl_steps_in(o, 0), b = td_tfl_steps_in(o, 1), y = td_tfl_steps_out(o, 0);
    const double unit = 2.0 * (double)TD_MAX(a.scale, b.scale), shifted = ldexp((double)y.scale, left);
    td_node *const n = pair(o, "_LiteAdd", squares ? 0 : td_tfl_byte(o, ACTIVATION));
    const td_fixed factors[] = {
        td_tfl_factor(o, (double)a.scale / unit), td_tfl_factor(o, (double)b.scale / unit),
        td_tfl_factor(o, squares ? unit * unit / ldexp((double)y.scale, 2 * left) : unit / shifted)
    };

    td_tfl_set_factors(o, n, factors, 3);
    td_tfl_set_int(o, n, "left", left);
    td_tfl_set_int(o, n, "sign", strcmp(o->def->op, "AddV2") != 0 ? -1 : 1);
    td_tfl_set_bool(o, n, "squares", squares);
    put(o, n);
}

void td_tfl_lower_steps_mul(td_tfl_op *o)
{
    td_node *const n = pair(o, "_LiteMul", td_tfl_byte(o, ACTIVATION));
    const float product = td_tfl_steps_in(o, 0).scale * td_tfl_steps_in(o, 1).scale;
    const td_fixed factor = td_tfl_factor(o, (double)(product / td_tfl_steps_out(o, 0).scale));

    td_tfl_set_factors(o, n, &factor, 1);
    put(o, n);
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static int entries_of(td_dtype type)
{
    return type == TD_I16 ? 1 << 16 : ENTRIES;
}

static td_edge look_up(td_tfl_op *o, td_edge x, td_dtype from, td_dtype to, void *table)
{
    const td_edge values = td_tfl_bytes(o, to, table, (size_t)entries_of(from), 1);
    td_node *const n = td_tfl_node(o, "_LiteLookup", from, (td_edge[]){ x, values }, 2);

    td_tfl_set_type(o, n, "Tout", to);
    return (td_edge){ n, 0, NULL };
}

/* The step that bits v are. */
static int32_t step_of_byte(const td_tfl_steps *s, int v)
{
    return s->type == TD_U8 ? v : s->type == TD_I16 ? (int16_t)v : (int8_t)v;
}

/* Both sides of a comparison in units that they share. */
static td_edge comparable(td_tfl_op *o, size_t i)
{
    const td_tfl_steps s = td_tfl_steps_in(o, i);
    const td_fixed factor = td_tfl_factor(o, (double)s.scale);
    const int n = entries_of(s.type);
    int32_t *const table = TD_ARENA_NEW_N(o->l->arena, int32_t, (size_t)n);

    if (factor.shift > 0)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor '%s' has a scale of %g, which is not below 1",
                              td_tfl_operand(o, i)->name, (double)s.scale));
    for (int v = 0; v < n; v++)
        table[v] = td_fixed_times((step_of_byte(&s, v) - s.zero) * 256, factor);
    return look_up(o, td_tfl_in(o, i), s.type, TD_I32, table);
}

void td_tfl_lower_steps_compare(td_tfl_op *o)
{
    td_tfl_out(o, 0, td_tfl_emit2(o, o->def->op, TD_I32, comparable(o, 0), comparable(o, 1)));
}

static float logistic(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

static float elu(float v)
{
    return v < 0.0f ? expm1f(v) : v;
}

static float gelu(float v)
{
    return 0.5f * v * (1.0f + erff(v * 0.70710678f));
}

static float gelu_by_tanh(float v)
{
    return 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v)));
}

typedef struct unary {
    td_tfl_steps x, y;
    td_fixed same, scaled; /* of x's units in y's; and of those times alpha */
    float (*fn)(float);    /* NULL: the operator computes with integers */
    int32_t code;
    int32_t low, high;
    int16_t out_factor, gate_factor; /* hard swish: of 15 bits, with shifts */
    int out_shift, gate_shift;
} unary;

static int32_t by_float(const unary *u, int32_t step)
{
    const float v = u->x.scale * (float)(step - u->x.zero), scaled = roundf(u->fn(v) * (1.0f / u->y.scale));

    return (int32_t)fminf(fmaxf(scaled + (float)u->y.zero, (float)u->y.low), (float)u->y.high);
}

/* ---- hard swish, in 16 bits */

static int16_t hold16(int32_t v)
{
    return (int16_t)TD_MIN(TD_MAX(v, INT16_MIN), INT16_MAX);
}

/* 2 a b / 2^16, rounded to nearest. */
static int16_t high16(int16_t a, int16_t b)
{
    const int32_t product = (int32_t)a * b, nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);

    return a == b && a == INT16_MIN ? INT16_MAX : (int16_t)((product + nudge) / (1 << 15));
}

static int16_t left16(int16_t v, int bits)
{
    return (int16_t)TD_MIN(TD_MAX((int64_t)v * (INT64_C(1) << bits), INT16_MIN), INT16_MAX);
}

/* As td_round_shift(), with a mask of 16 bits: from 16 bits on nothing becomes 1, or -1. */
static int32_t shift16(int16_t v, int bits)
{
    const int16_t mask = (int16_t)((INT64_C(1) << bits) - 1);

    return (v >> bits) + ((v & mask) > (mask >> 1) + (v < 0));
}

/* x * (x + 3) / 6, the second held in [0, 1]: as a fraction of 2^15. */
static int32_t hard_swish(const unary *u, int32_t step)
{
    const int16_t fine = (int16_t)((step - u->x.zero) * 128), value = high16(fine, u->out_factor);
    int16_t gate = fine;

    if (u->gate_shift > 0) gate = left16(gate, u->gate_shift - 1);
    gate = high16(gate, u->gate_factor);
    if (u->gate_shift > 0) gate = left16(gate, 1);
    if (u->gate_shift < 0) gate = (int16_t)shift16(gate, -u->gate_shift);
    gate = (int16_t)((gate + (1 << 15)) >> 1);
    const int16_t product = (int16_t)((int32_t)gate * value / (1 << 15));

    return td_steps_clamp(shift16(product, -u->out_shift) + u->y.zero, u->y.low, u->y.high);
}

static int16_t factor16(td_fixed f)
{
    return f.multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX : hold16((f.multiplier + (1 << 15)) >> 16);
}

static void prepare_hard_swish(td_tfl_op *o, unary *u)
{
    const float fine = (1.0f / 128.0f) * u->x.scale;
    const td_fixed out = td_tfl_factor(o, (double)(fine / u->y.scale));
    const td_fixed gate = td_tfl_factor(o, (double)(fine / (3.0f / 32768.0f)));

    u->out_factor = factor16(out);
    u->out_shift = out.shift;
    u->gate_factor = factor16(gate);
    u->gate_shift = TD_MIN(gate.shift, 16); /* more holds at the type's ends all the same */
    if (out.shift > 0)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "the output's scale is too small for the input's"));
}

/* ---- the others */

/* Numbers of TFLite's operators. */
enum {
    LOGISTIC = 14,
    RELU = 19,
    RELU_N1 = 20,
    RELU6 = 21,
    TANH = 28,
    EXP = 47,
    LOG = 73,
    RSQRT = 76,
    LEAKY_RELU = 98,
    ABS = 101,
    ELU = 111,
    QUANTIZE = 114,
    HARD_SWISH = 117,
    GELU = 150,
    RELU_1 = 152
};

enum { RSQRT_BITS = 20 };

/* 1 / sqrt(v), of which TFLite keeps 20 bits on the way; what has none is the type's largest. */
static int32_t rsqrt(const unary *u, int32_t v)
{
    if (v <= 0) return u->y.high;
    td_fixed root = td_fixed_rsqrt(v), last = u->scaled;

    root.shift += RSQRT_BITS;
    last.shift -= RSQRT_BITS;
    if (last.shift < TD_FIXED_SHIFT_MIN) last = (td_fixed){ 0, 0 };
    return td_steps_of(td_fixed_times(td_fixed_times(1, root), last), u->y.zero, u->low, u->high);
}

static int32_t by_integer(const unary *u, int32_t step)
{
    const int32_t v = step - u->x.zero;

    switch (u->code) {
    case HARD_SWISH:
        return hard_swish(u, step);
    case LEAKY_RELU:
        return td_steps_of(td_fixed_times(v, v >= 0 ? u->same : u->scaled), u->y.zero, u->low, u->high);
    case RSQRT:
        return rsqrt(u, v);
    case ABS:
        return td_steps_of(td_fixed_times(v < 0 ? -v : v, u->same), u->y.zero, u->low, u->high);
    default:
        return td_steps_of(td_fixed_times(v, u->same), u->y.zero, u->low, u->high);
    }
}

static void prepare(td_tfl_op *o, unary *u)
{
    const bool is_exact = u->code == QUANTIZE || u->code == ABS;

    u->low = u->y.low;
    u->high = u->y.high;
    if (u->code == RELU || u->code == RELU6 || u->code == RELU_1) u->low = TD_MAX(u->low, u->y.zero);
    if (u->code == RELU_N1) u->low = TD_MAX(u->low, td_tfl_step_of(&u->y, -1.0f));
    if (u->code == RELU_N1 || u->code == RELU_1) u->high = TD_MIN(u->high, td_tfl_step_of(&u->y, 1.0f));
    if (u->code == RELU6) u->high = TD_MIN(u->high, td_tfl_step_of(&u->y, 6.0f));
    u->same = td_tfl_factor(o, is_exact ? (double)u->x.scale / (double)u->y.scale
                                        : (double)(u->x.scale / u->y.scale));
    if (u->code == LEAKY_RELU)
        u->scaled = td_tfl_factor(o, (double)(u->x.scale * td_tfl_float(o, ALPHA, 0.0f) / u->y.scale));
    if (u->code == RSQRT) u->scaled = td_tfl_factor(o, 1.0 / (double)(sqrtf(u->x.scale) * u->y.scale));
    if (u->code == HARD_SWISH) prepare_hard_swish(o, u);
}

static float (*function_of(td_tfl_op *o))(float)
{
    switch (o->def->code) {
    case LOGISTIC:
        return logistic;
    case TANH:
        return tanhf;
    case EXP:
        return expf;
    case LOG:
        return logf;
    case ELU:
        return elu;
    case GELU:
        return td_tfl_bool(o, APPROXIMATE) ? gelu_by_tanh : gelu;
    default:
        return NULL;
    }
}

void td_tfl_lower_steps_unary(td_tfl_op *o)
{
    unary u = {
        .x = td_tfl_steps_in(o, 0), .y = td_tfl_steps_out(o, 0), .fn = function_of(o), .code = o->def->code
    };
    const size_t n = (size_t)entries_of(u.x.type);
    const td_status over = td_budget_take(o->l->budget, TD_BUDGET_BYTES, n * sizeof(int16_t), o->name);

    if (over) td_tfl_fail(o, over);
    if (!u.fn) prepare(o, &u);
    if (o->trouble) return;
    int16_t *const table = TD_ARENA_NEW_N(o->l->arena, int16_t, n);

    for (int v = 0; v < (int)n; v++) {
        const int32_t step = step_of_byte(&u.x, v), y = u.fn ? by_float(&u, step) : by_integer(&u, step);

        if (u.y.type == TD_I16)
            table[v] = (int16_t)y;
        else
            ((uint8_t *)table)[v] = (uint8_t)y;
    }
    td_tfl_out(o, 0, look_up(o, td_tfl_in(o, 0), u.x.type, u.y.type, table));
}

/* ---- numbers to steps, and back ------------------------------------------------------------------------ */

void td_tfl_lower_quantize(td_tfl_op *o)
{
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, "_LiteQuantize", y.type, &x, 1);

    td_tfl_set_float(o, n, "scale", y.scale);
    td_tfl_set_int(o, n, "zero", y.zero);
    put(o, n);
}

/* (x - zero) * scales along an axis, if there are several. */
static td_edge scaled(td_tfl_op *o, td_edge x, const float *scales, size_t n, int32_t zero,
                      const td_tfl_tensor *t)
{
    float *const copy = TD_ARENA_NEW_N(o->l->arena, float, n);
    td_node *const cast = td_tfl_node(o, "Cast", TD_DTYPE_NONE, &x, 1);
    td_tensor *const c = TD_ARENA_NEW(o->l->arena, td_tensor);

    memcpy(copy, scales, n * sizeof *copy);
    *c = (td_tensor){ .dtype = TD_F32, .data = copy };
    if (n > 1) {
        c->shape.rank = t->shape.rank - t->axis;
        for (int i = 0; i < c->shape.rank; i++)
            c->shape.dims[i] = i ? 1 : (int64_t)n;
    }
    td_tfl_set_type(o, cast, "SrcT", o->type);
    td_tfl_set_type(o, cast, "DstT", TD_F32);
    const td_edge whole =
        td_tfl_emit2(o, "Sub", TD_F32, (td_edge){ cast, 0, NULL }, td_tfl_f32(o, (float)zero));
    return td_tfl_emit2(o, "Mul", TD_F32, whole, td_tfl_constant_value(o->l, o->name, c));
}

void td_tfl_lower_dequantize(td_tfl_op *o)
{
    const td_tfl_tensor *const t = td_tfl_operand(o, 0);
    const td_edge x = td_tfl_in(o, 0);

    if (t->scales.n > 1 || o->type == TD_I16) {
        size_t n;
        int32_t zero;
        const float *const scales =
            td_tfl_scales_in(o, 0, t->scales.n > 1 ? TD_MAX(t->axis, 0) : 0, &n, &zero);

        if (scales) td_tfl_out(o, 0, scaled(o, x, scales, n, zero, t));
        return;
    }
    const td_tfl_steps s = td_tfl_steps_in(o, 0);
    float *const table = TD_ARENA_NEW_N(o->l->arena, float, ENTRIES);

    for (int v = 0; v < ENTRIES; v++)
        table[v] = s.scale * (float)(step_of_byte(&s, v) - s.zero);
    td_tfl_out(o, 0, look_up(o, x, s.type, TD_F32, table));
}

/* ---- elements that move, where zero points count ------------------------------------------------------- */

void td_tfl_lower_steps_pad(td_tfl_op *o)
{
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    int16_t *const zero = TD_ARENA_NEW(o->l->arena, int16_t);

    if (y.type == TD_I16)
        *zero = (int16_t)y.zero;
    else
        *(uint8_t *)zero = (uint8_t)y.zero;
    td_node *const n =
        td_tfl_node(o, "PadV2", o->type,
                    (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_bytes(o, y.type, zero, 1, 0) }, 3);

    td_tfl_set_type(o, n, "Tpaddings", td_tfl_type_of(o, 1));
    put(o, n);
}

/* Bytes moved so that the zero point is 0, or back. */
static td_edge moved(td_tfl_op *o, td_edge x, int32_t by)
{
    uint8_t *const table = TD_ARENA_NEW_N(o->l->arena, uint8_t, ENTRIES);

    for (int v = 0; v < ENTRIES; v++)
        table[v] = (uint8_t)(v + by);
    return by ? look_up(o, x, o->type, o->type, table) : x;
}

/* Pads with zeros, which stand for the zero point. */
void td_tfl_lower_steps_space_batch(td_tfl_op *o)
{
    const int32_t zero = td_tfl_steps_in(o, 0).zero;
    const td_edge in[] = { moved(o, td_tfl_in(o, 0), -zero), td_tfl_in(o, 1), td_tfl_in(o, 2) };
    td_node *const n = td_tfl_node(o, o->def->op, o->type, in, 3);

    td_tfl_set_type(o, n, "Tblock_shape", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Tpaddings", td_tfl_type_of(o, 2));
    td_tfl_out(o, 0, moved(o, (td_edge){ n, 0, NULL }, zero));
}

/* An operand in steps of the output. Only unsigned bytes of old may have others. */
static td_edge joinable(td_tfl_op *o, size_t i, const td_tfl_steps *y)
{
    const td_tfl_steps x = td_tfl_steps_in(o, i);

    if (x.zero == y->zero && !memcmp(&x.scale, &y->scale, sizeof x.scale)) return td_tfl_in(o, i);
    if (x.type != TD_U8) {
        td_tfl_fail(
            o, TD_ERR(INVALID_ARGUMENT, "operand %zu has another scale or zero point than the result", i));
        return (td_edge){ 0 };
    }
    const float scale = x.scale * (1.0f / y->scale), bias = -(float)x.zero * scale;
    uint8_t *const table = TD_ARENA_NEW_N(o->l->arena, uint8_t, ENTRIES);

    for (int v = 0; v < ENTRIES; v++) {
        const float step = roundf((float)v * scale + bias) + (float)y->zero;

        table[v] = (uint8_t)fminf(fmaxf(step, 0.0f), (float)UINT8_MAX);
    }
    return look_up(o, td_tfl_in(o, i), TD_U8, TD_U8, table);
}

void td_tfl_lower_steps_concat(td_tfl_op *o)
{
    const td_tfl_steps y = td_tfl_steps_out(o, 0);
    td_edge *const in = TD_ARENA_NEW_N(o->l->arena, td_edge, o->in.n + 1);

    for (size_t i = 0; i < o->in.n; i++)
        in[i] = joinable(o, i, &y);
    if (td_tfl_byte(o, CONCAT_ACTIVATION))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "fused activation of quantised tensors is not built yet"));
    if (o->trouble) return;
    if (o->in.n == 1) {
        td_tfl_out(o, 0, td_tfl_emit1(o, "Identity", o->type, in[0]));
        return;
    }
    in[o->in.n] = td_tfl_i32(o, td_tfl_int(o, CONCAT_AXIS, 0));
    td_node *const n = td_tfl_node(o, "ConcatV2", o->type, in, (uint32_t)o->in.n + 1);
    td_tfl_set_int(o, n, "N", (int64_t)o->in.n);
    td_tfl_set_type(o, n, "Tidx", TD_I32);
    put(o, n);
}
