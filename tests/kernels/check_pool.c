/* SPDX-License-Identifier: Apache-2.0 */
/* check_pool.c -- every pooling body this CPU can run, against the reference. */
#include <math.h>
#include <stdio.h>

#include "check.h"

#include "kernels/pool/pool.h"

static size_t volume(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static void check_one(const char *isa, td_pool_fn *kernel, const td_pool_shape *p, td_pool_kind kind)
{
    const size_t n_in = p->batch * volume(p->in) * p->channels, pixels = p->batch * volume(p->out),
                 half = pixels / 3;
    float *const in = check_buf_rand(n_in, -2, 2), *const want = check_buf(pixels * p->channels);
    float *const got = check_buf(pixels * p->channels);

    for (size_t i = 0; kind == TD_POOL_MAX && i < n_in; i += 5) /* which no maximum may be */
        in[i] = NAN;
    td_pool_f32_ref(p, kind, want, in, 0, pixels);
    kernel(p, kind, got, in, 0, half);
    kernel(p, kind, got, in, half, pixels);
    for (size_t i = 0; i < pixels * p->channels; i++)
        CHECK(check_near((double)got[i], (double)want[i], 1e-6),
              "%s kind %d %zux%zux%zux%zu k%zux%zux%zu s%zu [%zu]: %g, want %g", isa, (int)kind, p->in[0],
              p->in[1], p->in[2], p->channels, p->kernel[0], p->kernel[1], p->kernel[2], p->stride[2], i,
              (double)got[i], (double)want[i]);
    CHECK(check_guards(got, pixels * p->channels), "%s wrote outside its output", isa);
    check_buf_free(in), check_buf_free(want), check_buf_free(got);
}

static void check_all(const td_pool_shape *p)
{
    for (int kind = 0; kind < 2; kind++)
        CHECK_EACH(pool, v)
            check_one(v->name, v->body, p, (td_pool_kind)kind);
}

/* Windows that share columns, that are apart, that lie beside the image. */
static td_pool_shape any(size_t channels)
{
    td_pool_shape p = { .batch = (size_t)check_random_int(1, 2), .channels = channels };

    for (int i = 0; i < 3; i++) {
        const bool is_flat = i == 0 && check_random_int(0, 2);

        p.in[i] = is_flat ? 1 : (size_t)check_random_int(1, i ? 14 : 3);
        p.kernel[i] = is_flat ? 1 : (size_t)check_random_int(1, 5);
        p.stride[i] = is_flat ? 1 : (size_t)check_random_int(1, 4);
        p.pad[i] = is_flat ? 0 : check_random_int(0, (int64_t)p.kernel[i] + 1);
        p.out[i] = (p.in[i] + (size_t)p.pad[i]) / p.stride[i] + 1;
    }
    return p;
}

static td_pool_shape square(size_t size, size_t channels, size_t kernel, size_t stride)
{
    const size_t out = (size + stride - 1) / stride;

    return (td_pool_shape){ .batch = 1,
                            .channels = channels,
                            .in = { 1, size, size },
                            .out = { 1, out, out },
                            .kernel = { 1, kernel, kernel },
                            .stride = { 1, stride, stride },
                            .pad = { 0, (int64_t)(kernel - 1) / 2, (int64_t)(kernel - 1) / 2 } };
}

static void bench(td_pool_shape p)
{
    const size_t n_in = p.batch * volume(p.in) * p.channels, pixels = p.batch * volume(p.out);
    float *const in = check_buf_rand(n_in, -1, 1), *const out = check_buf(pixels * p.channels);
    char name[96];

    for (int kind = 0; kind < 2; kind++)
        CHECK_EACH(pool, v) {
            if (!v->needs) continue;
            (void)snprintf(name, sizeof name, "%s %s %zux%zux%zu k%zu s%zu", v->name, kind ? "mean" : "max",
                           p.in[1], p.in[2], p.channels, p.kernel[2], p.stride[2]);
            CHECK_BENCH(name, (double)((n_in + pixels * p.channels) * sizeof(float)))
            v->body(&p, (td_pool_kind)kind, out, in, 0, pixels);
        }
    check_buf_free(in), check_buf_free(out);
}

void check_pool(void)
{
    for (size_t channels = 1; channels <= 40; channels++)
        for (int i = 0; i < 3; i++) {
            const td_pool_shape p = any(channels);
            check_all(&p);
        }
    for (size_t size = 1; size <= 150; size += 29) { /* rows of more columns than are pooled at once */
        td_pool_shape p = square(size, 17, 3, 1), q, r;

        p.in[1] = p.out[1] = 3;
        q = r = p;
        q.kernel[2] = 63, q.pad[2] = 31;
        r.kernel[2] = 30, r.pad[2] = 15;
        check_all(&p), check_all(&q), check_all(&r);
    }
    const td_pool_shape far = square(60, 40, 3, 2); /* too big for overlaps of strides to count */
    check_all(&far);
    bench(square(28, 44, 3, 1)), bench(square(14, 88, 3, 1)), bench(square(7, 176, 3, 1));
    bench(square(112, 64, 3, 2)), bench(square(112, 64, 2, 2)), bench(square(56, 32, 3, 1));
    bench(square(8, 2048, 15, 8));
}
