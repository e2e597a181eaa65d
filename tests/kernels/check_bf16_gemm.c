/* SPDX-License-Identifier: Apache-2.0 */
/* check_bf16_gemm.c -- products in bfloat16, in any cut, with all that is fused, against double sums of what bfloat16 holds;
 * and the rounding itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"

#include "kernels/gemm/gemm_bf16.h"
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
    return v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
}

static double c_at(const void *c, bool is_bf16, size_t i)
{
    return (double)(is_bf16 ? td_bf16_to_f32((td_bf16){ ((const uint16_t *)c)[i] }) : ((const float *)c)[i]);
}

/* types: bits of what is bfloat16: A, C, the residual. */
static void check_run(const data *d, const td_gemm_end *end, const float *scale, int threads, unsigned types)
{
    const bool reads = types & 1, writes = types & 2, adds = types & 4;
    const size_t c_bytes = d->m * d->n * (writes ? sizeof(uint16_t) : sizeof(float));
    const td_dnnl_gemm_shape s = { d->m, d->n, d->k, end->bias != NULL };
    td_bf16_gemm *const g = td_bf16_gemm_make(&s, reads, writes, td_cpu_detect(), threads);
    char name[64];

    (void)snprintf(name, sizeof name, "product %zux%zux%zu, %d threads", d->m, d->n, d->k, threads);
    CHECK(g, "%s: no primitive", name);
    if (!g) return;
    td_team *const team = threads > 1 ? td_team_make(threads) : NULL;
    const size_t packed_size = td_bf16_gemm_packed_size(g), scratch_size = td_bf16_gemm_scratch(g, threads);
    void *const packed = check_bytes(packed_size), *const scratch = check_bytes(scratch_size + 1);
    void *const c = check_bytes(c_bytes);
    uint16_t *const a16 = check_bytes(d->m * d->k * sizeof *a16), *const add16 = check_bytes(d->m * d->n *
                                                                                             sizeof *add16);
    td_gemm_end own = *end;

    td_bf16_gemm_pack(g, packed, d->b, d->n, 1, scale);
    td_bf16_round_ref(a16, d->a, d->m * d->k);
    td_bf16_round_ref(add16, d->add, d->m * d->n);
    if (adds) own.add = NULL;
    const td_bf16_gemm_job job = {
        c, reads ? (const void *)a16 : d->a, packed, &own, adds ? add16 : NULL, scratch, team
    };
    CHECK(td_bf16_gemm_run(g, &job), "%s: run", name);
    size_t bad = 0;
    while (bad < d->m * d->n && check_near(c_at(c, writes, bad), want_at(d, end, scale, bad),
                                           1e-5 * sqrt((double)d->k) + (writes ? 1.0 / 256 : 0.0)))
        bad++;
    if (bad < d->m * d->n)
        CHECK(false, "%s [%zu]: %g, want %g", name, bad, c_at(c, writes, bad), want_at(d, end, scale, bad));
    CHECK(check_bytes_guards(c, c_bytes), "%s wrote outside its output", name);
    CHECK(check_bytes_guards(packed, packed_size), "%s wrote outside its weights", name);
    CHECK(check_bytes_guards(scratch, scratch_size + 1), "%s wrote outside its scratch", name);
    check_bytes_free(packed), check_bytes_free(scratch), check_bytes_free(c);
    check_bytes_free(a16), check_bytes_free(add16);
    td_team_free(team);
    td_bf16_gemm_free(g);
}

static void check_product(size_t m, size_t n, size_t k)
{
    data d = data_make(m, n, k);
    const td_gemm_end ends[] = {
        td_gemm_end_none,
        { .bias = d.bias, .lo = 0.0f, .hi = INFINITY },
        { .bias = d.bias, .add = d.add, .add_ld = n, .lo = 0.0f, .hi = 6.0f },
    };

    for (size_t i = 0; i < TD_COUNT(ends); i++)
        for (int threads = 1; threads < 4; threads++)
            for (unsigned types = 0; types < (ends[i].add ? 8 : 4); types++)
                check_run(&d, &ends[i], i ? d.scale : NULL, threads, types);
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

void check_bf16_gemm(void)
{
    static const size_t shapes[][3] = { { 1, 64, 300 },   { 1, 1000, 128 }, { 2, 33, 37 },
                                        { 7, 1100, 64 },  { 40, 512, 96 },  { 33, 513, 40 },
                                        { 129, 30, 64 },  { 300, 641, 80 }, { 513, 70, 200 },
                                        { 16, 1536, 33 }, { 128, 768, 256 } };

    check_rounding(td_bf16_round_select(td_cpu_detect()));
    check_rounding(td_bf16_round_ref);
    for (size_t i = 0; i < TD_COUNT(shapes); i++) {
        const td_dnnl_gemm_shape s = { shapes[i][0], shapes[i][1], shapes[i][2], false };

        if (td_bf16_gemm_can(&s, td_cpu_detect())) check_product(s.m, s.n, s.k);
    }
}
