/* SPDX-License-Identifier: Apache-2.0 */
/* op_glimpse.c -- ExtractGlimpse, ExtractGlimpseV2: a window of each image of a batch.
 *
 * Where a window reaches beyond its image there is noise. It is the same each time, so that answers are. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/op.h"

typedef enum noise_kind { UNIFORM, GAUSSIAN, ZERO } noise_kind;

typedef struct glimpse_attrs {
    noise_kind noise;
    bool centered, normalized, is_old;
} glimpse_attrs;

static td_status glimpse_parse(td_parse *p)
{
    glimpse_attrs *const a = p->attrs;
    const td_string noise = td_attr_string(p, "noise");
    const bool is_uniform = td_attr_bool(p, "uniform_noise");

    a->is_old = strcmp(p->node->op_name, "ExtractGlimpse") == 0;
    a->centered = td_attr_bool(p, "centered");
    a->normalized = td_attr_bool(p, "normalized");
    if (is_uniform && noise.size && !td_string_is(noise, "uniform"))
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: The uniform_noise and noise could not be specified at the same time",
                      p->node->name);
    a->noise = noise.size == 0                  ? is_uniform ? UNIFORM : GAUSSIAN
               : td_string_is(noise, "uniform") ? UNIFORM
               : td_string_is(noise, "zero")    ? ZERO
                                                : GAUSSIAN;
    if (a->noise == GAUSSIAN && noise.size && !td_string_is(noise, "gaussian"))
        return TD_ERR(INVALID_ARGUMENT, "%s: The noise could only be uniform, gaussian, or zero, got %.*s",
                      p->node->name, (int)noise.size, noise.data);
    return NULL;
}

/* ------------------------------------------------ input [batch, rows, columns, depth], size, offsets [batch, 2] -> glimpse */

static td_status glimpse_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    const td_shape *const offsets = &td_in(c, 2)->shape;
    int64_t size[2];
    size_t n = 0;

    if (s.rank != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input must be 4-dimensional (batch_size, height, width, depth)");
    if (td_in(c, 1)->shape.rank != 1 || td_in(c, 1)->shape.dims[0] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be a vector of size 2 (height, width)");
    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (offsets->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be a matrix");
    if (offsets->dims[0] != s.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "first dimension should be batch");
    if (offsets->dims[1] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "second dimension should be of size 2 (y,x)");
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Where along one side the window begins: of `window` pixels, in an image of `size`. */
static int64_t begin_of(const glimpse_attrs *a, float at, int64_t size, int64_t window)
{
    const float image = (float)size, half = (float)window / 2.0f;

    if (a->normalized) at *= image;
    if (a->centered && (a->normalized || a->is_old)) at /= 2.0f;
    if (a->centered) at += image / 2.0f;
    if (a->is_old || (a->normalized && a->centered)) at -= half;
    return at > -1e9f && at < 1e9f ? (int64_t)at : at > 0 ? INT32_MAX : INT32_MIN;
}

/* ---------------------------------------------------------------- noise */

/* Of 2^24 steps in [0, 1). */
static float next_uniform(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return (float)(*seed >> 8) * 0x1p-24f;
}

/* Twelve uniform numbers have a variance of one. */
static float next_normal(uint32_t *seed)
{
    float sum = -6.0f;

    for (int i = 0; i < 12; i++)
        sum += next_uniform(seed);
    return sum;
}

typedef struct channel {
    float least, most, mean, sigma;
} channel;

/* Of every step-th of n numbers. */
static channel measure(const float *x, size_t n, size_t step)
{
    channel k = { x[0], x[0], 0.0f, 0.0f };
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i += step) {
        k.least = TD_MIN(k.least, x[i]);
        k.most = TD_MAX(k.most, x[i]);
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    const double count = (double)((n + step - 1) / step), mean = sum / count;

    k.mean = (float)mean;
    k.sigma = (float)sqrt(TD_MAX(squares / count - mean * mean, 0.0));
    return k;
}

static void make_noise(noise_kind kind, float *out, size_t n, const float *image, size_t size, size_t depth)
{
    uint32_t seed = 2463534242u;

    if (kind == ZERO || size == 0) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    for (size_t ch = 0; ch < depth; ch++) {
        const channel k = kind == UNIFORM ? measure(image, size, 1) : measure(image + ch, size - ch, depth);

        for (size_t i = ch; i < n; i += depth) {
            const float x = kind == UNIFORM ? k.least + next_uniform(&seed) * (k.most - k.least)
                                            : k.mean + next_normal(&seed) * k.sigma;
            out[i] = TD_MAX(k.least, TD_MIN(k.most, x));
        }
    }
}

/* ---------------------------------------------------------------- windows */

/* The part of a window of `window` pixels from `begin` that is in the image, and where it goes. Where a window begins
 * before its image and ends behind it, TensorFlow moves what there is to the window's end, and so do we. */
typedef struct part {
    int64_t from, to, size;
} part;

static part part_of(int64_t begin, int64_t size, int64_t window)
{
    part p = { begin, 0, window };

    if (begin < 0) {
        p.from = 0;
        p.size = TD_MAX(window + begin, 0);
        p.to = window - p.size;
    } else if (begin + window >= size) {
        p.size = TD_MAX(size - begin, 0);
    }
    p.size = TD_MIN(p.size, size);
    return p;
}

static void copy_part(float *out, int64_t out_cols, const float *in, int64_t in_cols, const part *y,
                      const part *x, int64_t depth)
{
    for (int64_t i = 0; x->size > 0 && i < y->size; i++)
        memcpy(out + ((y->to + i) * out_cols + x->to) * depth,
               in + ((y->from + i) * in_cols + x->from) * depth, (size_t)(x->size * depth) * sizeof *out);
}

static td_status glimpse_run(td_call *c)
{
    const glimpse_attrs *const a = c->attrs;
    const int64_t *const in = td_in(c, 0)->shape.dims, *const out = td_out(c, 0)->shape.dims;
    const size_t image = (size_t)(in[1] * in[2] * in[3]), window = (size_t)(out[1] * out[2] * out[3]);
    const float *const offsets = td_in(c, 2)->data;

    for (size_t i = 0; window > 0 && i < (size_t)in[0]; i++) {
        const float *const from = (const float *)td_in(c, 0)->data + i * image;
        float *const to = (float *)td_out(c, 0)->data + i * window;
        const part y = part_of(begin_of(a, offsets[2 * i], in[1], out[1]), in[1], out[1]);
        const part x = part_of(begin_of(a, offsets[2 * i + 1], in[2], out[2]), in[2], out[2]);

        if (y.size < out[1] || x.size < out[2]) make_noise(a->noise, to, window, from, image, (size_t)in[3]);
        copy_part(to, out[2], from, in[2], &y, &x, in[3]);
    }
    return NULL;
}

TD_RUN_KERNEL(glimpse_kernels, TD_DTYPE_BIT(TD_F32), glimpse_run);

#define GLIMPSE                                                                                              \
    .sig = "input: float, size: int32, offsets: float -> glimpse: float",                                    \
    .attrs = "centered: bool = true, normalized: bool = true, uniform_noise: bool = true, "                  \
             "noise: string = 'uniform'",                                                                    \
    .attrs_size = sizeof(glimpse_attrs), .parse = glimpse_parse, .infer = glimpse_infer,                     \
    .kernels = glimpse_kernels

const td_op td_ops_glimpse[] = {
    { .name = "ExtractGlimpse", GLIMPSE },
    { .name = "ExtractGlimpseV2", GLIMPSE },
    { 0 },
};
