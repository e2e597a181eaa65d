/* SPDX-License-Identifier: Apache-2.0 */
/* check_gemm.c -- packed products and convolutions of every instruction set this CPU has,
 * against double sums. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"

#include "kernels/conv/conv.h"
#include "kernels/conv/winograd.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/matmul.h"

static size_t isas(const td_gemm_isa **out)
{
    size_t n = 0;

    out[n++] = &td_gemm_isa_ref;
#if defined(__x86_64__)
    if (td_cpu_detect() >= TD_CPU_avx2) out[n++] = &td_gemm_isa_avx2;
    if (td_cpu_detect() >= TD_CPU_avx512) out[n++] = &td_gemm_isa_avx512;
#endif
    return n;
}

/* ---------------------------------------------------------------- products */

static float clamp(double v, const td_gemm_end *e)
{
    return v < (double)e->lo ? e->lo : v > (double)e->hi ? e->hi : (float)v;
}

static void check_product(const td_gemm_isa *isa, size_t m, size_t n, size_t k, bool ends)
{
    float *const a = check_buf_rand(m * k, -1, 1), *const b = check_buf_rand(k * n, -1, 1),
                 *const c = check_buf(m * n);
    float *const bias = check_buf_rand(n, -1, 1), *const add = check_buf_rand(m * n, -1, 1);
    float *const packed = check_buf(td_gemm_packed_size(k, n) / sizeof(float));
    const size_t scratch = td_gemm_scratch(1, 0);
    td_gemm g = {
        .isa = isa,
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
        .scratch = td_alloc(scratch),
        .scratch_size = scratch,
    };

    if (ends) g.end = (td_gemm_end){ .bias = bias, .add = add, .add_ld = n, .lo = 0.0f, .hi = 6.0f };
    td_gemm_pack(packed, b, k, n, n, 1, NULL);
    td_gemm_run(&g, NULL);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double want = ends ? (double)bias[j] + (double)add[i * n + j] : 0.0;
            for (size_t x = 0; x < k; x++)
                want += (double)a[i * k + x] * (double)b[x * n + j];
            CHECK(check_near((double)c[i * n + j], (double)clamp(want, &g.end), 1e-5 * sqrt((double)k)),
                  "%s %zux%zux%zu [%zu, %zu]: %g, want %g", isa->name, m, n, k, i, j, (double)c[i * n + j],
                  want);
        }
    CHECK(check_guards(c, m * n), "%s %zux%zux%zu wrote outside its output", isa->name, m, n, k);
    td_free(g.scratch);
    check_buf_free(a), check_buf_free(b), check_buf_free(c), check_buf_free(bias), check_buf_free(add);
    check_buf_free(packed);
}

/* ---------------------------------------------------------------- convolutions */

