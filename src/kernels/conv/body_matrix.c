/* SPDX-License-Identifier: Apache-2.0 */
/* body_matrix.c -- where the image is the matrix (1x1 filters), by oneDNN on our panels: gemm_dnnl.h. */
#include "base/mem.h"
#include "kernels/conv/body.h"
#include "kernels/gemm/gemm_dnnl.h"

typedef struct matrix {
    void *panels; /* the state of the body whose form of weights it reads */
    td_dnnl_gemm *dnnl;
} matrix;

static td_dnnl_gemm_shape shape_of(const td_conv_ask *ask)
{
    const td_conv *const v = &ask->conv;

    return (td_dnnl_gemm_shape){
        .m = v->batch * v->out[0] * v->out[1] * v->out[2],
        .n = v->out_channels,
        .k = v->in_channels,
        .has_bias = ask->has_bias,
    };
}

static bool can(const td_conv_ask *ask)
{
    const td_dnnl_gemm_shape shape = shape_of(ask);
    td_conv_gemm gemm;

    td_conv_gemm_plan(&ask->conv, &gemm);
    return gemm.is_matrix && !ask->conv.is_transposed && td_dnnl_gemm_can(&shape, ask->cpu);
}

static bool pays(const td_conv_ask *ask)
{
    const td_dnnl_gemm_shape shape = shape_of(ask);

    return ask->is_const && td_dnnl_gemm_fits(&shape, ask->cpu);
}

static void release(void *state)
{
    matrix *const s = state;

    if (s->panels) td_conv_body_panels.free(s->panels);
    td_dnnl_gemm_free(s->dnnl);
    td_free(s);
}

static void *make(const td_conv_ask *ask)
{
    const td_dnnl_gemm_shape shape = shape_of(ask);
    matrix *const s = td_try_alloc(sizeof *s, 16);

    if (!s) return NULL;
    *s = (matrix){ td_conv_body_panels.make(ask), td_dnnl_gemm_make(&shape, ask->cpu, ask->threads) };
    if (s->panels && s->dnnl) return s;
    release(s);
    return NULL;
}

static uint64_t layout(const void *state)
{
    return td_conv_body_panels.layout(((const matrix *)state)->panels);
}

static size_t packed_size(const void *state)
{
    return td_conv_body_panels.packed_size(((const matrix *)state)->panels);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    return td_conv_body_panels.pack(((const matrix *)state)->panels, packed, w, scale);
}

static size_t scratch(const void *state, int threads)
{
    return td_dnnl_gemm_scratch(((const matrix *)state)->dnnl, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    return td_dnnl_gemm_run(((const matrix *)state)->dnnl, j->out, j->in, j->packed, j->end, j->scratch,
                            j->team);
}

const td_conv_body td_conv_body_matrix = {
    .name = "matrix",
    .can = can,
    .pays = pays,
    .make = make,
    .may_refuse = true,
    .free = release,
    .form = "conv panels",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
