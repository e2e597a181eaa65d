/* SPDX-License-Identifier: Apache-2.0 */
/* op_sparse.c -- sparse tensors taken apart, put together and put in order. Elements are only moved. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/gather.h"
#include "ops/sparse/sparse.h"

/* --------------------------------------------------------- SparseToDense: indices, shape, values, default */

typedef struct dense_attrs {
    bool validates;
} dense_attrs;

static td_status dense_parse(td_parse *p)
{
    ((dense_attrs *)p->attrs)->validates = td_attr_bool(p, "validate_indices");
    return NULL;
}

static td_status dense_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const v = &td_in(c, 2)->shape;
    td_shape s;

    TD_TRY(td_need_shape(c, 1, false, &s));
    const int64_t n = x->rank > 0 ? x->dims[0] : 1, depth = x->rank > 1 ? x->dims[1] : 1;

    if (x->rank > 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "sparse_indices should be a scalar, vector, or matrix, got rank %d", (int)x->rank);
    if (depth != s.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "output_shape has incorrect number of elements: %d should be: %" PRId64, (int)s.rank,
                         depth);
    if (v->rank > 1 || (v->rank == 1 && v->dims[0] != n))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "sparse_values has incorrect shape, should be [] or [%" PRId64 "]", n);
    if (td_shape_count(&td_in(c, 3)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "default_value should be a scalar.");
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status dense_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0), *const v = td_in(c, 2);
    td_tensor *const out = td_out(c, 0);
    const int64_t depth = out->shape.rank, n = x->shape.rank > 0 ? x->shape.dims[0] : 1;
    const size_t elem = td_dtype_size(out->dtype);
    int64_t before = -1;

    td_fill(out->data, elem, td_in(c, 3)->data, (size_t)td_shape_count(&out->shape));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0;

        for (int64_t k = 0; k < depth; k++) {
            const int64_t v_k = td_index_at(x->data, x->dtype, i * depth + k);

            if (v_k < 0 || v_k >= out->shape.dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "indices[%" PRId64 "] is out of bounds: need 0 <= index < %" PRId64
                                 ", got %" PRId64,
                                 i, out->shape.dims[k], v_k);
            at = at * out->shape.dims[k] + v_k;
        }
        if (((const dense_attrs *)c->attrs)->validates && at <= before)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] is %s", i,
                             at == before ? "repeated"
                                          : "out of order. Many sparse ops require sorted indices.");
        before = at;
        memcpy((char *)out->data + (size_t)at * elem,
               (const char *)v->data + (v->shape.rank ? (size_t)i * elem : 0), elem);
    }
    return NULL;
}

/* --------------------------------------------------------------- SparseReshape: indices, shape, new shape */

static td_status new_dims(td_call *c, int64_t have, int64_t *dims, int64_t *rank)
{
    const td_tensor *const t = td_in(c, 2);
    int64_t n = 1, unknown = -1;

    *rank = td_shape_count(&t->shape);
    if (*rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "sparse tensors have at most %d dimensions", TD_MAX_RANK);
    for (int64_t k = 0; k < *rank; k++) {
        dims[k] = td_tensor_int(t, (size_t)k);
        if (dims[k] == -1) {
            if (unknown >= 0)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "only one output dimension may be -1, not both %" PRId64 " and %" PRId64,
                                 unknown, k);
            unknown = k;
        } else if (dims[k] < 0 || !td_mul_i64(n, dims[k], &n)) {
            return TD_OP_ERR(c, INVALID_ARGUMENT, "size %" PRId64 " must be non-negative, not %" PRId64, k,
                             dims[k]);
        }
    }
    if (unknown >= 0) {
        if (n == 0 && have != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "reshape cannot infer the missing input size for an empty tensor unless all "
                             "specified input sizes are non-zero");
        dims[unknown] = n ? have / n : 0;
        n *= dims[unknown];
    }
    if (n != have)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input to reshape is a tensor with %" PRId64
                         " dense values, but the requested shape has %" PRId64,
                         have, n);
    return NULL;
}

