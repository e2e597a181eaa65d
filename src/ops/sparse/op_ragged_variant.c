/* SPDX-License-Identifier: Apache-2.0 */
/* op_ragged_variant.c -- RaggedTensorToVariant, RaggedTensorFromVariant: a ragged tensor as one element, or its rows as the
 * elements of a vector; and elements of any shape stacked into a ragged tensor.
 *
 * An element is the bag of the splits of each level, then the values. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/bag.h"
#include "ops/sparse/ragged.h"
#include "ops/strings.h"

static const td_object_class ragged_class = { .name = "RaggedTensorVariant", .free = td_bag_free };

/* ---------------------------------------------------------------- RaggedTensorToVariant */

typedef struct to_attrs {
    bool is_batched;
} to_attrs;

static td_status to_parse(td_parse *p)
{
    ((to_attrs *)p->attrs)->is_batched = td_attr_bool(p, "batched_input");
    return NULL;
}

static td_status put_whole(td_call *c)
{
    if (c->n_in > 1) TD_TRY(td_ragged_check_nested(c, c->n_in - 1));
    td_bag *const b = td_bag_make(&ragged_class, c->n_in);
    td_status s = NULL;

    for (uint32_t i = 0; !s && i < c->n_in; i++)
        s = td_bag_add(b, td_in(c, i));
    if (!s) return td_bag_put(c, 0, b);
    td_bag_unref(b);
    return s;
}

/* Splits [begin, end] of a level as those of a tensor of its own, which starts with 0. */
static td_status add_splits(td_bag *b, const td_tensor *splits, int64_t begin, int64_t end)
{
    td_tensor *const to = &b->items[b->n];

    TD_TRY(td_tensor_make(splits->dtype, &(td_shape){ 1, { end - begin + 1 } }, to));
    b->n++;
    for (int64_t i = begin; i <= end; i++)
        td_tensor_set_int(to, (size_t)(i - begin),
                          td_ragged_split(splits, i) - td_ragged_split(splits, begin));
    return NULL;
}

/* Rows [begin, end) of a tensor of rank 1 or more: a view. */
static td_tensor rows_of(const td_tensor *t, int64_t begin, int64_t end)
{
    const size_t row = (size_t)td_shape_span(&t->shape, 1, t->shape.rank) * td_dtype_size(t->dtype);
    td_tensor part = *t;

    part.shape.dims[0] = end - begin;
    if (t->data) part.data = (char *)t->data + (size_t)begin * row;
    return part;
}

/* Row r of the outermost level. */
static td_status fill_row(td_call *c, int64_t r, td_bag *b)
{
    const uint32_t levels = c->n_in - 1;
    int64_t begin = r, end = r + 1;

    for (uint32_t i = 0; i < levels; i++) {
        const td_tensor *const splits = td_in(c, i);

        if (i) TD_TRY(add_splits(b, splits, begin, end));
        begin = td_ragged_split(splits, begin);
        end = td_ragged_split(splits, end);
    }
    const td_tensor values = rows_of(td_in(c, levels), begin, end);

    return td_bag_add(b, &values);
}

static td_status put_rows(td_call *c)
{
    const uint32_t levels = c->n_in - 1;

    TD_TRY(td_ragged_check_nested(c, levels));
    const int64_t rows = td_in(c, 0)->shape.dims[0] - 1;

    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { rows } }));
    for (int64_t r = 0; r < rows && td_out_is_used(c, 0); r++) {
        td_bag *const b = td_bag_make(&ragged_class, levels);

        ((td_bag **)td_out(c, 0)->data)[r] = b; /* the output's, also on failure */
        TD_TRY(fill_row(c, r, b));
    }
    return NULL;
}

static td_status to_run(td_call *c)
{
    return ((const to_attrs *)c->attrs)->is_batched ? put_rows(c) : put_whole(c);
}

/* ---------------------------------------------------------------- RaggedTensorFromVariant */

typedef struct from_attrs {
    int64_t in_rank, out_rank; /* levels of an element (-1: what remains), of the result */
    td_dtype values, splits;
} from_attrs;

static td_status from_parse(td_parse *p)
{
    const from_attrs a = { td_attr_int(p, "input_ragged_rank"), td_attr_int(p, "output_ragged_rank"),
                           td_attr_type(p, "Tvalues"), td_attr_type(p, "Tsplits") };

    if (a.in_rank < -1 || a.out_rank < 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: ragged ranks of %" PRId64 " and %" PRId64, p->node->name,
                      a.in_rank, a.out_rank);
    *(from_attrs *)p->attrs = a;
    return NULL;
}

