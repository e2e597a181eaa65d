/* SPDX-License-Identifier: Apache-2.0 */
/* code_ref.c -- panels of halves, and of 4 bits, plainly. */
#include "kernels/gemm/code_body.h"

#include "tensor/half.h"

#define MOST_HALF 65504.0f

const td_code_half_variant td_code_half_variants[] = { TD_X86(&td_code_half_, avx2),
                                                       TD_PLAIN(&td_code_half_ref) };
const td_code_int4_variant td_code_int4_variants[] = { TD_X86(&td_code_int4_, avx2),
                                                       TD_PLAIN(&td_code_int4_ref) };

static size_t half_panel_size(size_t k, size_t width)
{
    return k * width * sizeof(uint16_t);
}

/* A finite weight stays one. */
static uint16_t half_of(float x)
{
    if (isfinite(x)) x = fminf(MOST_HALF, fmaxf(-MOST_HALF, x));
    return td_f32_to_f16(x).bits;
}

static void half_encode(void *panel, const float *block, size_t width, size_t row, size_t n)
{
    uint16_t *const to = (uint16_t *)panel + row * width;

    for (size_t i = 0; i < n * width; i++)
        to[i] = half_of(block[i]);
}

static void half_decode(float *block, const void *panel, size_t width, size_t row, size_t n)
{
    const uint16_t *const from = (const uint16_t *)panel + row * width;

    for (size_t i = 0; i < n * width; i++)
        block[i] = td_f16_to_f32((td_f16){ from[i] });
}

const td_gemm_code td_code_half_ref = { half_panel_size, half_encode, half_decode };
const td_gemm_code td_code_int4_ref = { int4_panel_size, int4_encode, int4_decode };
