/* SPDX-License-Identifier: Apache-2.0 */
/* body_panels.c -- our tiles (matmul.h): runs any product. */
#include "base/mem.h"
#include "kernels/gemm/body.h"

typedef struct panels {
    td_matmul_plan plan;
    const td_gemm_isa *isa;
} panels;

static bool always(const td_product_ask *ask)
{
    (void)ask;
    return true;
}

static void *make(const td_product_ask *ask)
{
    panels *const s = td_try_alloc(sizeof *s, 16);

    if (!s) return NULL;
    td_matmul_plan_make(&ask->p, ask->threads, ask->is_const, &s->plan);
    s->isa = td_gemm_select(ask->cpu);
    return s;
}

static size_t packed_size(const td_matmul *p)
{
    return td_gemm_packed_size(p->k, p->n) * td_matmul_b_count(p);
}

static void pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_matmul_pack(p, b, scale, packed);
}

static size_t scratch(const void *state, int threads)
{
    return td_matmul_scratch(&((const panels *)state)->plan, threads);
}

static bool run(const void *state, const td_product_job *j)
{
    const panels *const s = state;

    td_matmul_run(&s->plan, s->isa, j->c, j->a, j->b, j->packed, j->end, j->scratch, j->team);
    return true;
}

const td_product_body td_product_body_panels = {
    .name = "panels",
    .can = always,
    .pays = always,
    .make = make,
    .free = td_free,
    .form = "matmul",
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
