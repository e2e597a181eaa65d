/* SPDX-License-Identifier: Apache-2.0 */
/* op_ragged.c -- ragged tensors: values, and per level of raggedness the places where rows begin. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/array/combine.h"
#include "kernels/array/gather.h"
#include "ops/sparse/ragged.h"

/* ---------------------------------------------------------------- RaggedRange: starts, limits, deltas */

static bool is_int(td_dtype d)
{
    return d == TD_I32 || d == TD_I64;
}

static double real_at(const td_tensor *t, int64_t i)
{
    if (is_int(t->dtype)) return (double)td_tensor_int(t, (size_t)i);
    if (t->dtype == TD_F64) return ((const double *)t->data)[i];
    return (double)((const float *)t->data)[i];
}

/* The distance between integers in steps of |delta|, rounded up: in 64 bits without a sign nothing is lost. */
static uint64_t steps_between(int64_t from, int64_t to, int64_t delta)
{
    const uint64_t span = (uint64_t)to - (uint64_t)from,
                   step = delta < 0 ? -(uint64_t)delta : (uint64_t)delta;

    return span / step + (span % step != 0);
}

/* How many numbers row r has. */
static td_status range_length(td_call *c, int64_t r, int64_t *out)
{
    const td_tensor *const t[] = { td_in(c, 0), td_in(c, 1), td_in(c, 2) };
    int64_t at[3];

    for (uint32_t i = 0; i < 3; i++)
        at[i] = t[i]->shape.rank ? r : 0;
    const double start = real_at(t[0], at[0]), limit = real_at(t[1], at[1]), delta = real_at(t[2], at[2]);

    if (delta == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires delta != 0");
    *out = 0;
    if (is_int(t[0]->dtype)) {
        const int64_t from = td_tensor_int(t[0], (size_t)at[0]), to = td_tensor_int(t[1], (size_t)at[1]),
                      by = td_tensor_int(t[2], (size_t)at[2]);
        const uint64_t n = by > 0 ? (from < to ? steps_between(from, to, by) : 0)
                                  : (from > to ? steps_between(to, from, by) : 0);

        *out = (int64_t)TD_MIN(n, (uint64_t)INT64_MAX);
        return NULL;
    }
    if (!(delta > 0 ? start < limit : start > limit)) return NULL;
    const double n = ceil(fabs((limit - start) / delta));

    if (!(n < 9e18)) return TD_OP_ERR(c, INVALID_ARGUMENT, "Requires ((limit - start) / delta) <= 2^63");
    *out = (int64_t)n;
    return NULL;
}

/* Starts, limits and deltas are scalars, or vectors of one length: the number of rows. */
static td_status range_rows(td_call *c, int64_t *rows)
{
    bool has_vector = false;

    *rows = 1;
    for (uint32_t i = 0; i < 3; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (s->rank > 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "starts, limits and deltas must be scalars or vectors");
        if (s->rank == 0) continue;
        if (has_vector && s->dims[0] != *rows)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "starts, limits, and deltas must have the same shape");
        has_vector = true;
        *rows = s->dims[0];
    }
    return NULL;
}

/* The numbers of all rows, delta added again and again in the type, as TensorFlow does. */
static td_status range_values(td_call *c, int64_t rows)
{
    const td_tensor *const start = td_in(c, 0), *const delta = td_in(c, 2);
    const size_t elem = td_dtype_size(start->dtype);
    td_combine_fn *const add = td_combine_find(TD_COMBINE_ADD, start->dtype);
    char *to = td_out(c, 1)->data;

    for (int64_t r = 0, n; r < rows; r++) {
        char v[16];

        TD_TRY(range_length(c, r, &n));
        memcpy(v, (const char *)start->data + (start->shape.rank ? (size_t)r * elem : 0), elem);
        for (int64_t i = 0; i < n; i++, to += elem) {
            memcpy(to, v, elem);
            add(v, (const char *)delta->data + (delta->shape.rank ? (size_t)r * elem : 0), 1, 1);
        }
    }
    return NULL;
}

static td_status range_run(td_call *c)
{
    int64_t rows, total = 0;

    TD_TRY(range_rows(c, &rows));
    TD_TRY(td_ragged_start(c, 0, rows));
    for (int64_t r = 0, n; r < rows; r++) {
        TD_TRY(range_length(c, r, &n));
        TD_TRY(td_ragged_add_row(c, 0, r, n, &total));
    }
    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { total } }));
    return td_out_is_used(c, 1) ? range_values(c, rows) : NULL;
}

