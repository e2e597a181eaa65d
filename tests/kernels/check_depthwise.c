/* SPDX-License-Identifier: Apache-2.0 */
/* check_depthwise.c -- every depthwise convolution this CPU can run, against the reference. */
#include <math.h>

#include "check.h"

#include "kernels/conv/depthwise.h"

static void check_one(const char *isa, td_depthwise_fn *kernel, const td_depthwise *d)
{
    const size_t n_in = d->batch * d->in[0] * d->in[1] * d->channels;
    const size_t n_out = d->batch * d->out[0] * d->out[1] * d->channels, rows = d->batch * d->out[0];
    float *const in = n_in ? check_buf_rand(n_in, -2, 2) : NULL, *const bias =
                                                                     check_buf_rand(d->channels, -1, 1);
    float *const w = check_buf_rand(d->kernel[0] * d->kernel[1] * d->channels, -1, 1);
    float *const want = check_buf(n_out), *const got = check_buf(n_out);
    const td_depthwise_end end = { .bias = bias, .lo = 0.0f, .hi = 6.0f };

    td_depthwise_ref(d, want, in, w, &end, 0, rows);
    kernel(d, got, in, w, &end, 0, rows / 2);
    kernel(d, got + rows / 2 * d->out[1] * d->channels, in, w, &end, rows / 2, rows);
    for (size_t i = 0; i < n_out; i++)
        CHECK(check_near((double)got[i], (double)want[i], 1e-5), "%s %zux%zux%zu [%zu]: %g, want %g", isa,
              d->in[0], d->in[1], d->channels, i, (double)got[i], (double)want[i]);
    CHECK(check_guards(got, n_out), "%s wrote outside its output", isa);
    if (in) check_buf_free(in);
    check_buf_free(bias), check_buf_free(w), check_buf_free(want), check_buf_free(got);
}

static void check_all(const td_depthwise *d)
{
    CHECK_EACH(depthwise, v)
        check_one(v->name, v->body, d);
}

void check_depthwise(void)
{
    static const size_t channels[] = { 1, 7, 8, 9, 16, 17, 33 };

    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (size_t stride = 1; stride <= 2; stride++)
            for (size_t dilation = 1; dilation <= 2; dilation++) {
                const td_depthwise d = {
                    .batch = 2,
                    .channels = channels[i],
                    .multiplier = 1,
                    .in = { 9, 23 },
                    .out = { (9 + stride - 1) / stride, (23 + stride - 1) / stride },
                    .kernel = { 3, 5 },
                    .stride = { stride, stride },
                    .dilation = { dilation, dilation },
                    .pad = { (int64_t)dilation, (int64_t)(2 * dilation) },
                };
                check_all(&d);
            }
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
}
