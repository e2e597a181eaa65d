/* SPDX-License-Identifier: Apache-2.0 */
/* cumulative.c -- one body a type and function; columns run side by side. */
#include "kernels/cumulative/cumulative.h"

#include <complex.h>
#include <math.h>

/* log(exp(a) + exp(b)) without overflow. */
static double log_add(double a, double b)
{
    const double top = a > b ? a : b, low = a > b ? b : a;

    if (a != a || b != b) return a + b;
    return isinf(top) ? top : top + log1p(exp(low - top));
}

#define ADD(a, b)      ((a) + (b))
#define MULTIPLY(a, b) ((a) * (b))
#define CUMULATIVE(name, T, A, load, store, start, join)                                                     \
    static void name(void *out_void, const void *in_void, const td_cumulative_dims *d)                       \
    {                                                                                                        \
        A acc[TD_CUMULATIVE_CHUNK];                                                                          \
        for (size_t j = 0; j < d->columns; j++)                                                              \
            acc[j] = (A)(start);                                                                             \
        for (size_t i = 0; i < d->n; i++) {                                                                  \
            const size_t at = (d->reverse ? d->n - 1 - i : i) * d->stride;                                   \
            const T *const in = (const T *)in_void + at;                                                     \
            T *const out = (T *)out_void + at;                                                               \
            for (size_t j = 0; j < d->columns; j++) {                                                        \
                const A next = (A)join(acc[j], (A)load(in[j]));                                              \
                out[j] = store(d->exclusive ? acc[j] : next);                                                \
                acc[j] = next;                                                                               \
            }                                                                                                \
        }                                                                                                    \
    }

#define SAME(x)    (x)
#define TO_F32(x)  (float)(x)
#define TO_C64(x)  (float complex)(x)
#define TO_F16(x)  td_f32_to_f16((float)(x))
#define TO_BF16(x) td_f32_to_bf16((float)(x))
#define FLOATS(X)                                                                                            \
    X(F32, float, double, SAME, TO_F32)                                                                      \
    X(F64, double, double, SAME, SAME)                                                                       \
    X(F16, td_f16, double, td_f16_to_f32, TO_F16)                                                            \
    X(BF16, td_bf16, double, td_bf16_to_f32, TO_BF16)
#define OTHERS(X)                                                                                            \
    X(I8, int8_t, uint64_t, SAME, (int8_t))                                                                  \
    X(I16, int16_t, uint64_t, SAME, (int16_t))                                                               \
    X(I32, int32_t, uint64_t, SAME, (int32_t))                                                               \
    X(I64, int64_t, uint64_t, SAME, (int64_t))                                                               \
    X(U8, uint8_t, uint64_t, SAME, (uint8_t))                                                                \
    X(U16, uint16_t, uint64_t, SAME, (uint16_t))                                                             \
    X(U32, uint32_t, uint64_t, SAME, (uint32_t))                                                             \
    X(U64, uint64_t, uint64_t, SAME, SAME)                                                                   \
    X(C64, float complex, double complex, SAME, TO_C64)                                                      \
    X(C128, double complex, double complex, SAME, SAME)

#define X(name, T, A, load, store)                                                                           \
    CUMULATIVE(sum_##name, T, A, load, store, 0, ADD)                                                        \
    CUMULATIVE(prod_##name, T, A, load, store, 1, MULTIPLY)
FLOATS(X)
OTHERS(X)
#undef X
#define X(name, T, A, load, store) CUMULATIVE(logsumexp_##name, T, A, load, store, -INFINITY, log_add)
FLOATS(X)
#undef X

td_cumulative_fn *td_cumulative_find(td_cumulative_id id, td_dtype dtype)
{
    switch (dtype) {
#define X(name, T, A, load, store)                                                                           \
    case TD_##name:                                                                                          \
        return id == TD_CUMULATIVE_sum    ? sum_##name                                                       \
               : id == TD_CUMULATIVE_prod ? prod_##name                                                      \
                                          : logsumexp_##name;
        FLOATS(X)
#undef X
#define X(name, T, A, load, store)                                                                           \
    case TD_##name:                                                                                          \
        return id == TD_CUMULATIVE_sum ? sum_##name : id == TD_CUMULATIVE_prod ? prod_##name : NULL;
        OTHERS(X)
#undef X
    default:
        return NULL;
    }
}
