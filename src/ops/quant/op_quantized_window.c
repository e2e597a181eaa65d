/* SPDX-License-Identifier: Apache-2.0 */
/* op_quantized_window.c -- QuantizedConv2D, QuantizedMaxPool, QuantizedAvgPool: windows over images of quantised types,
 * channels last; and QuantizedConcat. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/nn/window.h"
#include "ops/quant/quantized.h"

static td_status conv_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_DILATIONS, p->attrs);
}

static td_status pool_parse(td_parse *p)
{
    return td_window_parse(p, 2, TD_WINDOW_KSIZE, p->attrs);
}

/* An image [batch, rows, cols, channels], the window over it, and what comes of it. */
typedef struct frame {
    int64_t rows, cols, channels, kernel[2], out[2], pad[2], stride[2], step[2];
} frame;

static td_status frame_of(const td_call *c, int64_t kernel_rows, int64_t kernel_cols, frame *f)
{
    const td_window *const w = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;

    TD_TRY(td_window_check_rank(c, w, in, "input"));
    *f = (frame){ .rows = in->dims[1],
                  .cols = in->dims[2],
                  .channels = in->dims[3],
                  .kernel = { kernel_rows, kernel_cols } };
    for (int i = 0; i < 2; i++) {
        TD_TRY(td_window_output(c, w, i + 1, in->dims[i + 1], f->kernel[i], &f->out[i], &f->pad[i]));
        f->stride[i] = w->stride[i + 1];
        f->step[i] = w->dilation[i + 1];
    }
    return NULL;
}

/* Element [y, x] of the window at out's (row, col), as an index of pixels of one image; false: beside it. */
static bool pixel_at(const frame *f, int64_t row, int64_t col, int64_t y, int64_t x, int64_t *pixel)
{
    const int64_t r = row * f->stride[0] - f->pad[0] + y * f->step[0],
                  k = col * f->stride[1] - f->pad[1] + x * f->step[1];

    *pixel = r * f->cols + k;
    return r >= 0 && r < f->rows && k >= 0 && k < f->cols;
}

/* ---------------------------------------------------------------- QuantizedConv2D: input, filter, ranges of both */

static td_status conv_infer(td_call *c)
{
    const td_shape *const filter = &td_in(c, 1)->shape;
    frame f;

    TD_TRY(td_ranges_check(c, 2, 6));
    if (filter->rank != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must be 4-dimensional, got rank %d", (int)filter->rank);
    TD_TRY(frame_of(c, filter->dims[0], filter->dims[1], &f));
    if (f.channels != filter->dims[2])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input and filter must have the same depth: %" PRId64 " vs %" PRId64, f.channels,
                         filter->dims[2]);
    td_out(c, 0)->shape =
        (td_shape){ 4, { td_in(c, 0)->shape.dims[0], f.out[0], f.out[1], filter->dims[3] } };
    td_range_infer(c);
    return td_shape_check(&td_out(c, 0)->shape);
}

typedef struct conv_job {
    const td_call *c;
    frame f;
    int64_t zero_in, zero_filter;
} conv_job;

/* Sums modulo 2^32, as TensorFlow's. */
static void conv_rows(void *ctx, size_t begin, size_t end)
{
    const conv_job *const j = ctx;
    const td_tensor *const in = td_in(j->c, 0), *const filter = td_in(j->c, 1);
    td_tensor *const out = td_out(j->c, 0);
    const int64_t depth = out->shape.dims[3], image = j->f.rows * j->f.cols;

    for (size_t at = begin; at < end; at++) {
        const int64_t col = (int64_t)at % j->f.out[1], row = (int64_t)at / j->f.out[1] % j->f.out[0];
        const int64_t n = (int64_t)at / (j->f.out[1] * j->f.out[0]);

        for (int64_t d = 0; d < depth; d++) {
            uint32_t sum = 0;

            for (int64_t k = 0, pixel; k < j->f.kernel[0] * j->f.kernel[1]; k++) {
                if (!pixel_at(&j->f, row, col, k / j->f.kernel[1], k % j->f.kernel[1], &pixel)) continue;
                for (int64_t ch = 0; ch < j->f.channels; ch++) {
                    const size_t from = (size_t)((n * image + pixel) * j->f.channels + ch);
                    const size_t with = (size_t)((k * j->f.channels + ch) * depth + d);

                    sum += (uint32_t)(td_quantized_get(in, from) - j->zero_in) *
                           (uint32_t)(td_quantized_get(filter, with) - j->zero_filter);
                }
            }
            ((uint32_t *)out->data)[at * (size_t)depth + (size_t)d] = sum;
        }
    }
}