/* --------------------------------------------------------------- RaggedGather: splits..., values, indices */

/* The rows picked, one level down at a time: [begin, end) pairs into the next level. */
typedef struct span {
    int64_t begin, end;
} span;

typedef struct spans {
    span *at;
    int64_t n;
} spans;

static td_status make_spans(td_call *c, int64_t n, spans *out)
{
    size_t bytes;

    *out = (spans){ NULL, n };
    if (td_mul_size((size_t)n + 1, sizeof *out->at, &bytes))
        out->at = td_arena_try_alloc(c->arena, bytes, 16);
    return out->at ? NULL : TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
}

static td_status count_rows(td_call *c, const spans *s, int64_t *out)
{
    *out = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (!td_add_i64(*out, s->at[i].end - s->at[i].begin, out))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "the indices pick too many rows");
    return td_shape_check(&(td_shape){ 1, { *out } });
}

/* Indices of higher rank: uniform levels above those of the values. */
static td_status gather_outer(td_call *c, const td_shape *index, uint32_t extra)
{
    for (uint32_t i = 0; i < extra; i++) {
        const int64_t outer = td_shape_span(index, 0, (int)i + 1), width = index->dims[i + 1];
        int64_t end = 0;

        TD_TRY(td_ragged_start(c, i, outer));
        for (int64_t k = 0; k < outer; k++)
            TD_TRY(td_ragged_add_row(c, i, k, width, &end));
    }
    return NULL;
}

/* A span of one row for each index. */
static td_status gather_picks(td_call *c, const td_tensor *index, int64_t rows, spans *out)
{
    const int64_t n = td_shape_count(&index->shape);

    TD_TRY(make_spans(c, n, out));
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = td_tensor_int(index, (size_t)i);

        if (v < 0 || v >= rows)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "indices[%" PRId64 "] = %" PRId64 " is not in [0, %" PRId64 ")", i, v, rows);
        out->at[i] = (span){ v, v + 1 };
    }
    return NULL;
}

/* Every row of a span becomes a span of the level below; output `to` gets the level's splits. */
static td_status gather_level(td_call *c, const td_tensor *splits, uint32_t to, spans *s)
{
    int64_t total, end = 0, k = 0;
    spans below;

    TD_TRY(count_rows(c, s, &total));
    TD_TRY(make_spans(c, total, &below));
    TD_TRY(td_ragged_start(c, to, total));
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t r = s->at[i].begin; r < s->at[i].end; r++, k++) {
            below.at[k] = (span){ td_ragged_split(splits, r), td_ragged_split(splits, r + 1) };
            TD_TRY(td_ragged_add_row(c, to, k, below.at[k].end - below.at[k].begin, &end));
        }
    *s = below;
    return NULL;
}

static td_status gather_values(td_call *c, const td_tensor *values, const spans *s)
{
    const size_t row =
        (size_t)td_shape_span(&values->shape, 1, values->shape.rank) * td_dtype_size(values->dtype);
    const uint32_t to = c->n_out - 1;
    td_shape shape = values->shape;

    TD_TRY(count_rows(c, s, &shape.dims[0]));
    TD_TRY(td_shape_check(&shape));
    TD_TRY(td_out_make(c, to, &shape));
    char *at = td_out_is_used(c, to) ? td_out(c, to)->data : NULL;

    for (int64_t i = 0; at && i < s->n; i++) {
        const size_t bytes = (size_t)(s->at[i].end - s->at[i].begin) * row;

        if (bytes) memcpy(at, (const char *)values->data + (size_t)s->at[i].begin * row, bytes);
        at += bytes;
    }
    return NULL;
}

static td_status gather_run(td_call *c)
{
    const uint32_t levels = c->n_in - 2, extra = c->n_out - 1 - levels;
    const td_tensor *const index = td_in(c, levels + 1);
    spans s;

    TD_TRY(td_ragged_check_nested(c, levels));
    if (c->n_out < levels + 1 || (int)extra != index->shape.rank - 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "OUTPUT_RAGGED_RANK must be indices.rank - 1 + PARAMS_RAGGED_RANK");
    TD_TRY(gather_outer(c, &index->shape, extra));
    TD_TRY(gather_picks(c, index, td_in(c, 0)->shape.dims[0] - 1, &s));
    for (uint32_t level = 0; level < levels; level++)
        TD_TRY(gather_level(c, td_in(c, level), extra + level, &s));
    return gather_values(c, td_in(c, levels), &s);
}

