/* SPDX-License-Identifier: Apache-2.0 */
/* op_sparse_serialize.c -- SerializeSparse, SerializeManySparse and back: sparse tensors as elements of a dense one.
 *
 * A sparse tensor becomes three parts: indices, values, shape. A part is a serialized TensorProto in a string, or a
 * variant that holds the tensor. What is many is split along the first dimension, and stacked along new ones. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/bag.h"
#include "ops/sparse/sparse.h"
#include "ops/strings.h"

enum { INDEX, VALUES, DIMS, PARTS };

static const td_object_class part_class = { .name = "Tensor", .free = td_bag_free };

/* ---------------------------------------------------------------- SerializeSparse */

static td_status write_parse(td_parse *p)
{
    const td_dtype out = td_attr_type(p, "out_type");

    if (out != TD_STRING && out != TD_VARIANT)
        return TD_ERR(INVALID_ARGUMENT, "%s: an output of %s", p->node->name, td_dtype_name(out));
    return NULL;
}

static td_status put_part(td_call *c, int64_t at, const td_tensor *part)
{
    td_tensor *const out = td_out(c, 0);

    if (out->dtype == TD_STRING)
        return td_text_of_tensor(c, part, TD_PROTO_STRINGS_JOINED, (td_string *)out->data + at);
    td_bag *const b = td_bag_make(&part_class, 1);
    const td_status s = td_bag_add(b, part);

    if (s)
        td_bag_unref(b);
    else
        ((td_bag **)out->data)[at] = b;
    return s;
}

static td_status check_parts(const td_call *c)
{
    static const char *const what[PARTS] = { "indices", "values", "shape" };

    for (uint32_t i = 0; i < PARTS; i++) {
        const td_shape *const s = &td_in(c, i)->shape;
        char text[TD_SHAPE_TEXT];

        if (s->rank != (i == INDEX ? 2 : 1))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input %s should be a %s but received shape %s", what[i],
                             i == INDEX ? "matrix" : "vector", td_shape_text(s, text, sizeof text));
    }
    return NULL;
}

static td_status serialize_run(td_call *c)
{
    TD_TRY(check_parts(c));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { PARTS } }));
    for (uint32_t i = 0; i < PARTS && td_out_is_used(c, 0); i++)
        TD_TRY(put_part(c, i, td_in(c, i)));
    return NULL;
}

/* ---------------------------------------------------------------- SerializeManySparse */

/* Indices within the shape, in order, none twice. */
static td_status check_indices(const td_call *c, const td_sparse *s)
{
    TD_TRY(td_sparse_check(c, s));
    for (int64_t i = 1; i < s->n; i++) {
        const int order = td_sparse_compare(s->index + (i - 1) * s->rank, s->index + i * s->rank, s->rank);

        if (order >= 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] is %s", i,
                             order ? "out of order" : "repeated");
    }
    return NULL;
}

/* Elements [from, to) without their first index; columns has room for the others. */
static td_status put_row(td_call *c, const td_sparse *s, int64_t from, int64_t to, int64_t *columns)
{
    const int64_t n = to - from, rank = s->rank - 1, row = s->index[from * s->rank];
    const td_dtype dtype = s->values->dtype;

    for (int64_t i = 0; i < n; i++)
        memcpy(columns + i * rank, s->index + (from + i) * s->rank + 1, (size_t)rank * sizeof *columns);
    TD_TRY(put_part(c, row * PARTS + INDEX, &(td_tensor){ TD_I64, { 2, { n, rank } }, columns, NULL }));
    const td_tensor values = {
        dtype, { 1, { n } }, (char *)s->values->data + (size_t)from * td_dtype_size(dtype), NULL
    };

    return put_part(c, row * PARTS + VALUES, &values);
}

/* What rows without elements have, and the shape of all rows: made once, shared by all others. */
static td_status fill_rows(td_call *c, const td_sparse *s, int64_t first_empty)
{
    td_tensor *const out = td_out(c, 0);
    const int64_t rank = s->rank - 1;
    int64_t dims[TD_MAX_RANK];

    memcpy(dims, s->dims + 1, (size_t)rank * sizeof *dims);
    TD_TRY(put_part(c, DIMS, &(td_tensor){ TD_I64, { 1, { rank } }, dims, NULL }));
    if (first_empty < s->dims[0]) {
        TD_TRY(
            put_part(c, first_empty * PARTS + INDEX, &(td_tensor){ TD_I64, { 2, { 0, rank } }, NULL, NULL }));
        TD_TRY(put_part(c, first_empty * PARTS + VALUES,
                        &(td_tensor){ s->values->dtype, { 1, { 0 } }, NULL, NULL }));
    }
    for (int64_t r = 0, at = 0; r < s->dims[0]; r++) {
        const bool is_empty = at >= s->n || s->index[at * s->rank] != r;

        while (at < s->n && s->index[at * s->rank] == r)
            at++;
        for (int64_t i = is_empty ? INDEX : DIMS; i < PARTS; i++) {
            const int64_t to = r * PARTS + i, from = i == DIMS ? DIMS : first_empty * PARTS + i;

            if (to == from) continue;
            if (out->dtype == TD_STRING)
                ((td_string *)out->data)[to] = ((const td_string *)out->data)[from];
            else
                ((td_object **)out->data)[to] = td_object_ref(((td_object **)out->data)[from]);
        }
    }
    return NULL;
}

