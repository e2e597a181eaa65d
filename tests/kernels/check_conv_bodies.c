/* SPDX-License-Identifier: Apache-2.0 */
/* check_conv_bodies.c -- every body of a convolution that this CPU has, at each of its levels, with all that is fused, whole and in
 * shards, against double sums. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "cpu_levels.h"

#include "kernels/conv/body.h"
#include "kernels/wide/wide.h"
#include "tensor/half.h"

typedef struct data {
    td_conv conv;
    size_t n_in, n_out, n_w;
    float *in, *w, *bias, *scale, *add;
    uint16_t *in16, *add16; /* the same, as far as bfloat16 holds it */
    double *sums, *scaled;  /* without anything fused; with the scale */
    double weight;          /* an error that sums of these may have */
} data;

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

/* What bfloat16 holds, so that products of them are exact. */
static void round_all(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = td_bf16_to_f32(td_f32_to_bf16(x[i]));
}

static data data_make(const td_conv *c, bool is_bf16)
{
    data d = { .conv = *c,
               .n_in = c->batch * pixels(c->in) * c->in_channels,
               .n_out = c->batch * pixels(c->out) * c->out_channels,
               .n_w = pixels(c->kernel) *
                      (c->is_transposed ? c->out_channels / c->groups : c->in_channels / c->groups) *
                      (c->is_transposed ? c->in_channels : c->out_channels) };

    d.in = check_buf_rand(d.n_in, -1, 1);
    d.w = check_buf_rand(d.n_w, -1, 1);
    d.bias = check_buf_rand(c->out_channels, -1, 1);
    d.scale = check_buf_rand(c->out_channels, 0.5f, 2);
    d.add = check_buf_rand(d.n_out, -1, 1);
    if (is_bf16) {
        round_all(d.in, d.n_in), round_all(d.w, d.n_w), round_all(d.add, d.n_out);
        for (size_t i = 0; i < c->out_channels; i++)
            d.scale[i] = i % 2 ? 0.5f : 2.0f;
    }
    d.in16 = check_bytes(d.n_in * sizeof *d.in16);
    d.add16 = check_bytes(d.n_out * sizeof *d.add16);
    td_bf16_round_ref(d.in16, d.in, d.n_in);
    td_bf16_round_ref(d.add16, d.add, d.n_out);
    d.sums = TD_NEW_N(double, d.n_out);
    d.scaled = TD_NEW_N(double, d.n_out);
    double *const in = widen(d.in, d.n_in), *const w = widen(d.w, d.n_w);
    td_conv_ref(c, d.sums, in, w);
    for (size_t i = 0; i < d.n_out; i++)
        d.scaled[i] = d.sums[i] * (double)d.scale[i % c->out_channels];
    d.weight = 1e-6 * sqrt((double)(pixels(c->kernel) * c->in_channels / c->groups));
    td_free(in), td_free(w);
    return d;
}

static void data_free(data *d)
{
    check_buf_free(d->in), check_buf_free(d->w), check_buf_free(d->bias), check_buf_free(d->scale);
    check_buf_free(d->add);
    check_bytes_free(d->in16), check_bytes_free(d->add16);
    td_free(d->sums), td_free(d->scaled);
}

static double want_at(const data *d, const td_gemm_end *e, bool has_scale, size_t i)
{
    double v = has_scale ? d->scaled[i] : d->sums[i];

    if (e->bias) v += (double)e->bias[i % d->conv.out_channels];
    if (e->add) v += (double)e->add[i];
    v = v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
    return e->post ? -v : v;
}

static void negate(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = -x[i];
}

enum { BODIES = 11 };
static int n_runs[BODIES], n_narrow[BODIES]; /* of each */

static size_t index_of(const td_conv_body *b)
{
    size_t i = 0;

    while (td_conv_bodies[i] != b)
        i++;
    return i;
}

static double out_at(const void *out, bool is_bf16, size_t i)
{
    return (double)(is_bf16 ? td_bf16_to_f32((td_bf16){ ((const uint16_t *)out)[i] })
                            : ((const float *)out)[i]);
}