/* ---------------------------------------------------------------- RaggedTensorToSparse: splits..., values */

typedef struct walker {
    td_call *c;
    uint32_t levels;
    int64_t inner, next; /* elements of one value row; the next element to write */
    int64_t row[TD_MAX_RANK], rank;
    int64_t widest[TD_MAX_RANK];
} walker;

/* Rows [begin, end) of the level; row[level] counts within its parent. */
static void walk_rows(walker *w, uint32_t level, int64_t begin, int64_t end)
{
    for (int64_t r = begin; r < end; r++) {
        w->row[level] = r - begin;
        if (level < w->levels) {
            const td_tensor *const splits = td_in(w->c, level);
            const int64_t from = td_ragged_split(splits, r), to = td_ragged_split(splits, r + 1);

            w->widest[level + 1] = TD_MAX(w->widest[level + 1], to - from);
            walk_rows(w, level + 1, from, to);
            continue;
        }
        const td_shape *const v = &td_in(w->c, w->levels)->shape;

        for (int64_t i = 0; i < w->inner; i++, w->next++) {
            int64_t rest = i;

            for (int k = v->rank - 1; k > 0; k--) {
                w->row[(int)level + k] = rest % v->dims[k];
                rest /= v->dims[k];
            }
            if (td_out_is_used(w->c, 0))
                memcpy((int64_t *)td_out(w->c, 0)->data + w->next * w->rank, w->row,
                       (size_t)w->rank * sizeof *w->row);
        }
    }
}

static td_status to_sparse_run(td_call *c)
{
    walker w = { .c = c, .levels = c->n_in - 1 };

    TD_TRY(td_ragged_check_nested(c, w.levels));
    const td_tensor *const values = td_in(c, w.levels);
    const int64_t n = td_shape_count(&values->shape);

    w.rank = (int64_t)w.levels + values->shape.rank;
    if (w.rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    w.inner = td_shape_span(&values->shape, 1, values->shape.rank);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { n, w.rank } }));
    w.widest[0] = td_in(c, 0)->shape.dims[0] - 1;
    walk_rows(&w, 0, 0, w.widest[0]);
    for (int k = 1; k < values->shape.rank; k++)
        w.widest[(int)w.levels + k] = values->shape.dims[k];
    TD_TRY(td_out_set(c, 1, &(td_tensor){ values->dtype, { 1, { n } }, values->data, values->buffer }));
    TD_TRY(td_out_make(c, 2, &(td_shape){ 1, { w.rank } }));
    if (td_out_is_used(c, 2)) memcpy(td_out(c, 2)->data, w.widest, (size_t)w.rank * sizeof *w.widest);
    return NULL;
}

/* -------------------------------------------- RaggedTensorToTensor: shape, values, default, partitions... */

typedef enum partition_kind { FIRST_DIM_SIZE, VALUE_ROWIDS, ROW_LENGTHS, ROW_SPLITS } partition_kind;

typedef struct tensor_attrs {
    partition_kind kind[TD_MAX_RANK];
    size_t n;
} tensor_attrs;

static td_status tensor_parse(td_parse *p)
{
    static const char *const names[] = { "FIRST_DIM_SIZE", "VALUE_ROWIDS", "ROW_LENGTHS", "ROW_SPLITS" };
    tensor_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->n = td_attr_list(p, "row_partition_types", &items);
    if (a->n > TD_MAX_RANK) return TD_ERR(INVALID_ARGUMENT, "%s: too many row partitions", p->node->name);
    for (size_t i = 0; i < a->n; i++) {
        size_t k = 0;

        while (k < TD_COUNT(names) && !td_string_is(items[i].u.s, names[k]))
            k++;
        if (k == TD_COUNT(names))
            return TD_ERR(INVALID_ARGUMENT, "%s: unknown row partition type", p->node->name);
        a->kind[i] = (partition_kind)k;
    }
    return NULL;
}

/* Level k as splits: rows + 1 numbers in the arena. rows:
 * of the level above, -1 when the first level says. */