static td_status conv_run(td_call *c)
{
    const td_shape *const filter = &td_in(c, 1)->shape, *const out = &td_out(c, 0)->shape;
    const td_quantized a = td_quantized_of(td_in(c, 0)->dtype), b = td_quantized_of(td_in(c, 1)->dtype);
    const td_quantized q = td_quantized_of(td_out(c, 0)->dtype);
    conv_job j = { .c = c };
    float r[4], min, max;

    for (uint32_t i = 0; i < 4; i++)
        r[i] = td_range_get(c, 2 + i);
    TD_TRY(frame_of(c, filter->dims[0], filter->dims[1], &j.f));
    j.zero_in = td_quantize(&a, 0.0f, r[0], r[1]);
    j.zero_filter = td_quantize(&b, 0.0f, r[2], r[3]);
    if (td_shape_count(out) != 0)
        td_call_parallel(c, (size_t)(out->dims[0] * out->dims[1] * out->dims[2]), 16, conv_rows, &j);
    td_product_range(&a, r[0], r[1], &b, r[2], r[3], &q, &min, &max);
    td_range_put(c, min, max);
    return NULL;
}

/* ---------------------------------------------------------------- pools: input, its range */

static td_status pool_infer(td_call *c)
{
    const td_window *const w = c->attrs;
    frame f;

    TD_TRY(td_ranges_check(c, 1, 3));
    TD_TRY(frame_of(c, w->kernel[1], w->kernel[2], &f));
    td_out(c, 0)->shape = (td_shape){ 4, { td_in(c, 0)->shape.dims[0], f.out[0], f.out[1], f.channels } };
    td_range_infer(c);
    return td_shape_check(&td_out(c, 0)->shape);
}

/* The mean of what the window covers, rounded down, or the most. */
static int64_t pool_one(const td_tensor *in, const frame *f, size_t at, bool is_mean)
{
    const int64_t ch = (int64_t)at % f->channels, col = (int64_t)at / f->channels % f->out[1];
    const int64_t line = (int64_t)at / (f->channels * f->out[1]), row = line % f->out[0],
                  n = line / f->out[0];
    int64_t sum = 0, count = 0, most = INT64_MIN;

    for (int64_t k = 0, pixel; k < f->kernel[0] * f->kernel[1]; k++) {
        if (!pixel_at(f, row, col, k / f->kernel[1], k % f->kernel[1], &pixel)) continue;
        const int64_t v = td_quantized_get(in, (size_t)((n * f->rows * f->cols + pixel) * f->channels + ch));

        sum += v;
        most = TD_MAX(most, v);
        count++;
    }
    if (count == 0) return 0;
    return is_mean ? sum / count : most;
}

static td_status pool_run(td_call *c)
{
    const td_window *const w = c->attrs;
    const bool is_mean = strcmp(c->op->name, "QuantizedAvgPool") == 0;
    frame f;

    TD_TRY(frame_of(c, w->kernel[1], w->kernel[2], &f));
    for (size_t i = 0; i < (size_t)td_shape_count(&td_out(c, 0)->shape); i++)
        td_quantized_put(td_out(c, 0), i, pool_one(td_in(c, 0), &f, i, is_mean));
    td_range_put(c, td_range_get(c, 1), td_range_get(c, 2));
    return NULL;
}

/* ---------------------------------------------------------------- QuantizedConcat: dim, values, mins, maxes */

static uint32_t parts_of(const td_call *c)
{
    return (c->n_in - 1) / 3;
}

