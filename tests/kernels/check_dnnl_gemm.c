/* SPDX-License-Identifier: Apache-2.0 */
/* check_dnnl_gemm.c -- oneDNN's products on our panels, in shards,
 * with all that is fused, against double sums. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "check.h"

#include "kernels/gemm/gemm_dnnl.h"

typedef struct data {
    size_t m, n, k;
    float *a, *b, *bias, *scale, *add;
} data;

static double want_at(const data *d, const td_gemm_end *e, size_t i, size_t j)
{
    double v = 0;

    for (size_t x = 0; x < d->k; x++)
        v += (double)d->a[i * d->k + x] * (double)d->b[x * d->n + j];
    v *= (double)d->scale[j];
    if (e->bias) v += (double)e->bias[j];
    if (e->add) v += (double)e->add[i * d->n + j];
    return v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
}

static void check_run(const data *d, const td_gemm_end *end, int threads)
{
    const size_t m = d->m, n = d->n, k = d->k, n_packed = td_gemm_packed_size(k, n) / sizeof(float);
    const td_dnnl_gemm_shape s = { m, n, k, end->bias != NULL };
    td_dnnl_gemm *const dnnl = td_dnnl_gemm_make(&s, td_cpu_detect(), threads);
    char name[64];

    (void)snprintf(name, sizeof name, "product %zux%zux%zu, %d threads", m, n, k, threads);
    CHECK(dnnl, "%s: no primitive", name);
    if (!dnnl) return;
    td_team *const team = threads > 1 ? td_team_make(threads) : NULL;
    float *const packed = check_buf(n_packed), *const c = check_buf(m * n);
    void *const scratch = td_try_alloc(td_dnnl_gemm_scratch(dnnl, threads) + 64, 64);

    td_gemm_pack(packed, d->b, k, n, n, 1, d->scale);
    CHECK(td_dnnl_gemm_run(dnnl, c, d->a, packed, end, scratch, team), "%s: run", name);
    for (size_t i = 0; i < m; i += i + 7 < m ? 7 : 1)
        for (size_t j = 0; j < n; j++) {
            const double want = want_at(d, end, i, j);
            CHECK(check_near((double)c[i * n + j], want, 1e-5 * sqrt((double)k)),
                  "%s [%zu, %zu]: %g, want %g", name, i, j, (double)c[i * n + j], want);
        }
    CHECK(check_guards(c, m * n), "%s wrote outside its output", name);
    td_free(scratch);
    check_buf_free(packed), check_buf_free(c);
    td_team_free(team);
    td_dnnl_gemm_free(dnnl);
}

/* A NaN of A must reach its row of C through every clamp. */
static void check_nan(void)
{
    enum { M = 128, N = 64, K = 512 };
    const td_dnnl_gemm_shape s = { .m = M, .n = N, .k = K };
    const td_gemm_end end = { .lo = 0.0f, .hi = 6.0f };
    td_dnnl_gemm *const dnnl = td_dnnl_gemm_make(&s, td_cpu_detect(), 1);
    float *const a = check_buf_rand(M * K, -1, 1), *const b = check_buf_rand(K * N, -1, 1),
                 *const c = check_buf(M * N);
    void *const scratch = dnnl ? td_try_alloc(td_dnnl_gemm_scratch(dnnl, 1) + 64, 64) : NULL;

    a[5 * K + 77] = NAN;
    CHECK(dnnl && td_dnnl_gemm_run(dnnl, c, a, b, &end, scratch, NULL), "no product");
    for (size_t i = 0; dnnl && i < M * N; i++)
        CHECK(isnan(c[i]) ? i / N == 5 : i / N != 5 && c[i] >= 0.0f && c[i] <= 6.0f, "[%zu]: %g", i,
              (double)c[i]);
    td_free(scratch);
    check_buf_free(a), check_buf_free(b), check_buf_free(c);
    td_dnnl_gemm_free(dnnl);
}

/* `check dnnl_gemm --bench`: the same product by both bodies. */
static void bench(size_t m, size_t n, size_t k)
{
    const td_dnnl_gemm_shape s = { .m = m, .n = n, .k = k };
    td_dnnl_gemm *const dnnl = td_dnnl_gemm_make(&s, td_cpu_detect(), 1);
    float *const a = check_buf_rand(m * k, -1, 1), *const c = check_buf(m * n);
    float *const packed = check_buf_rand(td_gemm_packed_size(k, n) / sizeof(float), -1, 1);
    void *const scratch =
        td_try_alloc((dnnl ? td_dnnl_gemm_scratch(dnnl, 1) : 0) + td_gemm_scratch(1, 0), 64);
    const td_gemm g = { .isa = td_gemm_select(td_cpu_detect()),
                        .m = m,
                        .n = n,
                        .segments = 1,
                        .depth = k,
                        .a = a,
                        .lda = k,
                        .b = packed,
                        .c = c,
                        .ldc = n,
                        .end = td_gemm_end_none,
                        .scratch = scratch,
                        .scratch_size = td_gemm_scratch(1, 0) };
    const double flops = 2.0 * (double)m * (double)n * (double)k;
    char name[96];

    (void)snprintf(name, sizeof name, "%zux%zu to %zu: oneDNN (FLOP)", m, k, n);
    if (dnnl)
        CHECK_BENCH(name, flops)(void) td_dnnl_gemm_run(dnnl, c, a, packed, &td_gemm_end_none, scratch, NULL);
    (void)snprintf(name, sizeof name, "%zux%zu to %zu: tiles (FLOP)", m, k, n);
    CHECK_BENCH(name, flops) td_gemm_run(&g, NULL);
    td_free(scratch);
    check_buf_free(a), check_buf_free(c), check_buf_free(packed);
    td_dnnl_gemm_free(dnnl);
}

void check_dnnl_gemm(void)
{
    /* every panel width, fewer columns than a panel; a short last shard */
    static const struct {
        size_t m, n, k;
    } cases[] = { { 70, 9, 16 },     { 130, 30, 64 },  { 65, 48, 112 },
                  { 129, 200, 512 }, { 300, 641, 80 }, { 1030, 300, 96 } };

    if (!td_cpu_has(td_cpu_detect(), TD_CPU_avx512)) return;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        data d = { .m = cases[i].m, .n = cases[i].n, .k = cases[i].k };
        d.a = check_buf_rand(d.m * d.k, -1, 1);
        d.b = check_buf_rand(d.k * d.n, -1, 1);
        d.bias = check_buf_rand(d.n, -1, 1);
        d.scale = check_buf_rand(d.n, 0.5f, 2);
        d.add = check_buf_rand(d.m * d.n, -1, 1);
        const td_gemm_end ends[] = {
            td_gemm_end_none,
            { .bias = d.bias, .lo = 0.0f, .hi = INFINITY },
            { .bias = d.bias, .add = d.add, .add_ld = d.n, .lo = 0.0f, .hi = 6.0f },
        };
        for (size_t e = 0; e < TD_COUNT(ends); e++) {
            check_run(&d, &ends[e], 1);
            check_run(&d, &ends[e], 2);
        }
        check_buf_free(d.a), check_buf_free(d.b), check_buf_free(d.bias), check_buf_free(d.scale);
        check_buf_free(d.add);
    }
    check_nan();
    bench(16, 768, 768);
    bench(128, 768, 768);
    bench(128, 3072, 768);
    bench(128, 768, 3072);
    bench(196, 256, 1024);
    bench(3136, 64, 64);
}
