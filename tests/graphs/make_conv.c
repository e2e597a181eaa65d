/* SPDX-License-Identifier: Apache-2.0 */
/* make_conv.c -- convolutions as layers spell them: over blocks of pixels, of rows, of volumes, backwards. */
#include <stdio.h>
#include <string.h>

#include "make.h"

/* [batch, dims..., channels] of floats; is_fixed: of one batch in every feed. */
static fz_id field(fz_maker *m, int n, const int64_t *dims, int64_t channels, bool is_fixed)
{
    td_shape s[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        s[feed] = (td_shape){ .rank = n + 2 };
        s[feed].dims[0] = m->is_body || is_fixed ? 2 : TD_MIN(m->batch[feed], 3);
        for (int d = 0; d < n; d++)
            s[feed].dims[1 + d] = dims[d];
        s[feed].dims[n + 1] = channels;
    }
    return fz_noise_arg(m, TD_F32, s);
}

static fz_id filter(fz_maker *m, int n, const int64_t *kernel, int64_t a, int64_t b)
{
    td_shape s = { .rank = n + 2 };

    for (int d = 0; d < n; d++)
        s.dims[d] = kernel[d];
    s.dims[n] = a;
    s.dims[n + 1] = b;
    return fz_noise_const(m, TD_F32, &s, fz_chance(&m->r, 50) ? FZ_SMALL : FZ_USUAL);
}

/* int32s [rows, 2]. */
static fz_id pairs(fz_maker *m, int64_t rows, const int64_t *v)
{
    const int64_t matrix[] = { rows, 2 };
    const fz_id flat = fz_const_ints(m, 1, (size_t)(2 * rows), v), to = fz_const_ints(m, 1, 2, matrix);

    return FZ_ADD(m, 0, ((fz_id[]){ flat, to }), "Reshape T=%%int32 Tshape=%%int32");
}

static int64_t few_channels(fz_maker *m)
{
    return fz_between(&m->r, 1, fz_chance(&m->r, 80) ? 6 : 20);
}

/* ---------------------------------------------------------------- rows */

static fz_id to_image(fz_maker *m, fz_id x)
{
    return FZ_ADD(m, 0, ((fz_id[]){ x, fz_int(m, fz_chance(&m->r, 50) ? 1 : -3) }),
                  "ExpandDims T=%%float Tdim=%%int32");
}

static fz_id to_rows(fz_maker *m, fz_id x)
{
    static const char *const axes[] = { "[1]", "[-3]", "[1]", "[-3]", "[2]" };

    return FZ_ADD(m, 0, ((fz_id[]){ x }), "Squeeze T=%%float squeeze_dims=%s",
                  axes[fz_below(&m->r, TD_COUNT(axes))]);
}

static void conv_row(fz_maker *m)
{
    const int64_t width = fz_between(&m->r, 1, 20), channels = few_channels(m), out = few_channels(m);
    const int64_t kernel[] = { 1, fz_between(&m->r, 1, 4) };
    fz_id x = field(m, 1, &width, channels, false);
    const unsigned stride = fz_chance(&m->r, 70) ? 1 : 2, rate = fz_chance(&m->r, 80) ? 1 : 2;

    if (x >= 0 && fz_chance(&m->r, 50)) {
        const int64_t v[] = { 0, 0, fz_below(&m->r, 4), fz_below(&m->r, 3), 0, fz_chance(&m->r, 5) };
        x = FZ_ADD(m, 0, ((fz_id[]){ x, pairs(m, 3, v) }), "Pad T=%%float Tpaddings=%%int32");
    }
    if (x < 0 || fz_dim(m, x, 2) != channels) return;
    x = FZ_ADD(m, 16, ((fz_id[]){ to_image(m, x), filter(m, 2, kernel, channels, out) }),
               "Conv2D T=%%float strides=[1,1,%u,1] dilations=[1,1,%u,1] padding='%s", stride,
               stride == 1 ? rate : 1, fz_chance(&m->r, 70) ? "VALID" : "SAME");
    x = to_rows(m, x);
    if (x >= 0) fz_epilogue(m, x, out);
}

/* ---------------------------------------------------------------- over blocks */

/* Padding and crops, mostly such that the image comes to whole blocks. */
static void draw_blocks(fz_maker *m, int n, const int64_t *dims, int64_t *block, int64_t *pads,
                        int64_t *crops)
{
    for (int d = 0; d < n; d++) {
        block[d] = fz_between(&m->r, 1, 3);
        pads[2 * d] = fz_below(&m->r, 3);
        pads[2 * d + 1] = fz_below(&m->r, 3);
        const int64_t over = (dims[d] + pads[2 * d] + pads[2 * d + 1]) % block[d];
        if (over && fz_chance(&m->r, 95)) pads[2 * d + 1] += block[d] - over;
        for (int side = 0; side < 2; side++)
            crops[2 * d + side] = fz_chance(&m->r, 50) ? 0 : fz_below(&m->r, 3);
    }
}

