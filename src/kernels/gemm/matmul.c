/* SPDX-License-Identifier: Apache-2.0 */
/* matmul.c -- batches of float products on packed panels. */
#include "kernels/gemm/matmul.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"

/* ---------------------------------------------------------------- shape */

static void drop_dim(td_matmul *p, int i)
{
    for (p->n_batch--; i < p->n_batch; i++) {
        p->batch[i] = p->batch[i + 1];
        p->a_batch[i] = p->a_batch[i + 1];
        p->b_batch[i] = p->b_batch[i + 1];
        p->c_batch[i] = p->c_batch[i + 1];
    }
}

void td_matmul_simplify(td_matmul *p)
{
    for (int i = p->n_batch - 1; i >= 0; i--) {
        if (p->batch[i] == 1) {
            drop_dim(p, i);
            continue;
        }
        if (p->m == 1) { /* a single row has no stride yet */
            p->a_m = p->b_batch[i] == 0 ? p->a_batch[i] : p->a_m;
            p->c_m = p->b_batch[i] == 0 ? p->c_batch[i] : p->c_m;
        }
        if (p->b_batch[i] == 0 && p->a_batch[i] == p->m * p->a_m && p->c_batch[i] == p->m * p->c_m) {
            p->m *= p->batch[i];
            drop_dim(p, i);
        }
    }
}

static size_t batch_count(const td_matmul *p)
{
    size_t n = 1;

    for (int i = 0; i < p->n_batch; i++)
        n *= p->batch[i];
    return n;
}

/* Where batch element `index` lies in a, b and c, and which of b's matrices it uses. */
typedef struct element {
    size_t a, b, c, b_index;
} element;

static element element_at(const td_matmul *p, size_t index)
{
    element e = { 0 };
    size_t b_step = 1;

    for (int i = p->n_batch - 1; i >= 0; i--) {
        const size_t at = index % p->batch[i];
        index /= p->batch[i];
        e.a += at * p->a_batch[i];
        e.b += at * p->b_batch[i];
        e.c += at * p->c_batch[i];
        if (!p->b_batch[i]) continue;
        e.b_index += at * b_step;
        b_step *= p->batch[i];
    }
    return e;
}

size_t td_matmul_b_count(const td_matmul *p)
{
    size_t n = 1;

    for (int i = 0; i < p->n_batch; i++)
        if (p->b_batch[i]) n *= p->batch[i];
    return n;
}

void td_matmul_pack(const td_matmul *p, const float *b, const float *scale, float *packed)
{
    const size_t step = td_gemm_packed_size(p->k, p->n) / sizeof(float), count = td_matmul_b_count(p);

    for (size_t i = 0; i < count; i++) {
        size_t at = 0, index = i;
        for (int d = p->n_batch - 1; d >= 0; d--) {
            if (!p->b_batch[d]) continue;
            at += index % p->batch[d] * p->b_batch[d];
            index /= p->batch[d];
        }
        td_gemm_pack(packed + i * step, b + at, p->k, p->n, p->b_k, p->b_n, scale);
    }
}

/* ---------------------------------------------------------------- plan */

void td_matmul_plan_make(const td_matmul *p, int threads, bool b_is_packed, td_matmul_plan *out)
{
    const double work = (double)p->m * (double)p->n * (double)p->k;

    *out = (td_matmul_plan){ .p = *p, .copies_a = p->a_k != 1 && p->k > 1 };
    out->by_batch = batch_count(p) >= 2 * (size_t)threads || work < 1e6;
    out->packed_bytes = b_is_packed ? 0 : td_round_up(td_gemm_packed_size(p->k, p->n), 64);
    const size_t a_bytes = out->copies_a ? td_round_up(p->m * p->k * sizeof(float), 64) : 0;
    out->thread_bytes = td_gemm_scratch(1, 0) + (out->by_batch ? a_bytes + out->packed_bytes : 0);
}

/* Scratch: [threads][row pointers, own a, own b], or [a][b][threads][row pointers]. */
static size_t shared_bytes(const td_matmul_plan *plan)
{
    const size_t a_bytes = plan->copies_a ? td_round_up(plan->p.m * plan->p.k * sizeof(float), 64) : 0;

    return plan->by_batch ? 0 : a_bytes + plan->packed_bytes;
}

