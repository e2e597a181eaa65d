/* half.h -- the small floating-point types: half, bfloat16, float8 with 5 and with 4 bits of exponent.
 *
 * To a small type: round to nearest, ties to even; NaN stays NaN (quiet, with its sign). Too large becomes
 * infinity, or NaN for float8_e4m3fn, which has no infinity. From a small type is exact.
 */
#ifndef TD_TENSOR_HALF_H
#define TD_TENSOR_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t td_bits_of_f32(float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline float td_f32_of_bits(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The exponent and mantissa of a finite magnitude in a type with `mantissa` bits and that bias. Too large a
 * value yields bits beyond the type's largest. */
static inline uint32_t td_round_magnitude(uint32_t magnitude, int mantissa, int bias)
{
    const int drop = 23 - mantissa;
    const uint32_t least_normal = (uint32_t)(128 - bias) << 23;

    if (magnitude < least_normal) { /* a sum with a power of two that makes the FPU drop the right bits */
        const uint32_t magic = (uint32_t)(128 - bias + drop) << 23;

        return td_bits_of_f32(td_f32_of_bits(magnitude) + td_f32_of_bits(magic)) - magic;
    }
    const uint32_t is_odd = magnitude >> drop & 1;

    return (magnitude - ((uint32_t)(127 - bias) << 23) + ((1u << (drop - 1)) - 1) + is_odd) >> drop;
}

static inline float td_f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff) << 13;

    if (magnitude >= UINT32_C(0x7c00) << 13) return td_f32_of_bits(sign | magnitude | 0x7f800000);
    return td_f32_of_bits(td_bits_of_f32(td_f32_of_bits(magnitude) * 0x1p112f) | sign); /* subnormals, too */
}

static inline uint16_t td_f32_to_f16(float v)
{
    const uint32_t bits = td_bits_of_f32(v), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;

    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= UINT32_C(143) << 23) return (uint16_t)(sign | 0x7c00);
    return (uint16_t)(sign | td_round_magnitude(magnitude, 10, 15));
}

static inline float td_bf16_to_f32(uint16_t b)
{
    return td_f32_of_bits((uint32_t)b << 16);
}

static inline uint16_t td_f32_to_bf16(float v)
{
    const uint32_t bits = td_bits_of_f32(v);

    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits >> 16 & 0x8000) | 0x7fc0);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float td_f8e5m2_to_f32(uint8_t e)
{
    return td_f16_to_f32((uint16_t)(e << 8)); /* the upper half of a half */
}

static inline uint8_t td_f32_to_f8e5m2(float v)
{
    const uint32_t bits = td_bits_of_f32(v), sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffff;

    if (magnitude > 0x7f800000) return (uint8_t)(sign | 0x7e);
    if (magnitude >= UINT32_C(143) << 23) return (uint8_t)(sign | 0x7c);
    return (uint8_t)(sign | td_round_magnitude(magnitude, 2, 15));
}

static inline float td_f8e4m3fn_to_f32(uint8_t e)
{
    const uint32_t sign = (uint32_t)(e & 0x80) << 24, magnitude = (uint32_t)(e & 0x7f) << 20;

    if ((e & 0x7f) == 0x7f) return td_f32_of_bits(sign | 0x7fc00000);
    return td_f32_of_bits(td_bits_of_f32(td_f32_of_bits(magnitude) * 0x1p120f) | sign);
}

static inline uint8_t td_f32_to_f8e4m3fn(float v)
{
    const uint32_t bits = td_bits_of_f32(v), sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffff;
    const uint32_t rounded = magnitude < UINT32_C(136) << 23 ? td_round_magnitude(magnitude, 3, 7) : 0x7f;

    return (uint8_t)(sign | (rounded < 0x7f ? rounded : 0x7f));
}

/* Arrays; out and in do not overlap. F16C where the CPU has it. */
void td_f16_to_f32_n(float *out, const uint16_t *in, size_t n);
void td_f32_to_f16_n(uint16_t *out, const float *in, size_t n);
void td_bf16_to_f32_n(float *out, const uint16_t *in, size_t n);
void td_f32_to_bf16_n(uint16_t *out, const float *in, size_t n);

#endif
