/* SPDX-License-Identifier: Apache-2.0 */
/* check_dnnl.c -- oneDNN's convolutions, whole and in shards, with all that is fused, against double sums. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"

#include "kernels/conv/conv_dnnl.h"

typedef struct data {
    td_conv conv;
    size_t n_in, n_out, n_w;
    float *in, *w, *bias, *scale, *add;
    double *sums; /* without anything fused, but for the scale */
} data;

static double *widen(const float *in, size_t n)
{
    double *const out = TD_NEW_N(double, n);

    for (size_t i = 0; i < n; i++)
        out[i] = (double)in[i];
    return out;
}

static data data_make(const td_conv *c)
{
    data d = { .conv = *c,
               .n_in = c->batch * c->in[1] * c->in[2] * c->in_channels,
               .n_out = c->batch * c->out[1] * c->out[2] * c->out_channels,
               .n_w = c->kernel[1] * c->kernel[2] * c->in_channels * c->out_channels };

    d.in = check_buf_rand(d.n_in, -1, 1);
    d.w = check_buf_rand(d.n_w, -1, 1);
    d.bias = check_buf_rand(c->out_channels, -1, 1);
    d.scale = check_buf_rand(c->out_channels, 0.5f, 2);
    d.add = check_buf_rand(d.n_out, -1, 1);
    d.sums = TD_NEW_N(double, d.n_out);
    double *const in = widen(d.in, d.n_in), *const w = widen(d.w, d.n_w);
    for (size_t i = 0; i < d.n_w; i++)
        w[i] *= (double)d.scale[i % c->out_channels];
    td_conv_ref(c, d.sums, in, w);
    td_free(in), td_free(w);
    return d;
}

static void data_free(data *d)
{
    check_buf_free(d->in), check_buf_free(d->w), check_buf_free(d->bias), check_buf_free(d->scale);
    check_buf_free(d->add);
    td_free(d->sums);
}

static double want_at(const data *d, const td_gemm_end *e, size_t i)
{
    double v = d->sums[i];

    if (e->bias) v += (double)e->bias[i % d->conv.out_channels];
    if (e->add) v += (double)e->add[i];
    return v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
}

static void check_run(const data *d, const td_gemm_end *end, int threads)
{
    const td_conv *const c = &d->conv;
    td_dnnl_conv *const dnnl = td_dnnl_conv_make(c, end->bias != NULL, td_cpu_detect(), threads);
    char name[96];

    (void)snprintf(name, sizeof name, "conv %zux%zux%zux%zu k%zu s%zu to %zu, %d threads", c->batch, c->in[1],
                   c->in[2], c->in_channels, c->kernel[1], c->stride[1], c->out_channels, threads);
    CHECK(dnnl, "%s: no primitive", name);
    if (!dnnl) return;
    td_team *const team = threads > 1 ? td_team_make(threads) : NULL;
    float *const packed = check_buf(td_dnnl_conv_packed_size(dnnl) / sizeof(float)), *const out =
                                                                                         check_buf(d->n_out);
    void *const scratch = td_try_alloc(td_dnnl_conv_scratch(dnnl, threads) + 64, 64);

    CHECK(td_dnnl_conv_pack(dnnl, packed, d->w, d->scale), "%s: pack", name);
    CHECK(td_dnnl_conv_run(dnnl, out, d->in, packed, end, scratch, team), "%s: run", name);
    for (size_t i = 0; i < d->n_out; i++)
        CHECK(check_near((double)out[i], want_at(d, end, i), 1e-4), "%s [%zu]: %g, want %g", name, i,
              (double)out[i], want_at(d, end, i));
    CHECK(check_guards(out, d->n_out), "%s wrote outside its output", name);
    CHECK(check_guards(packed, td_dnnl_conv_packed_size(dnnl) / sizeof(float)),
          "%s wrote outside its weights", name);
    td_free(scratch);
    check_buf_free(packed), check_buf_free(out);
    td_team_free(team);
    td_dnnl_conv_free(dnnl);
}

static void check_conv(const td_conv *c)
{
    data d = data_make(c);
    const td_gemm_end ends[] = {
        td_gemm_end_none,
        { .bias = d.bias, .lo = 0.0f, .hi = INFINITY },
        { .bias = d.bias, .add = d.add, .add_ld = c->out_channels, .lo = 0.0f, .hi = 6.0f },
        { .add = d.add, .add_ld = c->out_channels, .lo = -INFINITY, .hi = INFINITY },
    };

    for (size_t i = 0; i < TD_COUNT(ends); i++) {
        check_run(&d, &ends[i], 1);
        check_run(&d, &ends[i], 2);
    }
    data_free(&d);
}

