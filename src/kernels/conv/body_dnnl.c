/* SPDX-License-Identifier: Apache-2.0 */
/* body_dnnl.c -- by oneDNN: conv_dnnl.h. */
#include "kernels/conv/body.h"
#include "kernels/conv/conv_dnnl.h"

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
    return td_dnnl_conv_make(&ask->conv, ask->has_bias, ask->cpu, ask->threads);
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
    return td_dnnl_conv_run(state, j->out, j->in, j->packed, j->end, j->scratch, j->team);
}

const td_conv_body td_conv_body_dnnl = { "dnnl", can,         pays, make,    release, "conv dnnl",
                                         layout, packed_size, pack, scratch, run };
