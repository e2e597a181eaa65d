/* SPDX-License-Identifier: Apache-2.0 */
/* op_draw.c -- DrawBoundingBoxes, DrawBoundingBoxesV2: the outlines of boxes over images. */
#include <string.h>

#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

/* ------------------------------------ images [batch, rows, columns, 1, 3 or 4], boxes [batch, n, 4][, colors] -> images */

static td_status draw_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const boxes = &td_in(c, 1)->shape;

    if (x->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "The rank of the images should be 4");
    if (boxes->rank != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "The rank of the boxes tensor should be 3");
    if (x->dims[0] != boxes->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The batch sizes should be the same");
    if (x->dims[3] != 1 && x->dims[3] != 3 && x->dims[3] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
    if (boxes->dims[2] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "The size of the third dimension of the box must be 4");
    if (c->n_in == 3 && (td_in(c, 2)->shape.rank != 2 || td_in(c, 2)->shape.dims[1] < x->dims[3]))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "colors must be a matrix with at least as many channels as the image");
    return td_infer_same(c);
}

/* yellow, blue, red, lime, purple, olive, maroon, navy blue, aqua, fuchsia */
static const float palette[][4] = {
    { 1, 1, 0, 1 },       { 0, 0, 1, 1 },    { 1, 0, 0, 1 },    { 0, 1, 0, 1 }, { 0.5f, 0, 0.5f, 1 },
    { 0.5f, 0.5f, 0, 1 }, { 0.5f, 0, 0, 1 }, { 0, 0, 0.5f, 1 }, { 0, 1, 1, 1 }, { 1, 0, 1, 1 },
};
enum { PALETTE = sizeof palette / sizeof *palette };

/* The color of box i, as a pixel of the image's type. */
static void color_of(const td_call *c, size_t i, void *pixel)
{
    const size_t depth = (size_t)td_in(c, 0)->shape.dims[3];
    float color[4];

    memcpy(color, palette[i % PALETTE], sizeof color);
    if (depth == 1) color[0] = 1.0f;
    if (c->n_in == 3 && td_shape_count(&td_in(c, 2)->shape) > 0) {
        const td_shape *const s = &td_in(c, 2)->shape;
        const float *const colors = td_in(c, 2)->data;

        memcpy(color, colors + i % (size_t)s->dims[0] * (size_t)s->dims[1], depth * sizeof *color);
    }
    td_from_float(td_in(c, 0)->dtype, color, depth, pixel);
}

/* A rectangle of pixels, corners included, which may lie off the image in part. */
typedef struct outline {
    int64_t y0, x0, y1, x1;
} outline;

typedef struct canvas {
    char *data;
    int64_t rows, cols;
    size_t pixel; /* bytes */
} canvas;

static int64_t scaled(float at, int64_t size)
{
    const float x = at * (float)(size - 1);
    return x > -1e9f && x < 1e9f ? (int64_t)x : x > 0 ? INT32_MAX : INT32_MIN;
}

static void draw_line(const canvas *k, const outline *o, const void *pixel)
{
    for (int64_t y = TD_MAX(o->y0, 0); y <= TD_MIN(o->y1, k->rows - 1); y++)
        for (int64_t x = TD_MAX(o->x0, 0); x <= TD_MIN(o->x1, k->cols - 1); x++)
            memcpy(k->data + (size_t)(y * k->cols + x) * k->pixel, pixel, k->pixel);
}

static void draw_box(const canvas *k, const float *box, const void *pixel)
{
    const outline o = { scaled(box[0], k->rows), scaled(box[1], k->cols), scaled(box[2], k->rows),
                        scaled(box[3], k->cols) };

    if (o.y0 > o.y1 || o.x0 > o.x1) return;
    draw_line(k, &(outline){ o.y0, o.x0, o.y0, o.x1 }, pixel);
    draw_line(k, &(outline){ o.y1, o.x0, o.y1, o.x1 }, pixel);
    draw_line(k, &(outline){ o.y0, o.x0, o.y1, o.x0 }, pixel);
    draw_line(k, &(outline){ o.y0, o.x1, o.y1, o.x1 }, pixel);
}

static td_status draw_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0);
    const size_t image = td_tensor_bytes(x) / (size_t)TD_MAX(x->shape.dims[0], 1);
    const size_t boxes = (size_t)td_in(c, 1)->shape.dims[1];
    canvas k = { td_out(c, 0)->data, x->shape.dims[1], x->shape.dims[2],
                 (size_t)x->shape.dims[3] * td_dtype_size(x->dtype) };

    if (image == 0) return NULL;
    memcpy(k.data, x->data, td_tensor_bytes(x));
    for (size_t n = 0; n < (size_t)x->shape.dims[0]; n++, k.data += image)
        for (size_t i = 0; i < boxes; i++) {
            char pixel[4 * sizeof(float)];

            color_of(c, i, pixel);
            draw_box(&k, (const float *)td_in(c, 1)->data + (n * boxes + i) * 4, pixel);
        }
    return NULL;
}

TD_RUN_KERNEL(draw_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F16), draw_run);

const td_op td_ops_draw[] = {
    { .name = "DrawBoundingBoxes",
      .sig = "images: T, boxes: float -> output: T",
      .attrs = "T: type = float",
      .infer = draw_infer,
      .kernels = draw_kernels },
    { .name = "DrawBoundingBoxesV2",
      .sig = "images: T, boxes: float, colors: float -> output: T",
      .attrs = "T: type = float",
      .infer = draw_infer,
      .kernels = draw_kernels },
    { 0 },
};
