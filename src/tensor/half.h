/* SPDX-License-Identifier: Apache-2.0 */
/* half.h -- the small floating-point types that C lacks: half, bfloat16, float8 with 5 and with 4 bits of
 * exponent.
 *
 * To a small type: round to nearest, ties to even; NaN stays NaN (quiet, with its sign). Too large becomes
 * infinity, or NaN for float8_e4m3fn, which has no infinity. From a small type is exact, also while the CPU
 * takes denormal floats for zero.
 */
#ifndef TD_TENSOR_HALF_H
#define TD_TENSOR_HALF_H

#include <stdint.h>
#include <string.h>

typedef struct td_f16 {
    uint16_t bits;
} td_f16;

typedef struct td_bf16 {
    uint16_t bits;
} td_bf16;

static inline float td_f32_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t td_bits_of_f32(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float td_bf16_to_f32(td_bf16 h)
{
    return td_f32_of_bits((uint32_t)h.bits << 16);
}

static inline td_bf16 td_f32_to_bf16(float f)
{
    const uint32_t bits = td_bits_of_f32(f);
    const uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;

    return (td_bf16){ (uint16_t)(f != f ? 0x7fc0U | (bits >> 16 & 0x8000U) : rounded) };
}

float td_f16_to_f32(td_f16 h);
td_f16 td_f32_to_f16(float f);

/* A float that rounds to each of the small types as v itself does: a double that became a float on the way may lie
 * between two of them where it did not before. */
float td_f64_to_f32_odd(double v);

float td_f8e5m2_to_f32(uint8_t h);
uint8_t td_f32_to_f8e5m2(float f);
float td_f8e4m3fn_to_f32(uint8_t h);
uint8_t td_f32_to_f8e4m3fn(float f);

#endif
