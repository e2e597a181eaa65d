/* SPDX-License-Identifier: Apache-2.0 */
/* combine.c -- see combine.h. Integers wrap around;
 * 16-bit floats are rounded after every step, as TensorFlow's. */
#include "kernels/array/combine.h"

#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/elt/num.h"

#define ADD(a, b)      ((a) + (b))
#define SUB(a, b)      ((a) - (b))
#define MUL(a, b)      ((a) * (b))
#define DIV(a, b)      ((a) / (b))
#define MIN(a, b)      ((b) < (a) ? (b) : (a))
#define MAX(a, b)      ((b) > (a) ? (b) : (a))
#define LEAST(a, b)    ((a) < (b) ? (a) : (b))
#define GREATEST(a, b) ((a) > (b) ? (a) : (b))
#define MINIMUM(a, b)  ((a) != (a) || (a) < (b) ? (a) : (b))
#define MAXIMUM(a, b)  ((a) != (a) || (a) > (b) ? (a) : (b))
#define SAFE_DIV(a, b) ((b) == 0 ? 0 : (a) / (b))
#define ANY(a, b)      ((a) || (b))
#define ALL(a, b)      ((a) && (b))

/* T lies in memory, A is computed in. */
#define COMBINE(name, T, A, load, store, op)                                                                 \
    static void name(void *acc, const void *in, size_t n, size_t step)                                       \
    {                                                                                                        \
        T *const to = acc;                                                                                   \
        const T *const from = in;                                                                            \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const A a = (A)load(to[i]), b = (A)load(from[i * step]);                                         \
            to[i] = (T)store((A)op(a, b));                                                                   \
        }                                                                                                    \
    }
/* As above, for structs, which cannot be cast to. */
#define COMBINE_HALF(name, T, load, store, op)                                                               \
    static void name(void *acc, const void *in, size_t n, size_t step)                                       \
    {                                                                                                        \
        T *const to = acc;                                                                                   \
        const T *const from = in;                                                                            \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const float a = load(to[i]), b = load(from[i * step]);                                           \
            to[i] = store(op(a, b));                                                                         \
        }                                                                                                    \
    }

#define SAME(x) (x)
/* X(name, T in memory, A for sums and products (unsigned: it wraps), D for division and order) */
#define INTEGERS(X)                                                                                          \
    X(I8, int8_t, uint32_t, int32_t)                                                                         \
    X(I16, int16_t, uint32_t, int32_t)                                                                       \
    X(I32, int32_t, uint32_t, int64_t)                                                                       \
    X(I64, int64_t, uint64_t, int64_t)                                                                       \
    X(U8, uint8_t, uint32_t, uint32_t)                                                                       \
    X(U16, uint16_t, uint32_t, uint32_t)                                                                     \
    X(U32, uint32_t, uint32_t, uint32_t)                                                                     \
    X(U64, uint64_t, uint64_t, uint64_t)
#define FLOATS(X)                                                                                            \
    X(F32, float)                                                                                            \
    X(F64, double)
#define HALVES(X)                                                                                            \
    X(F16, td_f16, td_f16_to_f32, td_f32_to_f16)                                                             \
    X(BF16, td_bf16, td_bf16_to_f32, td_f32_to_bf16)
#define COMPLEXES(X)                                                                                         \
    X(C64, float complex)                                                                                    \
    X(C128, double complex)

