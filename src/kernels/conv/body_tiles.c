/* SPDX-License-Identifier: Apache-2.0 */
/* body_tiles.c -- where the image is the matrix (1x1 filters), on AMX tiles: kernels/gemm/body_tiles.c. */
#include "base/map.h"
#include "base/mem.h"
#include "kernels/conv/body.h"
#include "kernels/gemm/body.h"

enum { LEAST_WEIGHTS = 1 << 9 };

typedef struct matrix {
    td_matmul p;
    void *product;
} matrix;

static td_product_ask product_of(const td_conv_ask *ask)
{
    const td_conv *const v = &ask->conv;
    const size_t m = v->batch * v->out[0] * v->out[1] * v->out[2], n = v->out_channels, k = v->in_channels;

    return (td_product_ask){
        .p = { .m = m, .n = n, .k = k, .a_m = k, .a_k = 1, .b_k = n, .b_n = 1, .c_m = n },
        .cpu = ask->cpu,
        .threads = ask->threads,
        .is_const = ask->is_const,
        .has_bias = ask->has_bias,
        .is_bf16 = ask->is_bf16,
        .reads_bf16 = ask->reads_bf16,
        .writes_bf16 = ask->writes_bf16,
        .adds_bf16 = ask->adds_bf16,
    };
}

static bool can(const td_conv_ask *ask)
{
    const td_product_ask product = product_of(ask);
    td_conv_gemm gemm;

    td_conv_gemm_plan(&ask->conv, &gemm);
    return gemm.is_matrix && !ask->conv.is_transposed && td_product_body_amx.can(&product);
}

/* Small ones, as the gates of squeeze-excite, are no faster, and exact as they are: that is to say, whatever is one row. */
static bool pays(const td_conv_ask *ask)
{
    const td_conv *const v = &ask->conv;

    return v->out[0] * v->out[1] * v->out[2] > 1 && v->in_channels * v->out_channels >= LEAST_WEIGHTS;
}

static bool takes(const td_conv_ask *ask)
{
    (void)ask;
    return true;
}

static void release(void *state)
{
    matrix *const s = state;

    td_product_body_amx.free(s->product);
    td_free(s);
}

static void *make(const td_conv_ask *ask)
{
    const td_product_ask product = product_of(ask);
    matrix *const s = td_try_alloc(sizeof *s, 16);

    if (!s) return NULL;
    *s = (matrix){ product.p, td_product_body_amx.make(&product) };
    if (s->product) return s;
    td_free(s);
    return NULL;
}

static uint64_t layout(const void *state)
{
    const td_matmul *const p = &((const matrix *)state)->p;
    const size_t shape[] = { p->k, p->n };

    return td_hash_bytes(shape, sizeof shape, 0);
}

static size_t packed_size(const void *state)
{
    return td_product_body_amx.packed_size(&((const matrix *)state)->p);
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    td_product_body_amx.pack(&((const matrix *)state)->p, packed, w, scale);
    return true;
}

static size_t scratch(const void *state, int threads)
{
    return td_product_body_amx.scratch(((const matrix *)state)->product, threads);
}

static bool run(const void *state, const td_conv_job *j)
{
    const td_product_job job = {
        .c = j->out,
        .a = j->in,
        .packed = j->packed,
        .end = j->end,
        .add = j->add,
        .scratch = j->scratch,
        .team = j->team,
    };

    return td_product_body_amx.run(((const matrix *)state)->product, &job);
}

const td_conv_body td_conv_body_amx = {
    .name = "amx",
    .can = can,
    .pays = pays,
    .takes = takes,
    .make = make,
    .free = release,
    .form = "conv amx",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
