/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_dnnl.c -- see gemm.h. */
#include "kernels/gemm/gemm_dnnl.h"

#include <stdatomic.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/dnnl/engine.h"
#include "kernels/dnnl/tail.h"

enum {
    K_BLOCK = 16,       /* of oneDNN's layout */
    LEAST_ROWS = 192,   /* below, shards are too small for oneDNN */
    LEAST_DEPTH = 1024, /* below, our tiles are as good or better, and need no compilation */
    SHARD_ROWS = 256,   /* of a shard, where there are enough */
    FEWEST_ROWS = 64,   /* of a shard: fewer do not pay for the walk through the weights */
    MAX_SIZE = 1 << 24, /* far from the end of oneDNN's integers */
};

/* Shards are of equal size but for the last one. */
enum { WHOLE = 0, LAST, SIZES };

struct td_dnnl_gemm {
    td_dnnl_gemm_shape shape;
    size_t rows, parts; /* of a shard; how many */
    size_t scratch;     /* bytes of a thread */
    td_dnnl_tail_fn *tail;
    td_dnnl_prim prims[SIZES];
};

bool td_dnnl_gemm_can(const td_dnnl_gemm_shape *s, td_cpu cpu)
{
    return td_cpu_has(cpu, TD_CPU_avx512) && s->k % K_BLOCK == 0 && s->m && s->k && s->m <= MAX_SIZE &&
           s->n <= MAX_SIZE && s->k <= MAX_SIZE;
}

bool td_dnnl_gemm_fits(const td_dnnl_gemm_shape *s, td_cpu cpu)
{
    return td_dnnl_gemm_can(s, cpu) && s->m >= LEAST_ROWS && s->k >= LEAST_DEPTH;
}

/* Rows only: oneDNN wants C dense. As many shards for one thread as for another. */
static void cut(td_dnnl_gemm *d, int threads)
{
    const size_t m = d->shape.m, n_threads = (size_t)TD_MAX(threads, 1);
    const size_t want = n_threads == 1 ? 1 : 2 * n_threads;
    const size_t parts = td_div_up(TD_MAX(want, m / SHARD_ROWS), n_threads) * n_threads;

    d->rows = td_div_up(m, TD_MAX(1, TD_MIN(parts, m / FEWEST_ROWS)));
    d->parts = td_div_up(m, d->rows);
}

/* ---------------------------------------------------------------- primitives */

static dnnl_format_tag_t tag_of(size_t width)
{
    switch (width) {
    case 64:
        return dnnl_BA16a64b;
    case 48:
        return dnnl_BA16a48b;
    case 32:
        return dnnl_BA16a32b;
    default:
        return dnnl_BA16a16b;
    }
}

static bool make_prim(td_dnnl_gemm *d, size_t rows, td_dnnl_prim *out)
{
    const int64_t m = (int64_t)rows, n = (int64_t)d->shape.n, k = (int64_t)d->shape.k;
    const dnnl_dims_t a = { m, k }, b = { k, n }, c = { m, n }, bias = { 1, n };
    dnnl_memory_desc_t ad, bd, cd, bias_d;
    dnnl_matmul_desc_t desc;

    if (td_dnnl.memory_desc_init_by_tag(&ad, 2, a, dnnl_f32, dnnl_ab) ||
        td_dnnl.memory_desc_init_by_tag(&bd, 2, b, dnnl_f32, tag_of(td_gemm_width(d->shape.n))) ||
        td_dnnl.memory_desc_init_by_tag(&cd, 2, c, dnnl_f32, dnnl_ab) ||
        td_dnnl.memory_desc_init_by_tag(&bias_d, 2, bias, dnnl_f32, dnnl_ab) ||
        td_dnnl.matmul_desc_init(&desc, &ad, &bd, d->shape.has_bias ? &bias_d : NULL, &cd) ||
        !td_dnnl_prim_make(&desc, out))
        return false;
    d->scratch = TD_MAX(d->scratch, td_round_up(out->scratch, 64));
    return true;
}

static bool make_prims(td_dnnl_gemm *d)
{
    const size_t last = d->shape.m - (d->parts - 1) * d->rows;

    return (d->parts == 1 || make_prim(d, d->rows, &d->prims[WHOLE])) && make_prim(d, last, &d->prims[LAST]);
}

td_dnnl_gemm *td_dnnl_gemm_make(const td_dnnl_gemm_shape *s, td_cpu cpu, int threads)
{
    if (!td_dnnl_ready(cpu)) return NULL;
    td_dnnl_gemm *const d = td_try_alloc(sizeof *d, 16);

    if (!d) return NULL;
    memset(d, 0, sizeof *d);
    d->shape = *s;
    d->tail = td_dnnl_tail_select(cpu);
    cut(d, threads);
    if (!make_prims(d)) {
        td_dnnl_gemm_free(d);
        return NULL;
    }
    return d;
}

void td_dnnl_gemm_free(td_dnnl_gemm *d)
{
    if (!d) return;
    for (int i = 0; i < SIZES; i++)
        td_dnnl_prim_free(&d->prims[i]);
    td_free(d);
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const td_dnnl_gemm *d;
    float *c;
    const float *a, *packed;
    const td_gemm_end *end;
    char *scratch;
    atomic_bool has_failed;
} run;

static void run_shard(void *ctx, size_t shard, int thread)
{
    run *const r = ctx;
    const td_dnnl_gemm *const d = r->d;
    const size_t row = shard * d->rows, n = d->shape.n;
    const td_dnnl_area area = { r->c + row * n, TD_MIN(d->rows, d->shape.m - row), n };

    if (!td_dnnl_run(&d->prims[shard + 1 == d->parts ? LAST : WHOLE], area.out, r->a + row * d->shape.k,
                     r->packed, r->end->bias, r->scratch + (size_t)thread * d->scratch))
        atomic_store_explicit(&r->has_failed, true, memory_order_relaxed);
    d->tail(&area, r->end->add ? r->end->add + row * r->end->add_ld : NULL, r->end);
}

size_t td_dnnl_gemm_scratch(const td_dnnl_gemm *d, int threads)
{
    return d->scratch * (size_t)threads;
}

bool td_dnnl_gemm_run(const td_dnnl_gemm *d, float *c, const float *a, const float *packed,
                      const td_gemm_end *end, void *scratch, td_team *team)
{
    run r = { .d = d, .c = c, .a = a, .packed = packed, .end = end, .scratch = scratch };

    td_team_run(team, d->parts, run_shard, &r);
    return !atomic_load_explicit(&r.has_failed, memory_order_relaxed);
}
