/* SPDX-License-Identifier: Apache-2.0 */
/* fixed_exp.c -- see fixed_exp.h. Constants are of 31 bits, and rounded where there are 15. */
#include "kernels/quant/fixed_exp.h"

#include "kernels/quant/fixed.h"

static int32_t hold(int64_t v, int bits)
{
    const int64_t most = (INT64_C(1) << bits) - 1;

    return (int32_t)TD_MIN(TD_MAX(v, -most - 1), most);
}

int32_t td_fixed_shift(int32_t v, int by, int bits)
{
    return by >= 0 ? hold((int64_t)v * (INT64_C(1) << by), bits) : td_round_shift(v, -by);
}

/* What a type of so many bits and a sign makes of v. */
static int32_t wrapped(int32_t v, int bits)
{
    return bits == 15 ? (int16_t)v : v;
}

static int32_t sum(int32_t a, int32_t b, int bits)
{
    return wrapped((int32_t)((uint32_t)a + (uint32_t)b), bits);
}

static int32_t less(int32_t a, int32_t b, int bits)
{
    return wrapped((int32_t)((uint32_t)a - (uint32_t)b), bits);
}

static int32_t product(int32_t a, int32_t b, int bits)
{
    return hold(((int64_t)a * b + (INT64_C(1) << (bits - 1))) >> bits, bits);
}

static int32_t constant(int32_t v, int bits)
{
    return td_round_shift(v, 31 - bits);
}

static int32_t most_of(int bits)
{
    return (int32_t)((INT64_C(1) << bits) - 1);
}

static int32_t half_sum(int32_t a, int32_t b)
{
    const int64_t both = (int64_t)a + b;

    return (int32_t)((both + (both >= 0 ? 1 : -1)) / 2);
}

/* ---- division, by Newton's method: 1 / d for d = (1 + x) / 2, two bits before its point */

static int32_t inverse(int32_t x, int bits)
{
    const int32_t d = half_sum(x, most_of(bits)), one = (int32_t)(INT64_C(1) << (bits - 2));
    int32_t y = sum(constant(1515870810, bits), product(d, constant(-1010580540, bits), bits), bits);

    for (int i = 0; i < 3; i++)
        y = sum(y, td_fixed_shift(product(y, less(one, product(d, y, bits), bits), bits), 2, bits), bits);
    return y;
}

int32_t td_fixed_share(int32_t x, int bits)
{
    return td_fixed_shift(inverse(x, bits), 1, bits);
}

/* (1 - x) / (1 + x) */
static int32_t ratio(int32_t x, int bits)
{
    return td_fixed_shift(less(inverse(x, bits), (int32_t)(INT64_C(1) << (bits - 2)), bits), 2, bits);
}

/* ---- exponentials: a series around -1/8 for what is left over a multiple of 1/4, and a factor for each bit of that */

static int32_t exp_of_part(int32_t part, int bits)
{
    const int32_t middle = constant(1895147668, bits), third = constant(715827883, bits);
    const int32_t x = sum(part, (int32_t)(INT64_C(1) << (bits - 3)), bits), x2 = product(x, x, bits);
    const int32_t x3 = product(x2, x, bits), x4 = td_fixed_shift(product(x2, x2, bits), -2, bits);
    const int32_t tail = td_fixed_shift(sum(product(sum(x4, x3, bits), third, bits), x2, bits), -1, bits);

    return hold((int64_t)middle + product(middle, sum(x, tail, bits), bits), bits);
}

int32_t td_fixed_exp(int32_t x, int whole, int bits)
{
    static const int32_t factors[] = { 1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242 };
    const int point = bits - whole;
    const int32_t quarter = (int32_t)(INT64_C(1) << (point - 2)), part = (x & (quarter - 1)) - quarter;
    const int32_t rest = less(part, x, bits);
    int32_t y = exp_of_part(td_fixed_shift(part, whole, bits), bits);

    if (!x) return most_of(bits);
    for (int i = 0; i < 7 && i - 2 < whole; i++)
        if (rest & (int32_t)(INT64_C(1) << (point + i - 2))) y = product(y, constant(factors[i], bits), bits);
    return whole > 5 && x < -(int32_t)(INT64_C(1) << (point + 5)) ? 0 : y;
}

int32_t td_fixed_logistic(int32_t x, int whole, int bits)
{
    const int32_t y = td_fixed_share(td_fixed_exp(x > 0 ? -x : x, whole, bits), bits);

    return !x ? (int32_t)(INT64_C(1) << (bits - 1)) : x > 0 ? y : most_of(bits) - y;
}

int32_t td_fixed_tanh(int32_t x, int whole, int bits)
{
    const int32_t y = ratio(td_fixed_exp(x < 0 ? x : -x, whole + 1, bits), bits);

    return !x ? 0 : x < 0 ? -y : y;
}

/* ---- logarithms: of a power of sqrt 2, and of what is left over it */

enum { IN = 12, OUT = 5, WIDE = OUT + 1, LOG_2 = 1488522236, ROOT = 1518500250, ROOT_OF_ROOT = 1805811301 };

/* The part in a series of fractions around the fourth root of 1/2. */
static int32_t log_of_part(int32_t r)
{
    const int32_t p = half_sum(r, ROOT_OF_ROOT), d = less(r, ROOT_OF_ROOT, 31), q = sum(d, d, 31);
    const int32_t q2 = product(q, q, 31);
    const int32_t over = sum(product(q, r, 31), product(product(q, q2, 31), 117049297, 31), 31);
    const int32_t under = sum(sum(1057819769, q, 31), product(127690142, q2, 31), 31);
    const int32_t rest = sum(product(p, under, 31), product(638450708, q, 31), 31);

    return product(td_fixed_shift(over, -WIDE, 31), td_fixed_share(rest, 31), 31);
}

static int bits_before(int32_t x)
{
    return x ? __builtin_clz((unsigned)x) : 32;
}

int32_t td_fixed_log(int32_t x)
{
    const int a = bits_before(x), b = bits_before(product(x, ROOT, 31)) - 1;
    const int32_t quarter = 1 << (31 - WIDE - 2);
    const int32_t part_a = td_fixed_shift(product(td_fixed_shift(x, a - 1, 31), ROOT, 31), 1, 31);
    const int32_t part = TD_MIN(part_a, td_fixed_shift(x, b, 31));
    const int32_t power_a = hold((int64_t)td_fixed_shift(IN - a, 31 - WIDE, 31) + quarter, 31);
    const int32_t power_b = hold((int64_t)td_fixed_shift(IN - b, 31 - WIDE, 31) - quarter, 31);

    return td_fixed_shift(sum(product(TD_MAX(power_a, power_b), LOG_2, 31), log_of_part(part), 31), 1, 31);
}