/* The most negative number over -1 does not fit: the machine would trap. */
static inline int64_t divide_i64(int64_t a, int64_t b)
{
    if (b == 0) return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

#define X(n, T, A, D)                                                                                        \
    COMBINE(add_##n, T, A, SAME, SAME, ADD)                                                                  \
    COMBINE(sub_##n, T, A, SAME, SAME, SUB)                                                                  \
    COMBINE(mul_##n, T, A, SAME, SAME, MUL)                                                                  \
    COMBINE(min_##n, T, D, SAME, SAME, MIN)                                                                  \
    COMBINE(max_##n, T, D, SAME, SAME, MAX)
INTEGERS(X)
#undef X
COMBINE(div_I8, int8_t, int32_t, SAME, SAME, SAFE_DIV)
COMBINE(div_I16, int16_t, int32_t, SAME, SAME, SAFE_DIV)
COMBINE(div_I32, int32_t, int64_t, SAME, SAME, SAFE_DIV)
COMBINE(div_I64, int64_t, int64_t, SAME, SAME, divide_i64)
COMBINE(div_U8, uint8_t, uint32_t, SAME, SAME, SAFE_DIV)
COMBINE(div_U16, uint16_t, uint32_t, SAME, SAME, SAFE_DIV)
COMBINE(div_U32, uint32_t, uint32_t, SAME, SAME, SAFE_DIV)
COMBINE(div_U64, uint64_t, uint64_t, SAME, SAME, SAFE_DIV)
#define X(n, T)                                                                                              \
    COMBINE(add_##n, T, T, SAME, SAME, ADD)                                                                  \
    COMBINE(sub_##n, T, T, SAME, SAME, SUB)                                                                  \
    COMBINE(mul_##n, T, T, SAME, SAME, MUL)                                                                  \
    COMBINE(div_##n, T, T, SAME, SAME, DIV)
FLOATS(X)
COMPLEXES(X)
#undef X
#define X(n, T)                                                                                              \
    COMBINE(min_##n, T, T, SAME, SAME, MIN)                                                                  \
    COMBINE(max_##n, T, T, SAME, SAME, MAX)                                                                  \
    COMBINE(least_##n, T, T, SAME, SAME, LEAST)                                                              \
    COMBINE(greatest_##n, T, T, SAME, SAME, GREATEST)                                                        \
    COMBINE(minimum_##n, T, T, SAME, SAME, MINIMUM)                                                          \
    COMBINE(maximum_##n, T, T, SAME, SAME, MAXIMUM)
FLOATS(X)
#undef X
#define X(n, T, load, store)                                                                                 \
    COMBINE_HALF(add_##n, T, load, store, ADD)                                                               \
    COMBINE_HALF(sub_##n, T, load, store, SUB)                                                               \
    COMBINE_HALF(mul_##n, T, load, store, MUL)                                                               \
    COMBINE_HALF(div_##n, T, load, store, DIV)                                                               \
    COMBINE_HALF(min_##n, T, load, store, MIN)                                                               \
    COMBINE_HALF(max_##n, T, load, store, MAX)                                                               \
    COMBINE_HALF(least_##n, T, load, store, LEAST)                                                           \
    COMBINE_HALF(greatest_##n, T, load, store, GREATEST)                                                     \
    COMBINE_HALF(minimum_##n, T, load, store, MINIMUM)                                                       \
    COMBINE_HALF(maximum_##n, T, load, store, MAXIMUM)
HALVES(X)
#undef X
COMBINE(any_bool, uint8_t, int, SAME, SAME, ANY)
COMBINE(all_bool, uint8_t, int, SAME, SAME, ALL)

enum { OPS = TD_COMBINE_MAXIMUM + 1 };

#define ROW(n, least, greatest, minimum, maximum)                                                            \
    {                                                                                                        \
        add_##n, sub_##n, mul_##n, div_##n, min_##n, max_##n, least, greatest, minimum, maximum              \
    }
static td_combine_fn *const table[TD_DTYPE_COUNT][OPS] = {
#define X(n, ...) [TD_##n] = ROW(n, min_##n, max_##n, min_##n, max_##n),
    INTEGERS(X)
#undef X
#define X(n, ...) [TD_##n] = ROW(n, least_##n, greatest_##n, minimum_##n, maximum_##n),
        FLOATS(X) HALVES(X)
#undef X
#define X(n, T) [TD_##n] = { add_##n, sub_##n, mul_##n, div_##n },
            COMPLEXES(X)
#undef X
                [TD_BOOL] = { any_bool, NULL, all_bool, NULL, all_bool, any_bool, all_bool, any_bool },
};

td_combine_fn *td_combine_find(td_combine op, td_dtype dtype)
{
    return dtype < TD_DTYPE_COUNT ? table[dtype][op] : NULL;
}

void td_number_put(td_dtype dtype, double v, void *out)
{
    const float f = (float)v;
    const td_f16 half = td_f32_to_f16(f);
    const td_bf16 brain = td_f32_to_bf16(f);

    memset(out, 0, td_dtype_size(dtype));
    switch (dtype) {
    case TD_F32:
    case TD_C64:
        memcpy(out, &f, sizeof f);
        break;
    case TD_F64:
    case TD_C128:
        memcpy(out, &v, sizeof v);
        break;
    case TD_F16:
        memcpy(out, &half, sizeof half);
        break;
    case TD_BF16:
        memcpy(out, &brain, sizeof brain);
        break;
    default:
        memcpy(out, &(int64_t){ (int64_t)v }, td_dtype_size(dtype)); /* little-endian integers */
    }
}

/* Ends of the integer types; floats start at their largest finite number, as TensorFlow's segments do. */
static void put_end(td_dtype dtype, bool lowest, void *out)
{
    const size_t bits = 8 * td_dtype_size(dtype);
    const bool is_signed = dtype == TD_I8 || dtype == TD_I16 || dtype == TD_I32 || dtype == TD_I64;
    const uint64_t sign = is_signed ? UINT64_C(1) << (bits - 1) : 0;
    const uint64_t end = lowest ? sign : (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1) ^ sign;

    switch (dtype) {
    case TD_F32:
        td_number_put(dtype, lowest ? -0x1.fffffep127 : 0x1.fffffep127, out);
        break;
    case TD_F64:
        td_number_put(dtype, lowest ? -0x1.fffffffffffffp1023 : 0x1.fffffffffffffp1023, out);
        break;
    case TD_F16:
        td_number_put(dtype, lowest ? -65504 : 65504, out);
        break;
    case TD_BF16:
        td_number_put(dtype, lowest ? -0x1.fep127 : 0x1.fep127, out);
        break;
    case TD_BOOL:
        *(uint8_t *)out = !lowest;
        break;
    default:
        memcpy(out, &end, td_dtype_size(dtype));
    }
}

void td_combine_start(td_combine op, td_dtype dtype, void *out)
{
    const bool is_max = op == TD_COMBINE_MAX || op == TD_COMBINE_GREATEST;

    if (is_max || op == TD_COMBINE_MIN || op == TD_COMBINE_LEAST)
        put_end(dtype, is_max, out);
    else
        td_number_put(dtype, op == TD_COMBINE_MUL || op == TD_COMBINE_DIV ? 1 : 0, out);
}
