/* SPDX-License-Identifier: Apache-2.0 */
/* op_resize_grad.c -- ResizeBilinearGrad, ResizeBicubicGrad, ResizeNearestNeighborGrad, CropAndResizeGradImage: what comes
 * back to the pixels of the image. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/resize.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef enum grad_kind { BILINEAR, BICUBIC, NEAREST } grad_kind;

typedef struct grad_attrs {
    grad_kind kind;
    bool aligns_corners, half_pixels;
} grad_attrs;

static td_status grad_parse(td_parse *p)
{
    grad_attrs *const a = p->attrs;

    a->kind = strcmp(p->node->op_name, "ResizeBilinearGrad") == 0  ? BILINEAR
              : strcmp(p->node->op_name, "ResizeBicubicGrad") == 0 ? BICUBIC
                                                                   : NEAREST;
    a->aligns_corners = td_attr_bool(p, "align_corners");
    a->half_pixels = td_attr_bool(p, "half_pixel_centers");
    return NULL;
}

/* grads [batch, rows, columns, channels], and an image or its size */
static td_status read_size(td_call *c, int64_t size[2])
{
    const td_shape *const s = &td_in(c, 1)->shape;
    size_t n = 0;

    if (((const grad_attrs *)c->attrs)->kind != NEAREST) {
        if (s->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "original_image must be 4-dimensional");
        size[0] = s->dims[1];
        size[1] = s->dims[2];
        return NULL;
    }
    if (s->rank != 1 || s->dims[0] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "shape_t must be a vector of two elements");
    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (size[0] > 0 && size[1] > 0) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "shape_t's elements must be positive");
}

static td_status grad_infer(td_call *c)
{
    const grad_attrs *const a = c->attrs;
    td_shape s = td_in(c, 0)->shape;
    int64_t size[2];

    if (a->kind != NEAREST && a->aligns_corners && a->half_pixels)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "If half_pixel_centers is True, align_corners must be False.");
    if (s.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input_grad must be 4-dimensional");
    TD_TRY(read_size(c, size));
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct grad_state {
    td_resize r; /* of the resize that this comes back from */
    td_resize_tap *taps[2];
    int n_taps;
    size_t at_out, at_in; /* scratch: both of one image as doubles */
} grad_state;

static void find_nearest(const td_resize *r, int dim, td_resize_tap *taps)
{
    for (size_t i = 0; i < r->out[dim]; i++)
        taps[i] = (td_resize_tap){ { td_resize_nearest(r, dim, i) }, { 1.0f } };
}

static td_status grad_prepare(td_call *c)
{
    const grad_attrs *const a = c->attrs;
    const int64_t *const in = td_out(c, 0)->shape.dims, *const out = td_in(c, 0)->shape.dims;
    grad_state *const s = c->state;

    s->r = (td_resize){ (size_t)in[0],
                        (size_t)in[3],
                        { (size_t)in[1], (size_t)in[2] },
                        { (size_t)out[1], (size_t)out[2] },
                        a->aligns_corners,
                        a->half_pixels };
    s->n_taps = a->kind == BILINEAR ? 2 : a->kind == BICUBIC ? 4 : 1;
    for (int dim = 0; td_shape_count(&td_out(c, 0)->shape) > 0 && dim < 2; dim++) {
        s->taps[dim] = td_arena_try_alloc(c->arena, (s->r.out[dim] + 1) * sizeof(td_resize_tap), 16);
        if (!s->taps[dim]) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
        (a->kind == BILINEAR  ? td_resize_bilinear_taps
         : a->kind == BICUBIC ? td_resize_bicubic_taps
                              : find_nearest)(&s->r, dim, s->taps[dim]);
    }
    s->at_out = td_reserve(&c->scratch_size, (size_t)(in[1] * in[2] * in[3]) * sizeof(double));
    s->at_in = td_reserve(&c->scratch_size, (size_t)(out[1] * out[2] * out[3]) * sizeof(double));
    return NULL;
}

/* What one pixel gives back: floats, but for cubic weights of doubles. */
static double part_of(const grad_state *s, double in, float down, float right, bool is_float)
{
    if (s->n_taps == 1) return in;
    if (s->n_taps == 4 && !is_float) return in * (double)down * (double)right;
    return (double)((float)in * down * right);
}

/* Each pixel back to those that it was made of. */
static void give_back(const grad_state *s, double *out, const double *in, bool is_float)
{
    const size_t ch = s->r.channels;

    for (size_t y = 0; y < s->r.out[0]; y++)
        for (size_t x = 0; x < s->r.out[1]; x++, in += ch)
            for (int k = 0; k < s->n_taps * s->n_taps; k++) {
                const td_resize_tap *const row = &s->taps[0][y], *const col = &s->taps[1][x];
                const int i = k / s->n_taps, j = k % s->n_taps;
                double *const to = out + (row->index[i] * s->r.in[1] + col->index[j]) * ch;

                for (size_t n = 0; n < ch; n++) {
                    to[n] += part_of(s, in[n], row->weight[i], col->weight[j], is_float);
                    if (is_float) to[n] = (double)(float)to[n];
                }
            }
}

static td_status grad_run(td_call *c)
{
    const grad_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0), *const y = td_out(c, 0);
    const size_t from = s->r.out[0] * s->r.out[1] * s->r.channels,
                 to = s->r.in[0] * s->r.in[1] * s->r.channels;
    double *const out = (double *)(void *)((char *)c->scratch + s->at_out);
    double *const in = (double *)(void *)((char *)c->scratch + s->at_in);

    for (size_t n = 0; to > 0 && n < s->r.batch; n++) {
        memset(out, 0, to * sizeof *out);
        td_to_double(x->dtype, (const char *)x->data + n * from * td_dtype_size(x->dtype), from, in);
        give_back(s, out, in, y->dtype == TD_F32);
        td_from_double(y->dtype, out, to, (char *)y->data + n * to * td_dtype_size(y->dtype));
    }
    return NULL;
}

