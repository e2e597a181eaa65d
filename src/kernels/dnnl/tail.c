/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c -- see tail.h: the plain body of ends in bfloat16. */
#include "kernels/dnnl/tail.h"

#include "tensor/half.h"

static float clamped(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static float wide(uint16_t bits)
{
    return td_bf16_to_f32((td_bf16){ bits });
}

static void run_end(uint16_t *out, float *sums, size_t n, const float *add, const uint16_t *add16,
                    const td_gemm_end *end)
{
    for (size_t i = 0; i < n; i++)
        sums[i] =
            clamped(sums[i] + (add ? add[i] : 0.0f) + (add16 ? wide(add16[i]) : 0.0f), end->lo, end->hi);
    if (end->post) end->post(sums, n);
    for (size_t i = 0; out && i < n; i++)
        out[i] = td_f32_to_bf16(sums[i]).bits;
}

static void run_clamp(uint16_t *x, size_t n, float lo, float hi)
{
    for (size_t i = 0; i < n; i++)
        x[i] = td_f32_to_bf16(clamped(wide(x[i]), lo, hi)).bits;
}

const td_bf16_tail td_bf16_tail_ref = { run_end, run_clamp };

const td_bf16_tail_variant td_bf16_tail_variants[] = {
    TD_X86(&td_bf16_tail_, avx512_bf16),
    TD_PLAIN(&td_bf16_tail_ref),
};

const td_dnnl_tail_variant td_dnnl_tail_variants[] = {
    TD_X86(td_dnnl_tail_, avx512),
    TD_X86(td_dnnl_tail_, avx2),
    TD_PLAIN(NULL),
};
