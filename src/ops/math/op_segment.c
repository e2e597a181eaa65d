/* SPDX-License-Identifier: Apache-2.0 */
/* op_segment.c -- rows folded by segment: sorted, unsorted, and picked by index first.
 *
 * All of them come down to: row i of the data goes to row ids[i] of the output, by a fold; what no row goes
 * to holds a value that the op says; means are divided by the number of rows at the end. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "kernels/array/gather.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

typedef enum segment_kind {
    SEGMENT_SUM,
    SEGMENT_PROD,
    SEGMENT_MIN,
    SEGMENT_MAX,
    SEGMENT_MEAN,
    SEGMENT_SQRT
} segment_kind;

typedef struct segment_attrs {
    segment_kind kind;
    bool has_count; /* the last input is the number of segments */
} segment_attrs;

static bool name_has(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

/* The name says it all: SegmentMax, UnsortedSegmentProd, SparseSegmentMeanWithNumSegments, ... */
static td_status segment_parse(td_parse *p)
{
    segment_attrs *const a = p->attrs;
    const char *const name = p->node->op_name;

    a->kind = name_has(name, "Prod")    ? SEGMENT_PROD
              : name_has(name, "Min")   ? SEGMENT_MIN
              : name_has(name, "Max")   ? SEGMENT_MAX
              : name_has(name, "Mean")  ? SEGMENT_MEAN
              : name_has(name, "SqrtN") ? SEGMENT_SQRT
                                        : SEGMENT_SUM;
    a->has_count = name_has(name, "Unsorted") || name_has(name, "NumSegments") || name_has(name, "V2");
    return NULL;
}

static td_combine fold_of(segment_kind kind)
{
    static const td_combine ops[] = { TD_COMBINE_ADD,      TD_COMBINE_MUL, TD_COMBINE_LEAST,
                                      TD_COMBINE_GREATEST, TD_COMBINE_ADD, TD_COMBINE_ADD };

    return ops[kind];
}

/* ---------------------------------------------------------------- shapes */

/* How many segments sorted ids make: the last one says. */
static td_status count_sorted(td_call *c, uint32_t ids, int64_t *out)
{
    const td_tensor *const t = td_in(c, ids);
    const int64_t n = td_shape_count(&t->shape);

    TD_TRY(td_need(c, ids));
    const int64_t last = n ? td_tensor_int(t, (size_t)n - 1) : -1;

    if (last < -1 || last >= INT32_MAX) return TD_OP_ERR(c, INVALID_ARGUMENT, "segment ids must be >= 0");
    *out = last + 1;
    return NULL;
}

static td_status segments(td_call *c, uint32_t ids, int64_t *out)
{

    if (!((const segment_attrs *)c->attrs)->has_count) return count_sorted(c, ids, out);
    TD_TRY(td_need_one(c, c->n_in - 1, out));
    if (*out < 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input num_segments == %" PRId64 " must not be negative.",
                         *out);
    return NULL;
}

/* Output: [segments, rows of data from dim `from` on] */
static td_status set_shape(td_call *c, int64_t n, const td_shape *data, int from)
{
    int64_t dims[TD_MAX_RANK + 1] = { n };
    td_shape s;

    for (int i = from; i < data->rank; i++)
        dims[1 + i - from] = data->dims[i];
    TD_TRY(td_shape_make(1 + data->rank - from, dims, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

/* SegmentSum...: data, segment_ids[, num_segments] */
static td_status sorted_infer(td_call *c)
{
    const td_shape *const data = &td_in(c, 0)->shape, *const ids = &td_in(c, 1)->shape;
    int64_t n = 0;

    if (ids->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "segment_ids should be a vector.");
    if (data->rank < 1 || data->dims[0] != ids->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "segment_ids should be the same size as dimension 0 of input.");
    TD_TRY(segments(c, 1, &n));
    return set_shape(c, n, data, 1);
}

/* UnsortedSegmentSum...: data, segment_ids of any rank, num_segments */
static td_status unsorted_infer(td_call *c)
{
    const td_shape *const data = &td_in(c, 0)->shape, *const ids = &td_in(c, 1)->shape;
    bool fits = data->rank >= ids->rank;
    int64_t n = 0;

    for (int i = 0; fits && i < ids->rank; i++)
        fits = data->dims[i] == ids->dims[i];
    if (!fits) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

        return TD_OP_ERR(c, INVALID_ARGUMENT, "data.shape = %s does not start with segment_ids.shape = %s",
                         td_shape_text(data, a, sizeof a), td_shape_text(ids, b, sizeof b));
    }
    TD_TRY(segments(c, 1, &n));
    return set_shape(c, n, data, ids->rank);
}

/* SparseSegmentSum...: data, indices, segment_ids[, num_segments] */
static td_status sparse_infer(td_call *c)
{
    const td_shape *const data = &td_in(c, 0)->shape, *const index = &td_in(c, 1)->shape,
                          *const ids = &td_in(c, 2)->shape;
    int64_t n = 0;

    if (index->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "indices should be a vector.");
    if (ids->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "segment_ids should be a vector.");
    if (index->dims[0] != ids->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "segment_ids and indices should have same size.");
    if (data->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "data must be at least rank 1");
    TD_TRY(segments(c, 2, &n));
    return set_shape(c, n, data, 1);
}

/* ---------------------------------------------------------------- run */

typedef struct folding {
    td_tensor *out;
    const td_tensor *data, *ids, *index; /* index: row i is data's row index[i]; NULL: i */
    size_t row;                          /* elements */
    int64_t segments;
    bool is_sorted;
} folding;

static td_status check_id(const td_call *c, const folding *f, int64_t i, int64_t id, int64_t before)
{
    if (f->is_sorted) {
        if (id < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Segment id %" PRId64 " out of range [0, %" PRId64
                             "), possibly because 'segment_ids' input is not sorted.",
                             id, f->segments);
        if (id < before) return TD_OP_ERR(c, INVALID_ARGUMENT, "segment ids are not increasing");
    }
    if (id >= f->segments)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "segment_ids[%" PRId64 "] = %" PRId64 " is out of range [0, %" PRId64 ")", i, id,
                         f->segments);
    if (f->index) {
        const int64_t at = td_tensor_int(f->index, (size_t)i);

        if (at < 0 || at >= f->data->shape.dims[0])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Bad: indices[%" PRId64 "] == %" PRId64 " out of range [0, %" PRId64 ")", i, at,
                             f->data->shape.dims[0]);
    }
    return NULL;
}

/* Folds all rows. The first row of a segment is copied: what was there is for segments without rows. */
static td_status fold_rows(td_call *c, const folding *f, td_combine_fn *fold, int64_t *count)
{
    const size_t bytes = f->row * td_dtype_size(f->out->dtype);
    const int64_t n = td_shape_count(&f->ids->shape);

    for (int64_t i = 0, before = 0; i < n; i++) {
        const int64_t id = td_tensor_int(f->ids, (size_t)i);

        TD_TRY(check_id(c, f, i, id, before));
        before = id;
        if (id < 0 || !bytes) continue; /* unsorted ones may say "nowhere" */
        const int64_t at = f->index ? td_tensor_int(f->index, (size_t)i) : i;
        const char *const from = (const char *)f->data->data + (size_t)at * bytes;
        char *const to = (char *)f->out->data + (size_t)id * bytes;

        if (count[id]++)
            fold(to, from, f->row, 1);
        else
            memcpy(to, from, bytes);
    }
    return NULL;
}

static void divide(const folding *f, bool by_root, const int64_t *count)
{
    const size_t elem = td_dtype_size(f->out->dtype);
    td_combine_fn *const div = td_combine_find(TD_COMBINE_DIV, f->out->dtype);

    for (int64_t s = 0; s < f->segments; s++) {
        char by[16];

        if (count[s] < 2) continue;
        td_number_put(f->out->dtype, by_root ? sqrt((double)count[s]) : (double)count[s], by);
        div((char *)f->out->data + (size_t)s * f->row * elem, by, f->row, 0);
    }
}

static td_status fold_all(td_call *c, folding *f)
{
    const segment_kind kind = ((const segment_attrs *)c->attrs)->kind;
    int64_t *const count = td_arena_try_alloc(c->arena, (size_t)f->segments * sizeof(int64_t) + 8, 8);
    char start[16];

    if (!count) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    memset(count, 0, (size_t)f->segments * sizeof *count);
    f->out = td_out(c, 0);
    f->row = f->segments ? (size_t)(td_shape_count(&f->out->shape) / f->segments) : 0;
    /* without rows: what the fold starts from; only the sorted MIN and MAX say 0 */
    const bool zero = f->is_sorted && (kind == SEGMENT_MIN || kind == SEGMENT_MAX);

    td_combine_start(zero ? TD_COMBINE_ADD : fold_of(kind), f->out->dtype, start);
    if (f->row) td_fill(f->out->data, td_dtype_size(f->out->dtype), start, (size_t)f->segments * f->row);
    TD_TRY(fold_rows(c, f, td_combine_find(fold_of(kind), f->out->dtype), count));
    if (kind == SEGMENT_MEAN || kind == SEGMENT_SQRT) divide(f, kind == SEGMENT_SQRT, count);
    return NULL;
}

static td_status sorted_run(td_call *c)
{
    folding f = {
        .data = td_in(c, 0), .ids = td_in(c, 1), .is_sorted = true, .segments = td_out(c, 0)->shape.dims[0]
    };

    return fold_all(c, &f);
}

static td_status unsorted_run(td_call *c)
{
    folding f = { .data = td_in(c, 0), .ids = td_in(c, 1), .segments = td_out(c, 0)->shape.dims[0] };

    return fold_all(c, &f);
}

static td_status sparse_run(td_call *c)
{
    folding f = { .data = td_in(c, 0),
                  .index = td_in(c, 1),
                  .ids = td_in(c, 2),
                  .is_sorted = true,
                  .segments = td_out(c, 0)->shape.dims[0] };

    return fold_all(c, &f);
}

/* ----------------------------------------------------- gradients: grad, indices, segment_ids, output_dim0 */

static td_status grad_infer(td_call *c)
{
    int64_t n;

    TD_TRY(td_need_one(c, 3, &n));
    if (n < 0 || td_in(c, 0)->shape.rank < 1 || !td_shape_equal(&td_in(c, 1)->shape, &td_in(c, 2)->shape))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "segment_ids and indices should have same size.");
    return set_shape(c, n, &td_in(c, 0)->shape, 1);
}

/* Row indices[i] of the output gets row ids[i] of the gradient, divided as the op divided. */
static td_status grad_run(td_call *c)
{
    const segment_kind kind = ((const segment_attrs *)c->attrs)->kind;
    const td_tensor *const grad = td_in(c, 0), *const index = td_in(c, 1), *const ids = td_in(c, 2);
    td_tensor *const out = td_out(c, 0);
    const int64_t n = td_shape_count(&ids->shape), rows = grad->shape.dims[0];
    const size_t row = (size_t)td_shape_span(&grad->shape, 1, grad->shape.rank),
                 elem = td_dtype_size(grad->dtype);
    int64_t *const count = td_arena_try_alloc(c->arena, (size_t)rows * sizeof(int64_t) + 8, 8);
    char *const scaled = td_arena_try_alloc(c->arena, row * elem + 1, 16);

    if (!count || !scaled) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    memset(count, 0, (size_t)rows * sizeof *count);
    if (td_tensor_bytes(out)) memset(out->data, 0, td_tensor_bytes(out));
    for (int64_t i = 0; i < n; i++) {
        const int64_t id = td_tensor_int(ids, (size_t)i), at = td_tensor_int(index, (size_t)i);

        if (id < 0 || id >= rows || at < 0 || at >= out->shape.dims[0])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Segment id %" PRId64 " or index %" PRId64 " out of range",
                             id, at);
        count[id]++;
    }
    for (int64_t i = 0; i < n && row; i++) {
        const int64_t id = td_tensor_int(ids, (size_t)i), at = td_tensor_int(index, (size_t)i);
        char by[16];

        memcpy(scaled, (const char *)grad->data + (size_t)id * row * elem, row * elem);
        td_number_put(grad->dtype, kind == SEGMENT_SQRT ? sqrt((double)count[id]) : (double)count[id], by);
        if (kind != SEGMENT_SUM) td_combine_find(TD_COMBINE_DIV, grad->dtype)(scaled, by, row, 0);
        td_combine_find(TD_COMBINE_ADD, grad->dtype)((char *)out->data + (size_t)at * row * elem, scaled, row,
                                                     1);
    }
    return NULL;
}

