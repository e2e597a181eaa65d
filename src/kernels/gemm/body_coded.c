/* SPDX-License-Identifier: Apache-2.0 */
/* body_coded.c -- products on our tiles whose weights are kept as halves, or in 4 bits, and become floats as they are used. */
#include "base/mem.h"
#include "base/size.h"
#include "kernels/gemm/body.h"

enum { MOST_SIZE = 1 << 24 };

typedef struct coded {
    const td_gemm_isa *isa;
    const td_gemm_code *code;
    size_t m, n, k;
} coded;

static bool can(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;

    return ask->is_const && td_product_is_plain(p) && p->m && p->n && p->k && p->k <= MOST_SIZE &&
           p->n <= MOST_SIZE;
}

static bool half_can(const td_product_ask *ask)
{
    return ask->precision == TD_PRECISION_FLOAT16 && can(ask);
}

static bool int4_can(const td_product_ask *ask)
{
    return ask->precision == TD_PRECISION_INT4 && can(ask);
}

static bool pays(const td_product_ask *ask)
{
    return td_product_is_large(&ask->p);
}

static void *make(const td_product_ask *ask, const td_gemm_code *code)
{
    coded *const s = td_try_alloc(sizeof *s, 16);

    if (s) *s = (coded){ td_gemm_select(ask->cpu), code, ask->p.m, ask->p.n, ask->p.k };
    return s;
}

static void *half_make(const td_product_ask *ask)
{
    return make(ask, td_code_half_select(ask->cpu));
}

static void *int4_make(const td_product_ask *ask)
{
    return make(ask, td_code_int4_select(ask->cpu));
}

/* All bodies of a code have one form. */
static size_t half_size(const td_matmul *p)
{
    return td_gemm_coded_size(&td_code_half_ref, p->k, p->n);
}

static size_t int4_size(const td_matmul *p)
{
    return td_gemm_coded_size(&td_code_int4_ref, p->k, p->n);
}

static void half_pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_gemm_encode(&td_code_half_ref, packed, b, p->k, p->n, p->b_k, p->b_n, scale);
}

static void int4_pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_gemm_encode(&td_code_int4_ref, packed, b, p->k, p->n, p->b_k, p->b_n, scale);
}

static size_t thread_bytes(const coded *s)
{
    return td_gemm_scratch(1, 0) + td_round_up(td_gemm_decoded_size(1, s->k, s->n), 64);
}

static size_t scratch(const void *state, int threads)
{
    return thread_bytes(state) * (size_t)threads;
}

static bool run(const void *state, const td_product_job *j)
{
    const coded *const s = state;
    const td_gemm g = { .isa = s->isa,
                        .m = s->m,
                        .n = s->n,
                        .segments = 1,
                        .depth = s->k,
                        .a = j->a,
                        .lda = s->k,
                        .b = j->packed,
                        .code = s->code,
                        .c = j->c,
                        .ldc = s->n,
                        .end = *j->end,
                        .scratch = j->scratch,
                        .scratch_size = thread_bytes(s) };

    td_gemm_run(&g, j->team);
    return true;
}

const td_product_body td_product_body_half = {
    .name = "half",
    .precision = TD_PRECISION_FLOAT16,
    .can = half_can,
    .pays = pays,
    .make = half_make,
    .free = td_free,
    .form = "matmul half",
    .packed_size = half_size,
    .pack = half_pack,
    .scratch = scratch,
    .run = run,
};

const td_product_body td_product_body_int4 = {
    .name = "int4",
    .precision = TD_PRECISION_INT4,
    .can = int4_can,
    .pays = pays,
    .make = int4_make,
    .free = td_free,
    .form = "matmul int4",
    .packed_size = int4_size,
    .pack = int4_pack,
    .scratch = scratch,
    .run = run,
};