static void check_run(const data *d, const td_conv_body *b, const td_conv_ask *ask, const td_gemm_end *end,
                      bool has_scale)
{
    const td_conv *const c = &d->conv;
    void *const state = b->make(ask);
    char name[160];

    (void)snprintf(name, sizeof name, "%s %s conv %zux%zux%zux%zu k%zux%zu s%zu g%zu to %zu, %d threads",
                   b->name, td_cpu_name(ask->cpu).text, c->batch, c->in[1], c->in[2], c->in_channels,
                   c->kernel[1], c->kernel[2], c->stride[1], c->groups, c->out_channels, ask->threads);
    CHECK(state || b->may_refuse, "%s: no state", name);
    if (!state) return;
    n_runs[index_of(b)]++;
    td_team *const team = ask->threads > 1 ? td_team_make(ask->threads) : NULL;
    const size_t n_packed = b->packed_size(state) / sizeof(float),
                 n_scratch = b->scratch(state, ask->threads);
    const size_t out_bytes = d->n_out * (ask->writes_bf16 ? sizeof(uint16_t) : sizeof(float));
    float *const packed = check_buf(n_packed);
    void *const out = check_bytes(out_bytes);
    char *const scratch = check_bytes(n_scratch + 1);
    memset(scratch, 0xff, n_scratch); /* NaN, of either type: what an earlier run may have left */
    td_gemm_end own = *end;
    const td_conv_job job = { out,
                              ask->reads_bf16 ? (const void *)d->in16 : d->in,
                              packed,
                              &own,
                              scratch,
                              team,
                              ask->adds_bf16 ? d->add16 : NULL };

    if (ask->adds_bf16) own.add = NULL;

    CHECK(b->pack(state, packed, d->w, has_scale ? d->scale : NULL), "%s: pack", name);
    CHECK(b->run(state, &job), "%s: run", name);
    const double tol = 10 * d->weight + (ask->writes_bf16 ? 1.0 / 256 : 0.0);
    for (size_t i = 0; i < d->n_out; i++) {
        const double got = out_at(out, ask->writes_bf16, i), want = want_at(d, end, has_scale, i);
        CHECK(check_near(got, want, tol), "%s [%zu]: %g, want %g", name, i, got, want);
    }
    CHECK(check_bytes_guards(out, out_bytes), "%s wrote outside its output", name);
    CHECK(check_guards(packed, n_packed), "%s wrote outside its weights", name);
    CHECK(check_bytes_guards(scratch, n_scratch + 1), "%s wrote outside its scratch", name);
    check_bytes_free(scratch);
    check_buf_free(packed), check_bytes_free(out);
    td_team_free(team);
    b->free(state);
}

static void check_body(const data *d, const td_conv_body *b, td_cpu cpu, bool is_bf16)
{
    const size_t ld = d->conv.out_channels;
    const td_gemm_end ends[] = {
        td_gemm_end_none,
        { .bias = d->bias, .lo = 0.0f, .hi = INFINITY },
        { .bias = d->bias, .add = d->add, .add_ld = ld, .lo = 0.0f, .hi = 6.0f, .post = negate },
        { .add = d->add, .add_ld = ld, .lo = -INFINITY, .hi = INFINITY },
    };

    for (size_t i = 0; i < TD_COUNT(ends); i++) {
        td_conv_ask ask = { .conv = d->conv,
                            .cpu = cpu,
                            .threads = 1 + (int)(i % 2),
                            .is_const = true,
                            .has_bias = ends[i].bias != NULL,
                            .is_bf16 = is_bf16,
                            .has_more = ends[i].add || ends[i].post };
        const bool has_scale = i / 2;

        if (!b->can(&ask)) continue;
        check_run(d, b, &ask, &ends[i], has_scale);
        for (int types = 1; is_bf16 && types < 8; types++) { /* of image, output and residual */
            ask.reads_bf16 = types & 1;
            ask.writes_bf16 = types & 2;
            ask.adds_bf16 = types & 4;
            if (ask.adds_bf16 && !ends[i].add) continue;
            if (!b->takes || !b->takes(&ask)) continue;
            check_run(d, b, &ask, &ends[i], has_scale);
            n_narrow[index_of(b)]++;
        }
    }
}

/* The list's last body runs any; a choice is one of those that can. */
static void check_choice(const td_conv *c, td_cpu cpu)
{
    const td_conv_ask ask = { .conv = *c,
                              .cpu = cpu,
                              .threads = 2,
                              .is_const = check_random_int(0, 1),
                              .has_bias = check_random_int(0, 1),
                              .is_bf16 = check_random_int(0, 1),
                              .reads_bf16 = check_random_int(0, 1) };
    td_conv_plan plan;

    CHECK(td_conv_body_panels.can(&ask), "panels run any convolution");
    CHECK(td_conv_body_choose(&ask, &plan) && plan.body->can(&ask), "no body is chosen");
    td_conv_plan_free(&plan);
}

static void check_conv(const td_conv *c)
{
    for (int is_bf16 = 0; is_bf16 < 2; is_bf16++) {
        data d = data_make(c, is_bf16);

        for (size_t level = 0; level < cpu_levels(); level++) { /* the first is oneDNN's for good */
            const td_cpu cpu = cpu_level(level);

            for (const td_conv_body *const *b = td_conv_bodies; *b; b++)
                check_body(&d, *b, cpu, is_bf16);
            check_choice(c, cpu);
        }
        data_free(&d);
    }
}