TD_RUN_KERNEL(sorted_kernels, TD_NUMBER_TYPES, sorted_run);
TD_RUN_KERNEL(sorted_order_kernels, TD_REAL_TYPES, sorted_run);
TD_RUN_KERNEL(unsorted_kernels, TD_NUMBER_TYPES, unsorted_run);
TD_RUN_KERNEL(unsorted_order_kernels, TD_REAL_TYPES, unsorted_run);
TD_RUN_KERNEL(sparse_kernels, TD_REAL_TYPES, sparse_run);
TD_RUN_KERNEL(sparse_float_kernels, TD_FLOAT_TYPES, sparse_run);
TD_RUN_KERNEL(grad_kernels, TD_FLOAT_TYPES, grad_run);

#define OP(op, sig_, attrs_, infer_, kernels_)                                                               \
    {                                                                                                        \
        .name = op, .sig = sig_, .attrs = attrs_, .attrs_size = sizeof(segment_attrs),                       \
        .parse = segment_parse, .infer = infer_, .kernels = kernels_                                         \
    }
#define SORTED(op, k)                                                                                        \
    OP(op, "data: T, segment_ids: Tindices -> output: T", "T: type, Tindices: type", sorted_infer, k)
#define COUNTED         "T: type, Tindices: type, Tnumsegments: type = int32"
#define COUNTED_SIG     "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T"
#define SORTED2(op, k)  OP(op, COUNTED_SIG, COUNTED, sorted_infer, k)
#define UNSORTED(op, k) OP(op, COUNTED_SIG, COUNTED, unsorted_infer, k)
#define SPARSE(op, k)                                                                                        \
    OP(op, "data: T, indices: Tidx, segment_ids: Tsegmentids -> output: T",                                  \
       "T: type, Tidx: type = int32, Tsegmentids: type = int32", sparse_infer, k)
