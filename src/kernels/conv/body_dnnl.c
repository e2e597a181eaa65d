/* SPDX-License-Identifier: Apache-2.0 */
/* body_dnnl.c -- by oneDNN, in float and in bfloat16: conv_dnnl.h. */
#include "kernels/conv/body.h"
#include "kernels/conv/conv_dnnl.h"

enum { BF16_WORK = 1 << 19 };

static bool can(const td_conv_ask *ask)
{
    return ask->is_const && td_dnnl_conv_can(&ask->conv, ask->cpu);
}

static bool pays(const td_conv_ask *ask)
{
    return td_dnnl_conv_pays(&ask->conv, ask->cpu);
}

static void *make(const td_conv_ask *ask)
{
    return td_dnnl_conv_make(ask, false);
}

static bool bf16_can(const td_conv_ask *ask)
{
    return ask->is_bf16 && td_cpu_has(ask->cpu, TD_CPU_avx512_bf16) && can(ask);
}

/* Whatever is worth a call. Small ones, as the gates of squeeze-excite, are no faster, and exact as they are. */
static bool bf16_pays(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;

    return td_cpu_has_bf16(ask->cpu) &&
           c->out[1] * c->out[2] * c->out_channels * c->kernel[1] * c->kernel[2] * c->in_channels >=
               BF16_WORK;
}

static bool bf16_takes(const td_conv_ask *ask)
{
    (void)ask;
    return true;
}

static void *bf16_make(const td_conv_ask *ask)
{
    return td_dnnl_conv_make(ask, true);
}

static void release(void *state)
{
    td_dnnl_conv_free(state);
}

static uint64_t layout(const void *state)
{
    return td_dnnl_conv_packed_hash(state);
}

static size_t packed_size(const void *state)
{
    return td_dnnl_conv_packed_size(state);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    return td_dnnl_conv_pack(state, packed, w, scale);
}

static size_t scratch(const void *state, int threads)
{
    return td_dnnl_conv_scratch(state, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    return td_dnnl_conv_run(state, j);
}

const td_conv_body td_conv_body_dnnl = {
    .name = "dnnl",
    .can = can,
    .pays = pays,
    .make = make,
    .may_refuse = true,
    .free = release,
    .form = "conv dnnl",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};

const td_conv_body td_conv_body_dnnl_bf16 = {
    .name = "dnnl_bf16",
    .can = bf16_can,
    .pays = bf16_pays,
    .takes = bf16_takes,
    .make = bf16_make,
    .may_refuse = true,
    .free = release,
    .form = "conv dnnl bf16",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