static void over_blocks(fz_maker *m)
{
    const bool is_row = fz_chance(&m->r, 40), is_depthwise = !is_row && fz_chance(&m->r, 30);
    const int n = is_row || fz_chance(&m->r, 10) ? 1 : 2;
    const int64_t dims[] = { fz_between(&m->r, 3, 12), fz_between(&m->r, 3, 12) };
    const int64_t channels = few_channels(m), out = is_depthwise ? fz_between(&m->r, 1, 2) : few_channels(m);
    const int64_t kernel[] = { is_row ? 1 : fz_between(&m->r, 1, 3), fz_between(&m->r, 1, 3) };
    int64_t block[2], pads[4], crops[4];
    fz_id x = field(m, is_row ? 1 : 2, dims, channels, false);

    draw_blocks(m, n, dims, block, pads, crops);
    const fz_id sizes = fz_const_ints(m, 1, (size_t)n, block);
    x = FZ_ADD(m, 0, ((fz_id[]){ x, sizes, pairs(m, n, pads) }),
               "SpaceToBatchND T=%%float Tblock_shape=%%int32 Tpaddings=%%int32");
    if (is_row) x = to_image(m, x);
    x = FZ_ADD(m, 16, ((fz_id[]){ x, filter(m, 2, kernel, channels, out) }),
               "%s T=%%float strides=[1,1,1,1] padding='%s",
               is_depthwise ? "DepthwiseConv2dNative" : "Conv2D", fz_chance(&m->r, 90) ? "VALID" : "SAME");
    if (is_row) x = to_rows(m, x);
    x = FZ_ADD(m, 0, ((fz_id[]){ x, sizes, pairs(m, n, crops) }),
               "BatchToSpaceND T=%%float Tblock_shape=%%int32 Tcrops=%%int32");
    if (x >= 0) fz_epilogue(m, x, is_depthwise ? channels * out : out);
}

/* ---------------------------------------------------------------- volumes, and backwards */

static void volume(fz_maker *m)
{
    const int64_t dims[] = { fz_between(&m->r, 1, 4), fz_between(&m->r, 1, 5), fz_between(&m->r, 1, 6) };
    const int64_t kernel[] = { fz_between(&m->r, 1, 3), fz_between(&m->r, 1, 3), fz_between(&m->r, 1, 2) };
    const int64_t channels = few_channels(m), out = few_channels(m);
    const unsigned s = 1 + fz_below(&m->r, 2), t = fz_chance(&m->r, 70) ? s : 1;
    const fz_id x =
        FZ_ADD(m, 20, ((fz_id[]){ field(m, 3, dims, channels, false), filter(m, 3, kernel, channels, out) }),
               "Conv3D T=%%float strides=[1,%u,%u,%u,1] padding='%s", s, t, s,
               fz_chance(&m->r, 60) ? "SAME" : "VALID");

    if (x >= 0) fz_epilogue(m, x, out);
}

static void conv_back(fz_maker *m)
{
    const int n = fz_chance(&m->r, 65) ? 2 : 3;
    const int64_t channels = few_channels(m), out = few_channels(m);
    const bool is_same = fz_chance(&m->r, 60);
    int64_t dims[3], kernel[3], sizes[5] = { 2 };
    unsigned stride[3];

    for (int d = 0; d < n; d++) {
        dims[d] = fz_between(&m->r, 1, n == 2 ? 6 : 4);
        kernel[d] = fz_between(&m->r, 1, 4);
        stride[d] = 1 + fz_below(&m->r, 3);
        const int64_t least = is_same || kernel[d] <= stride[d] ? stride[d] : kernel[d];
        sizes[1 + d] = (dims[d] - 1) * stride[d] + least - (is_same ? fz_below(&m->r, stride[d]) : 0);
    }
    sizes[n + 1] = out;
    const fz_id y = field(m, n, dims, channels, true), w = filter(m, n, kernel, out, channels);
    const fz_id to = fz_const_ints(m, 1, (size_t)n + 2, sizes);
    const char *const padding = is_same ? "SAME" : "VALID";
    const fz_id x =
        n == 2 ? FZ_ADD(m, 16, ((fz_id[]){ to, w, y }),
                        "Conv2DBackpropInput T=%%float strides=[1,%u,%u,1] padding='%s", stride[0], stride[1],
                        padding)
               : FZ_ADD(m, 20, ((fz_id[]){ to, w, y }),
                        "Conv3DBackpropInputV2 T=%%float Tshape=%%int32 strides=[1,%u,%u,%u,1] padding='%s",
                        stride[0], stride[1], stride[2], padding);
    if (x >= 0) fz_epilogue(m, x, out);
}

static void lrn(fz_maker *m)
{
    static const char *const betas[] = { "0.5f", "0.75f", "1.0f", "0.3f" };
    const int64_t dims[] = { fz_between(&m->r, 1, 4), fz_between(&m->r, 1, 4) };
    const fz_id x = field(m, 2, dims, few_channels(m), false);

    if (x >= 0)
        (void)FZ_ADD(m, 8, ((fz_id[]){ x }), "LRN T=%%float depth_radius=%u bias=%u.5f alpha=0.%uf beta=%s",
                     fz_below(&m->r, 8), fz_below(&m->r, 3), fz_below(&m->r, 10),
                     betas[fz_below(&m->r, TD_COUNT(betas))]);
}

const fz_production fz_convs[] = {
    { "conv_row", 2, conv_row }, { "over_blocks", 3, over_blocks },
    { "volume", 2, volume },     { "conv_back", 3, conv_back },
    { "lrn", 1, lrn },           { 0 },
};
