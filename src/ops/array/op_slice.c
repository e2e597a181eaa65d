/* SPDX-License-Identifier: Apache-2.0 */
/* op_slice.c -- Slice and StridedSlice, with the update and the gradient of the latter.
 *
 * A strided slice is made dense first: every dimension of the input gets a first index, a step and a count,
 * and a list says which dimensions the answer shows (new axes are 1 and belong to no input dimension).
 */
#include <inttypes.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/resources.h"

/* ---------------------------------------------------------------- Slice */

static td_status read_slice(td_call *c, int64_t *begin, td_shape *size)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    size_t nb, ns;

    TD_TRY(td_need_list(c, 1, begin, TD_MAX_RANK, &nb));
    TD_TRY(td_need_list(c, 2, size->dims, TD_MAX_RANK, &ns));
    if (nb != (size_t)in->rank || ns != nb)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Expected begin and size arguments to be 1-D tensors of size %d, but got shapes [%zu] and [%zu] "
            "instead.",
            (int)in->rank, nb, ns);
    size->rank = in->rank;
    for (int i = 0; i < in->rank; i++) {
        if (begin[i] < 0 || begin[i] > in->dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected begin[%d] in [0, %" PRId64 "], but got %" PRId64,
                             i, in->dims[i], begin[i]);
        if (size->dims[i] == -1) size->dims[i] = in->dims[i] - begin[i];
        if (size->dims[i] < 0 || size->dims[i] > in->dims[i] - begin[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected size[%d] in [0, %" PRId64 "], but got %" PRId64,
                             i, in->dims[i] - begin[i], size->dims[i]);
    }
    return NULL;
}

static td_status slice_infer(td_call *c)
{
    int64_t begin[TD_MAX_RANK];
    td_shape size;

    TD_TRY(read_slice(c, begin, &size));
    td_out(c, 0)->shape = size;
    return NULL;
}

static td_status slice_prepare(td_call *c)
{
    int64_t begin[TD_MAX_RANK], is[TD_MAX_RANK], os[TD_MAX_RANK], at = 0;
    td_shape size;
    td_nd_builder b;

    TD_TRY(read_slice(c, begin, &size));
    td_shape_strides(&td_in(c, 0)->shape, is);
    td_shape_strides(&size, os);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = 0; i < size.rank; i++) {
        td_nd_add(&b, size.dims[i], os[i], is[i]);
        at += begin[i] * is[i];
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, at);
    return NULL;
}

/* ---------------------------------------------------------------- strided: the masks */

typedef struct strided_attrs {
    int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
} strided_attrs;

static td_status strided_parse(td_parse *p)
{
    strided_attrs *const a = p->attrs;

    *a = (strided_attrs){ td_attr_int(p, "begin_mask"), td_attr_int(p, "end_mask"),
                          td_attr_int(p, "ellipsis_mask"), td_attr_int(p, "new_axis_mask"),
                          td_attr_int(p, "shrink_axis_mask") };
    if (__builtin_popcountll((unsigned long long)a->ellipsis_mask) > 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: Multiple ellipses in slice spec not allowed", p->node->name);
    return NULL;
}

typedef struct strided {
    int64_t first[TD_MAX_RANK], step[TD_MAX_RANK], count[TD_MAX_RANK]; /* per dimension of the input */
    td_shape out;
    int shown[TD_MAX_RANK]; /* per dimension of out: the input's, or -1 for a new axis */
} strided;

enum { MAX_SPEC = 32 };

static bool has(int64_t mask, size_t bit)
{
    return (mask >> bit & 1) != 0;
}

/* One dimension of the input under entry k of the spec. */
static td_status strided_dim(const td_call *c, const strided_attrs *a, int i, int64_t dim, size_t k,
                             int64_t begin, int64_t end, int64_t step, strided *s)
{
    const int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? dim : dim - 1;

    if (step == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "strides[%zu] must be non-zero", k);
    if (has(a->shrink_axis_mask, k)) {
        const int64_t at = begin < 0 ? begin + dim : begin;

        if (step < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "only stride 1 allowed on non-range indexing.");
        if (!has(a->begin_mask, k)) {
            if (at < 0 || at >= dim)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "slice index %" PRId64 " of dimension %d out of bounds.", begin, i);
            s->first[i] = at;
        } else if (dim == 0) {
            return TD_OP_ERR(c, INVALID_ARGUMENT, "slice index 0 of dimension %d out of bounds.", i);
        } else {
            s->first[i] = 0;
        }
        s->step[i] = 1;
        s->count[i] = 1;
        return NULL;
    }
    if (has(a->begin_mask, k))
        begin = step > 0 ? 0 : dim - 1;
    else
        begin = TD_MIN(TD_MAX(begin < 0 ? begin + dim : begin, lo), hi);
    if (has(a->end_mask, k))
        end = step > 0 ? dim : -1;
    else
        end = TD_MIN(TD_MAX(end < 0 ? end + dim : end, lo), hi);
    s->first[i] = begin;
    s->step[i] = step;
    const int64_t span = step > 0 ? end - begin : begin - end;
    const uint64_t width = step > 0 ? (uint64_t)step : -(uint64_t)step; /* also right for INT64_MIN */

    s->count[i] = span <= 0 ? 0 : (int64_t)(((uint64_t)span - 1) / width) + 1;
    if (s->count[i] <= 1) s->step[i] = 1; /* keeps products small */
    return NULL;
}

