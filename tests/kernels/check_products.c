/* SPDX-License-Identifier: Apache-2.0 */
/* check_products.c -- every body of a product that this CPU has, at each of its levels, in any cut, with all that is fused, against
 * double sums of what bfloat16 holds; and the rounding itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "cpu_levels.h"

#include "kernels/gemm/body.h"
#include "kernels/wide/wide.h"
#include "tensor/half.h"

static float *rounded(size_t n)
{
    float *const x = check_buf_rand(n, -1, 1);

    for (size_t i = 0; i < n; i++)
        x[i] = td_bf16_to_f32(td_f32_to_bf16(x[i]));
    return x;
}

typedef struct data {
    size_t m, n, k;
    float *a, *b, *bias, *add, *scale;
    double *sums;
} data;

static data data_make(size_t m, size_t n, size_t k)
{
    data d = { .m = m, .n = n, .k = k, .a = rounded(m * k), .b = rounded(k * n) };

    d.bias = check_buf_rand(n, -1, 1);
    d.add = rounded(m * n);
    d.scale = check_buf(n);
    for (size_t j = 0; j < n; j++)
        d.scale[j] = j % 3 ? 0.5f : 4.0f;
    d.sums = TD_NEW_N(double, m *n);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t x = 0; x < k; x++)
                d.sums[i * n + j] += (double)d.a[i * k + x] * (double)d.b[x * n + j];
    return d;
}

static void data_free(data *d)
{
    check_buf_free(d->a), check_buf_free(d->b), check_buf_free(d->bias), check_buf_free(d->add);
    check_buf_free(d->scale);
    td_free(d->sums);
}

static double want_at(const data *d, const td_gemm_end *e, const float *scale, size_t i)
{
    double v = d->sums[i] * (scale ? (double)scale[i % d->n] : 1.0);

    if (e->bias) v += (double)e->bias[i % d->n];
    if (e->add) v += (double)e->add[i];
    v = v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
    return e->post ? -v : v;
}

static double c_at(const void *c, bool is_bf16, size_t i)
{
    return (double)(is_bf16 ? td_bf16_to_f32((td_bf16){ ((const uint16_t *)c)[i] }) : ((const float *)c)[i]);
}

enum { BODIES = 7 };
static int n_runs[BODIES];

static size_t index_of(const td_product_body *b)
{
    size_t i = 0;

    while (td_product_bodies[i] != b)
        i++;
    return i;
}

static td_product_ask ask_of(const data *d, td_cpu cpu, const td_gemm_end *end, int threads)
{
    return (td_product_ask){
        .p = { .m = d->m, .n = d->n, .k = d->k, .a_m = d->k, .a_k = 1, .b_k = d->n, .b_n = 1, .c_m = d->n },
        .cpu = cpu,
        .threads = threads,
        .is_const = true,
        .has_bias = end->bias != NULL,
        .is_bf16 = true
    };
}

static void check_run(const data *d, const td_product_body *b, const td_product_ask *ask,
                      const td_gemm_end *end, const float *scale)
{
    const size_t n_c = d->m * d->n, c_bytes = n_c * (ask->writes_bf16 ? sizeof(uint16_t) : sizeof(float));
    void *const state = b->make(ask);
    char name[96];

    (void)snprintf(name, sizeof name, "%s %s product %zux%zux%zu, %d threads", b->name,
                   td_cpu_name(ask->cpu).text, d->m, d->n, d->k, ask->threads);
    CHECK(state || b->may_refuse, "%s: no state", name);
    if (!state) return;
    n_runs[index_of(b)]++;
    td_team *const team = ask->threads > 1 ? td_team_make(ask->threads) : NULL;
    const size_t packed_size = b->packed_size(&ask->p), scratch_size = b->scratch(state, ask->threads);
    void *const packed = check_bytes(packed_size), *const scratch = check_bytes(scratch_size + 1),
                *const c = check_bytes(c_bytes);
    uint16_t *const a16 = check_bytes(d->m * d->k * sizeof *a16), *const add16 =
                                                                      check_bytes(n_c * sizeof *add16);
    memset(scratch, 0xff, scratch_size); /* NaN, of either type: what an earlier run may have left */
    td_gemm_end own = *end;
    const td_product_job job = { .c = c,
                                 .a = ask->reads_bf16 ? (const void *)a16 : d->a,
                                 .packed = packed,
                                 .end = &own,
                                 .add = ask->adds_bf16 ? add16 : NULL,
                                 .scratch = scratch,
                                 .team = team };

    td_bf16_round_ref(a16, d->a, d->m * d->k);
    td_bf16_round_ref(add16, d->add, n_c);
    if (ask->adds_bf16) own.add = NULL;
    b->pack(&ask->p, packed, d->b, scale);
    CHECK(b->run(state, &job), "%s: run", name);
    const double tol = 1e-5 * sqrt((double)d->k) + (ask->writes_bf16 ? 1.0 / 256 : 0.0);
    size_t bad = 0;
    while (bad < n_c && check_near(c_at(c, ask->writes_bf16, bad), want_at(d, end, scale, bad), tol))
        bad++;
    if (bad < n_c)
        CHECK(false, "%s [%zu]: %g, want %g", name, bad, c_at(c, ask->writes_bf16, bad),
              want_at(d, end, scale, bad));
    CHECK(check_bytes_guards(c, c_bytes), "%s wrote outside its output", name);
    CHECK(check_bytes_guards(packed, packed_size), "%s wrote outside its weights", name);
    CHECK(check_bytes_guards(scratch, scratch_size + 1), "%s wrote outside its scratch", name);
    check_bytes_free(packed), check_bytes_free(scratch), check_bytes_free(c);
    check_bytes_free(a16), check_bytes_free(add16);
    td_team_free(team);
    b->free(state);
}

