/* SPDX-License-Identifier: Apache-2.0 */
/* body_panels.c -- our tiles over gathered rows (conv.h): runs any convolution. */
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/conv/body.h"

typedef struct panels {
    td_conv_gemm gemm;
    const td_gemm_isa *isa;
    float zeros[] __attribute__((aligned(64)));
} panels;

static bool always(const td_conv_ask *ask)
{
    (void)ask;
    return true;
}

static void *make(const td_conv_ask *ask)
{
    td_conv_gemm gemm;

    td_conv_gemm_plan(&ask->conv, &gemm);
    panels *const s = td_try_alloc(sizeof *s + gemm.zeros_size, 64);

    if (!s) return NULL;
    s->gemm = gemm;
    s->isa = td_gemm_select(ask->cpu);
    memset(s->zeros, 0, gemm.zeros_size);
    return s;
}

static uint64_t layout(const void *state)
{
    const td_conv_gemm *const g = &((const panels *)state)->gemm;
    const size_t shape[] = { g->segments, g->depth, g->conv.out_channels, g->conv.groups,
                             g->conv.is_transposed };

    return td_hash_bytes(shape, sizeof shape, 0);
}

static size_t packed_size(const void *state)
{
    return td_conv_packed_size(&((const panels *)state)->gemm);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    td_conv_pack(&((const panels *)state)->gemm, packed, w, scale);
    return true;
}

static size_t scratch(const void *state, int threads)
{
    return td_conv_scratch(&((const panels *)state)->gemm, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    const panels *const s = state;

    td_conv_run(&s->gemm, s->isa, j->out, j->in, j->packed, j->end, s->zeros, j->scratch, j->team);
    return true;
}

const td_conv_body td_conv_body_panels = {
    .name = "panels",
    .can = always,
    .pays = always,
    .make = make,
    .free = td_free,
    .form = "conv panels",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