static size_t pixels(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static double *widen(const float *in, size_t n)
{
    double *const out = TD_NEW_N(double, n);

    for (size_t i = 0; i < n; i++)
        out[i] = (double)in[i];
    return out;
}

/* Runs c by panels and, where it fits, by Winograd; both have to agree with td_conv_ref(). */
static void check_conv(const td_gemm_isa *isa, const td_conv *c)
{
    const size_t n_in = c->batch * pixels(c->in) * c->in_channels,
                 n_out = c->batch * pixels(c->out) * c->out_channels;
    const size_t n_w = pixels(c->kernel) *
                       (c->is_transposed ? c->out_channels / c->groups : c->in_channels / c->groups) *
                       (c->is_transposed ? c->in_channels : c->out_channels);
    float *const in = check_buf_rand(n_in, -1, 1), *const w = check_buf_rand(n_w, -1, 1);
    double *const wide_in = widen(in, n_in), *const wide_w = widen(w, n_w),
                  *const want = TD_NEW_N(double, n_out);
    td_conv_gemm plan;

    td_conv_ref(c, want, wide_in, wide_w);
    td_conv_gemm_plan(c, &plan);
    for (int way = 0; way < 2; way++) {
        if (way == 1 && !td_winograd_fits(c, isa)) continue;
        float *const out = check_buf(n_out), *const zeros = TD_NEW_N(float, plan.zeros_size / sizeof(float));
        const size_t packed_size = way ? td_winograd_packed_size(c) : td_conv_packed_size(&plan);
        float *const packed = check_buf(packed_size / sizeof(float));
        void *const scratch = td_try_alloc(way ? td_winograd_scratch(c, 1) : td_conv_scratch(&plan, 1), 64);
        if (way) {
            td_winograd_pack(c, packed, w, NULL);
            td_winograd_run(c, isa, out, in, packed, &td_gemm_end_none, zeros, scratch, NULL);
        } else {
            td_conv_pack(&plan, packed, w, NULL);
            td_conv_run(&plan, isa, out, in, packed, &td_gemm_end_none, zeros, scratch, NULL);
        }
        for (size_t i = 0; i < n_out; i++)
            CHECK(check_near((double)out[i], want[i], 1e-4),
                  "%s conv %zux%zux%zu k%zu way %d [%zu]: %g, want %g", isa->name, c->in[1], c->in[2],
                  c->in_channels, c->kernel[1], way, i, (double)out[i], want[i]);
        CHECK(check_guards(out, n_out), "%s conv wrote outside its output", isa->name);
        td_free(zeros), td_free(scratch);
        check_buf_free(out), check_buf_free(packed);
    }
    check_buf_free(in), check_buf_free(w);
    td_free(wide_in), td_free(wide_w), td_free(want);
}

static void check_convs(const td_gemm_isa *isa)
{
    static const td_conv convs[] = {
        /* the stem of an image net: merged filter rows, odd edges */
        { .batch = 2,
          .groups = 1,
          .in = { 1, 13, 11 },
          .in_channels = 3,
          .out = { 1, 7, 6 },
          .out_channels = 20,
          .kernel = { 1, 7, 7 },
          .stride = { 1, 2, 2 },
          .dilation = { 1, 1, 1 },
          .pad = { 0, 3, 3 } },
        /* 3x3 by taps and by Winograd, odd sizes */
        { .batch = 2,
          .groups = 1,
          .in = { 1, 13, 10 },
          .in_channels = 48,
          .out = { 1, 13, 10 },
          .out_channels = 80,
          .kernel = { 1, 3, 3 },
          .stride = { 1, 1, 1 },
          .dilation = { 1, 1, 1 },
          .pad = { 0, 1, 1 } },
        /* a projection with a stride, deeper than one k-block */
        { .batch = 1,
          .groups = 1,
          .in = { 1, 5, 6 },
          .in_channels = 1100,
          .out = { 1, 3, 3 },
          .out_channels = 70,
          .kernel = { 1, 1, 1 },
          .stride = { 1, 2, 2 },
          .dilation = { 1, 1, 1 } },
        /* dilation, stride, groups */
        { .batch = 1,
          .groups = 3,
          .in = { 1, 9, 10 },
          .in_channels = 6,
          .out = { 1, 4, 4 },
          .out_channels = 9,
          .kernel = { 1, 3, 2 },
          .stride = { 1, 2, 2 },
          .dilation = { 1, 2, 3 },
          .pad = { 0, 1, 0 } },
        /* three dims */
        { .batch = 1,
          .groups = 1,
          .in = { 4, 5, 6 },
          .in_channels = 2,
          .out = { 4, 3, 6 },
          .out_channels = 5,
          .kernel = { 3, 3, 3 },
          .stride = { 1, 2, 1 },
          .dilation = { 1, 1, 1 },
          .pad = { 1, 1, 1 } },
        /* transposed, with stride */
        { .batch = 2,
          .groups = 1,
          .in = { 1, 4, 3 },
          .in_channels = 5,
          .out = { 1, 8, 6 },
          .out_channels = 7,
          .kernel = { 1, 3, 3 },
          .stride = { 1, 2, 2 },
          .dilation = { 1, 1, 1 },
          .pad = { 0, 0, 0 },
          .is_transposed = true },
        /* deep sums: several k-blocks */
        { .batch = 1,
          .groups = 1,
          .in = { 1, 5, 5 },
          .in_channels = 256,
          .out = { 1, 5, 5 },
          .out_channels = 70,
          .kernel = { 1, 3, 3 },
          .stride = { 1, 1, 1 },
          .dilation = { 1, 1, 1 },
          .pad = { 0, 1, 1 } },
        /* one tap whose depth is cut into k-blocks */
        { .batch = 1,
          .groups = 1,
          .in = { 1, 5, 5 },
          .in_channels = 1700,
          .out = { 1, 3, 3 },
          .out_channels = 130,
          .kernel = { 1, 1, 1 },
          .stride = { 1, 2, 2 },
          .dilation = { 1, 1, 1 },
          .pad = { 0, 0, 0 } },
    };

    for (size_t i = 0; i < TD_COUNT(convs); i++)
        check_conv(isa, &convs[i]);
}

void check_gemm(void)
{
    static const size_t sizes[] = { 1, 2, 5, 15, 16, 17, 31, 48, 49, 64, 65, 130 };
    const td_gemm_isa *all[3];
    const size_t n_isas = isas(all);

    for (size_t v = 0; v < n_isas; v++) {
        for (size_t m = 1; m <= 20; m += m < 10 ? 1 : 5)
            for (size_t i = 0; i < TD_COUNT(sizes); i++)
                check_product(all[v], m, sizes[i], 1 + 3 * i, i % 2);
        check_product(all[v], 100, 200, 1500, true); /* blocks of k and of rows */
        check_convs(all[v]);
    }
}
