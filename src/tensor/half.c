/* SPDX-License-Identifier: Apache-2.0 */
/* half.c -- see half.h. */
#include "tensor/half.h"

#include <math.h>
#include <stdbool.h>

float td_f16_to_f32(td_f16 h)
{
    const uint32_t sign = (uint32_t)(h.bits & 0x8000U) << 16;
    const uint32_t rest = h.bits & 0x7fffU;

    if (rest >= 0x7c00U) return td_f32_of_bits(sign | 0x7f800000U | (rest & 0x3ffU) << 13);
    if (rest >= 0x400U) return td_f32_of_bits(sign | ((rest << 13) + ((127U - 15U) << 23)));
    const float tiny = (float)rest * 0x1p-24f; /* denormals are exact in float */
    return td_f32_of_bits(sign | td_bits_of_f32(tiny));
}

/* Rounds |f| to a format of `mantissa` bits whose smallest normal is 2^min_exp, as an integer whose bits are
 * exponent and mantissa side by side: rounding up carries into the exponent as it should. */
static uint32_t round_magnitude(float magnitude, int mantissa, int min_exp)
{
    const uint32_t bits = td_bits_of_f32(magnitude);
    const int exponent = (int)(bits >> 23) - 127;

    if (exponent < min_exp) return (uint32_t)lrintf(ldexpf(magnitude, mantissa - min_exp));
    const int drop = 23 - mantissa;
    const uint32_t rounded = (bits + (1U << (drop - 1)) - 1U + (bits >> drop & 1U)) >> drop;
    return rounded - ((uint32_t)(127 + min_exp - 1) << mantissa);
}

td_f16 td_f32_to_f16(float f)
{
    const uint32_t sign = td_bits_of_f32(f) >> 16 & 0x8000U;
    const float magnitude = fabsf(f);

    if (magnitude != magnitude)
        return (td_f16){ (uint16_t)(sign | 0x7e00U | (td_bits_of_f32(f) >> 13 & 0x1ffU)) };
    if (magnitude >= 65520.0f) return (td_f16){ (uint16_t)(sign | 0x7c00U) };
    return (td_f16){ (uint16_t)(sign | round_magnitude(magnitude, 10, -14)) };
}

/* Toward zero, and where something was lost the last bit says so. */
float td_f64_to_f32_odd(double v)
{
    const float f = (float)v;
    const bool is_exact = (double)f == v || f != f;

    return is_exact ? f : td_f32_of_bits((td_bits_of_f32(f) - (fabs((double)f) > fabs(v))) | 1);
}

float td_f8e5m2_to_f32(uint8_t h)
{
    return td_f16_to_f32((td_f16){ (uint16_t)(h << 8) }); /* e5m2 is the upper byte of a half */
}

uint8_t td_f32_to_f8e5m2(float f)
{
    const uint32_t sign = td_bits_of_f32(f) >> 24 & 0x80U;
    const float magnitude = fabsf(f);

    if (magnitude != magnitude) return (uint8_t)(sign | 0x7eU);
    if (magnitude >= 61440.0f) return (uint8_t)(sign | 0x7cU);
    return (uint8_t)(sign | round_magnitude(magnitude, 2, -14));
}

float td_f8e4m3fn_to_f32(uint8_t h)
{
    const int exponent = h >> 3 & 15, mantissa = h & 7;
    float magnitude = exponent ? ldexpf((float)(8 + mantissa), exponent - 10) : ldexpf((float)mantissa, -9);

    if ((h & 0x7f) == 0x7f) magnitude = NAN;
    return h & 0x80 ? -magnitude : magnitude;
}

uint8_t td_f32_to_f8e4m3fn(float f)
{
    const uint32_t sign = td_bits_of_f32(f) >> 24 & 0x80U;
    const float magnitude = fabsf(f);

    if (!(magnitude <= 464.0f)) return (uint8_t)(sign | 0x7fU); /* 448 is the largest, 480 would be next */
    return (uint8_t)(sign | round_magnitude(magnitude, 3, -6));
}