static td_status show(const td_call *c, strided *s, int64_t dim, int from)
{
    if (s->out.rank == TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    s->shown[s->out.rank] = from;
    s->out.dims[s->out.rank++] = dim;
    return NULL;
}

static td_status show_whole(const td_call *c, strided *s, int64_t dim, int i)
{
    s->first[i] = 0;
    s->step[i] = 1;
    s->count[i] = dim;
    return show(c, s, dim, i);
}

/* begin, end and strides are inputs first, first + 1 and first + 2. */
static td_status read_strided(td_call *c, const td_shape *in, uint32_t first, strided *s)
{
    const strided_attrs *const a = c->attrs;
    int64_t begin[MAX_SPEC], end[MAX_SPEC], step[MAX_SPEC];
    size_t n, ne, ns, after = 0, ellipsis = MAX_SPEC;
    int i = 0;

    TD_TRY(td_need_list(c, first, begin, MAX_SPEC, &n));
    TD_TRY(td_need_list(c, first + 1, end, MAX_SPEC, &ne));
    TD_TRY(td_need_list(c, first + 2, step, MAX_SPEC, &ns));
    if (n != ne || n != ns)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Expected begin, end, and strides to be 1D equal size tensors, but got shapes [%zu], [%zu], and "
            "[%zu] instead.",
            n, ne, ns);
    for (size_t k = 0; k < n; k++) {
        if (has(a->ellipsis_mask, k))
            ellipsis = k;
        else if (ellipsis < k && !has(a->new_axis_mask, k))
            after++;
    }
    s->out = (td_shape){ 0 };
    for (size_t k = 0; k < n; k++) {
        if (has(a->ellipsis_mask, k)) {
            for (; i < in->rank - (int)after; i++)
                TD_TRY(show_whole(c, s, in->dims[i], i));
        } else if (has(a->new_axis_mask, k)) {
            TD_TRY(show(c, s, 1, -1));
        } else {
            if (i >= in->rank)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Index out of range using input dim %d; input has only %d dims", i,
                                 (int)in->rank);
            TD_TRY(strided_dim(c, a, i, in->dims[i], k, begin[k], end[k], step[k], s));
            if (!has(a->shrink_axis_mask, k)) TD_TRY(show(c, s, s->count[i], i));
            i++;
        }
    }
    for (; i < in->rank; i++)
        TD_TRY(show_whole(c, s, in->dims[i], i));
    return NULL;
}

/* ---------------------------------------------------------------- strided: the ops */

static td_status strided_infer(td_call *c)
{
    strided s;

    TD_TRY(read_strided(c, &td_in(c, 0)->shape, 1, &s));
    td_out(c, 0)->shape = s.out;
    return NULL;
}

