/* SPDX-License-Identifier: Apache-2.0 */
/* check_depthwise.c -- every depthwise convolution this CPU can run, against the reference. */
#include <math.h>
#include <stdio.h>

#include "check.h"

#include "kernels/conv/depthwise.h"

typedef struct data {
    const td_depthwise *d;
    size_t rows, row; /* of outputs; elements of one */
    float *in, *bias, *w, *add;
    void *scratch;
    size_t scratch_size;
} data;

static data data_make(const td_depthwise *d)
{
    const size_t n_in = d->batch * d->in[0] * d->in[1] * d->channels;
    data v = { .d = d, .rows = d->batch * d->out[0], .row = d->out[1] * d->channels };
    td_depthwise_tiles tiles;

    CHECK(td_depthwise_tile(d, &tiles), "%zux%zu filters are too big", d->kernel[0], d->kernel[1]);
    v.in = n_in ? check_buf_rand(n_in, -2, 2) : NULL;
    v.bias = check_buf_rand(d->channels, -1, 1);
    v.w = check_buf_rand(d->kernel[0] * d->kernel[1] * d->channels, -1, 1);
    v.add = check_buf_rand(v.rows * v.row, -1, 1);
    v.scratch_size = tiles.scratch;
    v.scratch = check_buf(tiles.scratch / sizeof(float)); /* of NaN */
    return v;
}

static void data_free(data *v)
{
    if (v->in) check_buf_free(v->in);
    check_buf_free(v->bias), check_buf_free(v->w), check_buf_free(v->add), check_buf_free(v->scratch);
}

static void negate(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = -x[i];
}

/* In parts: some rows, some channels. */
static void run_parts(const data *v, td_depthwise_fn *kernel, float *out, const td_depthwise_end *end)
{
    const size_t ch = v->d->channels, rows[] = { 0, v->rows / 2, v->rows },
                 channels[] = { 0, ch / 2 / 16 * 16, ch };

    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            const td_depthwise_part part = { rows[i], rows[i + 1], channels[k], channels[k + 1], v->scratch };
            kernel(v->d, out + rows[i] * v->row, v->in, v->w, end, &part);
        }
}

static void check_one(const char *isa, td_depthwise_fn *kernel, const data *v, const td_depthwise_end *end)
{
    const td_depthwise *const d = v->d;
    const size_t n = v->rows * v->row;
    const td_depthwise_part all = { 0, v->rows, 0, d->channels, NULL };
    float *const want = check_buf(n), *const got = check_buf(n);

    td_depthwise_ref(d, want, v->in, v->w, end, &all);
    run_parts(v, kernel, got, end);
    for (size_t i = 0; i < n; i++)
        CHECK(check_near((double)got[i], (double)want[i], 1e-5),
              "%s %zux%zux%zu k%zux%zu s%zux%zu d%zux%zu [%zu]: %g, want %g", isa, d->in[0], d->in[1],
              d->channels, d->kernel[0], d->kernel[1], d->stride[0], d->stride[1], d->dilation[0],
              d->dilation[1], i, (double)got[i], (double)want[i]);
    CHECK(check_guards(got, n), "%s wrote outside its output", isa);
    CHECK(check_guards(v->scratch, v->scratch_size / sizeof(float)), "%s wrote outside its scratch", isa);
    check_buf_free(want), check_buf_free(got);
}

static void check_all(const td_depthwise *d)
{
    data v = data_make(d);
    const td_depthwise_end ends[] = {
        { .bias = v.bias, .lo = 0.0f, .hi = 6.0f },
        { .add = v.add, .lo = -INFINITY, .hi = INFINITY, .post = negate },
    };

    for (size_t i = 0; i < TD_COUNT(ends); i++)
        CHECK_EACH(depthwise, k)
            check_one(k->name, k->body, &v, &ends[i]);
    data_free(&v);
}

/* Some image, perhaps smaller than the filter, with any padding. */
static td_depthwise any(size_t channels)
{
    td_depthwise d = { .batch = (size_t)check_random_int(1, 3), .channels = channels, .multiplier = 1 };

    for (int i = 0; i < 2; i++) {
        d.in[i] = (size_t)check_random_int(1, check_random_int(0, 1) ? 40 : 9);
        d.kernel[i] = (size_t)check_random_int(1, 8);
        d.stride[i] = (size_t)check_random_int(1, 3);
        d.dilation[i] = (size_t)check_random_int(1, 3);
        const size_t reach = (d.kernel[i] - 1) * d.dilation[i] + 1;
        d.pad[i] = check_random_int(0, (int64_t)reach + 1);
        const size_t whole = d.in[i] + (size_t)(d.pad[i] + check_random_int(0, (int64_t)reach + 1));
        d.out[i] = whole < reach ? 1 : (whole - reach) / d.stride[i] + 1;
    }
    return d;
}