static void check_body(const data *d, const td_product_body *b, td_cpu cpu, const td_gemm_end *end,
                       const float *scale)
{
    for (int threads = 1; threads < 4; threads++) {
        td_product_ask ask = ask_of(d, cpu, end, threads);

        if (!b->can(&ask)) return;
        for (int types = 0; types < (b->takes_bf16 ? 8 : 1); types++) { /* of a, c and the residual */
            ask.reads_bf16 = types & 1;
            ask.writes_bf16 = types & 2;
            ask.adds_bf16 = types & 4;
            if (ask.adds_bf16 && !end->add) break;
            check_run(d, b, &ask, end, scale);
        }
    }
}

static void negate(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = -x[i];
}

static void check_product(size_t m, size_t n, size_t k)
{
    data d = data_make(m, n, k);
    const td_gemm_end ends[] = {
        td_gemm_end_none,
        { .bias = d.bias, .lo = 0.0f, .hi = INFINITY },
        { .bias = d.bias, .add = d.add, .add_ld = n, .lo = 0.0f, .hi = 6.0f },
        { .add = d.add, .add_ld = n, .lo = -INFINITY, .hi = INFINITY, .post = negate },
    };

    for (size_t level = 0; level < cpu_levels(); level++) /* the first is oneDNN's for good */
        for (const td_product_body *const *b = td_product_bodies; *b; b++)
            for (size_t i = 0; i < TD_COUNT(ends); i++)
                check_body(&d, *b, cpu_level(level), &ends[i], i ? d.scale : NULL);
    data_free(&d);
}

static void check_rounding(td_bf16_round_fn *round)
{
    static const float hard[] = { 0.0f, -0.0f,       INFINITY,    -INFINITY,
                                  NAN,  1.00390625f, 1.01171875f, 3.3895314e38f };
    float *const in = check_buf_rand(77, -1e4f, 1e4f);
    uint16_t *const out = check_bytes(77 * sizeof *out);

    memcpy(in + 3, hard, sizeof hard);
    for (size_t n = 0; n <= 77; n += 7) {
        round(out, in, n);
        for (size_t i = 0; i < n; i++) {
            const uint16_t want = td_f32_to_bf16(in[i]).bits;

            CHECK(out[i] == want || isnan(in[i]), "rounds %g to %04x, want %04x", (double)in[i], out[i],
                  want);
            if (isnan(in[i])) CHECK(isnan(td_bf16_to_f32((td_bf16){ out[i] })), "a NaN is lost");
        }
    }
    CHECK(check_bytes_guards(out, 77 * sizeof *out), "rounding wrote outside");
    check_buf_free(in), check_bytes_free(out);
}

/* `check products --bench`: every body that can, of what is bfloat16 on both sides. */
static void bench(size_t m, size_t n, size_t k)
{
    const data d = { .m = m, .n = n, .k = k };
    td_product_ask ask = ask_of(&d, td_cpu_detect(), &td_gemm_end_none, 1);
    char name[96];

    for (const td_product_body *const *b = td_product_bodies; *b; b++) {
        ask.reads_bf16 = ask.writes_bf16 = (*b)->takes_bf16;
        void *const state = (*b)->can(&ask) ? (*b)->make(&ask) : NULL;
        if (!state) continue;
        float *const a = check_buf_rand(m * k, 0, 0), *const c = check_buf(m * n);
        void *const packed = check_buf_rand((*b)->packed_size(&ask.p) / sizeof(float) + 1, 0, 0);
        void *const scratch = td_alloc((*b)->scratch(state, 1) + 64);
        const td_product_job job = {
            .c = c, .a = a, .packed = packed, .end = &td_gemm_end_none, .scratch = scratch
        };

        (void)snprintf(name, sizeof name, "%zux%zu to %zu: %s, flop", m, k, n, (*b)->name);
        CHECK_BENCH(name, 2.0 * (double)m * (double)n * (double)k)(void)(*b)->run(state, &job);
        td_free(scratch);
        check_buf_free(a), check_buf_free(c), check_buf_free(packed);
        (*b)->free(state);
    }
}

static void bench_all(void)
{
    bench(1, 1000, 2048);
    bench(49, 160, 960);
    bench(49, 960, 160);
    bench(128, 768, 768);
    bench(128, 3072, 768);
    bench(128, 768, 3072);
    bench(196, 256, 1024);
    bench(784, 128, 512);
    bench(3136, 64, 64);
    bench(3136, 256, 64);
    bench(12544, 96, 16);
    bench(4096, 768, 768);
    bench(4096, 3072, 768);
    bench(4096, 768, 3072);
}

void check_products(void)
{
    static const size_t shapes[][3] = { { 1, 64, 300 },   { 1, 1000, 128 },  { 2, 33, 37 },
                                        { 7, 1100, 64 },  { 40, 512, 96 },   { 33, 513, 40 },
                                        { 129, 30, 64 },  { 300, 641, 80 },  { 513, 70, 200 },
                                        { 16, 1536, 33 }, { 128, 768, 256 }, { 17, 31, 1 },
                                        { 49, 160, 96 },  { 65, 48, 112 },   { 3, 1, 5 } };

    CHECK_EACH(bf16_round, v)
        check_rounding(v->body);
    for (size_t i = 0; i < TD_COUNT(shapes); i++)
        check_product(shapes[i][0], shapes[i][1], shapes[i][2]);
    for (size_t i = 0; td_cpu_has(td_cpu_detect(), TD_CPU_amx) && i < BODIES; i++)
        CHECK(n_runs[i] || td_product_bodies[i]->precision, "%s was never run", td_product_bodies[i]->name);
    bench_all();
}