static td_status serialize_many_run(td_call *c)
{
    int64_t *columns, first_empty = 0;
    size_t count;
    td_sparse s;

    TD_TRY(check_parts(c));
    TD_TRY(td_sparse_of(c, INDEX, VALUES, DIMS, &s));
    if (s.rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Rank of input SparseTensor should be > 1, but saw rank: %" PRId64, s.rank);
    TD_TRY(check_indices(c, &s));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { s.dims[0], PARTS } }));
    if (!td_out_is_used(c, 0) || !s.dims[0]) return NULL;
    if (!td_mul_size((size_t)s.n, (size_t)s.rank, &count))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "too many indices");
    TD_TRY(td_text_rooms(c, count, sizeof *columns, &columns));
    for (int64_t from = 0, to; from < s.n; from = to) {
        const int64_t row = s.index[from * s.rank];

        for (to = from + 1; to < s.n && s.index[to * s.rank] == row;)
            to++;
        TD_TRY(put_row(c, &s, from, to, columns + from * (s.rank - 1)));
        if (row == first_empty) first_empty++;
    }
    return fill_rows(c, &s, first_empty);
}

/* ---------------------------------------------------------------- DeserializeSparse, DeserializeManySparse */

typedef struct read_attrs {
    td_dtype dtype;
} read_attrs;

static td_status read_parse(td_parse *p)
{
    ((read_attrs *)p->attrs)->dtype = td_attr_type(p, "dtype");
    return NULL;
}

typedef struct part {
    td_tensor_proto proto; /* of a string */
    td_tensor tensor;      /* its elements are there when it came in a variant */
} part;

/* The head of element `at`; elements of a string are read when it is clear that they are wanted. */
static td_status part_of(const td_call *c, int64_t at, part *out)
{
    const td_tensor *const in = td_in(c, 0);

    if (in->dtype == TD_STRING) {
        const td_string s = ((const td_string *)in->data)[at];

        TD_TRY(td_tensor_proto_parse((const uint8_t *)s.data, s.size, &out->proto));
        out->tensor = (td_tensor){ .dtype = out->proto.dtype, .shape = out->proto.shape };
        return NULL;
    }
    const td_bag *const b = td_bag_at(in, at, &part_class);

    if (!b) return TD_OP_ERR(c, INVALID_ARGUMENT, "Element %" PRId64 " holds no tensor", at);
    out->tensor = b->items[0];
    return NULL;
}

static td_status read_part(td_call *c, const part *p, td_tensor *out)
{
    if (td_in(c, 0)->dtype == TD_STRING)
        return td_tensor_proto_read(p->proto.bytes, p->proto.size, c->arena, out);
    *out = p->tensor;
    return NULL;
}

/* Do the parts of sparse tensor i make one of this type? */
static td_status check_tensor(const td_call *c, int64_t i, const part *p)
{
    const td_tensor *const index = &p[INDEX].tensor, *const values = &p[VALUES].tensor,
                           *const dims = &p[DIMS].tensor;
    const td_dtype want = ((const read_attrs *)c->attrs)->dtype;
    char text[TD_SHAPE_TEXT];

    if (index->shape.rank != 2 || index->dtype != TD_I64)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected serialized_sparse[%" PRId64
                         ", 0] to represent an index matrix but received shape %s",
                         i, td_shape_text(&index->shape, text, sizeof text));
    if (values->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected serialized_sparse[%" PRId64
                         ", 1] to represent a values vector but received shape %s",
                         i, td_shape_text(&values->shape, text, sizeof text));
    if (dims->shape.rank != 1 || dims->dtype != TD_I64)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected serialized_sparse[%" PRId64
                         ", 2] to be a shape vector but its shape is %s",
                         i, td_shape_text(&dims->shape, text, sizeof text));
    if (values->dtype != want)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Requested SparseTensor of type %s but SparseTensor[%" PRId64
                         "].values.dtype() == %s",
                         td_dtype_name(want), i, td_dtype_name(values->dtype));
    if (index->shape.dims[0] != values->shape.dims[0] || index->shape.dims[1] != dims->shape.dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected counts of SparseTensor[%" PRId64
                         "]'s indices, values and shape to match but they do not",
                         i);
    return NULL;
}

/* All sparse tensors of the input, of one rank; the result's index rows start with where a tensor stands in the input. */
typedef struct stack {
    part (*parts)[PARTS];
    int64_t n, lead, rank, elements;
    int64_t dims[TD_MAX_RANK]; /* lead of the input, then the largest of each dimension */
} stack;

/* Adds tensor i to what is known of all. */
static td_status measure(td_call *c, stack *s, int64_t i)
{
    part *const p = s->parts[i];
    td_tensor dims;

    for (int64_t k = 0; k < PARTS; k++)
        TD_TRY(part_of(c, i * PARTS + k, &p[k]));
    TD_TRY(check_tensor(c, i, p));
    const int64_t rank = p[DIMS].tensor.shape.dims[0];

    if (i == 0) s->rank = rank;
    if (rank != s->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Inconsistent shape across sparse tensors: rank prior to SparseTensor[%" PRId64
                         "] was: %" PRId64 " but rank of SparseTensor[%" PRId64 "] is: %" PRId64,
                         i, s->rank, i, rank);
    if (s->lead + rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "sparse tensors have at most %d dimensions", TD_MAX_RANK);
    TD_TRY(read_part(c, &p[DIMS], &dims));
    for (int64_t k = 0; k < rank; k++) {
        const int64_t dim = ((const int64_t *)dims.data)[k];

        if (dim < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Dimension %" PRId64 " must be >= 0", dim);
        s->dims[s->lead + k] = TD_MAX(s->dims[s->lead + k], dim);
    }
    if (!td_add_i64(s->elements, p[INDEX].tensor.shape.dims[0], &s->elements))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "too many elements");
    return NULL;
}

static td_status measure_all(td_call *c, stack *s)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    char text[TD_SHAPE_TEXT];

    if (in->rank < 1 || in->dims[in->rank - 1] != PARTS)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Serialized sparse should have 3 as the last dimension, got shape %s",
                         td_shape_text(in, text, sizeof text));
    *s = (stack){ .lead = in->rank - 1, .n = td_shape_span(in, 0, in->rank - 1) };
    if (s->n == 0)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Serialized sparse should have at least 1 serialized tensor, but has a zero dimension %s",
            td_shape_text(in, text, sizeof text));
    memcpy(s->dims, in->dims, (size_t)s->lead * sizeof *s->dims);
    TD_TRY(td_text_rooms(c, (size_t)s->n, sizeof *s->parts, &s->parts));
    for (int64_t i = 0; i < s->n; i++)
        TD_TRY(measure(c, s, i));
    return NULL;
}

