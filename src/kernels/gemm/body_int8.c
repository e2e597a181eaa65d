/* SPDX-License-Identifier: Apache-2.0 */
/* body_int8.c -- products whose weights are int8 and whose rows become it as they come, each by its own largest magnitude.
 *
 * A shard is a block of rows and some panels: it rounds its rows into the thread's scratch, then panels pass by. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/gemm/body.h"
#include "kernels/int8/rows.h"

enum { MOST_SIZE = 1 << 24 };

typedef struct int8_gemm {
    const td_int8_isa *isa;
    size_t m, n, k;
    float scale; /* of all rows; 0: each has its own */
    td_int8_cut cut;
    size_t at_scales, at_acc, thread_bytes; /* of scratch, which begins with rows */
} int8_gemm;

static bool can(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;

    return ask->is_const && ask->precision == TD_PRECISION_INT8 && td_product_is_plain(p) && p->m && p->n &&
           p->k && p->k <= TD_INT8_MOST_K && p->n <= MOST_SIZE;
}

static bool pays(const td_product_ask *ask)
{
    return td_product_is_large(&ask->p);
}

static void *make(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;
    int8_gemm *const g = td_try_alloc(sizeof *g, 16);
    size_t at = 0;

    if (!g) return NULL;
    *g = (int8_gemm){ .isa = td_int8_select(ask->cpu), .m = p->m, .n = p->n, .k = p->k, .scale = ask->scale };
    g->cut = td_int8_cut_make(g->isa, p->m, p->n, p->k, ask->threads);
    (void)td_reserve(&at, TD_INT8_ROWS * td_int8_depth(p->k) * g->isa->width);
    g->at_scales = td_reserve(&at, TD_INT8_ROWS * sizeof(float));
    g->at_acc = td_reserve(&at, TD_INT8_ROWS * TD_INT8_COLS * sizeof(int32_t));
    g->thread_bytes = at;
    return g;
}

static size_t packed_size(const td_matmul *p)
{
    return td_int8_packed_size(p->k, p->n);
}

static void pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_int8_pack(packed, b, p->k, p->n, p->b_k, p->b_n, scale);
}

static size_t scratch(const void *state, int threads)
{
    return ((const int8_gemm *)state)->thread_bytes * (size_t)threads;
}

typedef struct run {
    const int8_gemm *g;
    const td_product_job *job;
} run;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const int8_gemm *const g = r->g;
    const td_int8_shard s = td_int8_shard_at(&g->cut, shard);
    const size_t row = s.row, rows = s.rows;
    char *const own = (char *)r->job->scratch + (size_t)thread * g->thread_bytes;
    float *const scales = (float *)(void *)(own + g->at_scales);

    for (size_t i = 0; i < rows; i++)
        scales[i] = td_int8_row(g->isa, own + i * td_int8_depth(g->k) * g->isa->width,
                                (const float *)r->job->a + (row + i) * g->k, g->k, g->scale);
    const td_int8_block b = { .isa = g->isa,
                              .n = g->n,
                              .k = g->k,
                              .packed = r->job->packed,
                              .rows = own,
                              .row_scales = scales,
                              .n_rows = rows,
                              .out = (float *)r->job->c + row * g->n,
                              .add = r->job->end->add ? r->job->end->add + row * r->job->end->add_ld : NULL,
                              .end = r->job->end,
                              .acc = (int32_t *)(void *)(own + g->at_acc) };
    if (g->isa->begin) g->isa->begin();
    td_int8_block_run(&b, s.panel, s.panel_end);
    if (g->isa->end) g->isa->end();
}

static bool run_job(const void *state, const td_product_job *job)
{
    const int8_gemm *const g = state;
    run r = { g, job };

    td_team_run(job->team, g->cut.row_parts * g->cut.col_parts, run_shard, &r);
    return true;
}

const td_product_body td_product_body_int8 = {
    .name = "int8",
    .precision = TD_PRECISION_INT8,
    .can = can,
    .pays = pays,
    .make = make,
    .free = td_free,
    .form = "matmul int8",
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run_job,
};
