/* SPDX-License-Identifier: Apache-2.0 */
/* op_quantized_image.c -- QuantizedResizeBilinear, QuantizedInstanceNorm: images of quantised types, channels last. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/resize.h"
#include "ops/quant/quantized.h"

/* ---------------------------------------------------------------- QuantizedResizeBilinear: images, size, min, max */

typedef struct resize_attrs {
    bool aligns_corners, half_pixels;
} resize_attrs;

static td_status resize_parse(td_parse *p)
{
    *(resize_attrs *)p->attrs =
        (resize_attrs){ td_attr_bool(p, "align_corners"), td_attr_bool(p, "half_pixel_centers") };
    return NULL;
}

static td_status resize_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    int64_t size[2];
    size_t n = 0;

    TD_TRY(td_ranges_check(c, 2, 4));
    if (s.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4-dimensional");
    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (n != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "shape_t must have two elements");
    if (size[0] <= 0 || size[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive");
    if (s.dims[1] <= 0 || s.dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input image must be of non-zero size");
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    td_range_infer(c);
    return NULL;
}

typedef struct resize_state {
    td_resize_tap *taps[2];
} resize_state;

static td_status resize_prepare(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape, *const out = &td_out(c, 0)->shape;
    const td_resize r = { .in = { (size_t)in->dims[1], (size_t)in->dims[2] },
                          .out = { (size_t)out->dims[1], (size_t)out->dims[2] },
                          .aligns_corners = a->aligns_corners,
                          .half_pixels = a->half_pixels };

    for (int dim = 0; dim < 2; dim++) {
        td_resize_tap **const taps = &((resize_state *)c->state)->taps[dim];
        size_t bytes;

        if (!td_mul_size(r.out[dim], sizeof(td_resize_tap), &bytes) ||
            !(*taps = td_arena_try_alloc(c->arena, bytes, 16)))
            return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu rows or columns",
                             r.out[dim]);
        td_resize_bilinear_taps(&r, dim, *taps);
    }
    return NULL;
}

/* Four pixels, by row and column, and how far the result is from the first ones. */
typedef struct square {
    const td_tensor *t;
    size_t at[2][2];
    float down, right;
} square;

static float between_floats(const square *q)
{
    const float *const x = q->t->data;
    const float above = x[q->at[0][0]] + (x[q->at[0][1]] - x[q->at[0][0]]) * q->right;
    const float below = x[q->at[1][0]] + (x[q->at[1][1]] - x[q->at[1][0]]) * q->right;

    return above + (below - above) * q->down;
}

/* In integers with `bits` of fraction, of which the second step loses those that the first one made. */
static int64_t between_steps(const square *q, int bits)
{
    const int64_t one = INT64_C(1) << bits, right = (int64_t)(q->right * (float)one),
                  down = (int64_t)(q->down * (float)one);
    int64_t line[2];

    for (int i = 0; i < 2; i++) {
        /* by way of float, as TensorFlow's quantised types know no other */
        const int64_t a = (int64_t)(float)td_quantized_get(q->t, q->at[i][0]),
                      b = (int64_t)(float)td_quantized_get(q->t, q->at[i][1]);

        line[i] = a * one + (b - a) * right;
    }
    return (line[0] + (line[1] - line[0]) / one * down + one / 2) / one;
}

static void put_pixel(td_tensor *out, size_t i, const square *q)
{
    if (out->dtype == TD_F32)
        ((float *)out->data)[i] = between_floats(q);
    else
        td_quantized_put(out, i, between_steps(q, out->dtype == TD_QU8 ? 7 : 30));
}

static td_status resize_run(td_call *c)
{
    const resize_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);
    td_tensor *const out = td_out(c, 0);
    const size_t rows = (size_t)out->shape.dims[1], cols = (size_t)out->shape.dims[2],
                 channels = (size_t)out->shape.dims[3], line = (size_t)in->shape.dims[2] * channels;

    td_range_put(c, td_range_get(c, 2), td_range_get(c, 3));
    if (td_shape_equal(&in->shape, &out->shape)) {
        if (td_tensor_bytes(in)) memcpy(out->data, in->data, td_tensor_bytes(in));
        return NULL;
    }
    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++) {
        const td_resize_tap *const y = &s->taps[0][i / channels / cols % rows],
                                   *const x = &s->taps[1][i / channels % cols];
        const size_t image = i / channels / cols / rows * (size_t)in->shape.dims[1] * line + i % channels;
        square q = { .t = in, .down = y->weight[1], .right = x->weight[1] };

        for (int k = 0; k < 4; k++)
            q.at[k / 2][k % 2] = image + y->index[k / 2] * line + x->index[k % 2] * channels;
        put_pixel(out, i, &q);
    }
    return NULL;
}

