/* SPDX-License-Identifier: Apache-2.0 */
/* body_tiles.c -- products on AMX tiles, A and B in bfloat16, sums in float, C in either.
 *
 * Work is cut into shards of rows, of columns where rows are few. In a shard a panel of B meets all rows before the next one
 * does. A's rows are used where they lie if they are bfloat16 and whole steps of k; else they are copied, rounded, filled up.
 * A thread's scratch: two blocks of sums, then the rows that are copied.
 */
#include "kernels/gemm/body.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/amx/tile.h"
#include "kernels/wide/wide.h"

enum {
    SUMS_BYTES = TD_AMX_ROWS * TD_AMX_COLS * sizeof(float),
    MOST_ROWS = 256,        /* of a shard: beside a panel they stay in the second-level cache */
    COPIED_BYTES = 1 << 19, /* of a shard's copied rows, about */
    SHARD_WORK = 1 << 21,   /* multiply-adds that are worth waking a thread */
    MAX_SIZE = 1 << 24,
};

typedef struct amx_gemm {
    size_t m, n, k;
    bool reads, writes; /* bfloat16 */
    bool copies;
    const td_amx_tiles *tiles;
    td_bf16_round_fn *round;
    size_t k_wide, panels;                          /* k in whole steps; panels of B */
    size_t rows, row_parts, part_panels, col_parts; /* of a shard; how many */
    size_t thread_bytes;
} amx_gemm;

static bool can(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;

    return ask->is_const && ask->is_bf16 && td_amx_select(ask->cpu) && td_product_is_plain(p) && p->m &&
           p->n && p->k && p->m <= MAX_SIZE && p->n <= MAX_SIZE && p->k <= MAX_SIZE;
}

static bool pays(const td_product_ask *ask)
{
    return td_product_is_large(&ask->p);
}

/* Shares of about the same size for all threads: of the longer side first. */
static void cut(amx_gemm *g, int threads)
{
    const double work = (double)g->m * (double)g->n * (double)g->k;
    const size_t worth = TD_MAX(1, (size_t)TD_MIN(work / SHARD_WORK, 1e6));
    const size_t want = threads <= 1 ? 1 : TD_MIN(2 * (size_t)threads, worth);
    const size_t blocks = td_div_up(g->m, TD_AMX_ROWS);
    const size_t most =
        g->copies ? TD_MIN(MOST_ROWS, TD_MAX(TD_AMX_ROWS, COPIED_BYTES / 2 / g->k_wide)) : MOST_ROWS;

    g->row_parts = td_div_up(g->m, most);
    if (g->m >= g->n) g->row_parts = TD_MAX(g->row_parts, TD_MIN(want, blocks));
    g->rows = td_div_up(td_div_up(g->m, g->row_parts), TD_AMX_ROWS) * TD_AMX_ROWS;
    g->row_parts = td_div_up(g->m, g->rows);
    g->part_panels = td_div_up(g->panels, TD_MIN(g->panels, td_div_up(want, g->row_parts)));
    g->col_parts = td_div_up(g->panels, g->part_panels);
}

static void *make(const td_product_ask *ask)
{
    const td_matmul *const p = &ask->p;
    const size_t k_wide = td_round_up(p->k, TD_AMX_K_STEP);
    amx_gemm *const g = td_try_alloc(sizeof *g, 16);

    if (!g) return NULL;
    *g = (amx_gemm){ .m = p->m,
                     .n = p->n,
                     .k = p->k,
                     .reads = ask->reads_bf16,
                     .writes = ask->writes_bf16,
                     .copies = !ask->reads_bf16 || k_wide != p->k,
                     .tiles = td_amx_select(ask->cpu),
                     .round = td_bf16_round_select(ask->cpu),
                     .k_wide = k_wide,
                     .panels = td_div_up(p->n, TD_AMX_COLS) };
    cut(g, ask->threads);
    g->thread_bytes = 2 * SUMS_BYTES + (g->copies ? td_round_up(g->rows * k_wide * sizeof(uint16_t), 64) : 0);
    return g;
}

/* ---------------------------------------------------------------- weights */

static size_t panel_size(size_t k)
{
    return td_round_up(k, TD_AMX_K_STEP) * TD_AMX_COLS;
}

static size_t packed_size(const td_matmul *p)
{
    return td_div_up(p->n, TD_AMX_COLS) * panel_size(p->k) * sizeof(uint16_t);
}

static void pack(const td_matmul *p, void *packed, const float *b, const float *scale)
{
    td_bf16_pack_pairs(p, packed, b, scale, TD_AMX_COLS, td_round_up(p->k, TD_AMX_K_STEP));
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const amx_gemm *g;
    const td_product_job *job;
} run;

