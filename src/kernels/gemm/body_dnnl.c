/* SPDX-License-Identifier: Apache-2.0 */
/* body_dnnl.c -- products of many rows by oneDNN on our panels: gemm_dnnl.h. */
#include "kernels/gemm/body.h"
#include "kernels/gemm/gemm_dnnl.h"

static td_dnnl_gemm_shape shape_of(const td_product_ask *ask)
{
    return (td_dnnl_gemm_shape){ .m = ask->p.m, .n = ask->p.n, .k = ask->p.k, .has_bias = ask->has_bias };
}

static bool can(const td_product_ask *ask)
{
    const td_dnnl_gemm_shape s = shape_of(ask);

    return ask->is_const && td_product_is_plain(&ask->p) && td_dnnl_gemm_can(&s, ask->cpu);
}

static bool pays(const td_product_ask *ask)
{
    const td_dnnl_gemm_shape s = shape_of(ask);

    return td_dnnl_gemm_fits(&s, ask->cpu);
}

static void *make(const td_product_ask *ask)
{
    const td_dnnl_gemm_shape s = shape_of(ask);

    return td_dnnl_gemm_make(&s, ask->cpu, ask->threads);
}

static void release(void *state)
{
    td_dnnl_gemm_free(state);
}

static size_t packed_size(const td_matmul *p)
{
    return td_product_body_panels.packed_size(p);
}

static void pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_product_body_panels.pack(p, packed, b, scale);
}

static size_t scratch(const void *state, int threads)
{
    return td_dnnl_gemm_scratch(state, threads);
}

static bool run(const void *state, const td_product_job *j)
{
    return td_dnnl_gemm_run(state, j->c, j->a, j->packed, j->end, j->scratch, j->team);
}

const td_product_body td_product_body_dnnl = {
    .name = "dnnl",
    .can = can,
    .pays = pays,
    .make = make,
    .may_refuse = true,
    .free = release,
    .form = "matmul",
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
