/* SPDX-License-Identifier: Apache-2.0 */
/* rnn.c -- see rnn.h: the walk through the sequence. */
#include "kernels/rnn/rnn.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "device/stop.h"
#include "base/size.h"

enum {
    SHARD_ROWS = 64,      /* the most rows that go together: their sums stay in the second-level cache */
    LEAST_ROWS = 4,       /* fewer make the products read weights for too little */
    CHUNK_ROWS = 48,      /* rows of one product with Wx */
    SHARD_WORK = 1 << 20, /* multiply-adds that are worth waking a thread */
};

const td_rnn_variant td_rnn_variants[] = {
    TD_X86(&td_rnn_isa_, avx512),
    TD_X86(&td_rnn_isa_, avx2),
    TD_PLAIN(&td_rnn_isa_ref),
};

size_t td_rnn_gates(td_rnn_kind kind)
{
    return kind == TD_RNN_LSTM ? 4 : 3;
}

static size_t floats(size_t n)
{
    return td_round_up(n * sizeof(float), 64);
}

/* Scratch of a shard: products' own, sums of a chunk, sums of h (GRU). */
static size_t sums_bytes(const td_rnn_plan *p)
{
    return floats(p->chunk * p->shard_rows * td_rnn_gates(p->kind) * p->hidden);
}

td_rnn_plan td_rnn_plan_make(td_rnn_kind kind, size_t steps, size_t batch, size_t inputs, size_t hidden,
                             int threads)
{
    td_rnn_plan p = { .kind = kind, .steps = steps, .batch = batch, .inputs = inputs, .hidden = hidden };
    const size_t columns = td_rnn_gates(kind) * hidden;
    const double work = (double)steps * (double)batch * (double)columns * (double)(inputs + hidden);
    size_t parts = threads > 1 && work >= 2.0 * SHARD_WORK ? (size_t)threads : 1;

    parts = TD_MIN(parts, (batch + LEAST_ROWS - 1) / LEAST_ROWS);
    parts = TD_MAX(parts, (batch + SHARD_ROWS - 1) / SHARD_ROWS);
    p.shard_rows = parts ? (batch + parts - 1) / parts : 0;
    p.shards = p.shard_rows ? (batch + p.shard_rows - 1) / p.shard_rows : 0;
    /* Several steps are one product only where a shard's rows of all of them lie side by side. */
    p.chunk = 1;
    if (p.shards == 1) p.chunk = TD_MAX(1, TD_MIN(steps, CHUNK_ROWS / p.shard_rows));
    p.shard_bytes = td_gemm_scratch(1, 0) + sums_bytes(&p);
    if (kind == TD_RNN_GRU) p.shard_bytes += floats(p.shard_rows * columns);
    return p;
}

/* ---------------------------------------------------------------- one shard */

typedef struct walk {
    const td_rnn *r;
    size_t row0, rows, columns;
    void *gemm_scratch;
    float *sums, *own;
} walk;

static void multiply(const walk *w, size_t m, size_t k, const float *a, const float *b, float *c,
                     const float *bias, const float *add)
{
    const td_gemm g = {
        .isa = w->r->gemm,
        .m = m,
        .n = w->columns,
        .segments = 1,
        .depth = k,
        .a = a,
        .lda = k,
        .b = b,
        .c = c,
        .ldc = w->columns,
        .end = { .bias = bias, .add = add, .add_ld = w->columns, .lo = -INFINITY, .hi = INFINITY },
        .scratch = w->gemm_scratch,
        .scratch_size = td_gemm_scratch(1, 0),
    };
    td_gemm_run(&g, NULL);
}

/* x Wx + b of steps [step, step + n). */
static void add_inputs(const walk *w, size_t step, size_t n)
{
    const td_rnn *const r = w->r;
    const td_rnn_plan *const p = r->plan;

    if (p->inputs) {
        multiply(w, n * w->rows, p->inputs, r->x + (step * p->batch + w->row0) * p->inputs, r->wx, w->sums,
                 r->bx, NULL);
        return;
    }
    for (size_t i = 0; i < n * w->rows; i++)
        memcpy(w->sums + i * w->columns, r->bx, w->columns * sizeof(float));
}

/* Returns where the new state lies. */
static const float *take_step(const walk *w, size_t step, float *sums, const float *h)
{
    const td_rnn *const r = w->r;
    const td_rnn_plan *const p = r->plan;
    const size_t hidden = p->hidden;
    float *const next = r->seq ? r->seq + (step * p->batch + w->row0) * hidden : r->h + w->row0 * hidden;
    const bool is_gru = p->kind == TD_RNN_GRU;

    multiply(w, w->rows, hidden, h, r->wh, is_gru ? w->own : sums, is_gru ? r->bh : NULL,
             is_gru ? NULL : sums);
    for (size_t i = 0; i < w->rows; i++)
        r->gates(sums + i * w->columns, is_gru ? w->own + i * w->columns : NULL,
                 is_gru ? NULL : r->c + (w->row0 + i) * hidden, h + i * hidden, next + i * hidden, hidden);
    return next;
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    const td_rnn *const r = ctx;
    const td_rnn_plan *const p = r->plan;
    char *const scratch = (char *)r->scratch + shard * p->shard_bytes;
    walk w = { .r = r, .row0 = shard * p->shard_rows, .columns = td_rnn_gates(p->kind) * p->hidden };

    (void)thread;
    w.rows = TD_MIN(p->shard_rows, p->batch - w.row0);
    w.gemm_scratch = scratch;
    w.sums = (float *)(void *)(scratch + td_gemm_scratch(1, 0));
    w.own = (float *)(void *)(scratch + td_gemm_scratch(1, 0) + sums_bytes(p));
    const size_t at = w.row0 * p->hidden, bytes = w.rows * p->hidden * sizeof(float);
    if (p->kind == TD_RNN_LSTM) memcpy(r->c + at, r->c0 + at, bytes);
    const float *h = r->h0 + at;
    for (size_t step = 0; step < p->steps; step += p->chunk) {
        if (step > 0 && td_stop_asked()) return;
        const size_t n = TD_MIN(p->chunk, p->steps - step);

        add_inputs(&w, step, n);
        for (size_t i = 0; i < n; i++)
            h = take_step(&w, step + i, w.sums + i * w.rows * w.columns, h);
    }
    if (h != r->h + at) memcpy(r->h + at, h, bytes);
}

void td_rnn_run(const td_rnn *r, td_team *team)
{
    if (r->plan->hidden == 0) return;
    td_rnn all = *r;
    td_team_run(team, r->plan->shards, run_shard, &all);
}