static td_status reshape_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0);
    int64_t dims[TD_MAX_RANK], rank = 0;
    td_shape old;

    TD_TRY(td_need_shape(c, 1, false, &old));
    if (x->shape.rank != 2 || x->shape.dims[1] != old.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input tensor rank must match input shape length.");
    TD_TRY(new_dims(c, td_shape_count(&old), dims, &rank));
    const int64_t n = x->shape.dims[0];

    TD_TRY(td_sparse_put_dims(c, 1, dims, rank));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { n, rank } }));
    for (int64_t i = 0; i < n && td_out_is_used(c, 0); i++) {
        int64_t at = 0;

        for (int k = 0; k < old.rank; k++) {
            const int64_t v = ((const int64_t *)x->data)[i * old.rank + k];

            if (v < 0 || v >= old.dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT, "index %" PRId64 " is out of bounds", v);
            at = at * old.dims[k] + v;
        }
        for (int64_t k = rank - 1; k >= 0; k--) {
            ((int64_t *)td_out(c, 0)->data)[i * rank + k] = at % TD_MAX(dims[k], 1);
            at /= TD_MAX(dims[k], 1);
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- SparseReorder */

static td_status reorder_run(td_call *c)
{
    td_sparse s;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    const int64_t *const order = td_sparse_order(c, s.index, s.n, s.rank);

    if (!order) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    TD_TRY(td_sparse_make(c, 0, 1, s.n, s.rank));
    for (int64_t i = 0; i < s.n; i++)
        td_sparse_put(c, 0, 1, i, s.index + order[i] * s.rank, s.rank, td_sparse_value(&s, order[i]));
    return NULL;
}

/* ------------------------------------------------------------ SparseConcat: N indices, N values, N shapes */

typedef struct concat_attrs {
    int64_t dim;
} concat_attrs;

static td_status concat_parse(td_parse *p)
{
    ((concat_attrs *)p->attrs)->dim = td_attr_int(p, "concat_dim");
    return NULL;
}

static td_status check_parts(td_call *c, td_sparse *part, uint32_t n, int64_t *dim, int64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < n; i++) {
        TD_TRY(td_sparse_of(c, i, n + i, 2 * n + i, &part[i]));
        TD_TRY(td_sparse_check(c, &part[i]));
        if (i == 0) {
            const int64_t given = ((const concat_attrs *)c->attrs)->dim;

            *dim = given < 0 ? given + part[0].rank : given;
            if (*dim < 0 || *dim >= part[0].rank)
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Concat dimension must be in range [%" PRId64 ", %" PRId64 "), got %" PRId64,
                                 -part[0].rank, part[0].rank, given);
        }
        if (part[i].rank != part[0].rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Ranks of all input tensors must match: expected %" PRId64 " but got %" PRId64
                             " at position %u",
                             part[0].rank, part[i].rank, i);
        for (int64_t k = 0; k < part[0].rank; k++)
            if (k != *dim && part[i].dims[k] != part[0].dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "Input shapes must match: expected %" PRId64 " for dimension %" PRId64
                                 " but got %" PRId64 " at position %u",
                                 part[0].dims[k], k, part[i].dims[k], i);
        *total += part[i].n;
    }
    return NULL;
}

