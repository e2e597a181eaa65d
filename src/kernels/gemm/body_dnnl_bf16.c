/* SPDX-License-Identifier: Apache-2.0 */
/* body_dnnl_bf16.c -- products by oneDNN, A and B rounded to bfloat16, sums in float, C in either.
 *
 * Work is cut into blocks of rows, and of columns where rows are few. A's rows are rounded by whoever takes them.
 * B is oneDNN's layout BA16a64b2a: panels of 64 columns, [k / 2][64] pairs of neighbours in a column; k is filled up to a
 * multiple of 32, columns to one of 64, by zeros. A thread's scratch: oneDNN's, the rounded rows of A, and a block of C, which oneDNN wants dense.
 */
#include "kernels/gemm/body.h"

#include <stdatomic.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/dnnl/engine.h"
#include "kernels/dnnl/tail.h"
#include "kernels/wide/wide.h"
#include "tensor/half.h"

enum {
    WIDTH = 64, /* of a panel */
    K_STEP = 32,
    BLOCK_COLS = 512,   /* of C */
    MOST_ROWS = 128,    /* of a shard */
    FEW_ROWS = 32,      /* of A: below, threads share columns, too */
    MAX_SIZE = 1 << 24, /* far from the end of oneDNN's integers */
};

enum { WHOLE = 0, LAST, SIZES };

typedef struct bf16_gemm {
    size_t m, n, k;
    bool has_bias;
    size_t cols, col_parts; /* of a block; how many */
    size_t rows, row_parts;
    size_t step;        /* blocks of columns that one shard takes */
    bool reads, writes; /* bfloat16 */
    td_dnnl_tail_fn *tail;
    const td_bf16_tail *narrow;
    td_bf16_round_fn *round;
    size_t own, rounded, block;       /* bytes of a thread's scratch: oneDNN's, A's, C's */
    td_dnnl_prim prims[SIZES][SIZES]; /* [rows][columns] */
} bf16_gemm;

static bool can(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;

    return ask->is_const && ask->is_bf16 && td_cpu_has(ask->cpu, TD_CPU_avx512_bf16) &&
           td_product_is_plain(p) && p->m && p->n && p->k && p->m <= MAX_SIZE && p->n <= MAX_SIZE &&
           p->k <= MAX_SIZE;
}

static bool pays(const td_product_ask *ask)
{
    return td_cpu_has_bf16(ask->cpu) && td_product_is_large(&ask->p);
}

static void cut(bf16_gemm *g, int threads)
{
    const size_t m = g->m, n = g->n, n_threads = (size_t)TD_MAX(threads, 1);
    const size_t want = n_threads == 1 ? 1 : 2 * n_threads;

    g->col_parts = td_div_up(n, BLOCK_COLS);
    g->cols = td_round_up(td_div_up(n, g->col_parts), WIDTH);
    g->col_parts = td_div_up(n, g->cols);
    g->row_parts = m < FEW_ROWS ? 1 : TD_MAX(td_div_up(m, MOST_ROWS), TD_MIN(want, m / FEW_ROWS));
    g->rows = td_div_up(m, g->row_parts);
    g->row_parts = td_div_up(m, g->rows);
    g->step = g->row_parts >= n_threads ? g->col_parts : td_div_up(g->col_parts * g->row_parts, want);
    g->step = TD_MIN(TD_MAX(g->step, 1), g->col_parts);
}

/* ---------------------------------------------------------------- primitives */

static size_t rows_of(const bf16_gemm *g, size_t part)
{
    return TD_MIN(g->rows, g->m - part * g->rows);
}

static size_t cols_of(const bf16_gemm *g, size_t part)
{
    return TD_MIN(g->cols, g->n - part * g->cols);
}

static bool make_prim(bf16_gemm *g, size_t rows, size_t cols, td_dnnl_prim *out)
{
    const dnnl_dims_t a = { (int64_t)rows, (int64_t)g->k }, b = { (int64_t)g->k, (int64_t)cols };
    const dnnl_dims_t c = { (int64_t)rows, (int64_t)cols }, bias = { 1, (int64_t)cols };
    dnnl_memory_desc_t ad, bd, cd, bias_d;
    dnnl_matmul_desc_t desc;

    if (td_dnnl.memory_desc_init_by_tag(&ad, 2, a, dnnl_bf16, dnnl_ab) ||
        td_dnnl.memory_desc_init_by_tag(&bd, 2, b, dnnl_bf16, dnnl_BA16a64b2a) ||
        td_dnnl.memory_desc_init_by_tag(&cd, 2, c, dnnl_f32, dnnl_ab) ||
        td_dnnl.memory_desc_init_by_tag(&bias_d, 2, bias, dnnl_f32, dnnl_ab) ||
        td_dnnl.matmul_desc_init(&desc, &ad, &bd, g->has_bias ? &bias_d : NULL, &cd) ||
        !td_dnnl_prim_make(&desc, out))
        return false;
    g->own = TD_MAX(g->own, td_round_up(out->scratch, 64));
    return true;
}

static bool make_prims(bf16_gemm *g)
{
    const size_t last_rows = rows_of(g, g->row_parts - 1), last_cols = cols_of(g, g->col_parts - 1);

    for (int r = 0; r < SIZES; r++)
        for (int c = 0; c < SIZES; c++) {
            if ((r == WHOLE && g->row_parts == 1) || (c == WHOLE && g->col_parts == 1)) continue;
            if (!make_prim(g, r == LAST ? last_rows : g->rows, c == LAST ? last_cols : g->cols,
                           &g->prims[r][c]))
                return false;
        }
    return true;
}

static void release(void *state)
{
    bf16_gemm *const g = state;

    for (int r = 0; r < SIZES; r++)
        for (int c = 0; c < SIZES; c++)
            td_dnnl_prim_free(&g->prims[r][c]);
    td_free(g);
}

