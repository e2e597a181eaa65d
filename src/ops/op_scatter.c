/* op_scatter.c -- rows written or folded into places that indices name.
 *
 * indices is [rows..., depth]: each row names a place in the first `depth` dims; updates has a slice for
 * each. All indices are looked at before anything is written, so that an error leaves nothing half done. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "kernels/array/gather.h"
#include "ops/array.h"

typedef enum scatter_mode { SCATTER_SET, SCATTER_ADD, SCATTER_SUB, SCATTER_MIN, SCATTER_MAX } scatter_mode;

typedef struct scatter_attrs {
    scatter_mode mode;
    bool ignore; /* bad indices are passed over */
} scatter_attrs;

static td_status parse_as(td_parse *p, scatter_mode mode)
{
    *(scatter_attrs *)p->attrs =
        (scatter_attrs){ mode, td_attr_string_is(p, "bad_indices_policy", "IGNORE") };
    return NULL;
}

static td_status parse_set(td_parse *p)
{
    return parse_as(p, SCATTER_SET);
}

static td_status parse_add(td_parse *p)
{
    return parse_as(p, SCATTER_ADD);
}

static td_status parse_sub(td_parse *p)
{
    return parse_as(p, SCATTER_SUB);
}

static td_status parse_min(td_parse *p)
{
    return parse_as(p, SCATTER_MIN);
}

static td_status parse_max(td_parse *p)
{
    return parse_as(p, SCATTER_MAX);
}

static td_combine_fn *fold_of(scatter_mode mode, td_dtype dtype)
{
    static const td_combine ops[] = { TD_COMBINE_ADD, TD_COMBINE_ADD, TD_COMBINE_SUB, TD_COMBINE_MIN,
                                      TD_COMBINE_MAX };

    return mode == SCATTER_SET ? NULL : td_combine_find(ops[mode], dtype);
}

/* ---------------------------------------------------------------- shapes */

static td_status check_shapes(const td_call *c, const td_shape *out, const td_shape *index,
                              const td_shape *updates)
{
    char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

    if (index->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Indices shape must have rank at least one. Found: []");
    if (updates->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Updates shape must have rank at least one. Found: []");
    const int rows = index->rank - 1;
    const int64_t depth = index->dims[rows];

    if (depth > out->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The inner %d dimensions of output.shape=%s must match the indices", (int)depth,
                         td_shape_text(out, a, sizeof a));
    bool fits = updates->rank == rows + out->rank - (int)depth;

    for (int i = 0; fits && i < rows; i++)
        fits = updates->dims[i] == index->dims[i];
    if (!fits)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Dimensions [0,%d) of indices[shape=%s] must match dimensions [0,%d) of updates[shape=%s]", rows,
            td_shape_text(index, a, sizeof a), rows, td_shape_text(updates, b, sizeof b));
    for (int i = (int)depth; fits && i < out->rank; i++)
        fits = updates->dims[rows + i - (int)depth] == out->dims[i];
    if (!fits)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Dimensions [%d,%d) of input[shape=%s] must match dimensions [%d,%d) of updates[shape=%s]",
            (int)depth, (int)out->rank, td_shape_text(out, a, sizeof a), rows, (int)updates->rank,
            td_shape_text(updates, b, sizeof b));
    return NULL;
}

/* TensorScatter*: tensor, indices, updates. */
static td_status tensor_infer(td_call *c)
{
    TD_TRY(check_shapes(c, &td_in(c, 0)->shape, &td_in(c, 1)->shape, &td_in(c, 2)->shape));
    return td_infer_same(c);
}

