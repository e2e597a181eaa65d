/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise.c -- how the vector bodies cut an image. */
#include "base/macros.h"
#include "base/size.h"
#include "kernels/conv/depthwise.h"

enum {
    LINES_BYTES = 24 << 10,  /* of rows that a filter sees: half of a first-level cache */
    SCRATCH_BYTES = 1 << 20, /* at most */
    /* Channels that go together: more are read faster, if the rest is little work. */
    BLOCK = 64,
    BLOCK_OF_FEW_TAPS = 128,
    DIRECT_WIDTH = 28,
    DIRECT_BLOCK = 256,
};

/* Input pixels under n neighbouring outputs. */
static bool line_of(const td_depthwise *d, size_t n, size_t *out)
{
    size_t steps, reach;

    return td_mul_size(n - 1, d->stride[1], &steps) &&
           td_mul_size(d->kernel[1] - 1, d->dilation[1], &reach) && td_add_size(steps, reach + 1, out);
}

/* Floats of the lines under n outputs. */
static bool lines_of(const td_depthwise *d, size_t n, size_t channels, size_t *out)
{
    size_t line;

    return line_of(d, n, &line) && td_mul_size(d->kernel[0], line, out) && td_mul_size(*out, channels, out);
}

bool td_depthwise_tile(const td_depthwise *d, td_depthwise_tiles *out)
{
    const size_t width = TD_MAX(1, d->out[1]), tiles = td_div_up(width, TD_DEPTHWISE_SPAN);
    const bool is_direct = d->kernel[1] == TD_DEPTHWISE_DIRECT && width >= DIRECT_WIDTH;
    const size_t most = is_direct           ? DIRECT_BLOCK
                        : d->kernel[1] <= 3 ? BLOCK_OF_FEW_TAPS
                                            : BLOCK,
                 limit = SCRATCH_BYTES / sizeof(float);
    td_depthwise_tiles t = { .is_direct = is_direct,
                             .block = TD_MIN(td_round_up(d->channels, TD_DEPTHWISE_LANES), most),
                             .span = td_div_up(width, tiles) };
    size_t taps;

    if (!d->kernel[0] || !d->kernel[1]) return false;
    for (size_t n = tiles;; n = td_div_up(n, 2)) {
        t.strip = n * t.span;
        if (!lines_of(d, t.strip, t.block, &t.lines)) return false;
        if (n == 1 || t.lines <= LINES_BYTES / sizeof(float)) break;
    }
    if (!td_mul_size(d->kernel[0], d->kernel[1], &taps)) return false;
    if (t.lines > limit || taps > limit / t.block) return false;
    t.scratch =
        (t.lines + taps * t.block) * sizeof(float) + d->kernel[0] * (sizeof(size_t) + sizeof(const float *));
    t.scratch = td_round_up(t.scratch, 64);
    *out = t;
    return true;
}
