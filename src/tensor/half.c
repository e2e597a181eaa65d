/* half.c -- small floats by the array. */
#include "tensor/half.h"

#include "base/cpu.h"
#include "base/macros.h"

#if defined(__x86_64__)
#include <immintrin.h>

TD_TARGET("avx,f16c")
static size_t widen_by_8(float *out, const uint16_t *in, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(in + i))));
    return i;
}

TD_TARGET("avx,f16c")
static size_t narrow_by_8(uint16_t *out, const float *in, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(out + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(in + i), 0)); /* to nearest */
    return i;
}

#else

static size_t widen_by_8(float *out, const uint16_t *in, size_t n)
{
    (void)out, (void)in, (void)n;
    return 0;
}

static size_t narrow_by_8(uint16_t *out, const float *in, size_t n)
{
    (void)out, (void)in, (void)n;
    return 0;
}

#endif

void td_f16_to_f32_n(float *out, const uint16_t *in, size_t n)
{
    for (size_t i = td_cpu_detect() >= TD_CPU_avx2 ? widen_by_8(out, in, n) : 0; i < n; i++)
        out[i] = td_f16_to_f32(in[i]);
}

void td_f32_to_f16_n(uint16_t *out, const float *in, size_t n)
{
    for (size_t i = td_cpu_detect() >= TD_CPU_avx2 ? narrow_by_8(out, in, n) : 0; i < n; i++)
        out[i] = td_f32_to_f16(in[i]);
}

/* The compiler makes vectors of these two. */
void td_bf16_to_f32_n(float *out, const uint16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = td_bf16_to_f32(in[i]);
}

void td_f32_to_bf16_n(uint16_t *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = td_f32_to_bf16(in[i]);
}