size_t td_matmul_scratch(const td_matmul_plan *plan, int threads)
{
    return shared_bytes(plan) + plan->thread_bytes * (size_t)threads;
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const td_matmul_plan *plan;
    const td_gemm_isa *isa;
    const float *a, *b, *packed;
    float *c;
    const td_gemm_end *end;
    char *scratch;
} run;

/* The transpose of a into rows of k, in blocks that stay in cache. */
static void copy_a(const td_matmul *p, float *to, const float *a)
{
    for (size_t i0 = 0; i0 < p->m; i0 += 16)
        for (size_t k = 0; k < p->k; k++)
            for (size_t i = i0; i < TD_MIN(i0 + 16, p->m); i++)
                to[i * p->k + k] = a[i * p->a_m + k * p->a_k];
}

static td_gemm gemm_of(const run *r, const element *e)
{
    const td_matmul *const p = &r->plan->p;
    td_gemm g = {
        .isa = r->isa,
        .m = p->m,
        .n = p->n,
        .segments = 1,
        .depth = p->k,
        .a = r->a + e->a,
        .lda = p->a_m,
        .c = r->c + e->c,
        .ldc = p->c_m,
        .end = *r->end,
    };

    if (r->packed) g.b = r->packed + e->b_index * (td_gemm_packed_size(p->k, p->n) / sizeof(float));
    if (g.end.add) g.end.add += e->c;
    return g;
}

/* One batch element on one thread. */
static void run_element(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const td_matmul *const p = &r->plan->p;
    const element e = element_at(p, shard);
    char *const own = r->scratch + (size_t)thread * r->plan->thread_bytes;
    float *const own_b = (float *)(void *)(own + td_gemm_scratch(1, 0));
    float *const own_a = own_b + r->plan->packed_bytes / sizeof(float);
    td_gemm g = gemm_of(r, &e);

    if (!g.b) {
        td_gemm_pack(own_b, r->b + e.b, p->k, p->n, p->b_k, p->b_n, NULL);
        g.b = own_b;
    }
    if (r->plan->copies_a) {
        copy_a(p, own_a, g.a);
        g.a = own_a;
        g.lda = p->k;
    }
    g.scratch = own;
    g.scratch_size = td_gemm_scratch(1, 0);
    td_gemm_run(&g, NULL);
}

typedef struct pack_job {
    const td_matmul *p;
    const float *b;
    float *packed;
} pack_job;

static void pack_shard(void *ctx, size_t shard, int thread)
{
    const pack_job *const j = ctx;
    const size_t width = td_gemm_width(j->p->n), col = shard * width;

    (void)thread;
    td_gemm_pack_panel(j->packed + shard * width * j->p->k, j->b + col * j->p->b_n, j->p->k,
                       TD_MIN(width, j->p->n - col), width, j->p->b_k, j->p->b_n, NULL);
}

/* One product after the other, each on the whole team. */
static void run_whole(const run *r, td_team *team)
{
    const td_matmul *const p = &r->plan->p;
    float *const own_b = (float *)(void *)r->scratch;
    float *const own_a = own_b + r->plan->packed_bytes / sizeof(float);
    const size_t count = batch_count(p), width = td_gemm_width(p->n);

    for (size_t i = 0; i < count; i++) {
        const element e = element_at(p, i);
        td_gemm g = gemm_of(r, &e);
        if (!g.b) {
            pack_job job = { p, r->b + e.b, own_b };
            td_team_run(team, (p->n + width - 1) / width, pack_shard, &job);
            g.b = own_b;
        }
        if (r->plan->copies_a) {
            copy_a(p, own_a, g.a);
            g.a = own_a;
            g.lda = p->k;
        }
        g.scratch = r->scratch + shared_bytes(r->plan);
        g.scratch_size = r->plan->thread_bytes;
        td_gemm_run(&g, team);
    }
}

void td_matmul_run(const td_matmul_plan *plan, const td_gemm_isa *isa, float *c, const float *a,
                   const float *b, const float *packed, const td_gemm_end *end, void *scratch, td_team *team)
{
    const td_matmul *const p = &plan->p;
    run r = { plan, isa, a, b, packed, c, end, scratch };
    const size_t count = batch_count(p);

    if (!p->m || !p->n || !count) return;
    if (plan->by_batch)
        td_team_run(count == 1 ? NULL : team, count, run_element, &r);
    else
        run_whole(&r, team);
}
