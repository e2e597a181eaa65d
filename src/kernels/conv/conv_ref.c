/* SPDX-License-Identifier: Apache-2.0 */
/* conv_ref.c -- the definition of right, in double: one multiplication after the other. */
#include <string.h>

#include "kernels/conv/conv.h"

/* The input coordinate of output o and tap t, or -1. */
static int64_t source(const td_conv *c, int dim, size_t o, size_t t)
{
    const int64_t stride = (int64_t)c->stride[dim], tap = (int64_t)(t * c->dilation[dim]);
    int64_t i = (int64_t)o * stride - c->pad[dim] + tap;

    if (c->is_transposed) {
        i = (int64_t)o + c->pad[dim] - tap;
        if (i < 0 || i % stride != 0) return -1;
        i /= stride;
    }
    return i >= 0 && i < (int64_t)c->in[dim] ? i : -1;
}

typedef void tap_fn(const td_conv *c, size_t pixel_out, size_t pixel_in, size_t tap, void *ctx);

/* Calls fn for each pair of pixels that a tap joins. */
static void each_tap(const td_conv *c, tap_fn *fn, void *ctx)
{
    const size_t pixels = c->out[0] * c->out[1] * c->out[2],
                 taps = c->kernel[0] * c->kernel[1] * c->kernel[2];

    for (size_t p = 0; p < c->batch * pixels; p++) {
        const size_t n = p / pixels, z = p % pixels / (c->out[1] * c->out[2]);
        const size_t y = p / c->out[2] % c->out[1], x = p % c->out[2];
        for (size_t t = 0; t < taps; t++) {
            const int64_t iz = source(c, 0, z, t / c->kernel[2] / c->kernel[1]);
            const int64_t iy = source(c, 1, y, t / c->kernel[2] % c->kernel[1]);
            const int64_t ix = source(c, 2, x, t % c->kernel[2]);
            if (iz < 0 || iy < 0 || ix < 0) continue;
            fn(c, p, ((n * c->in[0] + (size_t)iz) * c->in[1] + (size_t)iy) * c->in[2] + (size_t)ix, t, ctx);
        }
    }
}

typedef struct forward {
    double *out;
    const double *in, *w;
} forward;

static void forward_tap(const td_conv *c, size_t pixel_out, size_t pixel_in, size_t tap, void *ctx)
{
    const forward *const f = ctx;
    const size_t ic = c->in_channels / c->groups, oc = c->out_channels / c->groups;
    const double *const in = f->in + pixel_in * c->in_channels;
    double *const out = f->out + pixel_out * c->out_channels;

    if (c->is_transposed) {
        for (size_t g = 0; g < c->groups; g++)
            for (size_t o = 0; o < oc; o++)
                for (size_t i = 0; i < ic; i++)
                    out[g * oc + o] += in[g * ic + i] * f->w[(tap * oc + o) * c->in_channels + g * ic + i];
        return;
    }
    for (size_t g = 0; g < c->groups; g++)
        for (size_t i = 0; i < ic; i++)
            for (size_t o = 0; o < oc; o++)
                out[g * oc + o] += in[g * ic + i] * f->w[(tap * ic + i) * c->out_channels + g * oc + o];
}

void td_conv_ref(const td_conv *c, double *out, const double *in, const double *w)
{
    forward f = { out, in, w };

    memset(out, 0, c->batch * c->out[0] * c->out[1] * c->out[2] * c->out_channels * sizeof *out);
    each_tap(c, forward_tap, &f);
}

typedef struct by_filter {
    double *dw;
    const double *in, *dout;
} by_filter;

static void filter_tap(const td_conv *c, size_t pixel_out, size_t pixel_in, size_t tap, void *ctx)
{
    const by_filter *const f = ctx;
    const size_t ic = c->in_channels / c->groups, oc = c->out_channels / c->groups;

    for (size_t g = 0; g < c->groups; g++)
        for (size_t i = 0; i < ic; i++)
            for (size_t o = 0; o < oc; o++)
                f->dw[(tap * ic + i) * c->out_channels + g * oc + o] +=
                    f->in[pixel_in * c->in_channels + g * ic + i] *
                    f->dout[pixel_out * c->out_channels + g * oc + o];
}

void td_conv_filter_ref(const td_conv *c, double *dw, const double *in, const double *dout)
{
    by_filter f = { dw, in, dout };

    memset(dw, 0,
           c->kernel[0] * c->kernel[1] * c->kernel[2] * (c->in_channels / c->groups) * c->out_channels *
               sizeof *dw);
    each_tap(c, filter_tap, &f);
}
