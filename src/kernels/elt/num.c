/* SPDX-License-Identifier: Apache-2.0 */
/* num.c -- arrays of 16-bit and 8-bit floats, in plain C; and which body converts them. */
#include "kernels/elt/num.h"

#include "kernels/elt/num_bodies.h"

static void widen_f16(float *out, const void *in, size_t n)
{
    const td_f16 *const h = in;

    for (size_t i = 0; i < n; i++)
        out[i] = td_f16_to_f32(h[i]);
}

static void narrow_f16(void *out, const float *in, size_t n)
{
    td_f16 *const h = out;

    for (size_t i = 0; i < n; i++)
        h[i] = td_f32_to_f16(in[i]);
}

static void widen_bf16(float *out, const void *in, size_t n)
{
    const td_bf16 *const h = in;

    for (size_t i = 0; i < n; i++)
        out[i] = td_bf16_to_f32(h[i]);
}

static void narrow_bf16(void *out, const float *in, size_t n)
{
    td_bf16 *const h = out;

    for (size_t i = 0; i < n; i++)
        h[i] = td_f32_to_bf16(in[i]);
}

const td_half_bodies td_half_ref = { widen_f16, widen_bf16, narrow_f16, narrow_bf16 };

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

const td_half_variant td_half_variants[] = {
    TD_X86(&td_half_, avx2),
    TD_PLAIN(&td_half_ref),
};

td_widen_fn *td_widen_find(td_dtype narrow, td_cpu cpu)
{
    if (narrow == TD_F16) return td_half_select(cpu)->widen_f16;
    if (narrow == TD_BF16) return td_half_select(cpu)->widen_bf16;
    if (narrow == TD_F8E5M2) return widen_f8e5m2;
    if (narrow == TD_F8E4M3FN) return widen_f8e4m3fn;
    return NULL;
}

td_narrow_fn *td_narrow_find(td_dtype narrow, td_cpu cpu)
{
    if (narrow == TD_F16) return td_half_select(cpu)->narrow_f16;
    if (narrow == TD_BF16) return td_half_select(cpu)->narrow_bf16;
    if (narrow == TD_F8E5M2) return narrow_f8e5m2;
    if (narrow == TD_F8E4M3FN) return narrow_f8e4m3fn;
    return NULL;
}
