/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_resize.c -- _LiteResizeBilinear: quantised images to another size, between two pixels and two lines each.
 *
 * Places are counted in 1/1024 of a pixel; unsigned bytes take floats, as TFLite's do. */
#include <math.h>

#include "base/macros.h"
#include "ops/quant/lite.h"

enum { UNIT = 1 << 10, SIZE_MOST = 1 << 20, GRAIN = 1 << 12 };

typedef struct resize_attrs {
    bool aligns, half;
} resize_attrs;

static td_status resize_parse(td_parse *p)
{
    resize_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    a->aligns = td_attr_bool(p, "align_corners");
    a->half = td_attr_bool(p, "half_pixel_centers");
    if (!a->aligns || !a->half) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: If half_pixel_centers is True, align_corners must be False.",
                  p->node->name);
}

static td_status resize_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;
    int64_t size[2];
    size_t n;

    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (x->rank != 4 || n != 2 || x->dims[1] < 1 || x->dims[2] < 1 || x->dims[1] > SIZE_MOST ||
        x->dims[2] > SIZE_MOST)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "there is no image, or no size for it");
    for (int i = 0; i < 2; i++)
        if (size[i] < 1 || size[i] > SIZE_MOST)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive, and at most %d",
                             SIZE_MOST);
    td_out(c, 0)->shape = (td_shape){ 4, { x->dims[0], size[0], size[1], x->dims[3] } };
    return td_shape_check(&td_out(c, 0)->shape);
}

/* A place between two pixels: by how much it is behind the first. */
typedef struct tap {
    size_t first, second;
    int32_t part; /* of UNIT */
    float share;
} tap;

typedef struct resize_state {
    tap *by_row, *by_col;
} resize_state;

static tap fixed_tap(const resize_attrs *a, int64_t in, int64_t out, int64_t i)
{
    const bool aligns = a->aligns && out > 1;
    const int64_t span = aligns ? out - 1 : out, scale = (UNIT * (aligns ? in - 1 : in) + span / 2) / span;
    const int64_t at = i * scale + (a->half ? scale / 2 - UNIT / 2 : 0), first = TD_MAX(at / UNIT, 0);

    return (tap){ (size_t)TD_MIN(first, in - 1), (size_t)TD_MIN((at + UNIT - 1) / UNIT, in - 1),
                  (int32_t)(at - UNIT * first), 0 };
}

static tap float_tap(const resize_attrs *a, int64_t in, int64_t out, int64_t i)
{
    const bool aligns = a->aligns && out > 1;
    const float scale = aligns ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
    const float at = a->half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
    const int64_t first = TD_MAX((int64_t)floorf(at), 0);

    return (tap){ (size_t)TD_MIN(first, in - 1), (size_t)TD_MAX(TD_MIN((int64_t)ceilf(at), in - 1), 0), 0,
                  at - (float)first };
}

static void fill_taps(const td_call *c, int dim, tap *taps)
{
    const int64_t in = td_in(c, 0)->shape.dims[dim], out = td_out(c, 0)->shape.dims[dim];
    const bool is_float = td_in(c, 0)->dtype == TD_U8;

    for (int64_t i = 0; i < out; i++)
        taps[i] = is_float ? float_tap(c->attrs, in, out, i) : fixed_tap(c->attrs, in, out, i);
}

static td_status resize_prepare(td_call *c)
{
    const td_shape *const out = &td_out(c, 0)->shape;
    resize_state *const s = c->state;

    s->by_row = td_arena_try_alloc(c->arena, (size_t)out->dims[1] * sizeof *s->by_row, 8);
    s->by_col = td_arena_try_alloc(c->arena, (size_t)out->dims[2] * sizeof *s->by_col, 8);
    if (!s->by_row || !s->by_col)
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for the sizes of an image");
    fill_taps(c, 1, s->by_row);
    fill_taps(c, 2, s->by_col);
    return NULL;
}

/* Four neighbours: above left, above right, below left, below right. */
static int32_t mix_fixed(const int32_t v[4], const tap *y, const tap *x)
{
    const int64_t up = UNIT - y->part, left = UNIT - x->part;
    const int64_t sum = v[0] * up * left + v[2] * (int64_t)y->part * left + v[1] * up * x->part +
                        v[3] * (int64_t)y->part * x->part;

    return (int32_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

static int32_t mix_float(const int32_t v[4], const tap *y, const tap *x)
{
    const float up = 1 - y->share, left = 1 - x->share;

    return (int32_t)((float)v[0] * up * left + (float)v[2] * y->share * left + (float)v[1] * up * x->share +
                     (float)v[3] * y->share * x->share + 0.5f);
}

#define FOUR(type)                                                                                           \
    {                                                                                                        \
        ((const type *)in)[a], ((const type *)in)[b], ((const type *)in)[c], ((const type *)in)[d]           \
    }

static void mix(td_dtype type, void *out, size_t at, const void *in, size_t a, size_t b, size_t c, size_t d,
                const tap *y, const tap *x)
{
    if (type == TD_I8) {
        const int32_t v[] = FOUR(int8_t);
        ((int8_t *)out)[at] = (int8_t)mix_fixed(v, y, x);
    } else if (type == TD_U8) {
        const int32_t v[] = FOUR(uint8_t);
        ((uint8_t *)out)[at] = (uint8_t)mix_float(v, y, x);
    } else {
        const int32_t v[] = FOUR(int16_t);
        ((int16_t *)out)[at] = (int16_t)mix_fixed(v, y, x);
    }
}

/* Pixels [begin, end) of the output. */
static void resize_shard(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const resize_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0), *const out = td_out(c, 0);
    const size_t height = (size_t)out->shape.dims[1], width = (size_t)out->shape.dims[2];
    const size_t rows = (size_t)in->shape.dims[1], cols = (size_t)in->shape.dims[2],
                 n = (size_t)in->shape.dims[3];

    for (size_t p = begin; p < end; p++) {
        const tap *const y = &s->by_row[p / width % height], *const x = &s->by_col[p % width];
        const size_t image = p / width / height * rows;
        const size_t above = (image + y->first) * cols, below = (image + y->second) * cols;

        for (size_t k = 0; k < n; k++)
            mix(in->dtype, out->data, p * n + k, in->data, (above + x->first) * n + k,
                (above + x->second) * n + k, (below + x->first) * n + k, (below + x->second) * n + k, y, x);
    }
}

static td_status resize_run(td_call *c)
{
    const td_shape *const s = &td_out(c, 0)->shape;

    td_call_parallel(c, (size_t)(s->dims[0] * s->dims[1] * s->dims[2]), GRAIN, resize_shard, c);
    return NULL;
}

static const td_kernel resize_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(resize_state), resize_prepare, resize_run, NULL },
    { 0 },
};

const td_op td_ops_lite_resize[] = {
    { .name = "_LiteResizeBilinear",
      .sig = "images: T, size: int32 -> resized_images: T",
      .attrs = "T: type, align_corners: bool = false, half_pixel_centers: bool = false",
      .attrs_size = sizeof(resize_attrs),
      .parse = resize_parse,
      .infer = resize_infer,
      .kernels = resize_kernels },
    { 0 },
};