/* ------------------------------------------ CropAndResizeGradImage: grads, boxes, box_ind, image_size -> image */

typedef struct crop_attrs {
    bool nearest;
} crop_attrs;

static td_status crop_parse(td_parse *p)
{
    crop_attrs *const a = p->attrs;

    a->nearest = td_attr_string_is(p, "method", "nearest");
    if (a->nearest || td_attr_string_is(p, "method", "bilinear")) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: method must be 'bilinear' or 'nearest'", p->node->name);
}

static td_status crop_infer(td_call *c)
{
    const td_shape *const grads = &td_in(c, 0)->shape, *const boxes = &td_in(c, 1)->shape,
                          *const ind = &td_in(c, 2)->shape;
    int64_t dims[4];
    size_t n = 0;

    if (grads->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "grads image must be 4-D");
    if (grads->dims[1] <= 0 || grads->dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "grads dimensions must be positive");
    if (boxes->rank != 2 || boxes->dims[1] != 4 || boxes->dims[0] != grads->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes and grads have incompatible shape");
    if (ind->rank != 1 || ind->dims[0] != boxes->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "box_index has incompatible shape");
    if (td_in(c, 3)->shape.rank != 1 || td_in(c, 3)->shape.dims[0] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image_size must have 4 elements");
    TD_TRY(td_need_ints(c, 3, dims, 4, &n));
    if (dims[1] <= 0 || dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image dimensions must be positive");
    if (dims[3] != grads->dims[3])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image_size and grads are incompatible");
    return td_shape_make(4, dims, &td_out(c, 0)->shape);
}

static td_status crop_prepare(td_call *c)
{
    c->scratch_size = (size_t)td_shape_count(&td_out(c, 0)->shape) * sizeof(double);
    return NULL;
}

/* One box to an image of doubles. */
static void crop_back(const td_call *c, const float *box, const float *grads, double *image)
{
    const int64_t *const in = td_out(c, 0)->shape.dims, *const out = td_in(c, 0)->shape.dims;
    const bool nearest = ((const crop_attrs *)c->attrs)->nearest;

    for (int64_t i = 0; i < out[1] * out[2]; i++, grads += out[3]) {
        const float y = td_crop_at(box[0], box[2], (size_t)in[1], (size_t)out[1], (size_t)(i / out[2]));
        const float x = td_crop_at(box[1], box[3], (size_t)in[2], (size_t)out[2], (size_t)(i % out[2]));
        const float y0 = nearest ? roundf(y) : floorf(y), x0 = nearest ? roundf(x) : floorf(x);

        if (!(y >= 0.0f && x >= 0.0f && y <= (float)(in[1] - 1) && x <= (float)(in[2] - 1))) continue;
        for (int k = 0; k < (nearest ? 1 : 4); k++) {
            const float down = nearest ? 0.0f : y - y0, right = nearest ? 0.0f : x - x0;
            const float wy = k / 2 ? down : 1.0f - down, wx = k % 2 ? right : 1.0f - right;
            const int64_t ty = TD_MIN((int64_t)y0 + k / 2, in[1] - 1),
                          tx = TD_MIN((int64_t)x0 + k % 2, in[2] - 1);

            for (int64_t ch = 0; ch < in[3]; ch++)
                image[(ty * in[2] + tx) * in[3] + ch] += (double)(wx * (wy * grads[ch]));
        }
    }
}

static td_status crop_run(td_call *c)
{
    const int32_t *const index = td_in(c, 2)->data;
    const int64_t *const in = td_out(c, 0)->shape.dims, *const out = td_in(c, 0)->shape.dims;
    double *const image = c->scratch;

    for (int64_t i = 0; i < out[0]; i++)
        if (index[i] < 0 || index[i] >= in[0])
            return TD_OP_ERR(c, OUT_OF_RANGE, "box_index has values outside [0, batch_size)");
    memset(image, 0, c->scratch_size);
    for (int64_t i = 0; i < out[0]; i++)
        crop_back(c, (const float *)td_in(c, 1)->data + 4 * i,
                  (const float *)td_in(c, 0)->data + i * out[1] * out[2] * out[3],
                  image + index[i] * in[1] * in[2] * in[3]);
    td_from_double(td_out(c, 0)->dtype, image, (size_t)td_shape_count(&td_out(c, 0)->shape),
                   td_out(c, 0)->data);
    return NULL;
}

#define F32_F64 (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64))

static const td_kernel bilinear_kernels[] = {
    { TD_DEVICE_CPU, TD_FLOAT_TYPES, sizeof(grad_state), grad_prepare, grad_run, NULL },
    { 0 },
};
static const td_kernel bicubic_kernels[] = {
    { TD_DEVICE_CPU, F32_F64, sizeof(grad_state), grad_prepare, grad_run, NULL },
    { 0 },
};
static const td_kernel nearest_kernels[] = {
    { TD_DEVICE_CPU, TD_FLOAT_TYPES | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_I32),
      sizeof(grad_state), grad_prepare, grad_run, NULL },
    { 0 },
};
static const td_kernel crop_kernels[] = {
    { TD_DEVICE_CPU, F32_F64 | TD_DTYPE_BIT(TD_F16), 0, crop_prepare, crop_run, NULL },
    { 0 },
};

#define GRAD    .attrs_size = sizeof(grad_attrs), .parse = grad_parse, .infer = grad_infer
#define CENTERS "T: type, align_corners: bool = false, half_pixel_centers: bool = false"

const td_op td_ops_resize_grad[] = {
    { .name = "ResizeBilinearGrad",
      .sig = "grads: float, original_image: T -> output: T",
      .attrs = CENTERS,
      .key = "T",
      GRAD,
      .kernels = bilinear_kernels },
    { .name = "ResizeBicubicGrad",
      .sig = "grads: float, original_image: T -> output: T",
      .attrs = CENTERS,
      .key = "T",
      GRAD,
      .kernels = bicubic_kernels },
    { .name = "ResizeNearestNeighborGrad",
      .sig = "grads: T, size: int32 -> output: T",
      .attrs = CENTERS,
      GRAD,
      .kernels = nearest_kernels },
    { .name = "CropAndResizeGradImage",
      .sig = "grads: float, boxes: float, box_ind: int32, image_size: int32 -> output: T",
      .attrs = "T: type, method: string = 'bilinear'",
      .key = "T",
      .attrs_size = sizeof(crop_attrs),
      .parse = crop_parse,
      .infer = crop_infer,
      .kernels = crop_kernels },
    { 0 },
};