static td_status level_splits(td_call *c, uint32_t input, partition_kind kind, int64_t rows, int64_t **out,
                              int64_t *n_rows)
{
    const td_tensor *const t = td_in(c, input);
    const int64_t n = td_shape_count(&t->shape);
    int64_t *s;

    if (t->shape.rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "row partitions must be vectors");
    *n_rows = kind == ROW_SPLITS ? n - 1 : kind == ROW_LENGTHS ? n : rows;
    if (*n_rows < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "a row partition says too little");
    TD_TRY(td_shape_check(&(td_shape){ 1, { *n_rows } }));
    s = td_arena_try_alloc(c->arena, (size_t)(*n_rows + 1) * sizeof *s, 16);
    if (!s) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    memset(s, 0, (size_t)(*n_rows + 1) * sizeof *s);
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = td_tensor_int(t, (size_t)i);

        if (kind == ROW_SPLITS) {
            s[i] = v;
            if (v < 0 || (i == 0 && v != 0) || (i && v < s[i - 1]))
                return TD_OP_ERR(c, INVALID_ARGUMENT, "row_splits must begin with 0 and not decrease");
        } else if (kind == ROW_LENGTHS) {
            if (v < 0 || !td_add_i64(s[i], v, &s[i + 1]))
                return TD_OP_ERR(c, INVALID_ARGUMENT, "row_lengths must not be negative");
        } else {
            if (v < 0 || v >= *n_rows || (i && v < td_tensor_int(t, (size_t)i - 1)))
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "value_rowids must be sorted and below the number of rows");
            s[v + 1]++;
        }
    }
    for (int64_t r = 0; kind == VALUE_ROWIDS && r < *n_rows; r++)
        s[r + 1] += s[r];
    *out = s;
    return NULL;
}

typedef struct filler {
    int64_t *splits[TD_MAX_RANK];
    uint32_t levels;
    td_shape out;
    const char *values;
    char *to;
    size_t row, elem; /* bytes of a value row, of an element */
    int64_t strides[TD_MAX_RANK];
} filler;

/* Rows [begin, end) of the level go to `at` on, as many as fit. */
static void fill_rows(const filler *f, uint32_t level, int64_t begin, int64_t end, int64_t at)
{
    const int64_t fit = TD_MIN(end - begin, f->out.dims[level]);

    if (level == f->levels) {
        if (fit > 0 && f->row)
            memcpy(f->to + (size_t)at * f->elem, f->values + (size_t)begin * f->row, (size_t)fit * f->row);
        return;
    }
    for (int64_t i = 0; i < fit; i++)
        fill_rows(f, level + 1, f->splits[level][begin + i], f->splits[level][begin + i + 1],
                  at + i * f->strides[level]);
}

/* The dims that the rows ask for, where input 0 does not say them. counts: rows of each level. */
static td_status tensor_dims(td_call *c, filler *f, const int64_t *counts)
{
    const td_tensor *const given = td_in(c, 0);
    const td_shape *const values = &td_in(c, 1)->shape;
    td_shape *const out = &f->out;

    if (given->shape.rank > 1 || (given->shape.rank == 1 && given->shape.dims[0] != out->rank))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "shape must be a scalar or have %d elements", (int)out->rank);
    if (given->shape.rank == 0 && td_tensor_int(given, 0) != -1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The only valid scalar shape tensor is the fully unknown shape specified as -1.");
    out->dims[0] = counts[0];
    for (uint32_t k = 0; k < f->levels; k++)
        for (int64_t r = 0; r < counts[k]; r++)
            out->dims[k + 1] = TD_MAX(out->dims[k + 1], f->splits[k][r + 1] - f->splits[k][r]);
    for (int k = 1; k < values->rank; k++)
        out->dims[(int)f->levels + k] = values->dims[k];
    for (int k = 0; given->shape.rank && k < out->rank; k++) {
        const int64_t want = td_tensor_int(given, (size_t)k);

        if (want < 0) continue;
        if (k > (int)f->levels && want != out->dims[k])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "shape does not fit the values in dimension %d: %" PRId64 " vs. %" PRId64, k,
                             want, out->dims[k]);
        out->dims[k] = want;
    }
    return NULL;
}

/* The default, which may be as large as a row of values, everywhere. */
static td_status put_defaults(td_call *c, const td_tensor *fallback, const filler *f)
{
    const td_shape *const d = &fallback->shape;
    int64_t strides[TD_MAX_RANK];
    td_nd_builder b;
    td_nd nd;

    if (d->rank > f->out.rank - (int)f->levels - 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "default_value has more dimensions than a row of values");
    td_shape_strides(d, strides);
    td_nd_start(&b, f->elem);
    for (int i = 0; i < f->out.rank; i++) {
        const int k = i - (f->out.rank - d->rank);

        if (k >= 0 && d->dims[k] != 1 && d->dims[k] != f->out.dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "default_value does not fit the shape of a row of values");
        td_nd_add(&b, f->out.dims[i], f->strides[i], k < 0 || d->dims[k] == 1 ? 0 : strides[k]);
    }
    td_nd_finish(&b, c->arena, c->env->cpu, &nd);
    td_nd_copy(&nd, f->to, fallback->data);
    return NULL;
}

