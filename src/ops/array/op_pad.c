/* SPDX-License-Identifier: Apache-2.0 */
/* op_pad.c -- Pad, PadV2, MirrorPad and its gradient.
 *
 * Mirrored padding is done one dimension at a time, last to first: the middle is copied, then every dimension
 * reflects what the output already holds. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

static td_status read_paddings(td_call *c, int64_t *pad, td_shape *out)
{
    const td_shape *const in = &td_in(c, 0)->shape, *const p = &td_in(c, 1)->shape;
    int64_t dims[TD_MAX_RANK];
    size_t n;

    if (p->rank != 2 || p->dims[1] != 2) {
        char text[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings must be a matrix with 2 columns: %s",
                         td_shape_text(p, text, sizeof text));
    }
    TD_TRY(td_need_list(c, 1, pad, 2 * TD_MAX_RANK, &n));
    /* A scalar may be padded by an empty matrix, or by one row as if it were a vector. */
    if (p->dims[0] != in->rank) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The first dimension of paddings must be the rank of inputs%s %s",
                         td_shape_text(p, a, sizeof a), td_shape_text(in, b, sizeof b));
    }
    for (int i = 0; i < in->rank; i++) {
        const int64_t before = pad[2 * i], after = pad[2 * i + 1];

        if (before < 0 || after < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Paddings must be non-negative: %" PRId64 " %" PRId64,
                             before, after);
        if (!td_add_i64(before, in->dims[i], &dims[i]) || !td_add_i64(dims[i], after, &dims[i]))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings are too large");
    }
    return td_shape_make(in->rank, dims, out);
}

