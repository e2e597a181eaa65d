/* SPDX-License-Identifier: Apache-2.0 */
/* body_half.c -- our tiles over gathered rows (conv.h), whose weights are kept as halves and become floats as they are used. */
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "kernels/conv/body.h"

enum { LEAST_WEIGHTS = 1 << 10 };

typedef struct halves {
    td_conv_gemm gemm;
    const td_gemm_isa *isa;
    float zeros[] __attribute__((aligned(64)));
} halves;

static size_t weights(const td_conv *c)
{
    return c->kernel[0] * c->kernel[1] * c->kernel[2] * c->in_channels * c->out_channels;
}

/* Weights of 4 bits are products' only: half is what convolutions have that is near. */
static bool can(const td_conv_ask *ask)
{
    const bool is_asked = ask->precision == TD_PRECISION_FLOAT16 || ask->precision == TD_PRECISION_INT4;

    return is_asked && ask->is_const && ask->conv.groups == 1 && !ask->conv.is_transposed &&
           weights(&ask->conv) > 0;
}

static bool pays(const td_conv_ask *ask)
{
    return weights(&ask->conv) >= LEAST_WEIGHTS;
}

static void *make(const td_conv_ask *ask)
{
    td_conv_gemm gemm;

    td_conv_gemm_plan(&ask->conv, &gemm);
    halves *const s = td_try_alloc(sizeof *s + gemm.zeros_size, 64);

    if (!s) return NULL;
    s->gemm = gemm;
    s->gemm.code = td_code_half_select(ask->cpu);
    s->isa = td_gemm_select(ask->cpu);
    memset(s->zeros, 0, gemm.zeros_size);
    return s;
}

static uint64_t layout(const void *state)
{
    const td_conv_gemm *const g = &((const halves *)state)->gemm;
    const size_t shape[] = { g->segments * g->depth, g->conv.out_channels };

    return td_hash_bytes(shape, sizeof shape, 0);
}

static size_t packed_size(const void *state)
{
    return td_conv_packed_size(&((const halves *)state)->gemm);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    td_conv_pack(&((const halves *)state)->gemm, packed, w, scale);
    return true;
}

static size_t scratch(const void *state, int threads)
{
    return td_conv_scratch(&((const halves *)state)->gemm, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    const halves *const s = state;

    td_conv_run(&s->gemm, s->isa, j->out, j->in, j->packed, j->end, s->zeros, j->scratch, j->team);
    return true;
}

const td_conv_body td_conv_body_half = {
    .name = "half",
    .precision = TD_PRECISION_FLOAT16,
    .can = can,
    .pays = pays,
    .make = make,
    .free = td_free,
    .form = "conv half",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