/* Padding as SAME's, or none. */
static td_conv flat(size_t batch, size_t h, size_t w, size_t ic, size_t oc, size_t kernel, size_t stride,
                    size_t dilation, bool is_same)
{
    td_conv c = { .batch = batch,
                  .groups = 1,
                  .in = { 1, h, w },
                  .in_channels = ic,
                  .out = { 1, 1, 1 },
                  .out_channels = oc,
                  .kernel = { 1, kernel, kernel },
                  .stride = { 1, stride, stride },
                  .dilation = { 1, dilation, dilation } };

    for (int k = 1; k < 3; k++) {
        const size_t reach = (kernel - 1) * dilation + 1;

        c.out[k] = is_same ? (c.in[k] + stride - 1) / stride : (c.in[k] - reach) / stride + 1;
        const size_t used = (c.out[k] - 1) * stride + reach;
        c.pad[k] = used > c.in[k] ? (int64_t)(used - c.in[k]) / 2 : 0;
    }
    return c;
}

/* `check conv --bench`: every body that can. */
static void bench(td_conv c)
{
    const td_gemm_end *const end = &td_gemm_end_none;
    const size_t n_in = c.batch * pixels(c.in) * c.in_channels,
                 n_out = c.batch * pixels(c.out) * c.out_channels;
    const td_conv_ask ask = {
        .conv = c, .cpu = td_cpu_detect(), .threads = 1, .is_const = true, .is_bf16 = true
    };
    const double flops =
        2.0 * (double)n_out * (double)(pixels(c.kernel) * c.in_channels / c.groups); /* shown as bytes */
    char name[128];

    for (const td_conv_body *const *b = td_conv_bodies; *b; b++) {
        void *const state = (*b)->can(&ask) ? (*b)->make(&ask) : NULL;
        if (!state) continue;
        const size_t n_packed = (*b)->packed_size(state) / sizeof(float);
        float *const in = check_buf_rand(n_in, -1, 1), *const out = check_buf(n_out);
        float *const packed = check_buf_rand(n_packed, -1, 1);
        void *const scratch = td_alloc((*b)->scratch(state, 1) + 64);
        const td_conv_job job = { out, in, packed, end, scratch, NULL, NULL };

        (void)snprintf(name, sizeof name, "%zux%zux%zux%zu to %zu, k%zu s%zu g%zu: %s, flop", c.batch,
                       c.in[1], c.in[2], c.in_channels, c.out_channels, c.kernel[1], c.stride[1], c.groups,
                       (*b)->name);
        CHECK_BENCH(name, flops)(void)(*b)->run(state, &job);
        td_free(scratch);
        check_buf_free(in), check_buf_free(out), check_buf_free(packed);
        (*b)->free(state);
    }
}

static td_conv grouped(td_conv c, size_t groups)
{
    c.groups = groups;
    return c;
}

/* Keras' Conv2DTranspose. */
static td_conv transposed(size_t h, size_t w, size_t ic, size_t oc, size_t kernel, size_t stride)
{
    td_conv c = flat(1, h * stride, w * stride, oc, ic, kernel, stride, 1, true); /* the forward one */

    c.in[1] = h, c.in[2] = w, c.out[1] = h * stride, c.out[2] = w * stride;
    c.in_channels = ic, c.out_channels = oc;
    c.is_transposed = true;
    return c;
}

static void bench_all(void)
{
    bench(flat(1, 224, 224, 3, 32, 3, 2, 1, true));
    bench(flat(1, 224, 224, 3, 64, 7, 2, 1, true));
    bench(flat(1, 56, 56, 128, 128, 3, 2, 1, true));
    bench(flat(1, 56, 56, 64, 64, 3, 1, 1, true));
    bench(flat(1, 27, 27, 96, 256, 5, 1, 1, true));
    bench(flat(1, 7, 7, 512, 512, 3, 1, 1, true));
    bench(flat(1, 14, 14, 256, 1024, 1, 1, 1, true));
    bench(flat(1, 28, 28, 128, 128, 3, 1, 1, true));
    bench(flat(1, 14, 14, 256, 256, 3, 1, 1, true));
    bench(flat(1, 56, 56, 256, 512, 1, 2, 1, false));
    bench(flat(8, 14, 14, 256, 256, 3, 1, 1, true));
    bench(flat(1, 28, 28, 512, 128, 1, 1, 1, true));
    bench(grouped(flat(1, 56, 56, 96, 96, 7, 1, 1, true), 96));
    bench(grouped(flat(1, 28, 28, 64, 128, 3, 1, 1, true), 64));
    bench(grouped(flat(1, 28, 28, 256, 256, 3, 1, 1, true), 32));
    bench(grouped(flat(1, 14, 14, 512, 512, 3, 1, 1, true), 32));
    bench(transposed(32, 32, 16, 8, 3, 2));
    bench(transposed(28, 28, 128, 64, 4, 2));
    bench(transposed(56, 56, 64, 32, 2, 2));
}