static td_status pad_infer(td_call *c)
{
    int64_t pad[2 * TD_MAX_RANK];
    td_shape out;

    if (c->n_in > 2 && td_shape_count(&td_in(c, 2)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "pad_value must be a scalar");
    TD_TRY(read_paddings(c, pad, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

/* The piece that puts the input into the middle of the output. */
static td_status add_middle(td_call *c, const int64_t *pad, const td_shape *out)
{
    const td_tensor *const in = td_in(c, 0);
    int64_t is[TD_MAX_RANK], os[TD_MAX_RANK], at = 0;
    td_nd_builder b;

    td_shape_strides(&in->shape, is);
    td_shape_strides(out, os);
    td_nd_start(&b, td_dtype_size(in->dtype));
    for (int i = 0; i < out->rank; i++) {
        td_nd_add(&b, in->shape.dims[i], os[i], is[i]);
        at += pad[2 * i] * os[i];
    }
    td_moves_add(c, &b, 0, at, 0, 0);
    return NULL;
}

/* Elements [from, from + n) of a dimension, where those before it have data, and those behind it all that they have. */
static void add_border(td_call *c, const int64_t *pad, const td_shape *out, int dim, int64_t from, int64_t n)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t os[TD_MAX_RANK], at = 0;
    td_nd_builder b;

    td_shape_strides(out, os);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = 0; i < out->rank; i++) {
        td_nd_add(&b, i < dim ? in->dims[i] : i == dim ? n : out->dims[i], os[i], 0);
        at += (i < dim ? pad[2 * i] : i == dim ? from : 0) * os[i];
    }
    td_moves_add(c, &b, 0, at, TD_MOVE_FILL, 0);
}

enum { WIDE_BYTES = 64 };

/* Are there pieces of some length to fill? Short ones cost more than filling all that is to be overwritten. */
static bool is_border_wide(const td_call *c, const int64_t *pad, const td_shape *out)
{
    for (int i = 0; i < out->rank; i++) {
        const int64_t row = td_shape_span(out, i + 1, out->rank) * (int64_t)td_dtype_size(td_in(c, 0)->dtype);

        for (int k = 2 * i; k < 2 * i + 2; k++)
            if (pad[k] != 0 && pad[k] < WIDE_BYTES && pad[k] * row < WIDE_BYTES) return false;
    }
    return true;
}

static td_status pad_prepare(td_call *c)
{
    int64_t pad[2 * TD_MAX_RANK];
    td_shape out;

    TD_TRY(read_paddings(c, pad, &out));
    TD_TRY(td_moves_init(c, 1 + 2 * (size_t)out.rank));
    const bool is_wide = is_border_wide(c, pad, &out);

    (is_wide ? td_moves_fill_parts : td_moves_fill)(c, c->n_in > 2 ? 2 : TD_FILL_ZERO);
    for (int i = 0; is_wide && i < out.rank; i++) {
        add_border(c, pad, &out, i, 0, pad[2 * i]);
        add_border(c, pad, &out, i, out.dims[i] - pad[2 * i + 1], pad[2 * i + 1]);
    }
    return add_middle(c, pad, &out);
}

/* ---------------------------------------------------------------- MirrorPad */

typedef struct mirror_attrs {
    int skip; /* 1: REFLECT leaves the edge out; 0: SYMMETRIC repeats it */
} mirror_attrs;

static td_status mirror_parse(td_parse *p)
{
    mirror_attrs *const a = p->attrs;

    if (!td_attr_string_is(p, "mode", "REFLECT") && !td_attr_string_is(p, "mode", "SYMMETRIC"))
        return TD_ERR(INVALID_ARGUMENT, "%s: mode must be REFLECT or SYMMETRIC", p->node->name);
    a->skip = td_attr_string_is(p, "mode", "REFLECT");
    return NULL;
}

static td_status mirror_paddings(td_call *c, int64_t *pad, td_shape *out)
{
    const int skip = ((const mirror_attrs *)c->attrs)->skip;
    const td_shape *const in = &td_in(c, 0)->shape;

    TD_TRY(read_paddings(c, pad, out));
    for (int i = 0; i < in->rank; i++) {
        const int64_t most = TD_MAX(in->dims[i] - skip, 0);

        if (pad[2 * i] > most || pad[2 * i + 1] > most)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "paddings must be %s the dimension size: %" PRId64 ", %" PRId64 " %s %" PRId64,
                             skip ? "less than" : "no greater than", pad[2 * i], pad[2 * i + 1],
                             skip ? "not less than" : "greater than", in->dims[i]);
    }
    return NULL;
}

static td_status mirror_infer(td_call *c)
{
    int64_t pad[2 * TD_MAX_RANK];
    td_shape out;

    TD_TRY(mirror_paddings(c, pad, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

typedef struct mirror_state {
    td_moves middle; /* first: td_moves_add() writes there */
    td_shape out;
    int64_t pad[2 * TD_MAX_RANK];
    size_t elem;
} mirror_state;

static td_status mirror_prepare(td_call *c)
{
    mirror_state *const s = c->state;

    TD_TRY(mirror_paddings(c, s->pad, &s->out));
    s->elem = td_dtype_size(td_in(c, 0)->dtype);
    TD_TRY(td_moves_init(c, 1));
    return add_middle(c, s->pad, &s->out);
}

/* Dims behind `axis` are padded already; for every index of those before it whose row holds
 * data (the rest will be written by its own dimension's turn), copies the mirrored rows.
 * Rows of other dims are garbage, harmlessly. */
static void mirror_axis(const mirror_state *s, char *out, int axis, int skip)
{
    const td_shape *const o = &s->out;
    const size_t row = (size_t)td_shape_span(o, axis + 1, o->rank) * s->elem;
    const int64_t outer = td_shape_span(o, 0, axis), dim = o->dims[axis];
    const int64_t before = s->pad[2 * axis], after = s->pad[2 * axis + 1];

    for (int64_t k = 0; k < outer; k++) {
        char *const base = out + (size_t)(k * dim) * row;

        for (int64_t i = 0; i < before; i++)
            memcpy(base + (size_t)i * row, base + (size_t)(2 * before - 1 + skip - i) * row, row);
        for (int64_t i = dim - after; i < dim; i++)
            memcpy(base + (size_t)i * row, base + (size_t)(2 * (dim - after) - 1 - skip - i) * row, row);
    }
}

static td_status mirror_run(td_call *c)
{
    const mirror_state *const s = c->state;
    const int skip = ((const mirror_attrs *)c->attrs)->skip;

    TD_TRY(td_moves_run(c));
    if (td_shape_count(&s->out) == 0) return NULL;
    for (int axis = s->out.rank - 1; axis >= 0; axis--)
        if (s->pad[2 * axis] || s->pad[2 * axis + 1]) mirror_axis(s, td_out(c, 0)->data, axis, skip);
    return NULL;
}

/* ------------------------------------------------------------ MirrorPadGrad: adds the mirrored parts back */

static td_status grad_paddings(td_call *c, int64_t *pad, td_shape *out)
{
    const int skip = ((const mirror_attrs *)c->attrs)->skip;
    td_shape padded;

    TD_TRY(read_paddings(c, pad, &padded));
    *out = td_in(c, 0)->shape;
    for (int i = 0; i < out->rank; i++) {
        out->dims[i] -= pad[2 * i] + pad[2 * i + 1];
        const int64_t most = out->dims[i] - skip;

        if (out->dims[i] < 0 || pad[2 * i] > TD_MAX(most, 0) || pad[2 * i + 1] > TD_MAX(most, 0))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Total paddings must be less than the input dimension size");
    }
    return NULL;
}

static td_status grad_infer(td_call *c)
{
    int64_t pad[2 * TD_MAX_RANK];
    td_shape out;

    TD_TRY(grad_paddings(c, pad, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

typedef struct grad_state {
    td_nd middle;
    int64_t at; /* bytes into the padded tensor */
    int64_t pad[2 * TD_MAX_RANK];
} grad_state;

static td_status grad_prepare(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    int64_t is[TD_MAX_RANK], os[TD_MAX_RANK];
    grad_state *const s = c->state;
    td_nd_builder b;
    td_shape out;

    TD_TRY(grad_paddings(c, s->pad, &out));
    td_shape_strides(&in->shape, is);
    td_shape_strides(&out, os);
    td_nd_start(&b, td_dtype_size(in->dtype));
    for (int i = 0; i < out.rank; i++) {
        td_nd_add(&b, out.dims[i], os[i], is[i]);
        s->at += s->pad[2 * i] * is[i] * b.elem;
    }
    td_nd_finish(&b, c->arena, c->env->cpu, &s->middle);
    c->scratch_size = td_tensor_bytes(in);
    return NULL;
}

static void fold_axis(const grad_state *s, const td_tensor *in, char *work, int axis, int skip)
{
    const size_t elem = td_dtype_size(in->dtype);
    const size_t row = (size_t)td_shape_span(&in->shape, axis + 1, in->shape.rank);
    const int64_t outer = td_shape_span(&in->shape, 0, axis), dim = in->shape.dims[axis];
    const int64_t before = s->pad[2 * axis], after = s->pad[2 * axis + 1];
    td_combine_fn *const add = td_combine_find(TD_COMBINE_ADD, in->dtype);

    for (int64_t k = 0; k < outer; k++) {
        char *const base = work + (size_t)(k * dim) * row * elem;

        for (int64_t i = 0; i < before; i++)
            add(base + (size_t)(2 * before - 1 + skip - i) * row * elem, base + (size_t)i * row * elem, row,
                1);
        for (int64_t i = dim - after; i < dim; i++)
            add(base + (size_t)(2 * (dim - after) - 1 - skip - i) * row * elem, base + (size_t)i * row * elem,
                row, 1);
    }
}

static td_status grad_run(td_call *c)
{
    const grad_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);
    const int skip = ((const mirror_attrs *)c->attrs)->skip;

    if (s->middle.body == TD_ND_EMPTY) return NULL;
    memcpy(c->scratch, in->data, td_tensor_bytes(in));
    for (int axis = 0; axis < in->shape.rank; axis++)
        fold_axis(s, in, c->scratch, axis, skip);
    td_nd_copy(&s->middle, td_out(c, 0)->data, (const char *)c->scratch + s->at);
    return NULL;
}

static const td_kernel grad_kernels[] = {
    { TD_DEVICE_CPU, TD_NUMBER_TYPES, sizeof(grad_state), grad_prepare, grad_run, NULL },
    { 0 },
};
TD_MOVE_KERNELS(pad_kernels, pad_prepare);
static const td_kernel mirror_kernels[] = {
    { TD_DEVICE_CPU, TD_MOVABLE, sizeof(mirror_state), mirror_prepare, mirror_run, NULL },
    { 0 },
};

const td_op td_ops_pad[] = {
    { .name = "Pad",
      .sig = "input: T, paddings: Tpaddings -> output: T",
      .attrs = "T: type, Tpaddings: type = int32",
      .infer = pad_infer,
      .kernels = pad_kernels },
    { .name = "PadV2",
      .sig = "input: T, paddings: Tpaddings, constant_values: T -> output: T",
      .attrs = "T: type, Tpaddings: type = int32",
      .infer = pad_infer,
      .kernels = pad_kernels },
    { .name = "MirrorPad",
      .sig = "input: T, paddings: Tpaddings -> output: T",
      .attrs = "T: type, Tpaddings: type = int32, mode: string",
      .attrs_size = sizeof(mirror_attrs),
      .parse = mirror_parse,
      .infer = mirror_infer,
      .kernels = mirror_kernels },
    { .name = "MirrorPadGrad",
      .sig = "input: T, paddings: Tpaddings -> output: T",
      .attrs = "T: type, Tpaddings: type = int32, mode: string",
      .attrs_size = sizeof(mirror_attrs),
      .parse = mirror_parse,
      .infer = grad_infer,
      .kernels = grad_kernels },
    { 0 },
};
