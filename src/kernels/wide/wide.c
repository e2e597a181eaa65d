/* wide.c -- conversions, one element at a time. */
#include "kernels/wide/wide.h"

#include <math.h>
#include <string.h>

static float from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t to_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

float td_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000U) << 16, exponent = h >> 10 & 31U, fraction = h & 1023U;

    if (exponent == 31) return from_bits(sign | 0x7f800000U | fraction << 13);
    if (exponent == 0) {
        const float f = (float)fraction * 0x1p-24f;
        return sign ? -f : f;
    }
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

uint16_t td_half_from_float(float f)
{
    const uint32_t bits = to_bits(f), sign = bits >> 16 & 0x8000U;
    const float a = fabsf(f);

    if (isnan(f)) return (uint16_t)(sign | 0x7e00U);
    if (a >= 65520.0f) return (uint16_t)(sign | 0x7c00U);
    if (a < 0x1p-14f) return (uint16_t)(sign | (uint32_t)lrintf(a * 0x1p24f)); /* subnormal: ties to even */
    const uint32_t m = (bits & 0x7fffffffU) - (112U << 23);
    return (uint16_t)(sign | (m + 0xfffU + (m >> 13 & 1U)) >> 13);
}

float td_bfloat_to_float(uint16_t b)
{
    return from_bits((uint32_t)b << 16);
}

uint16_t td_bfloat_from_float(float f)
{
    const uint32_t bits = to_bits(f);

    if (isnan(f)) return (uint16_t)(bits >> 16 | 0x40U);
    return (uint16_t)((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

/* type, C type, to double, from double */
#define WIDE_INTS(X)                                                                                         \
    X(TD_I8, int8_t)                                                                                         \
    X(TD_U8, uint8_t)                                                                                        \
    X(TD_I16, int16_t)                                                                                       \
    X(TD_U16, uint16_t)                                                                                      \
    X(TD_I32, int32_t)                                                                                       \
    X(TD_U32, uint32_t)                                                                                      \
    X(TD_I64, int64_t)                                                                                       \
    X(TD_U64, uint64_t)

/* As a CPU's conversion does: what does not fit becomes the smallest int64. */
static int64_t int_of(double x)
{
    if (x >= -0x1p63 && x < 0x1p63) return (int64_t)x;
    if (x >= 0x1p63 && x < 0x1p64) return (int64_t)(uint64_t)x;
    return INT64_MIN;
}

void td_to_double(td_dtype type, const void *in, size_t n, double *out)
{
    switch (type) {
    case TD_F64:
        memcpy(out, in, n * sizeof *out);
        return;
    case TD_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = (double)((const float *)in)[i];
        return;
    case TD_F16:
        for (size_t i = 0; i < n; i++)
            out[i] = (double)td_half_to_float(((const uint16_t *)in)[i]);
        return;
    case TD_BF16:
        for (size_t i = 0; i < n; i++)
            out[i] = (double)td_bfloat_to_float(((const uint16_t *)in)[i]);
        return;
#define X(t, c)                                                                                              \
    case t:                                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = (double)((const c *)in)[i];                                                             \
        return;
        WIDE_INTS(X)
#undef X
    default:
        return;
    }
}

void td_from_double(td_dtype type, const double *in, size_t n, void *out)
{
    switch (type) {
    case TD_F64:
        memcpy(out, in, n * sizeof *in);
        return;
    case TD_F32:
        for (size_t i = 0; i < n; i++)
            ((float *)out)[i] = (float)in[i];
        return;
    case TD_F16:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = td_half_from_float((float)in[i]);
        return;
    case TD_BF16:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = td_bfloat_from_float((float)in[i]);
        return;
#define X(t, c)                                                                                              \
    case t:                                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            ((c *)out)[i] = (c)int_of(in[i]);                                                                \
        return;
        WIDE_INTS(X)
#undef X
    default:
        return;
    }
}

void td_to_float(td_dtype type, const void *in, size_t n, float *out)
{
    if (type == TD_F32) memcpy(out, in, n * sizeof *out);
    if (type == TD_F16)
        for (size_t i = 0; i < n; i++)
            out[i] = td_half_to_float(((const uint16_t *)in)[i]);
    if (type == TD_BF16)
        for (size_t i = 0; i < n; i++)
            out[i] = td_bfloat_to_float(((const uint16_t *)in)[i]);
}

void td_from_float(td_dtype type, const float *in, size_t n, void *out)
{
    if (type == TD_F32) memcpy(out, in, n * sizeof *in);
    if (type == TD_F16)
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = td_half_from_float(in[i]);
    if (type == TD_BF16)
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = td_bfloat_from_float(in[i]);
}