/* `check dnnl --bench`: batch, image, channels in and out, kernel, stride; padding as if by hand. */
static void bench(size_t batch, size_t size, size_t ic, size_t oc, size_t kernel, size_t stride)
{
    const size_t out_size = (size + stride - 1) / stride, used = (out_size - 1) * stride + kernel;
    const int64_t pad = used > size ? (int64_t)(used - size) / 2 : 0;
    const td_conv c = { .batch = batch,
                        .groups = 1,
                        .in = { 1, size, size },
                        .in_channels = ic,
                        .out = { 1, out_size, out_size },
                        .out_channels = oc,
                        .kernel = { 1, kernel, kernel },
                        .stride = { 1, stride, stride },
                        .dilation = { 1, 1, 1 },
                        .pad = { 0, pad, pad } };
    const td_gemm_isa *const isa = td_gemm_select(td_cpu_detect());
    td_dnnl_conv *const dnnl = td_dnnl_conv_make(&c, false, td_cpu_detect(), 1);
    const size_t n_in = batch * size * size * ic, n_out = batch * out_size * out_size * oc;
    td_conv_gemm plan;
    char name[96];

    td_conv_gemm_plan(&c, &plan);
    if (!dnnl) return;
    const size_t packed_size = TD_MAX(td_dnnl_conv_packed_size(dnnl), td_conv_packed_size(&plan));
    const size_t scratch_size = TD_MAX(td_dnnl_conv_scratch(dnnl, 1), td_conv_scratch(&plan, 1)) + 64;
    float *const in = check_buf_rand(n_in, -1, 1), *const out = check_buf(n_out);
    float *const packed = check_buf_rand(packed_size / sizeof(float), -1, 1);
    float *const zeros = TD_NEW_N(float, plan.zeros_size / sizeof(float));
    void *const scratch = td_try_alloc(scratch_size, 64);
    const double bytes = (double)(n_in + n_out) * sizeof(float);

    (void)snprintf(name, sizeof name, "%zux%zux%zux%zu to %zu, k%zu s%zu: oneDNN", batch, size, size, ic, oc,
                   kernel, stride);
    CHECK_BENCH(name, bytes)(void) td_dnnl_conv_run(dnnl, out, in, packed, &td_gemm_end_none, scratch, NULL);
    (void)snprintf(name, sizeof name, "%zux%zux%zux%zu to %zu, k%zu s%zu: panels", batch, size, size, ic, oc,
                   kernel, stride);
    CHECK_BENCH(name, bytes)
    td_conv_run(&plan, isa, out, in, packed, &td_gemm_end_none, zeros, scratch, NULL);
    td_free(scratch), td_free(zeros);
    check_buf_free(in), check_buf_free(out), check_buf_free(packed);
    td_dnnl_conv_free(dnnl);
}

void check_dnnl(void)
{
    /* batch, height, width, channels in, out, kernel, stride, dilation, padding (SAME) */
    static const struct {
        size_t batch, h, w, ic, oc, kernel, stride, dilation;
        bool is_same;
    } cases[] = {
        { 1, 91, 60, 3, 32, 7, 2, 1, true },   /* a stem: rows of one image */
        { 5, 33, 31, 3, 24, 3, 2, 1, true },   /* whole images, shards of unlike size */
        { 1, 41, 37, 32, 33, 3, 1, 1, true },  /* first, middle and last rows differ */
        { 3, 17, 19, 40, 72, 1, 1, 1, false }, /* 1x1, fewer images than shards */
        { 1, 29, 27, 48, 80, 1, 2, 1, false }, /* a projection: rows and columns that nobody reads */
        { 1, 40, 23, 20, 50, 3, 1, 2, true },  /* dilation */
        { 1, 9, 7, 17, 31, 5, 1, 1, true },    /* hardly more than padding */
        { 2, 24, 25, 1, 8, 11, 4, 1, false },  /* one channel, big steps */
    };

    if (td_cpu_detect() < TD_CPU_avx2) return;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        td_conv c = { .batch = cases[i].batch,
                      .groups = 1,
                      .in = { 1, cases[i].h, cases[i].w },
                      .in_channels = cases[i].ic,
                      .out = { 1, 1, 1 },
                      .out_channels = cases[i].oc,
                      .kernel = { 1, cases[i].kernel, cases[i].kernel },
                      .stride = { 1, cases[i].stride, cases[i].stride },
                      .dilation = { 1, cases[i].dilation, cases[i].dilation } };
        for (int k = 1; k < 3; k++) {
            const size_t reach = (cases[i].kernel - 1) * cases[i].dilation + 1, s = cases[i].stride;
            c.out[k] = cases[i].is_same ? (c.in[k] + s - 1) / s : (c.in[k] - reach) / s + 1;
            const size_t used = (c.out[k] - 1) * s + reach;
            c.pad[k] = used > c.in[k] ? (int64_t)(used - c.in[k]) / 2 : 0;
        }
        check_conv(&c);
    }
    bench(1, 224, 3, 32, 3, 2);
    bench(1, 224, 3, 64, 7, 2);
    bench(1, 56, 128, 128, 3, 2);
    bench(1, 27, 96, 256, 5, 1);
    bench(1, 7, 512, 512, 3, 1);
    bench(1, 14, 256, 1024, 1, 1);
    bench(1, 28, 512, 128, 1, 1);
}