static td_status to_tensor_run(td_call *c)
{
    const tensor_attrs *const a = c->attrs;
    const td_tensor *const values = td_in(c, 1), *const fallback = td_in(c, 2);
    const bool has_size = a->n > 0 && a->kind[0] == FIRST_DIM_SIZE;
    int64_t rows = -1, level_rows = 0, counts[TD_MAX_RANK + 1];
    filler f = { .levels = (uint32_t)a->n - has_size,
                 .values = values->data,
                 .elem = td_dtype_size(values->dtype) };

    if (c->n_in != 3 + a->n || f.levels < 1 || values->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "row_partition_types do not fit the row partitions");
    if (has_size) TD_TRY(td_need_one(c, 3, &rows));
    for (uint32_t k = 0; k < f.levels; k++) {
        TD_TRY(level_splits(c, 3 + has_size + k, a->kind[k + has_size], k == 0 ? rows : counts[k],
                            &f.splits[k], &level_rows));
        if (k > 0 && level_rows != counts[k])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "a row partition does not fit the one above it");
        counts[k] = level_rows;
        counts[k + 1] = f.splits[k][level_rows];
    }
    if (counts[f.levels] > values->shape.dims[0]) /* fewer: the others are left out, as TensorFlow does */
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Got size = %" PRId64 " values, the last row partition expects %" PRId64,
                         values->shape.dims[0], counts[f.levels]);
    rows = counts[0];
    f.out = (td_shape){ .rank = (int)f.levels + values->shape.rank };
    if (f.out.rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "tensors have at most %d dimensions", TD_MAX_RANK);
    TD_TRY(tensor_dims(c, &f, counts));
    TD_TRY(td_shape_check(&f.out));
    TD_TRY(td_out_make(c, 0, &f.out));
    if (!td_out_is_used(c, 0)) return NULL;
    f.to = td_out(c, 0)->data;
    td_shape_strides(&f.out, f.strides);
    f.row = (size_t)td_shape_span(&values->shape, 1, values->shape.rank) * f.elem;
    TD_TRY(put_defaults(c, fallback, &f));
    fill_rows(&f, 0, 0, rows, 0);
    return NULL;
}

TD_RUN_KERNEL(range_kernels,
              TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64),
              range_run);
TD_RUN_KERNEL(gather_kernels, TD_MOVABLE, gather_run);
TD_RUN_KERNEL(to_sparse_kernels, TD_MOVABLE, to_sparse_run);
TD_RUN_KERNEL(to_tensor_kernels, TD_MOVABLE, to_tensor_run);

const td_op td_ops_ragged[] = {
    { .name = "RaggedRange",
      .sig = "starts: T, limits: T, deltas: T -> rt_nested_splits: Tsplits, rt_dense_values: T",
      .attrs = "T: type = int32, Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .kernels = range_kernels },
    { .name = "RaggedGather",
      .sig = "params_nested_splits: PARAMS_RAGGED_RANK*Tsplits, params_dense_values: Tvalues, indices: "
             "Tindices -> "
             "output_nested_splits: OUTPUT_RAGGED_RANK*Tsplits, output_dense_values: Tvalues",
      .attrs = "Tvalues: type, Tindices: type, Tsplits: type = int64, PARAMS_RAGGED_RANK: int, "
               "OUTPUT_RAGGED_RANK: int",
      .key = "Tvalues",
      .flags = TD_OP_DYNAMIC,
      .kernels = gather_kernels },
    { .name = "RaggedTensorToSparse",
      .sig = "rt_nested_splits: RAGGED_RANK*Tsplits, rt_dense_values: T -> sparse_indices: int64, "
             "sparse_values: T, "
             "sparse_dense_shape: int64",
      .attrs = "RAGGED_RANK: int, T: type, Tsplits: type = int64",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .kernels = to_sparse_kernels },
    { .name = "RaggedTensorToTensor",
      .sig = "shape: Tshape, values: T, default_value: T, row_partition_tensors: "
             "num_row_partition_tensors*Tindex -> "
             "result: T",
      .attrs = "T: type, Tindex: type, Tshape: type, num_row_partition_tensors: int, row_partition_types: "
               "list(string)",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(tensor_attrs),
      .parse = tensor_parse,
      .kernels = to_tensor_kernels },
    { 0 },
};
