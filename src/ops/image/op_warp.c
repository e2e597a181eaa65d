/* SPDX-License-Identifier: Apache-2.0 */
/* op_warp.c -- ImageProjectiveTransformV2, ImageProjectiveTransformV3. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/image/warp.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct warp_attrs {
    bool is_bilinear;
    td_warp_fill fill;
} warp_attrs;

static td_status warp_parse(td_parse *p)
{
    static const char *const fills[] = { "CONSTANT", "REFLECT", "WRAP", "NEAREST" };
    warp_attrs *const a = p->attrs;

    a->is_bilinear = td_attr_string_is(p, "interpolation", "BILINEAR");
    if (!a->is_bilinear && !td_attr_string_is(p, "interpolation", "NEAREST"))
        return TD_ERR(INVALID_ARGUMENT, "%s: interpolation must be NEAREST or BILINEAR", p->node->name);
    for (a->fill = 0; a->fill <= TD_WARP_NEAREST; a->fill++)
        if (td_attr_string_is(p, "fill_mode", fills[a->fill])) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: fill_mode must be REFLECT, WRAP, CONSTANT or NEAREST",
                  p->node->name);
}

/* ------------------------------------ images, transforms [1 or batch, 8], output_shape[, fill_value] -> images */

static td_status warp_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    const td_shape *const m = &td_in(c, 1)->shape;
    int64_t size[2];
    size_t n = 0;

    if (s.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input images must have rank 4");
    if (m->rank != 2 || (m->dims[0] != s.dims[0] && m->dims[0] != 1) || m->dims[1] != 8)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input transform should be num_images x 8 or 1 x 8");
    if (td_in(c, 2)->shape.rank != 1 || td_in(c, 2)->shape.dims[0] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output shape must have two elements");
    TD_TRY(td_need_ints(c, 2, size, 2, &n));
    if (size[0] <= 0 || size[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive");
    if (c->n_in > 3 && td_in(c, 3)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "fill_value must be a scalar");
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct warp_state {
    size_t at_pixels,
        at_row; /* in scratch: those of the four around a place, as doubles; a row of the result */
} warp_state;

static td_status warp_prepare(td_call *c)
{
    warp_state *const s = c->state;
    const td_shape *const out = &td_out(c, 0)->shape;
    const size_t depth = (size_t)out->dims[3];

    s->at_pixels = td_reserve(&c->scratch_size, 4 * depth * sizeof(double));
    s->at_row = td_reserve(&c->scratch_size, (size_t)out->dims[2] * depth * sizeof(double));
    return NULL;
}

/* One image. */
typedef struct warp_job {
    const td_call *c;
    const char *in;
    const float *matrix;
    double fill; /* of the image's type */
    double *pixels;
} warp_job;

static const char *pixel_at(const warp_job *j, float y, float x)
{
    const int64_t *const d = td_in(j->c, 0)->shape.dims;
    const bool is_in = y >= 0.0f && y < (float)d[1] && x >= 0.0f && x < (float)d[2];

    if (!is_in) return NULL;
    return j->in + (size_t)(((int64_t)y * d[2] + (int64_t)x) * d[3]) * td_dtype_size(td_in(j->c, 0)->dtype);
}

static void read_pixel(const warp_job *j, float y, float x, double *out)
{
    const size_t depth = (size_t)td_in(j->c, 0)->shape.dims[3];
    const char *const p = pixel_at(j, y, x);

    if (p) td_to_double(td_in(j->c, 0)->dtype, p, depth, out);
    for (size_t i = 0; !p && i < depth; i++)
        out[i] = j->fill;
}

static void blend(const warp_job *j, const td_warp_point *at, double *out)
{
    const size_t depth = (size_t)td_in(j->c, 0)->shape.dims[3];
    const float y0 = floorf(at->y), x0 = floorf(at->x), down = at->y - y0, right = at->x - x0;
    const float up = y0 + 1.0f - at->y, left = x0 + 1.0f - at->x;
    const double *const p = j->pixels;

    for (int i = 0; i < 4; i++)
        read_pixel(j, y0 + (float)(i / 2), x0 + (float)(i % 2), j->pixels + (size_t)i * depth);
    for (size_t ch = 0; ch < depth; ch++) {
        const float top = left * (float)p[ch] + right * (float)p[depth + ch];
        const float bottom = left * (float)p[2 * depth + ch] + right * (float)p[3 * depth + ch];

        out[ch] = (double)(up * top + down * bottom);
    }
}

/* Output row y by way of doubles, but for the nearest pixels, which are copied as they are. */
static void warp_row(const warp_job *j, size_t y, double *row, char *out)
{
    const warp_attrs *const a = j->c->attrs;
    const td_shape *const in = &td_in(j->c, 0)->shape, *const s = &td_out(j->c, 0)->shape;
    const td_dtype type = td_in(j->c, 0)->dtype;
    const size_t depth = (size_t)s->dims[3], cols = (size_t)s->dims[2], pixel = depth * td_dtype_size(type);

    for (size_t x = 0; x < cols; x++) {
        const td_warp_point at = td_warp_source(j->matrix, a->fill, in->dims[1], in->dims[2], y, x);

        for (size_t ch = 0; ch < depth; ch++)
            row[x * depth + ch] = j->fill;
        if (at.is_somewhere && a->is_bilinear) blend(j, &at, row + x * depth);
    }
    td_from_double(type, row, cols * depth, out);
    for (size_t x = 0; !a->is_bilinear && x < cols; x++) {
        const td_warp_point at = td_warp_source(j->matrix, a->fill, in->dims[1], in->dims[2], y, x);
        const char *const from = at.is_somewhere ? pixel_at(j, roundf(at.y), roundf(at.x)) : NULL;

        if (from) memcpy(out + x * pixel, from, pixel);
    }
}

/* The filling as the type of the images has it. */
static double filling(const td_call *c)
{
    const double given = c->n_in > 3 ? (double)*(const float *)td_in(c, 3)->data : 0.0;
    const td_dtype type = td_in(c, 0)->dtype;
    double element, fill;

    td_from_double(type, &given, 1, &element);
    td_to_double(type, &element, 1, &fill);
    return fill;
}

static td_status warp_run(td_call *c)
{
    const warp_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0), *const y = td_out(c, 0);
    const size_t batch = (size_t)x->shape.dims[0], rows = (size_t)y->shape.dims[1];
    const size_t step = td_in(c, 1)->shape.dims[0] == 1 ? 0 : 8;

    if (td_shape_count(&y->shape) == 0) return NULL;
    const size_t image = td_tensor_bytes(x) / batch, line = td_tensor_bytes(y) / batch / rows;
    warp_job j = { .c = c, .fill = filling(c) };

    j.pixels = (double *)(void *)((char *)c->scratch + s->at_pixels);
    for (size_t i = 0; i < batch; i++) {
        j.in = (const char *)x->data + i * image;
        j.matrix = (const float *)td_in(c, 1)->data + i * step;
        for (size_t row = 0; row < rows; row++)
            warp_row(&j, row, (double *)(void *)((char *)c->scratch + s->at_row),
                     (char *)y->data + (i * rows + row) * line);
    }
    return NULL;
}

#define WARP_TYPES (TD_FLOAT_TYPES | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64))

static const td_kernel warp_kernels[] = {
    { TD_DEVICE_CPU, WARP_TYPES, sizeof(warp_state), warp_prepare, warp_run, NULL },
    { 0 },
};

#define WARP                                                                                                 \
    .attrs = "dtype: type, interpolation: string, fill_mode: string = 'CONSTANT'",                           \
    .attrs_size = sizeof(warp_attrs), .parse = warp_parse, .infer = warp_infer, .kernels = warp_kernels

const td_op td_ops_warp[] = {
    { .name = "ImageProjectiveTransformV2",
      .sig = "images: dtype, transforms: float, output_shape: int32 -> transformed_images: dtype",
      WARP },
    { .name = "ImageProjectiveTransformV3",
      .sig = "images: dtype, transforms: float, output_shape: int32, fill_value: float -> "
             "transformed_images: dtype",
      WARP },
    { 0 },
};
