/* SPDX-License-Identifier: Apache-2.0 */
/* op_conv_image.c -- FusedPadConv2D, FusedResizeAndPadConv2D: an image is resized, mirrored at its edges, and convolved.
 *
 * The padded image is made in scratch, each of its pixels from up to four of the input's; then it is the image of a
 * convolution like any other, which is run as a call of its own. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/resize.h"
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

typedef struct image_attrs {
    td_window window;
    int skip;        /* 1: REFLECT leaves the edge out; 0: SYMMETRIC repeats it */
    uint32_t resize; /* 1: sizes come before paddings */
    bool aligns_corners;
} image_attrs;

static td_status parse(td_parse *p, uint32_t resize)
{
    image_attrs *const a = p->attrs;

    if (!td_attr_string_is(p, "mode", "REFLECT") && !td_attr_string_is(p, "mode", "SYMMETRIC"))
        return TD_ERR(INVALID_ARGUMENT, "%s: mode must be REFLECT or SYMMETRIC", p->node->name);
    a->skip = td_attr_string_is(p, "mode", "REFLECT");
    a->resize = resize;
    a->aligns_corners = resize && td_attr_bool(p, "resize_align_corners");
    return td_window_parse(p, 2, 0, &a->window);
}

static td_status pad_parse(td_parse *p)
{
    return parse(p, 0);
}

static td_status resize_parse(td_parse *p)
{
    return parse(p, 1);
}

/* ---------------------------------------------------------------- shapes */

/* What becomes of an image's rows and columns. */
typedef struct image_sizes {
    int64_t resized[2], before[2], after[2];
    int64_t skipped[2]; /* of the padded image, in front of what windows reach */
    td_shape seen;      /* what they reach */
    td_conv conv;       /* of it */
} image_sizes;

