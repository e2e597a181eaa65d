/* SPDX-License-Identifier: Apache-2.0 */
/* op_resize.c -- ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea, CropAndResize.
 *
 * All but nearest neighbours answer floats, whatever the image's type. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/resize.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef enum resize_kind { BILINEAR, BICUBIC, AREA, NEAREST } resize_kind;

typedef struct resize_attrs {
    resize_kind kind;
    bool aligns_corners, half_pixels;
} resize_attrs;

static td_status parse_kind(td_parse *p, resize_kind kind)
{
    resize_attrs *const a = p->attrs;

    a->kind = kind;
    a->aligns_corners = td_attr_bool(p, "align_corners");
    a->half_pixels = kind != AREA && td_attr_bool(p, "half_pixel_centers");
    return NULL;
}

static td_status bilinear_parse(td_parse *p)
{
    return parse_kind(p, BILINEAR);
}

static td_status bicubic_parse(td_parse *p)
{
    return parse_kind(p, BICUBIC);
}

static td_status area_parse(td_parse *p)
{
    return parse_kind(p, AREA);
}

static td_status nearest_parse(td_parse *p)
{
    return parse_kind(p, NEAREST);
}

static td_status resize_infer(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape;
    int64_t size[2];
    size_t n = 0;

    if (a->aligns_corners && a->half_pixels)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "If half_pixel_centers is True, align_corners must be False.");
    if (x->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4-dimensional");
    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (n != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "shape_t must have two elements");
    if (size[0] <= 0 || size[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive");
    if (x->dims[1] <= 0 || x->dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input image must be of non-zero size");
    td_shape s = *x;
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct resize_state {
    td_resize r;
    td_resize_tap *taps[2];
    size_t count, at_float; /* elements of the image; scratch: doubles, then floats */
} resize_state;

static td_resize resize_of(const td_shape *x, const td_shape *y)
{
    return (td_resize){
        .batch = (size_t)x->dims[0],
        .channels = (size_t)x->dims[3],
        .in = { (size_t)x->dims[1], (size_t)x->dims[2] },
        .out = { (size_t)y->dims[1], (size_t)y->dims[2] },
    };
}

/* The image as floats needs scratch unless it is float already. */
static void reserve_floats(td_call *c, size_t *count, size_t *at_float)
{
    *count = (size_t)td_shape_count(&td_in(c, 0)->shape);
    if (td_in(c, 0)->dtype == TD_F32) return;
    *at_float = td_round_up(*count * sizeof(double), 64);
    c->scratch_size = *at_float + *count * sizeof(float);
}

static const float *as_floats(const td_call *c, size_t count, size_t at_float)
{
    const td_tensor *const x = td_in(c, 0);
    double *const wide = c->scratch;

    if (x->dtype == TD_F32) return x->data; /* there is no scratch then */
    float *const out = (float *)(void *)((char *)c->scratch + at_float);

    td_to_double(x->dtype, x->data, count, wide);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)wide[i];
    return out;
}

static td_status resize_prepare(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    resize_state *const s = c->state;

    s->r = resize_of(&td_in(c, 0)->shape, &td_out(c, 0)->shape);
    s->r.aligns_corners = a->aligns_corners;
    s->r.half_pixels = a->half_pixels;
    if (a->kind == NEAREST) return NULL;
    reserve_floats(c, &s->count, &s->at_float);
    for (int dim = 0; a->kind != AREA && dim < 2; dim++) {
        size_t bytes;
        if (!td_mul_size(s->r.out[dim], sizeof(td_resize_tap), &bytes) ||
            !(s->taps[dim] = td_arena_try_alloc(c->arena, bytes, 16)))
            return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu rows or columns",
                             s->r.out[dim]);
        (a->kind == BILINEAR ? td_resize_bilinear_taps : td_resize_bicubic_taps)(&s->r, dim, s->taps[dim]);
    }
    return NULL;
}

static void run_nearest(td_call *c, const td_resize *r)
{
    const size_t pixel = r->channels * td_dtype_size(td_in(c, 0)->dtype);
    const char *const in = td_in(c, 0)->data;
    char *out = td_out(c, 0)->data;

    for (size_t n = 0; n < r->batch; n++)
        for (size_t y = 0; y < r->out[0]; y++) {
            const char *const line = in + (n * r->in[0] + td_resize_nearest(r, 0, y)) * r->in[1] * pixel;
            for (size_t x = 0; x < r->out[1]; x++, out += pixel)
                memcpy(out, line + td_resize_nearest(r, 1, x) * pixel, pixel);
        }
}

typedef struct rows_job {
    const resize_state *s;
    int n_taps;
    float *out;
    const float *in;
} rows_job;

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const rows_job *const j = ctx;
    td_resize_rows(&j->s->r, j->n_taps, j->s->taps[0], j->s->taps[1], j->out, j->in, begin, end);
}