/* Small convolutions of any kind. */
static td_conv any(void)
{
    td_conv c = { .batch = (size_t)check_random_int(1, 3), .groups = (size_t)check_random_int(1, 3) };

    if (check_random_int(0, 2) == 0) c.groups = 1;
    c.is_transposed = check_random_int(0, 3) == 0;
    c.in_channels = c.groups * (size_t)(check_random_int(0, 2) ? check_random_int(1, 20) : 1);
    c.out_channels = c.groups * (size_t)check_random_int(1, 40);
    for (int i = 0; i < 3; i++) {
        const bool is_flat = i == 0 && check_random_int(0, 3);

        c.kernel[i] = is_flat ? 1 : (size_t)check_random_int(1, 4);
        c.stride[i] = is_flat ? 1 : (size_t)check_random_int(1, 3);
        c.dilation[i] =
            is_flat || (c.is_transposed && check_random_int(0, 3)) ? 1 : (size_t)check_random_int(1, 2);
        c.in[i] = is_flat ? 1 : (size_t)check_random_int(1, 12);
        const size_t reach = (c.kernel[i] - 1) * c.dilation[i] + 1,
                     pad = (size_t)check_random_int(0, (int64_t)reach - 1);
        c.pad[i] = check_random_int(0, (int64_t)pad);
        const size_t whole = c.in[i] + pad;
        c.out[i] = c.is_transposed
                       ? c.in[i] * c.stride[i] - (size_t)check_random_int(0, (int64_t)c.stride[i] - 1)
                   : whole < reach ? 1
                                   : (whole - reach) / c.stride[i] + 1;
    }
    return c;
}

/* Padding and filters of a few bytes of a file must not ask for gigabytes of lines. */
static void check_huge(void)
{
    td_conv c = flat(1, 4033, 1, 32, 1, 1, 1, 1, false);

    c.kernel[1] = c.dilation[1] = 64;
    c.out[1] = 1;
    c.pad[2] = 1 << 15;
    c.out[2] = 1 << 16;
    const td_conv_ask ask = {
        .conv = c, .cpu = td_cpu_detect(), .threads = 1, .is_const = true, .is_bf16 = true
    };
    CHECK(!td_conv_body_amx_taps.can(&ask), "lines of 16 GB are copied");
}

void check_conv_bodies(void)
{
    const td_conv some[] = {
        flat(1, 91, 60, 3, 32, 7, 2, 1, true),   /* a stem: rows of one image */
        flat(5, 33, 31, 3, 24, 3, 2, 1, true),   /* whole images, shards of unlike size */
        flat(1, 41, 37, 32, 33, 3, 1, 1, true),  /* first, middle and last rows differ */
        flat(2, 13, 10, 48, 80, 3, 1, 1, true),  /* Winograd, odd sizes */
        flat(3, 17, 19, 40, 72, 1, 1, 1, false), /* 1x1, fewer images than shards */
        flat(3, 17, 19, 64, 64, 1, 1, 1, false), /* by oneDNN on panels */
        flat(1, 29, 27, 48, 80, 1, 2, 1, false), /* a projection: rows and columns that nobody reads */
        flat(1, 5, 6, 1100, 70, 1, 2, 1, false), /* deeper than one block of k */
        flat(1, 5, 5, 256, 70, 3, 1, 1, true),   /* several blocks */
        flat(7, 7, 7, 40, 50, 3, 1, 1, true),    /* small images that go together */
        flat(1, 40, 23, 20, 50, 3, 1, 2, true),  /* dilation */
        flat(1, 9, 7, 17, 31, 5, 1, 1, true),    /* hardly more than padding */
        flat(2, 24, 25, 1, 8, 11, 4, 1, false),  /* one channel, big steps */
        grouped(flat(2, 11, 13, 33, 33, 7, 1, 1, true), 33),
        grouped(flat(2, 11, 13, 16, 32, 3, 2, 1, true), 16),
        grouped(flat(1, 12, 13, 64, 96, 3, 1, 1, true), 4),
    };

    check_huge();
    for (size_t i = 0; i < TD_COUNT(some); i++)
        check_conv(&some[i]);
    for (int i = 0; i < 90; i++) {
        const td_conv c = any();

        check_conv(&c);
    }
    for (size_t i = 0; td_cpu_has(td_cpu_detect(), TD_CPU_amx) && i < BODIES; i++)
        CHECK(td_conv_bodies[i]->precision || (n_runs[i] && (n_narrow[i] || !td_conv_bodies[i]->takes)),
              "%s was never run, or not in bfloat16", td_conv_bodies[i]->name);
    bench_all();
}
