/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_pair.c -- _LiteAdd, _LiteMul, _LiteDiv, _LitePrelu: two quantised tensors, element by element, by numpy's rule of shapes.
 *
 * A sum's operands are shifted left and taken to a common scale, each by a factor of its own; of a byte all of that is a
 * table. */
#include "base/macros.h"
#include "kernels/elt/bcast.h"
#include "kernels/quant/fixed_exp.h"
#include "ops/quant/lite.h"

enum { GRAIN = 1 << 14, X = 0, Y, ENTRIES = 256 };

typedef struct pair_attrs {
    td_dtype type;
    td_lite_out out;
    td_fixed factor;
    int32_t zero[2];
    td_fixed own[2]; /* of sums, with all that follows */
    int32_t left, sign;
    bool squares;
    int32_t table[2][ENTRIES];
} pair_attrs;

static td_status parse_common(td_parse *p, pair_attrs *a)
{
    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    a->type = td_attr_type(p, "T");
    TD_TRY(td_lite_zero(p, "zero_x", a->type, &a->zero[X]));
    TD_TRY(td_lite_zero(p, "zero_y", a->type, &a->zero[Y]));
    return td_lite_out_parse(p, a->type, &a->out);
}

static td_status mul_parse(td_parse *p)
{
    pair_attrs *const a = p->attrs;

    TD_TRY(parse_common(p, a));
    return td_lite_factors_of(p, 1, &a->factor);
}

static int32_t addend(const pair_attrs *a, int k, int32_t v)
{
    const int32_t scaled = td_fixed_times((int32_t)((uint32_t)(v - a->zero[k]) << a->left), a->own[k]);

    return k == Y && a->sign < 0 ? -scaled : scaled;
}

/* Three factors: of x, of y, of the sum. */
static td_status add_parse(td_parse *p)
{
    pair_attrs *const a = p->attrs;
    td_fixed factors[3];

    TD_TRY(parse_common(p, a));
    TD_TRY(td_lite_factors_of(p, 3, factors));
    TD_TRY(td_lite_int(p, "left", 0, 20, &a->left));
    TD_TRY(td_lite_int(p, "sign", -1, 1, &a->sign));
    a->squares = td_attr_bool(p, "squares");
    a->own[X] = factors[0];
    a->own[Y] = factors[1];
    a->factor = factors[2];
    for (int k = X; k <= Y; k++) {
        if (a->own[k].shift > 0)
            return TD_ERR(INVALID_ARGUMENT, "%s: operand %d has a factor above 1", p->node->name, k);
        for (int v = 0; v < ENTRIES && a->type != TD_I16; v++)
            a->table[k][v] = addend(a, k, a->type == TD_U8 ? v : (int8_t)v);
    }
    return NULL;
}

static int32_t finish(const pair_attrs *a, int32_t v)
{
    return td_steps_of(td_fixed_times(v, a->factor), a->out.zero, a->out.low, a->out.high);
}

/* Their squares may be too large, as TFLite's are. */
static int32_t add_of(const pair_attrs *a, int32_t x, int32_t y)
{
    const uint32_t sum = (uint32_t)x + (uint32_t)y;

    return finish(a, (int32_t)(a->squares ? sum * sum : sum));
}

static int add_bytes(const void *ctx, void *out, const void *const in[], size_t n)
{
    const pair_attrs *const a = ctx;
    const uint8_t *const x = in[X], *const y = in[Y];

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)add_of(a, a->table[X][x[i]], a->table[Y][y[i]]);
    return 0;
}

static int add_words(const void *ctx, void *out, const void *const in[], size_t n)
{
    const pair_attrs *const a = ctx;
    const int16_t *const x = in[X], *const y = in[Y];

    for (size_t i = 0; i < n; i++)
        ((int16_t *)out)[i] = (int16_t)add_of(a, addend(a, X, x[i]), addend(a, Y, y[i]));
    return 0;
}

#define MUL(name, type, to)                                                                                  \
    static int name(const void *ctx, void *out, const void *const in[], size_t n)                            \
    {                                                                                                        \
        const pair_attrs *const a = ctx;                                                                     \
        const type *const x = in[X], *const y = in[Y];                                                       \
                                                                                                             \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const uint32_t product = (uint32_t)(x[i] - a->zero[X]) * (uint32_t)(y[i] - a->zero[Y]);          \
            ((to *)out)[i] = (to)finish(a, (int32_t)product);                                                \
        }                                                                                                    \
        return 0;                                                                                            \
    }

MUL(mul_s8, int8_t, int8_t)
MUL(mul_u8, uint8_t, uint8_t)
MUL(mul_s16, int16_t, int16_t)

/* ---------------------------------------------------------------- _LiteDiv */

/* x / y, by the reciprocal of y in 31 bits. By 0: by the least that is none. */
static int32_t div_of(const pair_attrs *a, int32_t x, int32_t y)
{
    const int32_t over = y < 0 ? -x : x, under = y < 0 ? -y : TD_MAX(y, 1);
    const int before = __builtin_clz((unsigned)under), spare = __builtin_clrsb(over);
    const int32_t part = (int32_t)(((uint32_t)under << before) - (UINT32_C(1) << 31));
    const int32_t quotient = td_high_product((int32_t)((uint32_t)over << spare), td_fixed_share(part, 31));
    const int by = a->factor.shift - (31 - before) - spare;
    const int32_t scaled = td_high_product(quotient, a->factor.multiplier);

    return td_steps_of(td_fixed_shift(scaled, TD_MIN(TD_MAX(by, -31), 31), 31), a->out.zero, a->out.low,
                       a->out.high);
}