/* ScatterNd: indices, updates, shape. */
static td_status nd_infer(td_call *c)
{
    td_shape s;

    TD_TRY(td_need_shape(c, 2, false, &s));
    TD_TRY(check_shapes(c, &s, &td_in(c, 0)->shape, &td_in(c, 1)->shape));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* ---------------------------------------------------------------- run */

typedef struct scatter {
    const td_tensor *index, *updates;
    td_tensor *out;
    int64_t rows, depth;
    int64_t strides[TD_MAX_RANK]; /* of out, in elements */
    size_t slice;                 /* elements */
} scatter;

static void open_scatter(scatter *s, td_tensor *out, const td_tensor *index, const td_tensor *updates)
{
    const int last = index->shape.rank - 1;

    *s = (scatter){ .index = index, .updates = updates, .out = out };
    s->rows = td_shape_span(&index->shape, 0, last);
    s->depth = index->shape.dims[last];
    s->slice = (size_t)td_shape_span(&out->shape, (int)s->depth, out->shape.rank);
    td_shape_strides(&out->shape, s->strides);
}

/* Where row r goes, in elements; -1 when that is nowhere. */
static int64_t place(const scatter *s, int64_t r)
{
    int64_t at = 0;

    for (int64_t k = 0; k < s->depth; k++) {
        const int64_t v = td_index_at(s->index->data, s->index->dtype, r * s->depth + k);

        if (v < 0 || v >= s->out->shape.dims[k]) return -1;
        at += v * s->strides[k];
    }
    return at;
}

static td_status check_places(const td_call *c, const scatter *s)
{
    for (int64_t r = 0; r < s->rows; r++) {
        td_shape v = { .rank = (int32_t)s->depth };
        char at[TD_SHAPE_TEXT], in[TD_SHAPE_TEXT];

        if (place(s, r) >= 0) continue;
        for (int64_t k = 0; k < s->depth; k++)
            v.dims[k] = td_index_at(s->index->data, s->index->dtype, r * s->depth + k);
        return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] = %s does not index into shape %s", r,
                         td_shape_text(&v, at, sizeof at), td_shape_text(&s->out->shape, in, sizeof in));
    }
    return NULL;
}

/* Strings are added by putting one behind the other. */
static td_status join_strings(td_call *c, td_string *to, const td_string *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *const bytes = td_string_alloc(c, to[i].size + from[i].size);

        if (!bytes) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
        if (to[i].size) memcpy(bytes, to[i].data, to[i].size);
        if (from[i].size) memcpy(bytes + to[i].size, from[i].data, from[i].size);
        to[i] = (td_string){ bytes, to[i].size + from[i].size };
    }
    return NULL;
}

static td_status scatter_all(td_call *c, const scatter *s, scatter_mode mode)
{
    const size_t elem = td_dtype_size(s->out->dtype);
    td_combine_fn *const fold = fold_of(mode, s->out->dtype);

    for (int64_t r = 0; r < s->rows && s->slice; r++) {
        const int64_t at = place(s, r);
        char *const to = (char *)s->out->data + (size_t)TD_MAX(at, 0) * elem;
        const char *const from = (const char *)s->updates->data + (size_t)r * s->slice * elem;

        if (at < 0) continue;
        if (fold)
            fold(to, from, s->slice, 1);
        else if (mode == SCATTER_SET)
            memcpy(to, from, s->slice * elem);
        else
            TD_TRY(join_strings(c, (td_string *)(void *)to, (const td_string *)(const void *)from, s->slice));
    }
    return NULL;
}

static td_status scatter_run(td_call *c, td_tensor *out, const td_tensor *index, const td_tensor *updates)
{
    const scatter_attrs *const a = c->attrs;
    scatter s;

    open_scatter(&s, out, index, updates);
    if (!a->ignore) TD_TRY(check_places(c, &s));
    return scatter_all(c, &s, a->mode);
}

static td_status tensor_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memcpy(out->data, td_in(c, 0)->data, bytes);
    return scatter_run(c, out, td_in(c, 1), td_in(c, 2));
}

static td_status nd_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t bytes = td_tensor_bytes(out);

    if (bytes) memset(out->data, 0, bytes);
    return scatter_run(c, out, td_in(c, 0), td_in(c, 1));
}

/* ---------------------------------------------------------------- InplaceUpdate, InplaceAdd, InplaceSub: x,
 * i, v */

static td_status inplace_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const i = &td_in(c, 1)->shape,
                          *const v = &td_in(c, 2)->shape;
    bool fits = i->rank == 1 && x->rank >= 1 && v->rank == x->rank && v->dims[0] == i->dims[0];

    for (int k = 1; fits && k < x->rank; k++)
        fits = x->dims[k] == v->dims[k];
    if (!fits) return TD_OP_ERR(c, INVALID_ARGUMENT, "x, i and v have shapes that do not fit each other");
    return td_infer_same(c);
}