static td_depthwise same(size_t size, size_t channels, size_t kernel, size_t stride)
{
    td_depthwise d = { .batch = 1, .channels = channels, .multiplier = 1 };

    for (int i = 0; i < 2; i++) {
        d.in[i] = size;
        d.out[i] = (size + stride - 1) / stride;
        d.kernel[i] = kernel;
        d.stride[i] = stride;
        d.dilation[i] = 1;
        const size_t used = (d.out[i] - 1) * stride + kernel;
        d.pad[i] = used > size ? (int64_t)(used - size) / 2 : 0;
    }
    return d;
}

/* Filters that need no scratch of a size that a file may choose. */
static void check_huge(void)
{
    td_depthwise d = same(8, 16, 3, 1);
    td_depthwise_tiles tiles;

    d.dilation[1] = SIZE_MAX / 2;
    CHECK(!td_depthwise_tile(&d, &tiles), "a line of any length");
    d.dilation[1] = 1 << 20;
    CHECK(!td_depthwise_tile(&d, &tiles), "a line of megabytes");
    d.dilation[1] = 1;
    d.kernel[0] = SIZE_MAX / 4;
    CHECK(!td_depthwise_tile(&d, &tiles), "any number of lines");
}

static void bench(td_depthwise d)
{
    data v = data_make(&d);
    float *const out = check_buf(v.rows * v.row);
    const td_depthwise_part part = { 0, v.rows, 0, d.channels, v.scratch };
    const td_depthwise_end end = { .bias = v.bias, .lo = 0.0f, .hi = 6.0f };
    char name[96];

    CHECK_EACH(depthwise, k) {
        if (!k->needs) continue;
        (void)snprintf(name, sizeof name, "%s %zux%zux%zu k%zu s%zu, flop", k->name, d.in[0], d.in[1],
                       d.channels, d.kernel[0], d.stride[0]);
        CHECK_BENCH(name, 2.0 * (double)(v.rows * v.row * d.kernel[0] * d.kernel[1]))
        k->body(&d, out, v.in, v.w, &end, &part);
    }
    check_buf_free(out);
    data_free(&v);
}

void check_depthwise(void)
{
    /* Nothing but padding: an image without rows, or without columns. */
    for (size_t rows = 0; rows <= 1; rows++) {
        const td_depthwise d = { .batch = 2,
                                 .channels = 17,
                                 .multiplier = 1,
                                 .in = { rows, 1 - rows },
                                 .out = { 1 + rows, 2 - rows },
                                 .kernel = { 2, 2 },
                                 .stride = { 1, 1 },
                                 .dilation = { 1, 1 },
                                 .pad = { 1, 1 } };
        check_all(&d);
    }
    for (size_t channels = 1; channels <= 40; channels++)
        for (size_t kernel = 2; kernel <= 7; kernel++) {
            const td_depthwise d = any(channels), e = same(17, channels, kernel, 1 + channels % 3);
            check_all(&d);
            check_all(&e);
        }
    /* Wide and narrow maps; one strip, and several; blocks of channels. */
    for (size_t size = 1; size <= 70; size += 3) {
        const td_depthwise d = same(size, 80, 3 + size / 3 % 3 * 2, 1 + size % 2),
                           e = same(size, size % 2 ? 300 : 140, 3, 1 + size / 2 % 2);
        check_all(&d);
        if (size < 40) check_all(&e);
    }
    check_huge();
    bench(same(112, 32, 3, 1)), bench(same(112, 64, 3, 2)), bench(same(56, 72, 3, 2)),
        bench(same(56, 128, 3, 1));
    bench(same(28, 96, 5, 2)), bench(same(28, 192, 3, 1)), bench(same(28, 44, 5, 1)),
        bench(same(28, 44, 7, 1));
    bench(same(14, 240, 5, 1)), bench(same(14, 512, 3, 1)), bench(same(14, 88, 7, 1)),
        bench(same(7, 576, 5, 1));
    bench(same(7, 960, 3, 1)), bench(same(7, 176, 7, 1));
}
