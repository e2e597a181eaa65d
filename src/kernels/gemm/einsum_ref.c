/* SPDX-License-Identifier: Apache-2.0 */
/* einsum_ref.c -- see einsum.h. */
#include "kernels/gemm/einsum.h"

#include <complex.h>

typedef struct place {
    size_t a, b, out;
} place;

/* Offsets of index `i` of the labels [from, to). */
static place place_at(const td_einsum *e, int from, int to, size_t i)
{
    place p = { 0 };

    for (int l = to - 1; l >= from; l--) {
        const size_t at = i % e->size[l];
        i /= e->size[l];
        p.a += at * e->a[l];
        p.b += at * e->b[l];
        p.out += at * e->out[l];
    }
    return p;
}

static size_t count(const td_einsum *e, int from, int to)
{
    size_t n = 1;

    for (int l = from; l < to; l++)
        n *= e->size[l];
    return n;
}

#define EINSUM_TYPES(X)                                                                                      \
    X(TD_F32, f32, float, double)                                                                            \
    X(TD_F64, f64, double, double)                                                                           \
    X(TD_I8, i8, int8_t, uint32_t)                                                                           \
    X(TD_U8, u8, uint8_t, uint32_t)                                                                          \
    X(TD_I16, i16, int16_t, uint32_t)                                                                        \
    X(TD_U16, u16, uint16_t, uint32_t)                                                                       \
    X(TD_I32, i32, int32_t, uint32_t)                                                                        \
    X(TD_U32, u32, uint32_t, uint32_t)                                                                       \
    X(TD_I64, i64, int64_t, uint64_t)                                                                        \
    X(TD_U64, u64, uint64_t, uint64_t)                                                                       \
    X(TD_C64, c64, float complex, double complex)                                                            \
    X(TD_C128, c128, double complex, double complex)

#define X(dtype, name, type, sum_type)                                                                       \
    static void sums_##name(const td_einsum *e, type *out, const type *a, const type *b)                     \
    {                                                                                                        \
        const size_t outer = count(e, 0, e->n_out), inner = count(e, e->n_out, e->n);                        \
        for (size_t i = 0; i < outer; i++) {                                                                 \
            const place o = place_at(e, 0, e->n_out, i);                                                     \
            sum_type sum = 0;                                                                                \
            for (size_t k = 0; k < inner; k++) {                                                             \
                const place s = place_at(e, e->n_out, e->n, k);                                              \
                const sum_type x = (sum_type)a[o.a + s.a];                                                   \
                const sum_type y = b ? (sum_type)b[o.b + s.b] : (sum_type)1;                                 \
                sum += x * y;                                                                                \
            }                                                                                                \
            out[o.out] = (type)sum;                                                                          \
        }                                                                                                    \
    }
EINSUM_TYPES(X)
#undef X

void td_einsum_ref(const td_einsum *e, td_dtype type, void *out, const void *a, const void *b)
{
    switch (type) {
#define X(dtype, name, ctype, sum_type)                                                                      \
    case dtype:                                                                                              \
        sums_##name(e, out, a, b);                                                                           \
        return;
        EINSUM_TYPES(X)
#undef X
    default:
        return;
    }
}