static td_status read_dim(td_call *c, int *dim)
{
    const int rank = td_in(c, 1)->shape.rank;
    int64_t d;

    TD_TRY(td_need_one(c, 0, &d));
    if (d < 0 || d >= rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected concatenating dimensions in the range [0, %d), but got %" PRId64, rank, d);
    *dim = (int)d;
    return NULL;
}

static td_status concat_infer(td_call *c)
{
    const uint32_t n = parts_of(c);
    td_shape s = td_in(c, 1)->shape;
    int dim;

    TD_TRY(td_ranges_check(c, 1 + n, c->n_in));
    TD_TRY(read_dim(c, &dim));
    for (uint32_t i = 1; i < n; i++) {
        td_shape part = td_in(c, 1 + i)->shape;

        if (part.rank != s.rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Ranks of all input tensors should match");
        const int64_t more = part.dims[dim];

        part.dims[dim] = s.dims[dim];
        if (!td_shape_equal(&part, &s))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Dimensions of inputs should match");
        s.dims[dim] += more;
        TD_TRY(td_shape_check(&s));
    }
    td_out(c, 0)->shape = s;
    td_range_infer(c);
    return NULL;
}

/* A range for all of them, with 0 in it; of signed types, symmetric. */
static void whole_range(const td_call *c, float *min, float *max)
{
    const uint32_t n = parts_of(c);

    *min = 0.0f;
    *max = -INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        *min = fminf(*min, td_range_get(c, 1 + n + i));
        *max = fmaxf(*max, td_range_get(c, 1 + 2 * n + i));
    }
    if (td_quantized_of(td_in(c, 1)->dtype).lowest == 0) return;
    *max = fmaxf(fabsf(*min), fabsf(*max));
    *min = -*max;
}

static td_status concat_run(td_call *c)
{
    const td_quantized q = td_quantized_of(td_in(c, 1)->dtype);
    const td_shape *const out = &td_out(c, 0)->shape;
    const uint32_t n = parts_of(c);
    float min, max;
    size_t before = 0;
    int dim;

    TD_TRY(read_dim(c, &dim));
    whole_range(c, &min, &max);
    const size_t inner = (size_t)td_shape_span(out, dim + 1, out->rank),
                 line = (size_t)out->dims[dim] * inner;

    for (uint32_t i = 0; i < n; i++) {
        const td_tensor *const part = td_in(c, 1 + i);
        const size_t own = (size_t)part->shape.dims[dim] * inner;
        const float low = td_range_get(c, 1 + n + i), high = td_range_get(c, 1 + 2 * n + i);

        const td_quantized_line l = td_quantized_line_of(&q, low, high);

        for (size_t k = 0; k < (size_t)td_shape_count(&part->shape); k++) {
            const int64_t v = td_quantized_get(part, k);
            const bool is_same = low == min && high == max;

            td_quantized_put_clamped(
                td_out(c, 0), k / own * line + before + k % own,
                is_same ? (double)v : (double)td_quantize_float(&q, l.shift + (float)v * l.scale, min, max));
        }
        before += own;
    }
    td_range_put(c, min, max);
    return NULL;
}

TD_RUN_KERNEL(conv_kernels, TD_DTYPE_BIT(TD_QI32), conv_run);
TD_RUN_KERNEL(pool_kernels, TD_DTYPE_BIT(TD_QU8) | TD_DTYPE_BIT(TD_QI8), pool_run);
TD_RUN_KERNEL(concat_kernels, TD_QUANTIZED_TYPES, concat_run);

#define POOL(name_)                                                                                          \
    {                                                                                                        \
        .name = (name_),                                                                                     \
        .sig = "input: T, min_input: float, max_input: float -> output: T, min_output: float, max_output: "  \
               "float",                                                                                      \
        .attrs = "T: type, " TD_POOL_ATTRS, .attrs_size = sizeof(td_window), .parse = pool_parse,            \
        .infer = pool_infer, .kernels = pool_kernels                                                         \
    }

const td_op td_ops_quantized_window[] = {
    { .name = "QuantizedConv2D",
      .sig = "input: Tinput, filter: Tfilter, min_input: float, max_input: float, min_filter: float, "
             "max_filter: "
             "float -> output: out_type, min_output: float, max_output: float",
      .attrs = "Tinput: type, Tfilter: type, out_type: type = qint32, strides: list(int), padding: string, "
               "dilations: list(int) = [1, 1, 1, 1]",
      .key = "out_type",
      .attrs_size = sizeof(td_window),
      .parse = conv_parse,
      .infer = conv_infer,
      .kernels = conv_kernels },
    POOL("QuantizedMaxPool"),
    POOL("QuantizedAvgPool"),
    { .name = "QuantizedConcat",
      .sig = "concat_dim: int32, values: N*T, input_mins: N*float, input_maxes: N*float -> output: T, "
             "output_min: "
             "float, output_max: float",
      .attrs = "N: int, T: type",
      .key = "T",
      .infer = concat_infer,
      .kernels = concat_kernels },
    { 0 },
};