static td_status strided_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t strides[TD_MAX_RANK], at = 0, dense = 1;
    td_nd_builder b;
    strided s;

    TD_TRY(read_strided(c, in, 1, &s));
    td_shape_strides(in, strides);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = in->rank - 1; i >= 0; i--) {
        td_nd_add(&b, s.count[i], dense, strides[i] * s.step[i]);
        at += strides[i] * s.first[i];
        dense *= s.count[i];
    }
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, at);
    return NULL;
}

/* The strides of `have` seen as `want`, 0 where it repeats. */
static td_status spread_strides(const td_call *c, const td_shape *have, const td_shape *want,
                                int64_t *strides)
{
    int64_t dense[TD_MAX_RANK];
    td_shape joint;

    if (!td_shape_broadcast(have, want, &joint) || !td_shape_equal(&joint, want)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT, "Cannot broadcast input shape %s into final shape %s",
                         td_shape_text(have, a, sizeof a), td_shape_text(want, b, sizeof b));
    }
    td_shape_strides(have, dense);
    for (int i = 0; i < want->rank; i++) {
        const int k = i - (want->rank - have->rank);

        strides[i] = k < 0 || have->dims[k] == 1 ? 0 : dense[k];
    }
    return NULL;
}

/* The walk that writes a tensor like `value` into the slice of `whole`, repeated where its dims are 1; *at:
 * the first element of the slice. */
static td_status build_update(td_call *c, const td_shape *whole, const strided *s, const td_tensor *value,
                              td_nd_builder *b, int64_t *at)
{
    int64_t strides[TD_MAX_RANK], spread[TD_MAX_RANK];
    int shown = 0;

    TD_TRY(spread_strides(c, &value->shape, &s->out, spread));
    td_shape_strides(whole, strides);
    td_nd_start(b, td_dtype_size(value->dtype));
    *at = 0;
    for (int i = 0; i < whole->rank; i++) {
        while (shown < s->out.rank && s->shown[shown] < 0)
            shown++; /* new axes */
        const bool is_shown = shown < s->out.rank && s->shown[shown] == i;

        td_nd_add(b, s->count[i], strides[i] * s->step[i], is_shown ? spread[shown++] : 0);
        *at += strides[i] * s->first[i];
    }
    return NULL;
}

/* Adds the piece that writes input `from` into output 0. */
static td_status add_update(td_call *c, const td_shape *whole, const strided *s, uint32_t from)
{
    td_nd_builder b;
    int64_t at;

    TD_TRY(build_update(c, whole, s, td_in(c, from), &b, &at));
    td_moves_add(c, &b, 0, at, from, 0);
    return NULL;
}

/* TensorStridedSliceUpdate: input, begin, end, strides, value. */
static td_status update_infer(td_call *c)
{
    int64_t spread[TD_MAX_RANK];
    strided s;

    TD_TRY(read_strided(c, &td_in(c, 0)->shape, 1, &s));
    TD_TRY(spread_strides(c, &td_in(c, 4)->shape, &s.out, spread));
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    return NULL;
}

static td_status update_prepare(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    td_nd_builder b;
    strided s;

    TD_TRY(read_strided(c, &in->shape, 1, &s));
    TD_TRY(td_moves_init(c, 2));
    td_nd_start(&b, td_dtype_size(in->dtype));
    td_nd_add(&b, td_shape_count(&in->shape), 1, 1);
    td_moves_add(c, &b, 0, 0, 0, 0);
    return add_update(c, &in->shape, &s, 4);
}

/* StridedSliceGrad: shape, begin, end, strides, dy. */
static td_status grad_shapes(td_call *c, td_shape *whole, strided *s)
{
    TD_TRY(td_need_shape(c, 0, false, whole));
    TD_TRY(read_strided(c, whole, 1, s));
    if (!td_shape_equal(&s->out, &td_in(c, 4)->shape)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT, "shape of dy was %s instead of %s",
                         td_shape_text(&td_in(c, 4)->shape, a, sizeof a),
                         td_shape_text(&s->out, b, sizeof b));
    }
    return NULL;
}

