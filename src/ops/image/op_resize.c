/* SPDX-License-Identifier: Apache-2.0 */
/* op_resize.c -- ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea, CropAndResize.
 *
 * All but nearest neighbours answer floats, whatever the image's type. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/resize.h"
#include "ops/op.h"
#include "tensor/type_sets.h"

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

static td_resize resize_of(const td_shape *x, const td_shape *y)
{
    return (td_resize){
        .batch = (size_t)x->dims[0],
        .channels = (size_t)x->dims[3],
        .in = { (size_t)x->dims[1], (size_t)x->dims[2] },
        .out = { (size_t)y->dims[1], (size_t)y->dims[2] },
    };
}

/* Output rows are cut into shards; each has its own part of the scratch. */
typedef struct row_cut {
    size_t rows, grain, work; /* floats of one shard's work */
} row_cut;

static td_status cut_rows(td_call *c, const td_resize *r, int n_taps, row_cut *out)
{
    const size_t rows = (size_t)td_out(c, 0)->shape.dims[0] * r->out[0], row = r->out[1] * r->channels;
    const size_t shards = TD_MIN(4 * (size_t)TD_MAX(c->threads, 1), rows * row / 20000 + 1);

    *out = (row_cut){ .rows = rows, .grain = (rows + shards - 1) / shards };
    if (td_resize_work(r, n_taps, &out->work) &&
        td_mul_size(td_round_up(out->work, 16), shards * sizeof(float), &c->scratch_size)) {
        out->work = td_round_up(out->work, 16);
        return NULL;
    }
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu columns", r->out[1]);
}

static td_status make_taps(td_call *c, const td_resize *r, int dim, td_resize_tap **out)
{
    size_t bytes;

    if (td_mul_size(r->out[dim], sizeof **out, &bytes) && (*out = td_arena_try_alloc(c->arena, bytes, 16)))
        return NULL;
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu rows or columns", r->out[dim]);
}

typedef struct resize_state {
    td_resize r;
    td_resize_how how;
    td_resize_tap *taps[2];
    row_cut cut;
} resize_state;

static td_status resize_prepare(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    resize_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0);

    s->r = resize_of(&x->shape, &td_out(c, 0)->shape);
    s->r.aligns_corners = a->aligns_corners;
    s->r.half_pixels = a->half_pixels;
    if (a->kind == NEAREST || td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (!td_resize_how_find(x->dtype, c->env->cpu, &s->how))
        return TD_OP_ERR(c, UNIMPLEMENTED, "images of %s", td_dtype_name(x->dtype));
    if (a->kind == AREA) {
        c->scratch_size = x->dtype == TD_F32 ? 0 : (size_t)td_shape_count(&x->shape) * sizeof(float);
        return NULL;
    }
    for (int dim = 0; dim < 2; dim++) {
        TD_TRY(make_taps(c, &s->r, dim, &s->taps[dim]));
        (a->kind == BILINEAR ? td_resize_bilinear_taps : td_resize_bicubic_taps)(&s->r, dim, s->taps[dim]);
    }
    return cut_rows(c, &s->r, a->kind == BILINEAR ? 2 : 4, &s->cut);
}

/* ---------------------------------------------------------------- run */

static void run_nearest(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const td_resize *const r = &((const resize_state *)c->state)->r;
    const size_t pixel = r->channels * td_dtype_size(td_in(c, 0)->dtype);
    char *out = (char *)td_out(c, 0)->data + begin * r->out[1] * pixel;

    for (size_t row = begin; row < end; row++) {
        const size_t y = row / r->out[0] * r->in[0] + td_resize_nearest(r, 0, row % r->out[0]);
        const char *const line = (const char *)td_in(c, 0)->data + y * r->in[1] * pixel;

        for (size_t x = 0; x < r->out[1]; x++, out += pixel)
            memcpy(out, line + td_resize_nearest(r, 1, x) * pixel, pixel);
    }
}

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const resize_state *const s = c->state;
    float *const work = (float *)c->scratch + begin / s->cut.grain * s->cut.work;

    td_resize_rows(&s->r, &s->how, ((const resize_attrs *)c->attrs)->kind == BILINEAR ? 2 : 4, s->taps[0],
                   s->taps[1], td_out(c, 0)->data, td_in(c, 0)->data, work, begin, end);
}

