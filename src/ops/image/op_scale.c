/* SPDX-License-Identifier: Apache-2.0 */
/* op_scale.c -- ScaleAndTranslate: what tf.image.resize is with antialias. */
#include "base/macros.h"
#include "base/size.h"
#include "kernels/resize/spans.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

/* ---------------------------------------------------- ScaleAndTranslate: images, size, scale, translation -> images */

typedef struct scale_attrs {
    td_filter filter;
    bool antialias;
} scale_attrs;

static td_status scale_parse(td_parse *p)
{
    scale_attrs *const a = p->attrs;
    const td_string name = td_attr_string(p, "kernel_type");

    a->antialias = td_attr_bool(p, "antialias");
    for (a->filter = 0; a->filter < TD_FILTERS; a->filter++)
        if (td_string_is(name, td_filter_names[a->filter])) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: Unrecognized kernel type: %.*s", p->node->name, (int)name.size,
                  name.data);
}

static td_status check_pair(const td_call *c, uint32_t i, const char *name)
{
    const td_shape *const s = &td_in(c, i)->shape;

    if (s->rank == 1 && s->dims[0] == 2) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a vector of two elements", name);
}

static td_status scale_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    int64_t size[2];
    size_t n;

    if (s.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 4-dimensional");
    TD_TRY(check_pair(c, 1, "size"));
    TD_TRY(check_pair(c, 2, "scale"));
    TD_TRY(check_pair(c, 3, "translation"));
    TD_TRY(td_need_ints(c, 1, size, 2, &n));
    if (size[0] <= 0 || size[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "output dimensions must be positive");
    if (s.dims[3] <= 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "image must have at least one channel");
    if (s.dims[1] <= 0 || s.dims[2] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input image must be of non-zero size");
    s.dims[1] = size[0];
    s.dims[2] = size[1];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* ---------------------------------------------------------------- */

typedef struct scale_state {
    td_spans spans[2];
    size_t channels, image; /* numbers of one image */
    size_t at_wide, at_image, at_work;
} scale_state;

static td_status find_spans(td_call *c, scale_state *s, int dim)
{
    const scale_attrs *const a = c->attrs;
    td_spans *const t = &s->spans[dim];
    size_t bytes;

    *t = (td_spans){
        .filter = a->filter,
        .antialias = a->antialias,
        .in = (size_t)td_in(c, 0)->shape.dims[1 + dim],
        .out = (size_t)td_out(c, 0)->shape.dims[1 + dim],
        .scale = ((const float *)td_in(c, 2)->data)[dim],
        .shift = ((const float *)td_in(c, 3)->data)[dim],
    };
    if (!(t->scale > 0.0f)) return TD_OP_ERR(c, INVALID_ARGUMENT, "Scale must be greater than zero.");
    t->size = td_spans_size(t);
    if (!td_mul_size(t->out, t->size, &bytes) || !td_mul_size(bytes, sizeof *t->weight, &bytes) ||
        !(t->weight = td_arena_try_alloc(c->arena, bytes, 16)) ||
        !(t->start = td_arena_try_alloc(c->arena, t->out * sizeof *t->start, 16)))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for an image of %zu rows or columns", t->out);
    td_spans_fill(t);
    return NULL;
}

static td_status scale_prepare(td_call *c)
{
    scale_state *const s = c->state;

    TD_TRY(td_need(c, 2));
    TD_TRY(td_need(c, 3));
    for (int dim = 0; dim < 2; dim++)
        TD_TRY(find_spans(c, s, dim));
    s->channels = (size_t)td_in(c, 0)->shape.dims[3];
    s->image = s->spans[0].in * s->spans[1].in * s->channels;
    (void)td_reserve(&c->scratch_size, 0);
    s->at_wide = td_reserve(&c->scratch_size, td_in(c, 0)->dtype == TD_F32 ? 0 : s->image * sizeof(double));
    s->at_image = td_reserve(&c->scratch_size, td_in(c, 0)->dtype == TD_F32 ? 0 : s->image * sizeof(float));
    s->at_work = td_reserve(&c->scratch_size, s->spans[0].out * s->spans[1].in * s->channels * sizeof(float));
    return NULL;
}

static const float *image_at(const td_call *c, const scale_state *s, size_t i)
{
    const td_tensor *const x = td_in(c, 0);
    double *const wide = (double *)(void *)((char *)c->scratch + s->at_wide);
    float *const out = (float *)(void *)((char *)c->scratch + s->at_image);

    if (x->dtype == TD_F32) return (const float *)x->data + i * s->image;
    td_to_double(x->dtype, (const char *)x->data + i * s->image * td_dtype_size(x->dtype), s->image, wide);
    for (size_t k = 0; k < s->image; k++)
        out[k] = (float)wide[k];
    return out;
}

static td_status scale_run(td_call *c)
{
    const scale_state *const s = c->state;
    const size_t out = s->spans[0].out * s->spans[1].out * s->channels;
    float *const work = (float *)(void *)((char *)c->scratch + s->at_work);

    for (size_t i = 0; i < (size_t)td_in(c, 0)->shape.dims[0]; i++)
        td_spans_apply(&s->spans[0], &s->spans[1], s->channels, (float *)td_out(c, 0)->data + i * out,
                       image_at(c, s, i), work);
    return NULL;
}

static const td_kernel scale_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(scale_state), scale_prepare, scale_run, NULL },
    { 0 },
};

const td_op td_ops_scale[] = {
    { .name = "ScaleAndTranslate",
      .sig = "images: T, size: int32, scale: float, translation: float -> resized_images: float",
      .attrs = "T: type, kernel_type: string = 'lanczos3', antialias: bool = true",
      .attrs_size = sizeof(scale_attrs),
      .parse = scale_parse,
      .infer = scale_infer,
      .kernels = scale_kernels },
    { 0 },
};