static td_status grad_infer(td_call *c)
{
    td_shape whole;
    strided s;

    TD_TRY(grad_shapes(c, &whole, &s));
    td_out(c, 0)->shape = whole;
    return NULL;
}

static td_status grad_prepare(td_call *c)
{
    td_shape whole;
    strided s;

    TD_TRY(grad_shapes(c, &whole, &s));
    TD_TRY(td_moves_init(c, 1));
    td_moves_fill(c, TD_FILL_ZERO);
    return add_update(c, &whole, &s, 4);
}

/* ResourceStridedSliceAssign: ref, begin, end, strides, value. */
static td_status assign_into(void *ctx, td_tensor *value)
{
    td_call *const c = ctx;
    const td_tensor *const from = td_in(c, 4);
    td_nd_builder b;
    int64_t at = 0;
    td_nd nd;
    strided s;

    if (value->dtype != from->dtype)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "l-value dtype %s does not match r-value dtype %s",
                         td_dtype_name(value->dtype), td_dtype_name(from->dtype));
    TD_TRY(read_strided(c, &value->shape, 1, &s));
    TD_TRY(build_update(c, &value->shape, &s, from, &b, &at));
    td_nd_finish(&b, c->arena, c->env->cpu, &nd);
    td_nd_copy(&nd, (char *)value->data + at * b.elem, from->data);
    return NULL;
}

static td_status assign_run(td_call *c)
{
    td_variable *v;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    return td_variable_update(v, assign_into, c);
}

static const td_kernel assign_kernels[] = { { .dtypes = TD_MOVABLE, .run = assign_run }, { 0 } };
TD_MOVE_KERNELS(slice_kernels, slice_prepare);
TD_MOVE_KERNELS(strided_kernels, strided_prepare);
TD_MOVE_KERNELS(update_kernels, update_prepare);
TD_MOVE_KERNELS(grad_kernels, grad_prepare);

#define STRIDED_ATTRS                                                                                        \
    "T: type, Index: type, begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, "                 \
    "new_axis_mask: int = 0, shrink_axis_mask: int = 0"

const td_op td_ops_slice[] = {
    { .name = "Slice",
      .sig = "input: T, begin: Index, size: Index -> output: T",
      .attrs = "T: type, Index: type",
      .infer = slice_infer,
      .kernels = slice_kernels },
    { .name = "StridedSlice",
      .sig = "input: T, begin: Index, end: Index, strides: Index -> output: T",
      .attrs = STRIDED_ATTRS,
      .attrs_size = sizeof(strided_attrs),
      .parse = strided_parse,
      .infer = strided_infer,
      .kernels = strided_kernels },
    { .name = "TensorStridedSliceUpdate",
      .sig = "input: T, begin: Index, end: Index, strides: Index, value: T -> output: T",
      .attrs = STRIDED_ATTRS,
      .attrs_size = sizeof(strided_attrs),
      .parse = strided_parse,
      .infer = update_infer,
      .kernels = update_kernels },
    { .name = "StridedSliceGrad",
      .sig = "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
      .attrs = STRIDED_ATTRS,
      .key = "T",
      .attrs_size = sizeof(strided_attrs),
      .parse = strided_parse,
      .infer = grad_infer,
      .kernels = grad_kernels },
    { .name = "ResourceStridedSliceAssign",
      .sig = "ref: resource, begin: Index, end: Index, strides: Index, value: T ->",
      .attrs = STRIDED_ATTRS,
      .key = "T",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS,
      .attrs_size = sizeof(strided_attrs),
      .parse = strided_parse,
      .kernels = assign_kernels },
    { .name = "StridedSliceAssign", /* for passes/deref */
      .sig = "ref: &T, begin: Index, end: Index, strides: Index, value: T -> output_ref: &T",
      .attrs = STRIDED_ATTRS,
      .flags = TD_OP_STATEFUL },
    { 0 },
};