static td_status resize_run(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    const resize_state *const s = c->state;

    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (a->kind == NEAREST) {
        run_nearest(c, &s->r);
        return NULL;
    }
    rows_job j = { s, a->kind == BILINEAR ? 2 : 4, td_out(c, 0)->data, as_floats(c, s->count, s->at_float) };
    if (a->kind == AREA)
        td_resize_area(&s->r, j.out, j.in);
    else
        td_call_parallel(c, s->r.batch * s->r.out[0], TD_MAX(1, 20000 / (s->r.out[1] * s->r.channels)),
                         run_rows, &j);
    return NULL;
}

/* -------------------------------------------------------- CropAndResize: image, boxes, box_ind, crop_size */

typedef struct crop_attrs {
    bool nearest;
    float outside;
} crop_attrs;

static td_status crop_parse(td_parse *p)
{
    crop_attrs *const a = p->attrs;

    a->nearest = td_attr_string_is(p, "method", "nearest");
    a->outside = td_attr_float(p, "extrapolation_value");
    if (!a->nearest && !td_attr_string_is(p, "method", "bilinear"))
        return TD_ERR(INVALID_ARGUMENT, "%s: method must be 'bilinear' or 'nearest'", p->node->name);
    return NULL;
}

static td_status crop_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const boxes = &td_in(c, 1)->shape,
                          *const ind = &td_in(c, 2)->shape;
    int64_t size[2];
    size_t n = 0;

    if (x->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input image must be 4-D");
    if (boxes->rank != 2 || boxes->dims[1] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes must have 4 columns");
    if (ind->rank != 1 || ind->dims[0] != boxes->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "box_index has incompatible shape");
    if (x->dims[1] <= 0 || x->dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image dimensions must be positive");
    TD_TRY(td_need_ints(c, 3, size, 2, &n));
    if (n != 2 || size[0] <= 0 || size[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "crop dimensions must be positive");
    const td_shape s = { .rank = 4, .dims = { boxes->dims[0], size[0], size[1], x->dims[3] } };
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct crop_state {
    td_resize r;
    size_t count, at_float;
} crop_state;

static td_status crop_prepare(td_call *c)
{
    crop_state *const s = c->state;

    s->r = resize_of(&td_in(c, 0)->shape, &td_out(c, 0)->shape);
    reserve_floats(c, &s->count, &s->at_float);
    return NULL;
}

static td_status crop_run(td_call *c)
{
    const crop_attrs *const a = c->attrs;
    const crop_state *const s = c->state;
    const float *const boxes = td_in(c, 1)->data, *const in = as_floats(c, s->count, s->at_float);
    const int32_t *const index = td_in(c, 2)->data;
    const size_t n = (size_t)td_out(c, 0)->shape.dims[0], crop = s->r.out[0] * s->r.out[1] * s->r.channels;

    for (size_t i = 0; i < n; i++)
        if (index[i] < 0 || (size_t)index[i] >= s->r.batch)
            return TD_OP_ERR(c, OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
    for (size_t i = 0; i < n; i++)
        td_crop_resize(&s->r, boxes + 4 * i, a->nearest, a->outside, (float *)td_out(c, 0)->data + i * crop,
                       in + (size_t)index[i] * s->r.in[0] * s->r.in[1] * s->r.channels);
    return NULL;
}

static const td_kernel resize_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(resize_state), resize_prepare, resize_run, NULL },
    { 0 },
};

static const td_kernel crop_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(crop_state), crop_prepare, crop_run, NULL },
    { 0 },
};

#define RESIZE  .attrs_size = sizeof(resize_attrs), .infer = resize_infer, .kernels = resize_kernels
#define CENTERS "T: type, align_corners: bool = false, half_pixel_centers: bool = false"

const td_op td_ops_resize[] = {
    { .name = "ResizeBilinear",
      .sig = "images: T, size: int32 -> resized_images: float",
      .attrs = CENTERS,
      .parse = bilinear_parse,
      RESIZE },
    { .name = "ResizeBicubic",
      .sig = "images: T, size: int32 -> resized_images: float",
      .attrs = CENTERS,
      .parse = bicubic_parse,
      RESIZE },
    { .name = "ResizeArea",
      .sig = "images: T, size: int32 -> resized_images: float",
      .attrs = "T: type, align_corners: bool = false",
      .parse = area_parse,
      RESIZE },
    { .name = "ResizeNearestNeighbor",
      .sig = "images: T, size: int32 -> resized_images: T",
      .attrs = CENTERS,
      .parse = nearest_parse,
      RESIZE },
    { .name = "CropAndResize",
      .sig = "image: T, boxes: float, box_ind: int32, crop_size: int32 -> crops: float",
      .attrs = "T: type, method: string = 'bilinear', extrapolation_value: float = 0",
      .attrs_size = sizeof(crop_attrs),
      .parse = crop_parse,
      .infer = crop_infer,
      .kernels = crop_kernels },
    { 0 },
};