/* The elements to stack. */
typedef struct stack {
    td_call *c;
    const td_shape *outer;
    td_bag **at;
    int64_t n;
    uint32_t in_rank, out_rank;
} stack;

static const td_tensor *values_of(const td_bag *b)
{
    return &b->items[b->n - 1];
}

static td_status levels_of(stack *s)
{
    const from_attrs *const a = s->c->attrs;
    const int64_t dims = s->outer->rank;
    const int64_t in = a->in_rank >= 0 ? a->in_rank : a->out_rank ? a->out_rank - dims : 0;

    if (in < 0)
        return TD_OP_ERR(
            s->c, INVALID_ARGUMENT,
            "Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims()) must be >= 0, "
            "found output_ragged_rank: %" PRId64 ", encoded_variant.dims(): %" PRId64,
            a->out_rank, dims);
    if (a->out_rank != dims + in && (a->out_rank || in))
        return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                         "output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(); "
                         "output_ragged_rank: %" PRId64 ", input_ragged_rank: %" PRId64
                         ", encoded_variant.dims(): %" PRId64,
                         a->out_rank, in, dims);
    s->in_rank = (uint32_t)in;
    s->out_rank = (uint32_t)a->out_rank;
    return NULL;
}

/* Is element i a ragged tensor of the types and levels that are asked for? */
static td_status check_element(const stack *s, int64_t i)
{
    const td_bag *const b = s->at[i];
    const from_attrs *const a = s->c->attrs;

    if (!b)
        return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                         "Input Variant element at index %" PRId64 " doesn't hold a RaggedTensorVariant", i);
    if (b->n != s->in_rank + 1)
        return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                         "Encoded input RaggedTensorVariant has ragged_rank=%zu.  Expected ragged_rank=%u.",
                         b->n - 1, s->in_rank);
    if (values_of(b)->dtype != a->values || (values_of(b)->shape.rank < 1 && s->out_rank))
        return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                         "Expected values Tensor dtype: %s, of rank 1 or more; found: %s of rank %d",
                         td_dtype_name(a->values), td_dtype_name(values_of(b)->dtype),
                         (int)values_of(b)->shape.rank);
    for (size_t k = 0; k + 1 < b->n; k++)
        if (b->items[k].dtype != a->splits || b->items[k].shape.rank != 1 || b->items[k].shape.dims[0] < 1)
            return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                             "Expected row_splits Tensor dtype: %s, of rank 1; found: %s of rank %d",
                             td_dtype_name(a->splits), td_dtype_name(b->items[k].dtype),
                             (int)b->items[k].shape.rank);
    return NULL;
}

static td_status take_elements(stack *s)
{
    const td_tensor *const in = td_in(s->c, 0);

    s->outer = &in->shape;
    s->n = td_shape_count(&in->shape);
    TD_TRY(levels_of(s));
    TD_TRY(td_text_rooms(s->c, (size_t)s->n, sizeof *s->at, &s->at));
    for (int64_t i = 0; i < s->n; i++) {
        s->at[i] = td_bag_at(in, i, &ragged_class);
        TD_TRY(check_element(s, i));
    }
    return NULL;
}

/* A scalar: the element as it is. */
static td_status put_element(const stack *s)
{
    for (uint32_t i = 0; i < s->c->n_out; i++)
        TD_TRY(td_out_set(s->c, i, &s->at[0]->items[i]));
    return NULL;
}

/* The levels of the input's own dimensions: uniform but for the last, whose rows are those of the elements. A level has as
 * many rows as its dimension says, as in TensorFlow, which is too few from the second on. */
static td_status put_outer_splits(const stack *s)
{
    const int dims = s->outer->rank;

    for (int i = 0; i < dims; i++) {
        const int64_t rows = i + 1 < dims ? s->outer->dims[i] : s->n;
        int64_t end = 0;

        TD_TRY(td_ragged_start(s->c, (uint32_t)i, rows));
        for (int64_t r = 0; r < rows; r++) {
            const int64_t own =
                i + 1 < dims ? s->outer->dims[i + 1] : s->at[r]->items[0].shape.dims[0] - (s->in_rank > 0);

            TD_TRY(td_ragged_add_row(s->c, (uint32_t)i, r, own, &end));
        }
    }
    return NULL;
}