/* Rows [row, row + n) of A, k filled up with zeros. */
static const uint16_t *rows_at(const run *r, size_t row, size_t n, uint16_t *copy)
{
    const amx_gemm *const g = r->g;
    const size_t k = g->k, rest = g->k_wide - k;

    if (!g->copies) return (const uint16_t *)r->job->a + row * k;
    for (size_t i = 0; i < n; i++) {
        uint16_t *const to = copy + i * g->k_wide;
        if (g->reads)
            memcpy(to, (const uint16_t *)r->job->a + (row + i) * k, k * sizeof *to);
        else
            g->round(to, (const float *)r->job->a + (row + i) * k, k);
        memset(to + k, 0, rest * sizeof *to);
    }
    return copy;
}

static void finish(const run *r, float *sums, size_t row, size_t rows, size_t panel)
{
    const amx_gemm *const g = r->g;
    const td_gemm_end *const end = r->job->end;
    const size_t n = g->n, col = panel * TD_AMX_COLS, at = row * n + col, at_add = row * end->add_ld + col;

    g->tiles->finish(&(td_amx_finish){
        .c = sums,
        .out = g->writes ? (void *)((uint16_t *)r->job->c + at) : (void *)((float *)r->job->c + at),
        .rows = rows,
        .cols = TD_MIN(TD_AMX_COLS, n - col),
        .ld = n,
        .is_bf16 = g->writes,
        .bias = end->bias ? end->bias + col : NULL,
        .add = end->add ? end->add + at_add : NULL,
        .add16 = r->job->add ? r->job->add + at_add : NULL,
        .add_ld = end->add_ld,
        .end = end,
    });
}

/* Rows of a block, in halves as even as can be. */
typedef struct halves {
    size_t first, second;
} halves;

static halves halves_of(size_t rows)
{
    return (halves){ td_div_up(rows, 2), rows / 2 };
}

/* A block whose sums are there, and not yet its output: the next one is begun first, so that its loads do not wait for these
 * stores. */
typedef struct pending {
    float *sums;
    halves h;
    size_t row, panel;
} pending;

static void settle(const run *r, const pending *p)
{
    if (!p->h.first) return;
    if (p->h.first == TD_AMX_HALF || !p->h.second) {
        finish(r, p->sums, p->row, p->h.first + p->h.second, p->panel);
        return;
    }
    finish(r, p->sums, p->row, p->h.first, p->panel);
    finish(r, p->sums + TD_AMX_HALF * TD_AMX_COLS, p->row + p->h.first, p->h.second, p->panel);
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const amx_gemm *const g = r->g;
    const size_t row0 = shard / g->col_parts * g->rows, rows = TD_MIN(g->rows, g->m - row0);
    const size_t panel0 = shard % g->col_parts * g->part_panels,
                 panel1 = TD_MIN(panel0 + g->part_panels, g->panels);
    char *const own = (char *)r->job->scratch + (size_t)thread * g->thread_bytes;
    const uint16_t *const a = rows_at(r, row0, rows, (uint16_t *)(void *)(own + 2 * SUMS_BYTES));
    const size_t step = td_div_up(rows, td_div_up(rows, TD_AMX_ROWS)), lda = g->k_wide;
    pending last = { 0 };
    size_t turn = 0;

    for (size_t panel = panel0; panel < panel1; panel++)
        for (size_t i = 0; i < rows; i += step, turn ^= 1) {
            const halves h = halves_of(TD_MIN(step, rows - i));
            float *const sums = (float *)(void *)(own + turn * SUMS_BYTES);
            const td_amx_block b = { .a = { a + i * lda, a + (i + h.first) * lda },
                                     .lda = lda,
                                     .n_steps = lda / TD_AMX_K_STEP,
                                     .b = (const uint16_t *)r->job->packed + panel * panel_size(g->k),
                                     .c = sums,
                                     .ldc = TD_AMX_COLS };
            if (h.first != last.h.first || h.second != last.h.second) g->tiles->configure(h.first, h.second);
            (h.second ? g->tiles->block : g->tiles->half)(&b);
            settle(r, &last);
            last = (pending){ sums, h, row0 + i, panel };
        }
    settle(r, &last);
    g->tiles->release();
}

static size_t scratch(const void *state, int threads)
{
    return ((const amx_gemm *)state)->thread_bytes * (size_t)threads;
}

static bool run_job(const void *state, const td_product_job *job)
{
    const amx_gemm *const g = state;
    run r = { g, job };

    td_team_run(job->team, g->row_parts * g->col_parts, run_shard, &r);
    return true;
}

const td_product_body td_product_body_amx = {
    .name = "amx",
    .can = can,
    .pays = pays,
    .takes_bf16 = true,
    .make = make,
    .free = td_free,
    .form = "matmul amx",
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run_job,
};
