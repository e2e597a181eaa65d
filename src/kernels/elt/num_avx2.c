/* SPDX-License-Identifier: Apache-2.0 */
/* num_avx2.c -- arrays of 16-bit floats, eight at a time (F16C does half in one instruction). */
#include <immintrin.h>

#include "kernels/elt/num_bodies.h"

static void widen_f16(float *out, const void *in, size_t n)
{
    const td_f16 *const h = in;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(h + i))));
    td_half_ref.widen_f16(out + i, h + i, n - i);
}

static void narrow_f16(void *out, const float *in, size_t n)
{
    td_f16 *const h = out;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((void *)(h + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
    td_half_ref.narrow_f16(h + i, in + i, n - i);
}

/* The compiler vectorises these two well enough. */
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

const td_half_bodies td_half_avx2 = { widen_f16, widen_bf16, narrow_f16, narrow_bf16 };