/* All elements with moved indices, then in order. */
static td_status concat_run(td_call *c)
{
    const uint32_t n = c->n_in / 3;
    td_sparse *const part = TD_ARENA_NEW_N(c->arena, td_sparse, n);
    int64_t dim = 0, total = 0, at = 0, moved = 0;
    td_shape whole;

    if (!n) return TD_OP_ERR(c, INVALID_ARGUMENT, "SparseConcat needs inputs");
    TD_TRY(check_parts(c, part, n, &dim, &total));
    const int64_t rank = part[0].rank;
    int64_t *const index = td_arena_try_alloc(c->arena, (size_t)(total * rank + 1) * sizeof *index, 16);
    const void **const value = td_arena_try_alloc(c->arena, (size_t)(total + 1) * sizeof *value, 16);

    if (!index || !value) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < part[i].n; k++, at++) {
            memcpy(index + at * rank, part[i].index + k * rank, (size_t)rank * sizeof *index);
            index[at * rank + dim] += moved;
            value[at] = td_sparse_value(&part[i], k);
        }
        if (!td_add_i64(moved, part[i].dims[dim], &moved))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "the concatenated dimension is too large");
    }
    const int64_t *const order = td_sparse_order(c, index, total, rank);

    if (!order) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    TD_TRY(td_sparse_make(c, 0, 1, total, rank));
    for (int64_t i = 0; i < total; i++)
        td_sparse_put(c, 0, 1, i, index + order[i] * rank, rank, value[order[i]]);
    part[0].dims[dim] = moved;
    TD_TRY(td_shape_make(rank, part[0].dims, &whole));
    return td_sparse_put_dims(c, 2, part[0].dims, rank);
}

/* ---------------------------------------------------------------- boxes: SparseSlice, SparseSplit */

/* The elements within [start, start + size) in every dimension, counted from start. */
static td_status put_box(td_call *c, const td_sparse *s, const int64_t *start, const int64_t *size,
                         uint32_t i_index, uint32_t i_values, uint32_t i_shape)
{
    int64_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        int64_t at = 0;

        for (int64_t i = 0; i < s->n; i++) {
            int64_t row[TD_MAX_RANK];
            bool inside = true;

            for (int64_t k = 0; k < s->rank; k++) {
                const int64_t v = s->index[i * s->rank + k];

                inside = inside && v >= start[k] && v - start[k] < size[k];
                row[k] = inside ? v - start[k] : 0;
            }
            if (inside && pass == 1)
                td_sparse_put(c, i_index, i_values, at, row, s->rank, td_sparse_value(s, i));
            at += inside;
        }
        n = at;
        if (pass == 0) TD_TRY(td_sparse_make(c, i_index, i_values, n, s->rank));
    }
    return td_sparse_put_dims(c, i_shape, size, s->rank);
}

static td_status slice_run(td_call *c)
{
    td_sparse s;
    int64_t start[TD_MAX_RANK], size[TD_MAX_RANK];
    size_t n_start, n_size;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    TD_TRY(td_need_list(c, 3, start, TD_MAX_RANK, &n_start));
    TD_TRY(td_need_list(c, 4, size, TD_MAX_RANK, &n_size));
    if ((int64_t)n_start != s.rank || (int64_t)n_size != s.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected start and size to be vectors of %" PRId64 " elements",
                         s.rank);
    for (int64_t k = 0; k < s.rank; k++) {
        if (start[k] < 0 || size[k] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "start and size must not be negative");
        size[k] = TD_MAX(TD_MIN(size[k], s.dims[k] - start[k]), 0);
    }
    return put_box(c, &s, start, size, 0, 1, 2);
}

/* split_dim, indices, values, shape -> N indices, N values, N shapes; the first parts are one wider */
static td_status split_run(td_call *c)
{
    const uint32_t n = c->n_out / 3;
    int64_t given;
    td_sparse s;

    TD_TRY(td_need_one(c, 0, &given));
    TD_TRY(td_sparse_of(c, 1, 2, 3, &s));
    const int64_t dim = given < 0 ? given + s.rank : given;

    if (dim < 0 || dim >= s.rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input split_dim should be between 0 and rank (%" PRId64 "), got %" PRId64, s.rank,
                         given);
    if (n < 1 || s.dims[dim] < n)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input num_split should be between 1 and the splitting dimension size (%" PRId64
                         "), got %u",
                         s.dims[dim], n);
    int64_t start[TD_MAX_RANK] = { 0 }, size[TD_MAX_RANK];

    memcpy(size, s.dims, sizeof size);
    for (uint32_t i = 0; i < n; i++) {
        size[dim] = s.dims[dim] / n + (i < (uint64_t)s.dims[dim] % n);
        TD_TRY(put_box(c, &s, start, size, i, n + i, 2 * n + i));
        start[dim] += size[dim];
    }
    return NULL;
}

