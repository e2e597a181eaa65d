/* num.h -- the element types that C lacks, and what kernels of every family say about types.
 *
 * half and bfloat16 are stored as 16 bits and computed through float; rounding is to nearest even. The float8
 * types exist for casts only. bool is a byte that is 0 or 1 when written; any other byte reads as true.
 */
#ifndef TD_KERNELS_NUM_NUM_H
#define TD_KERNELS_NUM_NUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tensord/dtype.h"

#include "base/cpu.h"

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

/* The float8 formats of TensorFlow: e5m2 has infinities, e4m3fn has none (too large becomes NaN). */
float td_f8e5m2_to_f32(uint8_t h);
uint8_t td_f32_to_f8e5m2(float f);
float td_f8e4m3fn_to_f32(uint8_t h);
uint8_t td_f32_to_f8e4m3fn(float f);

/* Arrays: narrow floats <-> float, by the best body of this CPU. out and in may not overlap. */
typedef void td_widen_fn(float *out, const void *in, size_t n);
typedef void td_narrow_fn(void *out, const float *in, size_t n);

td_widen_fn *td_widen_find(td_dtype narrow, td_cpu cpu);   /* F16, BF16, float8; NULL for others */
td_narrow_fn *td_narrow_find(td_dtype narrow, td_cpu cpu); /* F16, BF16, float8; NULL for others */

#endif
