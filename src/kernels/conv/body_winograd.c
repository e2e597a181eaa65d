/* SPDX-License-Identifier: Apache-2.0 */
/* body_winograd.c -- 3x3 filters with fewer multiplications: winograd.h. */
#include <string.h>

#include "base/mem.h"
#include "kernels/conv/body.h"
#include "kernels/conv/winograd.h"

typedef struct winograd {
    td_conv conv;
    td_cpu cpu;
    float zeros[] __attribute__((aligned(64)));
} winograd;

static bool can(const td_conv_ask *ask)
{
    return td_winograd_can(&ask->conv, ask->cpu);
}

/* Filters that are packed by each run cost more to transform than they save. */
static bool pays(const td_conv_ask *ask)
{
    return ask->is_const && td_winograd_pays(&ask->conv, ask->cpu);
}

static void *make(const td_conv_ask *ask)
{
    const size_t zeros = ask->conv.in_channels * sizeof(float);
    winograd *const s = td_try_alloc(sizeof *s + zeros, 64);

    if (!s) return NULL;
    s->conv = ask->conv;
    s->cpu = ask->cpu;
    memset(s->zeros, 0, zeros);
    return s;
}

/* The channels say it all, and they are the same for one filter. */
static uint64_t layout(const void *state)
{
    return ((const winograd *)state)->conv.out_channels;
}

static size_t packed_size(const void *state)
{
    return td_winograd_packed_size(&((const winograd *)state)->conv);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    td_winograd_pack(&((const winograd *)state)->conv, packed, w, scale);
    return true;
}

static size_t scratch(const void *state, int threads)
{
    return td_winograd_scratch(&((const winograd *)state)->conv, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    const winograd *const s = state;

    td_winograd_run(&s->conv, s->cpu, j->out, j->in, j->packed, j->end, s->zeros, j->scratch, j->team);
    return true;
}

const td_conv_body td_conv_body_winograd = {
    .name = "winograd",
    .can = can,
    .pays = pays,
    .make = make,
    .free = td_free,
    .form = "conv winograd",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