/* ---------------------------------------------------------------- QuantizedInstanceNorm: x, its range */

typedef struct norm_attrs {
    bool is_given;
    float min, max, epsilon, separation;
} norm_attrs;

static td_status norm_parse(td_parse *p)
{
    norm_attrs *const a = p->attrs;

    *a = (norm_attrs){ td_attr_bool(p, "output_range_given"), td_attr_float(p, "given_y_min"),
                       td_attr_float(p, "given_y_max"), td_attr_float(p, "variance_epsilon"),
                       td_attr_float(p, "min_separation") };
    if (a->is_given && !(a->min < a->max))
        return TD_ERR(INVALID_ARGUMENT, "%s: given_y_min must be less than given_y_max : %g >= %g",
                      p->node->name, (double)a->min, (double)a->max);
    return NULL;
}

static td_status norm_infer(td_call *c)
{
    TD_TRY(td_ranges_check(c, 1, 3));
    if (td_in(c, 0)->shape.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "x must be 4-dimensional");
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    td_range_infer(c);
    return NULL;
}

/* Scratch: what every step is normalised to. */
static td_status norm_prepare(td_call *c)
{
    c->scratch_size = (size_t)td_shape_count(&td_in(c, 0)->shape) * sizeof(float);
    return NULL;
}

/* One channel of one image, `n` steps of them `step` apart, to its own mean and variance. */
static void normalize(float *out, const uint8_t *in, size_t n, size_t step, float scale, float epsilon)
{
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += in[i * step];
    const float mean = (float)(sum / (double)n);

    for (size_t i = 0; i < n; i++) {
        const float away = scale * ((float)in[i * step] - mean);

        squares += (double)(away * away);
    }
    const float by = 1.0f / sqrtf((float)(squares / (double)n) + epsilon);

    for (size_t i = 0; i < n; i++)
        out[i * step] = scale * ((float)in[i * step] - mean) * by;
}

static td_status norm_run(td_call *c)
{
    const norm_attrs *const a = c->attrs;
    const td_shape *const s = &td_in(c, 0)->shape;
    const td_quantized q = td_quantized_of(TD_QU8);
    const size_t count = (size_t)td_shape_count(s), channels = (size_t)s->dims[3],
                 pixels = (size_t)(s->dims[1] * s->dims[2]);
    const float low = td_range_get(c, 1), high = td_range_get(c, 2);
    float *const y = c->scratch, min = INFINITY, max = -INFINITY;

    if (!(low < high))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input_min must be less than input_max : %g >= %g", (double)low,
                         (double)high);
    for (size_t i = 0; i < (size_t)s->dims[0] * channels && count; i++) {
        const size_t at = i / channels * pixels * channels + i % channels;

        normalize(y + at, (const uint8_t *)td_in(c, 0)->data + at, pixels, channels, (high - low) / 255.0f,
                  a->epsilon);
    }
    for (size_t i = 0; i < count; i++) {
        min = fminf(min, y[i]);
        max = fmaxf(max, y[i]);
    }
    if (a->is_given || count == 0) {
        min = a->min;
        max = a->max;
    }
    if (max - min < a->separation) max = min + a->separation;
    for (size_t i = 0; i < count; i++)
        td_quantized_put(td_out(c, 0), i, (int64_t)td_quantize_float(&q, y[i], min, max));
    td_range_put(c, min, max);
    return NULL;
}

static const td_kernel resize_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_QU8) | TD_DTYPE_BIT(TD_QI32) | TD_DTYPE_BIT(TD_F32),
      .state_size = sizeof(resize_state),
      .prepare = resize_prepare,
      .run = resize_run },
    { 0 },
};
static const td_kernel norm_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_QU8), .prepare = norm_prepare, .run = norm_run },
    { 0 },
};

const td_op td_ops_quantized_image[] = {
    { .name = "QuantizedResizeBilinear",
      .sig = "images: T, size: int32, min: float, max: float -> resized_images: T, out_min: float, out_max: "
             "float",
      .attrs = "T: type, align_corners: bool = false, half_pixel_centers: bool = false",
      .attrs_size = sizeof(resize_attrs),
      .parse = resize_parse,
      .infer = resize_infer,
      .kernels = resize_kernels },
    { .name = "QuantizedInstanceNorm",
      .sig = "x: T, x_min: float, x_max: float -> y: T, y_min: float, y_max: float",
      .attrs = "T: type, output_range_given: bool = false, given_y_min: float = 0, given_y_max: float = 0, "
               "variance_epsilon: float = 0.00001, min_separation: float = 0.001",
      .attrs_size = sizeof(norm_attrs),
      .parse = norm_parse,
      .infer = norm_infer,
      .kernels = norm_kernels },
    { 0 },
};