/* --------------------------------------------------------------- SparseFillEmptyRows, RaggedFillEmptyRows */

/* How many elements each row has. */
static td_status count_rows(td_call *c, const int64_t *rows, int64_t n, int64_t step, int64_t n_rows,
                            int64_t **count)
{
    *count = td_arena_try_alloc(c->arena, (size_t)(n_rows + 1) * sizeof **count, 16);
    if (!*count) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    memset(*count, 0, (size_t)(n_rows + 1) * sizeof **count);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows[i * step];

        if (row < 0 || row >= n_rows)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "indices(%" PRId64 ", 0) is invalid: %" PRId64 " >= %" PRId64, i, row, n_rows);
        (*count)[row]++;
    }
    return NULL;
}

typedef struct filler {
    const int64_t *index; /* [n, step], the first column being the row */
    const td_tensor *values;
    const void *fallback;
    int64_t n, step, n_rows;
} filler;

/* Outputs: index, values, is the row empty, where each element went.
 * Elements keep their order within a row. */
static td_status fill_rows(td_call *c, const filler *f)
{
    const size_t elem = td_dtype_size(f->values->dtype);
    int64_t *next, n = f->n, at = 0;

    TD_TRY(count_rows(c, f->index, f->n, f->step, f->n_rows, &next));
    for (int64_t r = 0; r < f->n_rows; r++)
        n += next[r] == 0;
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { n } }));
    TD_TRY(td_out_make(c, 2, &(td_shape){ 1, { f->n_rows } }));
    TD_TRY(td_out_make(c, 3, &(td_shape){ 1, { f->n } }));
    for (int64_t r = 0; r < f->n_rows; r++) { /* counts become first places; empty rows get their element */
        const int64_t count = next[r];
        int64_t row[TD_MAX_RANK] = { r };

        if (td_out_is_used(c, 2)) ((uint8_t *)td_out(c, 2)->data)[r] = count == 0;
        if (count == 0) td_sparse_put(c, 0, 1, at, row, f->step, f->fallback);
        next[r] = at;
        at += TD_MAX(count, 1);
    }
    for (int64_t i = 0; i < f->n; i++) {
        const int64_t to = next[f->index[i * f->step]]++;

        td_sparse_put(c, 0, 1, to, f->index + i * f->step, f->step,
                      (const char *)f->values->data + (size_t)i * elem);
        if (td_out_is_used(c, 3)) ((int64_t *)td_out(c, 3)->data)[i] = to;
    }
    return NULL;
}

/* One more than there are elements for each empty row. */
static td_status count_filled(td_call *c, const filler *f, int64_t *out)
{
    int64_t *count;

    TD_TRY(count_rows(c, f->index, f->n, f->step, f->n_rows, &count));
    *out = f->n;
    for (int64_t r = 0; r < f->n_rows; r++)
        *out += count[r] == 0;
    return NULL;
}

static td_status fill_run(td_call *c)
{
    td_sparse s;
    int64_t n = 0;

    TD_TRY(td_sparse_of(c, 0, 1, 2, &s));
    if (s.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Dense shape cannot be empty.");
    if (td_shape_count(&td_in(c, 3)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "default_value must be a scalar");
    if (s.dims[0] == 0 && s.n != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = %" PRId64,
                         s.n);
    const filler f = { s.index, s.values, td_in(c, 3)->data, s.n, s.rank, s.dims[0] };

    TD_TRY(count_filled(c, &f, &n));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { n, s.rank } }));
    return fill_rows(c, &f);
}