static void *make(const td_product_ask *ask)
{
    if (!td_dnnl_ready(ask->cpu)) return NULL;
    bf16_gemm *const g = td_try_alloc(sizeof *g, 16);

    if (!g) return NULL;
    memset(g, 0, sizeof *g);
    g->m = ask->p.m;
    g->n = ask->p.n;
    g->k = ask->p.k;
    g->has_bias = ask->has_bias;
    g->reads = ask->reads_bf16;
    g->writes = ask->writes_bf16;
    g->narrow = td_bf16_tail_select(ask->cpu);
    g->tail = td_dnnl_tail_select(ask->cpu);
    g->round = td_bf16_round_select(ask->cpu);
    cut(g, ask->threads);
    g->rounded = g->reads ? 0 : td_round_up(g->rows * g->k * sizeof(uint16_t), 64);
    g->block = g->writes || g->col_parts > 1 ? td_round_up(g->rows * g->cols * sizeof(float), 64) : 0;
    if (make_prims(g)) return g;
    release(g);
    return NULL;
}

/* ---------------------------------------------------------------- weights */

static size_t panel_size(size_t k)
{
    return td_round_up(k, K_STEP) * WIDTH;
}

static size_t packed_size(const td_matmul *p)
{
    return td_div_up(p->n, WIDTH) * panel_size(p->k) * sizeof(uint16_t);
}

static void pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_bf16_pack_pairs(p, packed, b, scale, WIDTH, td_round_up(p->k, K_STEP));
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const bf16_gemm *g;
    const td_product_job *job;
    atomic_bool has_failed;
} run;

/* Where a thread works. */
typedef struct bench {
    void *own;
    const uint16_t *a;
    float *block;
} bench;

static size_t thread_bytes(const bf16_gemm *g)
{
    return g->own + g->rounded + g->block;
}

/* Brings block [rows][cols] of sums to its end in C, of bfloat16 or beside a residual of it. */
static void finish_narrow(const run *r, const td_dnnl_area *a, size_t row, size_t col)
{
    const bf16_gemm *const g = r->g;
    const td_gemm_end *const end = r->job->end;
    const size_t n = g->n;

    for (size_t i = 0; i < a->rows; i++) {
        const size_t at = (row + i) * end->add_ld + col;
        g->narrow->end(g->writes ? (uint16_t *)r->job->c + (row + i) * n + col : NULL, a->out + i * a->cols,
                       a->cols, end->add ? end->add + at : NULL, r->job->add ? r->job->add + at : NULL, end);
    }
}

static bool run_block(const run *r, const bench *b, size_t row_part, size_t col_part)
{
    const bf16_gemm *const g = r->g;
    const td_gemm_end *const end = r->job->end;
    const size_t n = g->n, rows = rows_of(g, row_part), cols = cols_of(g, col_part), row = row_part * g->rows,
                 col = col_part * g->cols;
    float *const c = g->writes ? NULL : (float *)r->job->c + row * n + col;
    const td_dnnl_prim *const prim =
        &g->prims[row_part + 1 == g->row_parts ? LAST : WHOLE][col_part + 1 == g->col_parts ? LAST : WHOLE];
    const td_dnnl_area area = { g->block ? b->block : c, rows, cols };

    if (!td_dnnl_run(prim, area.out, b->a, (const uint16_t *)r->job->packed + col / WIDTH * panel_size(g->k),
                     end->bias ? end->bias + col : NULL, b->own))
        return false;
    if (g->writes || r->job->add)
        finish_narrow(r, &area, row, col);
    else
        g->tail(&area, end->add ? end->add + row * end->add_ld + col : NULL, end);
    for (size_t i = 0; c && area.out != c && i < rows; i++)
        memcpy(c + i * n, area.out + i * cols, cols * sizeof *c);
    return true;
}

static size_t steps_of(const bf16_gemm *g)
{
    return td_div_up(g->col_parts, g->step);
}

/* The rows of A that a shard takes, in bfloat16. */
static const uint16_t *rows_at(const run *r, size_t row_part, void *rounded)
{
    const bf16_gemm *const g = r->g;
    const size_t at = row_part * g->rows * g->k;

    if (g->reads) return (const uint16_t *)r->job->a + at;
    g->round(rounded, (const float *)r->job->a + at, rows_of(g, row_part) * g->k);
    return rounded;
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    run *const r = ctx;
    const bf16_gemm *const g = r->g;
    const size_t row_part = shard / steps_of(g), first = shard % steps_of(g) * g->step;
    char *const at = (char *)r->job->scratch + (size_t)thread * thread_bytes(g);
    const bench b = { at, rows_at(r, row_part, at + g->own), (float *)(void *)(at + g->own + g->rounded) };
    bool is_ok = true;

    for (size_t part = first; is_ok && part < TD_MIN(first + g->step, g->col_parts); part++)
        is_ok = run_block(r, &b, row_part, part);
    if (!is_ok) atomic_store_explicit(&r->has_failed, true, memory_order_relaxed);
}

static size_t scratch(const void *state, int threads)
{
    return thread_bytes(state) * (size_t)threads;
}

static bool run_job(const void *state, const td_product_job *job)
{
    const bf16_gemm *const g = state;
    run r = { .g = g, .job = job };

    td_team_run(job->team, g->row_parts * steps_of(g), run_shard, &r);
    return !atomic_load_explicit(&r.has_failed, memory_order_relaxed);
}

const td_product_body td_product_body_dnnl_bf16 = {
    .name = "dnnl_bf16",
    .can = can,
    .pays = pays,
    .takes_bf16 = true,
    .make = make,
    .may_refuse = true,
    .free = release,
    .form = "matmul bf16",
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run_job,
};
