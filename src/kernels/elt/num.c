/* SPDX-License-Identifier: Apache-2.0 */
/* num.c -- arrays of 16-bit and 8-bit floats, in plain C; and which body converts them. */
#include "kernels/elt/num.h"

#include "kernels/elt/num_bodies.h"

void td_widen_f16_ref(float *out, const void *in, size_t n)
{
    const td_f16 *const h = in;

    for (size_t i = 0; i < n; i++)
        out[i] = td_f16_to_f32(h[i]);
}

void td_narrow_f16_ref(void *out, const float *in, size_t n)
{
    td_f16 *const h = out;

    for (size_t i = 0; i < n; i++)
        h[i] = td_f32_to_f16(in[i]);
}

void td_widen_bf16_ref(float *out, const void *in, size_t n)
{
    const td_bf16 *const h = in;

    for (size_t i = 0; i < n; i++)
        out[i] = td_bf16_to_f32(h[i]);
}

void td_narrow_bf16_ref(void *out, const float *in, size_t n)
{
    td_bf16 *const h = out;

    for (size_t i = 0; i < n; i++)
        h[i] = td_f32_to_bf16(in[i]);
}

#define FLOAT8(kind)                                                                                         \
    static void widen_##kind(float *out, const void *in, size_t n)                                           \
    {                                                                                                        \
        const uint8_t *const h = in;                                                                         \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = td_##kind##_to_f32(h[i]);                                                               \
    }                                                                                                        \
    static void narrow_##kind(void *out, const float *in, size_t n)                                          \
    {                                                                                                        \
        uint8_t *const h = out;                                                                              \
        for (size_t i = 0; i < n; i++)                                                                       \
            h[i] = td_f32_to_##kind(in[i]);                                                                  \
    }
FLOAT8(f8e5m2)
FLOAT8(f8e4m3fn)

#if defined(__x86_64__)
#define HAS_AVX2(cpu) ((cpu) >= TD_CPU_avx2)
#define PICK(name)    td_##name##_avx2
#else
#define HAS_AVX2(cpu) ((void)(cpu), false)
#define PICK(name)    td_##name##_ref
#endif

td_widen_fn *td_widen_find(td_dtype narrow, td_cpu cpu)
{
    if (narrow == TD_F16) return HAS_AVX2(cpu) ? PICK(widen_f16) : td_widen_f16_ref;
    if (narrow == TD_BF16) return HAS_AVX2(cpu) ? PICK(widen_bf16) : td_widen_bf16_ref;
    if (narrow == TD_F8E5M2) return widen_f8e5m2;
    if (narrow == TD_F8E4M3FN) return widen_f8e4m3fn;
    return NULL;
}

td_narrow_fn *td_narrow_find(td_dtype narrow, td_cpu cpu)
{
    if (narrow == TD_F16) return HAS_AVX2(cpu) ? PICK(narrow_f16) : td_narrow_f16_ref;
    if (narrow == TD_BF16) return HAS_AVX2(cpu) ? PICK(narrow_bf16) : td_narrow_bf16_ref;
    if (narrow == TD_F8E5M2) return narrow_f8e5m2;
    if (narrow == TD_F8E4M3FN) return narrow_f8e4m3fn;
    return NULL;
}