/* Tensor i becomes the elements from `at` on. */
static td_status put_tensor(td_call *c, const stack *s, int64_t i, int64_t at)
{
    int64_t row[TD_MAX_RANK], rest = i;
    const int64_t n = s->parts[i][INDEX].tensor.shape.dims[0];
    const size_t elem = td_dtype_size(s->parts[i][VALUES].tensor.dtype);
    td_tensor index, values;

    TD_TRY(read_part(c, &s->parts[i][INDEX], &index));
    TD_TRY(read_part(c, &s->parts[i][VALUES], &values));
    for (int64_t k = s->lead; k-- > 0; rest /= s->dims[k])
        row[k] = rest % s->dims[k];
    for (int64_t e = 0; e < n; e++) {
        if (s->rank)
            memcpy(row + s->lead, (const int64_t *)index.data + e * s->rank, (size_t)s->rank * sizeof *row);
        td_sparse_put(c, 0, 1, at + e, row, s->lead + s->rank, (const char *)values.data + (size_t)e * elem);
    }
    return NULL;
}

static td_status deserialize_run(td_call *c)
{
    stack s;

    TD_TRY(measure_all(c, &s));
    const td_shape index = { 2, { s.elements, s.lead + s.rank } };

    TD_TRY(td_shape_check(&index));
    TD_TRY(td_sparse_make(c, 0, 1, s.elements, s.lead + s.rank));
    for (int64_t i = 0, at = 0; i < s.n; at += s.parts[i++][INDEX].tensor.shape.dims[0])
        TD_TRY(put_tensor(c, &s, i, at));
    return td_sparse_put_dims(c, 2, s.dims, s.lead + s.rank);
}

#define WRITABLE (~(TD_DTYPE_BIT(TD_VARIANT) | TD_DTYPE_BIT(TD_RESOURCE)))

TD_RUN_KERNEL(serialize_kernels, WRITABLE, serialize_run);
TD_RUN_KERNEL(serialize_many_kernels, WRITABLE, serialize_many_run);
TD_RUN_KERNEL(deserialize_kernels, TD_DTYPE_BIT(TD_STRING) | TD_DTYPE_BIT(TD_VARIANT), deserialize_run);

#define WRITE(op, kernels_)                                                                                  \
    {                                                                                                        \
        .name = op,                                                                                          \
        .sig =                                                                                               \
            "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> serialized_sparse: out_type",   \
        .attrs = "T: type, out_type: type = string", .key = "T", .flags = TD_OP_DYNAMIC,                     \
        .parse = write_parse, .kernels = kernels_                                                            \
    }
#define READ(op, type, attrs_)                                                                               \
    {                                                                                                        \
        .name = op,                                                                                          \
        .sig = "serialized_sparse: " type                                                                    \
               " -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",                       \
        .attrs = "dtype: type" attrs_, .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(read_attrs),             \
        .parse = read_parse, .kernels = deserialize_kernels                                                  \
    }

const td_op td_ops_sparse_serialize[] = {
    WRITE("SerializeSparse", serialize_kernels),
    WRITE("SerializeManySparse", serialize_many_kernels),
    READ("DeserializeSparse", "Tserialized", ", Tserialized: type = string"),
    READ("DeserializeManySparse", "string", ""),
    { 0 },
};
