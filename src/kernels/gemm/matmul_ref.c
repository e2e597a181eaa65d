/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_ref.c -- the definition of a product for every type: rows of c gather rows of b. */
#include <complex.h>
#include <string.h>

#include "kernels/gemm/matmul.h"

/* Integers wrap: sums are made in an unsigned type. */
#define MATMUL_TYPES(X)                                                                                      \
    X(TD_F32, f32, float, double)                                                                            \
    X(TD_F64, f64, double, double)                                                                           \
    X(TD_I8, i8, int8_t, uint32_t)                                                                           \
    X(TD_U8, u8, uint8_t, uint32_t)                                                                          \
    X(TD_I16, i16, int16_t, uint32_t)                                                                        \
    X(TD_U16, u16, uint16_t, uint32_t)                                                                       \
    X(TD_I32, i32, int32_t, uint32_t)                                                                        \
    X(TD_U32, u32, uint32_t, uint32_t)                                                                       \
    X(TD_I64, i64, int64_t, uint64_t)                                                                        \
    X(TD_U64, u64, uint64_t, uint64_t)

#define X(dtype, name, type, sum_type)                                                                       \
    static void product_##name(const td_matmul *p, void *cv, const void *av, const void *bv)                 \
    {                                                                                                        \
        const type *const a = av, *const b = bv;                                                             \
        type *const c = cv;                                                                                  \
        for (size_t i = 0; i < p->m; i++)                                                                    \
            for (size_t j = 0; j < p->n; j++) {                                                              \
                sum_type sum = 0;                                                                            \
                for (size_t k = 0; k < p->k; k++)                                                            \
                    sum += (sum_type)a[i * p->a_m + k * p->a_k] * (sum_type)b[k * p->b_k + j * p->b_n];      \
                c[i * p->c_m + j] = (type)sum;                                                               \
            }                                                                                                \
    }
MATMUL_TYPES(X)
#undef X

#define X(name, type)                                                                                        \
    static void product_##name(const td_matmul *p, void *cv, const void *av, const void *bv, bool conj_a,    \
                               bool conj_b)                                                                  \
    {                                                                                                        \
        const type complex *const a = av, *const b = bv;                                                     \
        type complex *const c = cv;                                                                          \
        for (size_t i = 0; i < p->m; i++)                                                                    \
            for (size_t j = 0; j < p->n; j++) {                                                              \
                double complex sum = 0;                                                                      \
                for (size_t k = 0; k < p->k; k++) {                                                          \
                    const double complex x = a[i * p->a_m + k * p->a_k], y = b[k * p->b_k + j * p->b_n];     \
                    sum += (conj_a ? conj(x) : x) * (conj_b ? conj(y) : y);                                  \
                }                                                                                            \
                c[i * p->c_m + j] = (type complex)sum;                                                       \
            }                                                                                                \
    }
X(c64, float)
X(c128, double)
#undef X

static void product(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                    bool conj_b)
{
    switch (type) {
#define X(dtype, name, ctype, sum_type)                                                                      \
    case dtype:                                                                                              \
        product_##name(p, c, a, b);                                                                          \
        return;
        MATMUL_TYPES(X)
#undef X
    case TD_C64:
        product_c64(p, c, a, b, conj_a, conj_b);
        return;
    case TD_C128:
        product_c128(p, c, a, b, conj_a, conj_b);
        return;
    default:
        return;
    }
}

void td_matmul_ref(const td_matmul *p, td_dtype type, void *c, const void *a, const void *b, bool conj_a,
                   bool conj_b)
{
    const size_t size = td_dtype_size(type);
    size_t count = 1;

    for (int i = 0; i < p->n_batch; i++)
        count *= p->batch[i];
    for (size_t e = 0; e < count; e++) {
        size_t at_a = 0, at_b = 0, at_c = 0, index = e;
        for (int i = p->n_batch - 1; i >= 0; i--) {
            const size_t at = index % p->batch[i];
            index /= p->batch[i];
            at_a += at * p->a_batch[i];
            at_b += at * p->b_batch[i];
            at_c += at * p->c_batch[i];
        }
        product(p, type, (char *)c + at_c * size, (const char *)a + at_a * size,
                (const char *)b + at_b * size, conj_a, conj_b);
    }
}