static td_status read_sizes(td_call *c, image_sizes *s)
{
    const image_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape;
    size_t n;

    s->resized[0] = x->dims[1];
    s->resized[1] = x->dims[2];
    if (!a->resize) return NULL;
    TD_TRY(td_need_ints(c, 1, s->resized, 2, &n));
    if (n != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "shape_t must have two elements");
    if (s->resized[0] <= 0 || s->resized[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive");
    return NULL;
}

static td_status read_paddings(td_call *c, image_sizes *s)
{
    const image_attrs *const a = c->attrs;
    const uint32_t paddings = 1 + a->resize;
    const td_shape *const p = &td_in(c, paddings)->shape;

    if (p->rank != 2 || p->dims[0] != 4 || p->dims[1] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings must be a matrix of 4 rows and 2 columns");
    TD_TRY(td_need(c, paddings));
    const int32_t *const pad = td_in(c, paddings)->data;
    if (pad[0] || pad[1] || pad[6] || pad[7])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Fused mirror padding only support spatial padding");
    for (int i = 0; i < 2; i++) {
        const int64_t most = s->resized[i] - a->skip;

        s->before[i] = pad[2 + 2 * i];
        s->after[i] = pad[3 + 2 * i];
        if (s->before[i] < 0 || s->after[i] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings must be non-negative: %" PRId64 " %" PRId64,
                             s->before[i], s->after[i]);
        if (s->before[i] > most || s->after[i] > most)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "paddings must be %s the dimension size: %" PRId64 ", %" PRId64 " of %" PRId64,
                             a->skip ? "less than" : "no greater than", s->before[i], s->after[i],
                             s->resized[i]);
    }
    return NULL;
}

/* TensorFlow centres the windows of this op where strides leave three rows or more: those in front are not seen. */
static void skip_unseen(const td_window *w, image_sizes *s)
{
    for (int i = 0; i < 2 && w->padding == TD_PAD_VALID; i++) {
        const int64_t reach =
            (int64_t)((s->conv.out[i + 1] - 1) * s->conv.stride[i + 1] + s->conv.kernel[i + 1]);

        s->skipped[i] = TD_MAX(s->seen.dims[i + 1] - reach - 1, 0) / 2;
        s->seen.dims[i + 1] = reach;
        s->conv.in[i + 1] = (size_t)reach;
    }
}

static td_status sizes_of(td_call *c, image_sizes *s)
{
    const image_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 2 + a->resize)->shape;

    *s = (image_sizes){ 0 };
    if (x->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4-dimensional");
    if (td_shape_count(x) == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input tensor can't be empty");
    TD_TRY(read_sizes(c, s));
    TD_TRY(read_paddings(c, s));
    s->seen = *x;
    for (int i = 0; i < 2; i++)
        s->seen.dims[i + 1] = s->before[i] + s->resized[i] + s->after[i];
    TD_TRY(td_shape_check(&s->seen));
    if (f->rank == 4 && f->dims[2] != x->dims[3])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input and filter must have the same depth: %" PRId64 " vs %" PRId64, x->dims[3],
                         f->dims[2]);
    TD_TRY(td_conv_geometry(c, &a->window, &s->seen, f, &s->conv));
    const td_shape out = td_conv_output(&a->window, &s->conv);
    TD_TRY(td_shape_check(&out));
    if (td_shape_count(&out) == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Output tensor can't be empty");
    skip_unseen(&a->window, s);
    return NULL;
}

static td_status image_infer(td_call *c)
{
    image_sizes s;

    TD_TRY(sizes_of(c, &s));
    td_out(c, 0)->shape = td_conv_output(&((const image_attrs *)c->attrs)->window, &s.conv);
    return NULL;
}

/* ---------------------------------------------------------------- prepare */

typedef struct image_state {
    td_conv_call conv; /* first: its release is this state's */
    td_shape seen;
    td_resize_tap *taps[2]; /* of each row and column that is seen */
    size_t at_line, at_seen, at_conv;
} image_state;

/* The convolution as a call of its own: seen image, filter -> output. */
typedef struct inner_call {
    td_call c;
    td_tensor values[3];
} inner_call;

static const uint32_t inner_in[] = { 0, 1 }, inner_out[] = { 2 };

static void make_inner(const td_call *c, const td_shape *seen, inner_call *inner)
{
    const uint32_t filter = 2 + ((const image_attrs *)c->attrs)->resize;

    inner->c = *c;
    inner->values[0] = (td_tensor){ .dtype = td_in(c, 0)->dtype, .shape = *seen };
    inner->values[1] = *td_in(c, filter);
    inner->values[2] = *td_out(c, 0);
    inner->c.values = inner->values;
    inner->c.in = inner_in;
    inner->c.out = inner_out;
    inner->c.n_in = 2;
    inner->c.const_in = td_in_is_const(c, filter) ? 2 : 0;
}

/* The taps of what is seen of one dimension: those of the resized image, mirrored at its ends. */
static td_status make_taps(td_call *c, const image_sizes *s, int dim, td_resize_tap **out)
{
    const image_attrs *const a = c->attrs;
    const int64_t size = s->resized[dim];
    const td_resize r = {
        .in = { (size_t)td_in(c, 0)->shape.dims[1], (size_t)td_in(c, 0)->shape.dims[2] },
        .out = { (size_t)s->resized[0], (size_t)s->resized[1] },
        .aligns_corners = a->aligns_corners,
    };
    const size_t seen = (size_t)s->seen.dims[dim + 1];
    size_t bytes;

    if (!td_mul_size(seen, sizeof(td_resize_tap), &bytes) ||
        !(*out = td_arena_try_alloc(c->arena, bytes, 16)))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu rows or columns", seen);
    for (size_t i = 0; i < seen; i++) {
        int64_t at = (int64_t)i + s->skipped[dim] - s->before[dim];

        if (at < 0)
            at = -at - 1 + a->skip;
        else if (at >= size)
            at = 2 * size - at - 1 - a->skip;
        (*out)[i] = td_resize_bilinear_tap(&r, dim, (size_t)at);
    }
    return NULL;
}

static td_status image_prepare(td_call *c)
{
    image_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0);
    image_sizes sizes;
    inner_call inner;
    size_t at = 0;

    TD_TRY(sizes_of(c, &sizes));
    for (int dim = 0; dim < 2; dim++)
        TD_TRY(make_taps(c, &sizes, dim, &s->taps[dim]));
    s->seen = sizes.seen;
    make_inner(c, &s->seen, &inner);
    s->conv.conv = sizes.conv;
    s->conv.epilogue = td_epilogue_none;
    s->conv.sum = td_out(c, 0)->shape;
    s->conv.filter = 1;
    TD_TRY(td_conv_call_prepare(&inner.c, &s->conv));
    (void)td_reserve(&at, (size_t)td_shape_count(&x->shape) * sizeof(double));
    s->at_line = td_reserve(&at, (size_t)(s->seen.dims[2] * s->seen.dims[3]) * sizeof(double));
    s->at_seen = td_reserve(&at, (size_t)td_shape_count(&s->seen) * td_dtype_size(x->dtype));
    s->at_conv = td_reserve(&at, inner.c.scratch_size);
    c->scratch_size = at;
    return NULL;
}

/* ---------------------------------------------------------------- run */

/* Between a and b; what has no weight is not looked at, as it may not be finite. */
static double between(double a, double b, const td_resize_tap *t)
{
    return t->weight[1] == 0.0f ? a : a + (b - a) * (double)t->weight[1];
}

/* Row y of one image, [cols][channels]. */
static void make_line(const image_state *s, const td_shape *x, const double *image, size_t y, double *line)
{
    const td_resize_tap *const ty = &s->taps[0][y];
    const size_t channels = (size_t)x->dims[3], row = (size_t)x->dims[2] * channels;
    const double *const above = image + ty->index[0] * row, *const below = image + ty->index[1] * row;

    for (size_t col = 0; col < (size_t)s->seen.dims[2]; col++) {
        const td_resize_tap *const tx = &s->taps[1][col];

        for (size_t ch = 0; ch < channels; ch++) {
            const size_t left = tx->index[0] * channels + ch, right = tx->index[1] * channels + ch;

            line[col * channels + ch] =
                between(between(above[left], above[right], tx), between(below[left], below[right], tx), ty);
        }
    }
}

static td_status image_run(td_call *c)
{
    const image_state *const s = c->state;
    const td_tensor *const x = td_in(c, 0);
    const size_t rows = (size_t)s->seen.dims[1], line = (size_t)(s->seen.dims[2] * s->seen.dims[3]);
    const size_t own = (size_t)(x->shape.dims[1] * x->shape.dims[2] * x->shape.dims[3]);
    char *const scratch = c->scratch, *const seen = scratch + s->at_seen;
    double *const image = c->scratch, *const wide = (double *)(void *)(scratch + s->at_line);
    inner_call inner;

    td_to_double(x->dtype, x->data, (size_t)td_shape_count(&x->shape), image);
    for (size_t i = 0; i < (size_t)x->shape.dims[0] * rows; i++) {
        make_line(s, &x->shape, image + i / rows * own, i % rows, wide);
        td_from_double(x->dtype, wide, line, seen + i * line * td_dtype_size(x->dtype));
    }
    make_inner(c, &s->seen, &inner);
    inner.values[0].data = seen;
    inner.c.scratch = scratch + s->at_conv;
    return td_conv_call_run(&inner.c, &s->conv);
}

static const td_kernel image_kernels[] = {
    { TD_DEVICE_CPU, TD_FLOAT_TYPES, sizeof(image_state), image_prepare, image_run, td_conv_call_release },
    { 0 },
};

#define CONV_ATTRS "T: type, mode: string, strides: list(int), padding: string"
#define IMAGE                                                                                                \
    .flags = TD_OP_PACKS, .attrs_size = sizeof(image_attrs), .infer = image_infer, .kernels = image_kernels

const td_op td_ops_conv_image[] = {
    { .name = "FusedPadConv2D",
      .sig = "input: T, paddings: int32, filter: T -> output: T",
      .attrs = CONV_ATTRS,
      .parse = pad_parse,
      IMAGE },
    { .name = "FusedResizeAndPadConv2D",
      .sig = "input: T, size: int32, paddings: int32, filter: T -> output: T",
      .attrs = CONV_ATTRS ", resize_align_corners: bool = false",
      .parse = resize_parse,
      IMAGE },
    { 0 },
};