/* The levels of the elements, one after another. */
static td_status put_inner_splits(const stack *s)
{
    for (uint32_t k = 0; k < s->in_rank; k++) {
        const uint32_t to = (uint32_t)s->outer->rank + k;
        int64_t rows = 0, end = 0, row = 0;

        for (int64_t i = 0; i < s->n; i++)
            if (!td_add_i64(rows, s->at[i]->items[k].shape.dims[0] - 1, &rows))
                return TD_OP_ERR(s->c, RESOURCE_EXHAUSTED, "too many rows");
        TD_TRY(td_ragged_start(s->c, to, rows));
        for (int64_t i = 0; i < s->n; i++) {
            const td_tensor *const splits = &s->at[i]->items[k];

            for (int64_t r = 1; r < splits->shape.dims[0]; r++)
                TD_TRY(td_ragged_add_row(s->c, to, row++,
                                         td_ragged_split(splits, r) - td_ragged_split(splits, r - 1), &end));
        }
    }
    return NULL;
}

/* Values of all elements, which differ at most in dimension 0; out of a rank more: stacked, for they are alike. */
static td_status values_shape(const stack *s, bool is_stacked, td_shape *out)
{
    char text[2][TD_SHAPE_TEXT];
    int64_t dims[TD_MAX_RANK + 1] = { 0 }, n = 0;

    if (!s->n) return td_shape_make(1, dims, out);
    const td_shape *const first = &values_of(s->at[0])->shape;

    for (int64_t i = 0; i < s->n; i++) {
        td_shape v = values_of(s->at[i])->shape;

        if (!td_add_i64(n, is_stacked ? 1 : v.dims[0], &n))
            return TD_OP_ERR(s->c, RESOURCE_EXHAUSTED, "too many values");
        if (!is_stacked && v.rank == first->rank) v.dims[0] = first->dims[0];
        if (!td_shape_equal(&v, first))
            return TD_OP_ERR(s->c, INVALID_ARGUMENT,
                             "All flat_values must have compatible shapes.  Shape at index 0: %s.  Shape at "
                             "index %" PRId64 ": %s.",
                             td_shape_text(first, text[0], sizeof text[0]), i,
                             td_shape_text(&values_of(s->at[i])->shape, text[1], sizeof text[1]));
    }
    dims[0] = n;
    for (int k = is_stacked ? 0 : 1, to = 1; k < first->rank; k++)
        dims[to++] = first->dims[k];
    return td_shape_make(first->rank + is_stacked, dims, out);
}

static td_status put_values(const stack *s)
{
    const uint32_t to = s->c->n_out - 1;
    td_shape shape;

    TD_TRY(values_shape(s, s->out_rank == 0, &shape));
    TD_TRY(td_out_make(s->c, to, &shape));
    char *at = td_out_is_used(s->c, to) ? td_out(s->c, to)->data : NULL;

    for (int64_t i = 0; at && i < s->n; i++) {
        const size_t bytes = td_tensor_bytes(values_of(s->at[i]));

        if (bytes) memcpy(at, values_of(s->at[i])->data, bytes);
        at += bytes;
    }
    return NULL;
}

static td_status from_run(td_call *c)
{
    stack s = { .c = c };

    TD_TRY(take_elements(&s));
    if (s.outer->rank == 0) return put_element(&s);
    if (s.out_rank) {
        TD_TRY(put_outer_splits(&s));
        TD_TRY(put_inner_splits(&s));
    }
    return put_values(&s);
}

TD_RUN_KERNEL(to_kernels, TD_MOVABLE, to_run);
TD_RUN_KERNEL(from_kernels, TD_MOVABLE, from_run);

const td_op td_ops_ragged_variant[] = {
    { .name = "RaggedTensorToVariant",
      .sig = "rt_nested_splits: RAGGED_RANK*Tsplits, rt_dense_values: Tvalues -> encoded_ragged: variant",
      .attrs = "RAGGED_RANK: int, Tvalues: type, Tsplits: type = int64, batched_input: bool",
      .key = "Tvalues",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(to_attrs),
      .parse = to_parse,
      .kernels = to_kernels },
    { .name = "RaggedTensorFromVariant",
      .sig = "encoded_ragged: variant -> output_nested_splits: output_ragged_rank*Tsplits, "
             "output_dense_values: Tvalues",
      .attrs = "input_ragged_rank: int, output_ragged_rank: int, Tvalues: type, Tsplits: type = int64",
      .key = "Tvalues",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(from_attrs),
      .parse = from_parse,
      .kernels = from_kernels },
    { 0 },
};