/* value_rowids, values, nrows, default_value */
static td_status ragged_fill_run(td_call *c)
{
    const td_tensor *const ids = td_in(c, 0), *const values = td_in(c, 1);
    int64_t n_rows, n = 0;

    TD_TRY(td_need_one(c, 2, &n_rows));
    if (td_shape_count(&td_in(c, 3)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "default_value must be a scalar");

    if (ids->shape.rank != 1 || values->shape.rank != 1 || ids->shape.dims[0] != values->shape.dims[0] ||
        n_rows < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "value_rowids, values and nrows do not fit each other");
    TD_TRY(td_shape_check(&(td_shape){ 1, { n_rows } }));
    const filler f = { ids->data, values, td_in(c, 3)->data, ids->shape.dims[0], 1, n_rows };

    TD_TRY(count_filled(c, &f, &n));
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n } }));
    return fill_rows(c, &f);
}

TD_RUN_KERNEL(dense_kernels, TD_MOVABLE, dense_run);
TD_RUN_KERNEL(reshape_kernels, TD_MOVABLE, reshape_run);
TD_RUN_KERNEL(reorder_kernels, TD_MOVABLE, reorder_run);
TD_RUN_KERNEL(concat_kernels, TD_MOVABLE, concat_run);
TD_RUN_KERNEL(slice_kernels, TD_MOVABLE, slice_run);
TD_RUN_KERNEL(split_kernels, TD_MOVABLE, split_run);
TD_RUN_KERNEL(fill_kernels, TD_MOVABLE, fill_run);
TD_RUN_KERNEL(ragged_fill_kernels, TD_MOVABLE, ragged_fill_run);

#define DYNAMIC(op, sig_, attrs_, kernels_)                                                                  \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .flags = TD_OP_DYNAMIC, .kernels = kernels_                \
    }

const td_op td_ops_sparse[] = {
    { .name = "SparseToDense",
      .sig =
          "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
      .attrs = "validate_indices: bool = true, T: type, Tindices: type",
      .key = "T",
      .attrs_size = sizeof(dense_attrs),
      .parse = dense_parse,
      .infer = dense_infer,
      .kernels = dense_kernels },
    DYNAMIC("SparseReshape",
            "input_indices: int64, input_shape: int64, new_shape: int64 -> output_indices: int64, "
            "output_shape: int64",
            "", reshape_kernels),
    DYNAMIC("SparseReorder",
            "input_indices: int64, input_values: T, input_shape: int64 -> output_indices: int64, "
            "output_values: T",
            "T: type", reorder_kernels),
    { .name = "SparseConcat",
      .sig = "indices: N*int64, values: N*T, shapes: N*int64 -> output_indices: int64, output_values: T, "
             "output_shape: int64",
      .attrs = "concat_dim: int, N: int, T: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(concat_attrs),
      .parse = concat_parse,
      .kernels = concat_kernels },
    DYNAMIC("SparseSlice",
            "indices: int64, values: T, shape: int64, start: int64, size: int64 -> output_indices: int64, "
            "output_values: T, "
            "output_shape: int64",
            "T: type", slice_kernels),
    DYNAMIC("SparseSplit",
            "split_dim: int64, indices: int64, values: T, shape: int64 -> output_indices: num_split*int64, "
            "output_values: "
            "num_split*T, output_shape: num_split*int64",
            "num_split: int, T: type", split_kernels),
    DYNAMIC("SparseFillEmptyRows",
            "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: int64, "
            "output_values: T, "
            "empty_row_indicator: bool, reverse_index_map: int64",
            "T: type", fill_kernels),
    DYNAMIC("RaggedFillEmptyRows",
            "value_rowids: int64, values: T, nrows: int64, default_value: T -> output_value_rowids: int64, "
            "output_values: T, "
            "empty_row_indicator: bool, reverse_index_map: int64",
            "T: type", ragged_fill_kernels),
    { 0 },
};