static void widen(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const resize_state *const s = c->state;
    const void *const in = (const char *)td_in(c, 0)->data + begin * s->how.size;

    (void)td_elt_run(&s->how.to_float, (float *)c->scratch + begin, &in, end - begin, &(td_elt_arg){ 0 });
}

static void run_area(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const td_tensor *const x = td_in(c, 0);

    td_resize_area(&((const resize_state *)c->state)->r, td_out(c, 0)->data,
                   x->dtype == TD_F32 ? x->data : c->scratch, begin, end);
}

static td_status resize_run(td_call *c)
{
    const resize_attrs *const a = c->attrs;
    const resize_state *const s = c->state;
    const size_t rows = s->r.batch * s->r.out[0], row = s->r.out[1] * s->r.channels;

    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (a->kind == NEAREST) {
        td_call_parallel(c, rows, 100000 / row + 1, run_nearest, c);
    } else if (a->kind == AREA) {
        if (td_in(c, 0)->dtype != TD_F32)
            td_call_parallel(c, (size_t)td_shape_count(&td_in(c, 0)->shape), 65536, widen, c);
        td_call_parallel(c, rows, 10000 / row + 1, run_area, c);
    } else {
        td_call_parallel(c, rows, s->cut.grain, run_rows, c);
    }
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
    td_resize_how how;
    row_cut cut;
    size_t at_taps; /* of the shards, in the scratch */
} crop_state;

static td_status crop_prepare(td_call *c)
{
    const td_tensor *const x = td_in(c, 0);
    crop_state *const s = c->state;
    size_t bytes;

    s->r = resize_of(&x->shape, &td_out(c, 0)->shape);
    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (!td_resize_how_find(x->dtype, c->env->cpu, &s->how))
        return TD_OP_ERR(c, UNIMPLEMENTED, "images of %s", td_dtype_name(x->dtype));
    TD_TRY(cut_rows(c, &s->r, 2, &s->cut));
    s->at_taps = c->scratch_size;
    const size_t shards = (s->cut.rows + s->cut.grain - 1) / s->cut.grain;

    if (td_mul_size(s->r.out[1], shards * sizeof(td_resize_tap), &bytes) &&
        td_add_size(s->at_taps, bytes, &c->scratch_size))
        return NULL;
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for crops of %zu columns", s->r.out[1]);
}

static void run_crops(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const crop_attrs *const a = c->attrs;
    const crop_state *const s = c->state;
    const td_resize *const r = &s->r;
    const size_t shard = begin / s->cut.grain, image = r->in[0] * r->in[1] * r->channels * s->how.size;
    td_resize_tap *const taps =
        (td_resize_tap *)(void *)((char *)c->scratch + s->at_taps) + shard * r->out[1];
    float *const work = (float *)c->scratch + shard * s->cut.work;

    for (size_t row = begin, next; row < end; row = next) {
        const size_t box = row / r->out[0], first = row - box * r->out[0];
        const char *const in =
            (const char *)td_in(c, 0)->data + (size_t)((const int32_t *)td_in(c, 2)->data)[box] * image;

        next = TD_MIN(end, (box + 1) * r->out[0]);
        td_crop_rows(r, &s->how, (const float *)td_in(c, 1)->data + 4 * box, a->nearest, a->outside,
                     (float *)td_out(c, 0)->data + box * r->out[0] * r->out[1] * r->channels, in, taps, work,
                     first, first + next - row);
    }
}

static td_status crop_run(td_call *c)
{
    const crop_state *const s = c->state;
    const int32_t *const index = td_in(c, 2)->data;

    for (size_t i = 0; i < (size_t)td_out(c, 0)->shape.dims[0]; i++)
        if (index[i] < 0 || (size_t)index[i] >= s->r.batch)
            return TD_OP_ERR(c, OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
    if (td_shape_count(&td_out(c, 0)->shape) > 0)
        td_call_parallel(c, s->cut.rows, s->cut.grain, run_crops, c);
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