static td_status inplace_run(td_call *c)
{
    const char what = c->op->name[strlen("Inplace")];
    const scatter_mode mode = what == 'U' ? SCATTER_SET : what == 'A' ? SCATTER_ADD : SCATTER_SUB;
    td_tensor *const out = td_out(c, 0);
    td_tensor index = *td_in(c, 1);
    const size_t bytes = td_tensor_bytes(out);
    scatter s;

    if (bytes) memcpy(out->data, td_in(c, 0)->data, bytes);
    index.shape = (td_shape){ 2, { index.shape.dims[0], 1 } };
    open_scatter(&s, out, &index, td_in(c, 2));
    TD_TRY(check_places(c, &s));
    return scatter_all(c, &s, mode);
}

#define INTS                                                                                                 \
    (TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) |              \
     TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_U64))
#define REALS                                                                                                \
    (INTS | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16))
#define NUMBERS (REALS | TD_DTYPE_BIT(TD_C64) | TD_DTYPE_BIT(TD_C128))

static const td_kernel set_kernels[] = { { .dtypes = TD_MOVABLE, .run = tensor_run }, { 0 } };
static const td_kernel add_kernels[] = {
    { .dtypes = NUMBERS | TD_DTYPE_BIT(TD_BOOL) | TD_DTYPE_BIT(TD_STRING), .run = tensor_run },
    { 0 },
};
static const td_kernel sub_kernels[] = { { .dtypes = NUMBERS, .run = tensor_run }, { 0 } };
static const td_kernel order_kernels[] = { { .dtypes = REALS, .run = tensor_run }, { 0 } };
static const td_kernel nd_kernels[] = {
    { .dtypes = NUMBERS | TD_DTYPE_BIT(TD_BOOL) | TD_DTYPE_BIT(TD_STRING), .run = nd_run },
    { 0 },
};
static const td_kernel update_kernels[] = { { .dtypes = TD_MOVABLE, .run = inplace_run }, { 0 } };
static const td_kernel inplace_kernels[] = { { .dtypes = NUMBERS, .run = inplace_run }, { 0 } };

#define TENSOR(op, parse_, kernels_)                                                                         \
    {                                                                                                        \
        .name = op, .sig = "tensor: T, indices: Tindices, updates: T -> output: T", .attrs = SCATTER_ATTRS,  \
        .attrs_size = sizeof(scatter_attrs), .parse = parse_, .infer = tensor_infer, .kernels = kernels_     \
    }
#define SCATTER_ATTRS "T: type, Tindices: type, bad_indices_policy: string = ''"
#define INPLACE(op, kernels_)                                                                                \
    {                                                                                                        \
        .name = op, .sig = "x: T, i: int32, v: T -> y: T", .attrs = "T: type", .infer = inplace_infer,       \
        .kernels = kernels_                                                                                  \
    }

const td_op td_ops_scatter[] = {
    { .name = "ScatterNd",
      .sig = "indices: Tindices, updates: T, shape: Tindices -> output: T",
      .attrs = SCATTER_ATTRS,
      .key = "T",
      .attrs_size = sizeof(scatter_attrs),
      .parse = parse_add,
      .infer = nd_infer,
      .kernels = nd_kernels },
    { .name = "ScatterNdNonAliasingAdd",
      .sig = "input: T, indices: Tindices, updates: T -> output: T",
      .attrs = SCATTER_ATTRS,
      .attrs_size = sizeof(scatter_attrs),
      .parse = parse_add,
      .infer = tensor_infer,
      .kernels = add_kernels },
    TENSOR("TensorScatterUpdate", parse_set, set_kernels),
    TENSOR("TensorScatterAdd", parse_add, add_kernels),
    TENSOR("TensorScatterSub", parse_sub, sub_kernels),
    TENSOR("TensorScatterMin", parse_min, order_kernels),
    TENSOR("TensorScatterMax", parse_max, order_kernels),
    INPLACE("InplaceUpdate", update_kernels),
    INPLACE("InplaceAdd", inplace_kernels),
    INPLACE("InplaceSub", inplace_kernels),
    { 0 },
};