#define SPARSE_COUNTED(op, k)                                                                                \
    OP(op, "data: T, indices: Tidx, segment_ids: Tsegmentids, num_segments: Tnumsegments -> output: T",      \
       "T: type, Tidx: type = int32, Tnumsegments: type = int32, Tsegmentids: type = int32", sparse_infer,   \
       k)
#define GRAD(op)                                                                                             \
    OP(op, "grad: T, indices: Tidx, segment_ids: Tsegmentids, output_dim0: int32 -> output: T",              \
       "T: type, Tidx: type = int32, Tsegmentids: type = int32", grad_infer, grad_kernels)

const td_op td_ops_segment[] = {
    SORTED("SegmentSum", sorted_kernels),
    SORTED("SegmentProd", sorted_kernels),
    SORTED("SegmentMean", sorted_kernels),
    SORTED("SegmentMin", sorted_order_kernels),
    SORTED("SegmentMax", sorted_order_kernels),
    SORTED2("SegmentSumV2", sorted_kernels),
    SORTED2("SegmentProdV2", sorted_kernels),
    SORTED2("SegmentMinV2", sorted_order_kernels),
    SORTED2("SegmentMaxV2", sorted_order_kernels),
    UNSORTED("UnsortedSegmentSum", unsorted_kernels),
    UNSORTED("UnsortedSegmentProd", unsorted_kernels),
    UNSORTED("UnsortedSegmentMin", unsorted_order_kernels),
    UNSORTED("UnsortedSegmentMax", unsorted_order_kernels),
    SPARSE("SparseSegmentSum", sparse_kernels),
    SPARSE("SparseSegmentMean", sparse_float_kernels),
    SPARSE("SparseSegmentSqrtN", sparse_float_kernels),
    SPARSE_COUNTED("SparseSegmentSumWithNumSegments", sparse_kernels),
    SPARSE_COUNTED("SparseSegmentMeanWithNumSegments", sparse_float_kernels),
    SPARSE_COUNTED("SparseSegmentSqrtNWithNumSegments", sparse_float_kernels),
    GRAD("SparseSegmentSumGrad"),
    GRAD("SparseSegmentMeanGrad"),
    GRAD("SparseSegmentSqrtNGrad"),
    { 0 },
};