/* ---------------------------------------------------------------- _LitePrelu: x, and what it is multiplied with below 0 */

static td_status prelu_parse(td_parse *p)
{
    pair_attrs *const a = p->attrs;

    TD_TRY(parse_common(p, a));
    return td_lite_factors_of(p, 2, a->own);
}

static int32_t prelu_of(const pair_attrs *a, int32_t x, int32_t y)
{
    const int32_t v = x >= 0 ? td_fixed_times(x, a->own[X])
                             : td_fixed_times((int32_t)((uint32_t)x * (uint32_t)y), a->own[Y]);

    return td_steps_of(v, a->out.zero, a->out.low, a->out.high);
}

#define PAIR(name, of, type)                                                                                 \
    static int name(const void *ctx, void *out, const void *const in[], size_t n)                            \
    {                                                                                                        \
        const pair_attrs *const a = ctx;                                                                     \
        const type *const x = in[X], *const y = in[Y];                                                       \
                                                                                                             \
        for (size_t i = 0; i < n; i++)                                                                       \
            ((type *)out)[i] = (type)of(a, x[i] - a->zero[X], y[i] - a->zero[Y]);                            \
        return 0;                                                                                            \
    }

PAIR(div_s8, div_of, int8_t)
PAIR(div_u8, div_of, uint8_t)
PAIR(div_s16, div_of, int16_t)
PAIR(prelu_s8, prelu_of, int8_t)
PAIR(prelu_u8, prelu_of, uint8_t)

/* ---------------------------------------------------------------- run */

typedef struct pair_state {
    td_bcast bcast;
    td_bcast_operand operands[2];
    td_bcast_fn *fn;
} pair_state;

static void make_state(td_call *c, td_bcast_fn *fn)
{
    const td_shape *const in[] = { &td_in(c, X)->shape, &td_in(c, Y)->shape };
    pair_state *const s = c->state;

    s->fn = fn;
    s->operands[X].size = s->operands[Y].size = td_dtype_size(td_in(c, 0)->dtype);
    td_bcast_make(&s->bcast, s->operands, &td_out(c, 0)->shape, in, 2);
}

static td_status add_prepare(td_call *c)
{
    make_state(c, td_in(c, 0)->dtype == TD_I16 ? add_words : add_bytes);
    return NULL;
}

static td_status mul_prepare(td_call *c)
{
    const td_dtype type = td_in(c, 0)->dtype;

    make_state(c, type == TD_I8 ? mul_s8 : type == TD_U8 ? mul_u8 : mul_s16);
    return NULL;
}

static td_status div_prepare(td_call *c)
{
    const td_dtype type = td_in(c, 0)->dtype;

    make_state(c, type == TD_I8 ? div_s8 : type == TD_U8 ? div_u8 : div_s16);
    return NULL;
}

static td_status prelu_prepare(td_call *c)
{
    make_state(c, td_in(c, 0)->dtype == TD_I8 ? prelu_s8 : prelu_u8);
    return NULL;
}

typedef struct pair_job {
    const pair_state *s;
    const void *attrs, *in[2];
    char *out;
    size_t size;
} pair_job;

static void run_shard(void *ctx, size_t begin, size_t end)
{
    const pair_job *const j = ctx;

    (void)td_bcast_run(&j->s->bcast, j->out, j->size, j->in, begin, end, j->s->fn, j->attrs);
}

static td_status pair_run(td_call *c)
{
    pair_job j = { c->state,
                   c->attrs,
                   { td_in(c, X)->data, td_in(c, Y)->data },
                   td_out(c, 0)->data,
                   td_dtype_size(td_in(c, 0)->dtype) };

    td_call_parallel(c, (size_t)td_shape_count(&td_out(c, 0)->shape), GRAIN, run_shard, &j);
    return NULL;
}

static const td_kernel add_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(pair_state), add_prepare, pair_run, NULL },
    { 0 },
};
static const td_kernel mul_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(pair_state), mul_prepare, pair_run, NULL },
    { 0 },
};

static const td_kernel div_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(pair_state), div_prepare, pair_run, NULL },
    { 0 },
};
static const td_kernel prelu_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_BYTES, sizeof(pair_state), prelu_prepare, pair_run, NULL },
    { 0 },
};

#define STEPS "T: type, zero_x: int, zero_y: int, " TD_LITE_OUT_ATTRS ", " TD_LITE_FACTORS_ATTRS
#define COMMON                                                                                               \
    .sig = "x: T, y: T -> z: T", .flags = TD_OP_ELEMENTWISE, .attrs_size = sizeof(pair_attrs),               \
    .infer = td_infer_broadcast

const td_op td_ops_lite_pair[] = {
    { .name = "_LiteAdd",
      .attrs = STEPS ", left: int, sign: int = 1, squares: bool = false",
      .parse = add_parse,
      .kernels = add_kernels,
      COMMON },
    { .name = "_LiteDiv", .attrs = STEPS, .parse = mul_parse, .kernels = div_kernels, COMMON },
    { .name = "_LiteMul", .attrs = STEPS, .parse = mul_parse, .kernels = mul_kernels, COMMON },
    { .name = "_LitePrelu", .attrs = STEPS, .parse = prelu_parse, .kernels = prelu_kernels, COMMON },
    { 0 },
};
