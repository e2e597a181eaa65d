/* SPDX-License-Identifier: Apache-2.0 */
/* make_ragged.c -- ragged tensors, as values and splits that differ from feed to feed, and sparse ones, as indices, values
 * and a shape; made of dense ones, of each other, of ranges and of texts, and dense again. */
#include <string.h>

#include "make.h"
#include "number.h"

static fz_id wide(fz_maker *m, int rank, size_t n, const int64_t *v)
{
    td_tensor t = fz_alloc(m, TD_I64, &(td_shape){ rank, { (int64_t)n } });

    memcpy(t.data, v, n * sizeof *v);
    return fz_const(m, &t);
}

/* What stands where there is nothing. */
static fz_id filler(fz_maker *m, fz_id values)
{
    return fz_noise_const(m, fz_type(m, values), &(td_shape){ 0 }, FZ_SMALL);
}

/* ---------------------------------------------------------------- making them */

typedef struct ragged {
    fz_id values, splits; /* -1: none */
} ragged;

enum { MOST_ROWS = 6 };

/* How long each row is. */
typedef struct rows {
    int64_t n, length[MOST_ROWS], sum;
} rows;

static rows any_rows(fz_maker *m)
{
    rows x = { .n = fz_between(&m->r, 0, MOST_ROWS) };

    for (int64_t i = 0; i < x.n; i++) {
        x.length[i] = fz_chance(&m->r, 25) ? 0 : fz_between(&m->r, 1, fz_chance(&m->r, 10) ? 20 : 4);
        x.sum += x.length[i];
    }
    return x;
}

/* As many values in as many rows, one of them in another row: all shapes are the same. */
static rows moved(fz_maker *m, rows x)
{
    const unsigned n = (unsigned)TD_MAX(x.n, 1), from = fz_below(&m->r, n), to = fz_below(&m->r, n);

    if (x.length[from] > 0) {
        x.length[from]--;
        x.length[to]++;
    }
    return x;
}

static td_tensor splits_of(fz_maker *m, td_dtype type, const rows *x)
{
    td_tensor t = fz_alloc(m, type, &(td_shape){ 1, { x->n + 1 } });
    int64_t end = 0;

    for (int64_t i = 0; i <= x->n; i++) {
        fz_set(&t, (size_t)i, (double)end);
        end += i < x->n ? x->length[i] : 0;
    }
    return t;
}

static ragged noise_ragged(fz_maker *m, td_dtype type, td_dtype splits_type)
{
    const int rank = fz_chance(&m->r, 70) ? 1 : 2;
    const int64_t width = fz_between(&m->r, 1, 4);
    const rows first = any_rows(m);
    td_shape shapes[FZ_FEEDS];
    td_tensor splits[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const rows x = feed == 0 || m->is_body ? first : feed == 1 ? moved(m, first) : any_rows(m);
        splits[feed] = splits_of(m, splits_type, &x);
        shapes[feed] = (td_shape){ rank, { x.sum, width } };
    }
    const fz_id s = m->is_body ? fz_const(m, &splits[0]) : fz_arg(m, splits);
    return (ragged){ s < 0 ? -1 : fz_noise_arg(m, type, shapes), s };
}

static ragged ranges(fz_maker *m)
{
    const td_shape one = { 1, { fz_between(&m->r, 1, 5) } }, shapes[] = { one, one, one };
    const fz_id from = fz_noise_arg(m, TD_I32, shapes);
    const fz_id n = fz_noise_const(m, TD_I32, &one, FZ_POSITIVE), step = fz_int(m, fz_between(&m->r, 1, 3));
    const fz_id to = fz_binary(m, "AddV2", from, n);
    const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ from, to, step }), "RaggedRange T=%%int32 Tsplits=%%int64");

    return out < 0 ? (ragged){ -1, -1 } : (ragged){ out + 1, out };
}

static ragged letters(fz_maker *m)
{
    td_shape shapes[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        shapes[feed] = (td_shape){ 1, { m->is_body ? 2 : m->batch[feed] } };
    const fz_id x = fz_strings(m, FZ_UNICODE, shapes);
    const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ x }), "UnicodeDecode input_encoding='UTF-8 errors='replace");

    return out < 0 ? (ragged){ -1, -1 } : (ragged){ out + 1, out };
}

/* A few of its rows, some of them twice. */
static ragged gathered(fz_maker *m, ragged x)
{
    const td_shape *const s = fz_shape(m, x.splits);
    int64_t at[5];
    const size_t n = fz_below(&m->r, 5);

    if (s->dims[0] < 2) return x;
    for (size_t i = 0; i < n; i++)
        at[i] = fz_between(&m->r, 0, s->dims[0] - 2);
    const fz_id by = fz_same_ints(m, 1, n, at);
    const fz_id in[] = { x.splits, x.values, by };
    if (by < 0) return x;
    const fz_id out = FZ_ADD(m, 0, in,
                             "RaggedGather Tvalues=%%%s Tindices=%%%s Tsplits=%%%s PARAMS_RAGGED_RANK=1 "
                             "OUTPUT_RAGGED_RANK=1",
                             fz_type_name(m, x.values), fz_type_name(m, by), fz_type_name(m, x.splits));
    return out < 0 ? x : (ragged){ out + 1, out };
}

/* The same splits, values that were worked out: a plan gives them a place. */
static ragged computed(fz_maker *m, ragged x)
{
    const fz_id v = x.values;
    const fz_id made = fz_type(m, v) == TD_STRING ? FZ_ADD(m, 0, ((fz_id[]){ v }), "StringUpper")
                       : fz_type(m, v) == TD_BOOL ? FZ_ADD(m, 0, ((fz_id[]){ v }), "LogicalNot")
                                                  : fz_binary(m, "AddV2", v, v);

    return (ragged){ made < 0 ? v : made, x.splits };
}

/* There and back: through one variant, or one for each row; in between what x was made of may go. */
static ragged through_variant(fz_maker *m, ragged x)
{
    const bool batched = fz_chance(&m->r, 50);

    if (m->is_within) return x;
    const ragged from = x;
    x = fz_chance(&m->r, 30) ? gathered(m, x) : computed(m, x);
    const fz_id v = FZ_ADD(m, 0, ((fz_id[]){ x.splits, x.values }),
                           "RaggedTensorToVariant RAGGED_RANK=1 Tvalues=%%%s Tsplits=%%%s batched_input=%s",
                           fz_type_name(m, x.values), fz_type_name(m, x.splits), batched ? "true" : "false");
    if (fz_chance(&m->r, 60)) (void)computed(m, from); /* needs as much room */
    m->is_within = true;
    fz_grow(m, fz_below(&m->r, 3));
    m->is_within = false;
    const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ v }),
                             "RaggedTensorFromVariant input_ragged_rank=%d output_ragged_rank=1 Tvalues=%%%s "
                             "Tsplits=%%%s",
                             batched ? 0 : 1, fz_type_name(m, x.values), fz_type_name(m, x.splits));

    return out < 0 ? x : (ragged){ out + 1, out };
}

static ragged any_ragged(fz_maker *m)
{
    const td_dtype type = fz_any_type(m, FZ_ANY_TYPE), splits = fz_chance(&m->r, 70) ? TD_I64 : TD_I32;
    const unsigned kind = fz_below(&m->r, 10);
    ragged x = kind == 0 ? ranges(m) : kind == 1 ? letters(m) : noise_ragged(m, type, splits);

    if (x.values >= 0 && fz_chance(&m->r, 20)) x = gathered(m, x);
    if (x.values >= 0 && fz_chance(&m->r, 20)) x = through_variant(m, x);
    return x;
}

/* ---------------------------------------------------------------- rows of ragged tensors */

static void encode(fz_maker *m)
{
    const ragged x = noise_ragged(m, fz_any_type(m, FZ_ANY_TYPE), fz_chance(&m->r, 70) ? TD_I64 : TD_I32);

    if (x.values >= 0) (void)through_variant(m, x);
}

static void to_tensor(fz_maker *m)
{
    const ragged x = any_ragged(m);
    int64_t dims[3] = { -1, fz_chance(&m->r, 60) ? -1 : fz_between(&m->r, 0, 5), 0 };

    if (x.values < 0) return;
    const int rank = fz_rank(m, x.values) + 1;
    if (rank > 2) dims[2] = fz_chance(&m->r, 50) ? -1 : fz_dim(m, x.values, 1);
    if (fz_chance(&m->r, 20)) dims[0] = fz_between(&m->r, 0, 7);
    const fz_id shape = wide(m, 1, (size_t)rank, dims), rest = filler(m, x.values);
    (void)FZ_ADD(m, 0, ((fz_id[]){ shape, x.values, rest, x.splits }),
                 "RaggedTensorToTensor T=%%%s Tindex=%%%s Tshape=%%int64 num_row_partition_tensors=1 "
                 "row_partition_types={'ROW_SPLITS}",
                 fz_type_name(m, x.values), fz_type_name(m, x.splits));
}

/* splits[from:] but for the last `less`. */
static fz_id cut(fz_maker *m, fz_id splits, int64_t from, int64_t less)
{
    const int64_t to = -less, one = 1;

    return FZ_ADD(m, 0,
                  ((fz_id[]){ splits, fz_const_ints(m, 1, 1, &from), fz_const_ints(m, 1, 1, &to),
                              fz_const_ints(m, 1, 1, &one) }),
                  "StridedSlice T=%%%s Index=%%int32 end_mask=%d", fz_type_name(m, splits), less ? 0 : 1);
}

static fz_id lengths_of(fz_maker *m, ragged x)
{
    const fz_id ends = cut(m, x.splits, 1, 0), starts = cut(m, x.splits, 0, 1);

    return ends < 0 || starts < 0 ? -1 : fz_binary(m, "Sub", ends, starts);
}

static void lengths(fz_maker *m)
{
    const ragged x = any_ragged(m);
    const fz_id n = x.values < 0 ? -1 : lengths_of(m, x);

    if (n >= 0 && fz_chance(&m->r, 50))
        (void)FZ_ADD(m, 0, ((fz_id[]){ n, fz_int(m, 0) }), "Max T=%%%s Tidx=%%int32", fz_type_name(m, n));
}

/* indices, values, shape of the ragged tensor as a sparse one. */
static fz_id sparse_of(fz_maker *m, ragged x)
{
    return FZ_ADD(m, 0, ((fz_id[]){ x.splits, x.values }),
                  "RaggedTensorToSparse RAGGED_RANK=1 T=%%%s Tsplits=%%%s", fz_type_name(m, x.values),
                  fz_type_name(m, x.splits));
}

/* The row of each value. */
static fz_id row_ids(fz_maker *m, ragged x)
{
    const fz_id sparse = sparse_of(m, x);

    if (sparse < 0) return -1;
    return FZ_ADD(m, 0, ((fz_id[]){ sparse, fz_int(m, 0), fz_int(m, 1) }),
                  "GatherV2 Tparams=%%int64 Tindices=%%int32 Taxis=%%int32");
}

static void reduce_rows(fz_maker *m)
{
    static const char *const sorted[] = { "SegmentSum", "SegmentMean", "SegmentMax", "SegmentMin" };
    static const char *const unsorted[] = { "UnsortedSegmentSum", "UnsortedSegmentMax",
                                            "UnsortedSegmentMin" };
    static const char *const sparse[] = { "SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN" };
    const ragged x = noise_ragged(m, fz_any_type(m, TD_REAL_TYPES), TD_I64);

    if (x.values < 0 || fz_rank(m, x.values) != 1) return;
    const fz_id ids = row_ids(m, x);
    if (ids < 0) return;
    const char *const type = fz_type_name(m, x.values);
    switch (fz_below(&m->r, 3)) {
    case 0:
        (void)FZ_ADD(m, 4, ((fz_id[]){ x.values, ids }), "%s T=%%%s Tindices=%%int64",
                     sorted[fz_below(&m->r, 4)], type);
        break;
    case 1: {
        const fz_id n =
            FZ_ADD(m, 0, ((fz_id[]){ cut(m, x.splits, 1, 0) }), "Size T=%%int64 out_type=%%int64");
        (void)FZ_ADD(m, 4, ((fz_id[]){ x.values, ids, n }), "%s T=%%%s Tindices=%%int64 Tnumsegments=%%int64",
                     unsorted[fz_below(&m->r, 3)], type);
        break;
    }
    default: { /* an embedding: rows of a table, added up */
        const fz_id table =
            fz_noise_const(m, TD_F32, &(td_shape){ 2, { 5, fz_between(&m->r, 1, 9) } }, FZ_USUAL);
        const fz_id small = FZ_ADD(m, 0, ((fz_id[]){ x.values }), "Cast SrcT=%%%s DstT=%%int32", type);
        const fz_id at = FZ_ADD(m, 0, ((fz_id[]){ small, fz_int(m, 5) }), "FloorMod T=%%int32");
        (void)FZ_ADD(m, 4, ((fz_id[]){ table, at, ids }), "%s T=%%float Tidx=%%int32 Tsegmentids=%%int64",
                     sparse[fz_below(&m->r, 3)]);
    }
    }
}

static void count(fz_maker *m)
{
    const ragged x = noise_ragged(m, TD_U8, TD_I64);
    const int64_t none = 0;
    static const char *const weights[] = { "float", "int64" };

    if (x.values < 0 || fz_rank(m, x.values) != 1) return;
    const fz_id values = FZ_ADD(m, 0, ((fz_id[]){ x.values }), "Cast SrcT=%%uint8 DstT=%%int32");
    const char *const type = weights[fz_below(&m->r, 2)];
    const fz_id no =
        FZ_ADD(m, 0, ((fz_id[]){ fz_const_ints(m, 1, 0, &none) }), "Cast SrcT=%%int32 DstT=%%%s", type);
    (void)FZ_ADD(m, 0, ((fz_id[]){ x.splits, values, fz_int(m, fz_between(&m->r, 1, 12)), no }),
                 "RaggedBincount Tidx=%%int32 T=%%%s binary_output=%s", type,
                 fz_chance(&m->r, 50) ? "true" : "false");
}

/* Columns of as many rows, each with the others' values. */
static void cross(fz_maker *m)
{
    const td_dtype type = fz_chance(&m->r, 60) ? TD_STRING : TD_I64;
    const ragged x = noise_ragged(m, type, TD_I64);
    const bool hashes = type == TD_I64 || fz_chance(&m->r, 50);
    td_shape shapes[FZ_FEEDS];

    if (x.values < 0 || fz_rank(m, x.values) != 1) return;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const td_tensor *const s = &m->pool[x.splits].data[feed][0];
        shapes[feed] = (td_shape){ 2, { s->shape.dims[0] - 1, 2 } };
    }
    const fz_id dense = fz_noise_arg(m, type, shapes);
    (void)FZ_ADD(
        m, 0, ((fz_id[]){ x.values, x.splits, dense }),
        "RaggedCross Nsparse=0 input_order='%s hashed_output=%s num_buckets=%d hash_key=956888297470 "
        "ragged_values_types={%%%s} ragged_splits_types={%%int64} sparse_values_types={} dense_types={%%%s} "
        "out_values_type=%%%s out_row_splits_type=%%int64",
        fz_chance(&m->r, 50) ? "RD" : "DR", hashes ? "true" : "false", hashes ? 50 : 0, td_dtype_name(type),
        td_dtype_name(type), hashes ? "int64" : "string");
}

/* ---------------------------------------------------------------- sparse tensors */

typedef struct sparse {
    fz_id at, values, shape;
} sparse;

/* Of a ragged tensor, or of those elements of a dense one that a mask takes. */
static sparse any_sparse(fz_maker *m, uint64_t types)
{
    const sparse none = { -1, -1, -1 };

    if (fz_chance(&m->r, 50)) {
        const ragged x = noise_ragged(m, fz_any_type(m, types), fz_chance(&m->r, 70) ? TD_I64 : TD_I32);
        const fz_id s = x.values < 0 ? -1 : sparse_of(m, x);
        return s < 0 ? none : (sparse){ s, s + 1, s + 2 };
    }
    const fz_id x = fz_pick(m, types, 1, 3), mask = x < 0 ? -1 : fz_noise_like(m, TD_BOOL, x);
    const fz_id at = mask < 0 ? -1 : FZ_ADD(m, 0, ((fz_id[]){ mask }), "Where T=%%bool");
    const fz_id values = FZ_ADD(m, 0, ((fz_id[]){ x, at }), "GatherNd Tparams=%%%s Tindices=%%int64",
                                x < 0 ? "float" : fz_type_name(m, x));
    const fz_id shape =
        values < 0 ? -1 : FZ_ADD(m, 0, ((fz_id[]){ x }), "Shape T=%%%s out_type=%%int64", fz_type_name(m, x));
    return shape < 0 ? none : (sparse){ at, values, shape };
}

static void make_dense(fz_maker *m, sparse x)
{
    if (x.values < 0) return;
    (void)FZ_ADD(m, 0, ((fz_id[]){ x.at, x.shape, x.values, filler(m, x.values) }),
                 "SparseToDense T=%%%s Tindices=%%int64", fz_type_name(m, x.values));
}

static void fill_rows(fz_maker *m)
{
    const sparse x = any_sparse(m, FZ_ANY_TYPE);

    if (x.values < 0) return;
    const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ x.at, x.values, x.shape, filler(m, x.values) }),
                             "SparseFillEmptyRows T=%%%s", fz_type_name(m, x.values));
    if (out >= 0) make_dense(m, (sparse){ out, out + 1, x.shape });
}

/* Turned about by a reshape to one row, or cut, or doubled; in order again, and dense. */
static void move_sparse(fz_maker *m)
{
    sparse x = any_sparse(m, FZ_ANY_TYPE);
    const int64_t flat[] = { -1, 1 };

    if (x.values < 0) return;
    const char *const type = fz_type_name(m, x.values);
    const int rank = (int)fz_dim(m, x.shape, 0);
    fz_id out = -1;
    switch (fz_below(&m->r, 4)) {
    case 0:
        out = FZ_ADD(m, 0, ((fz_id[]){ x.at, x.shape, wide(m, 1, 2, flat) }), "SparseReshape");
        if (out >= 0) x = (sparse){ out, x.values, out + 1 };
        break;
    case 1: {
        const int64_t from[] = { 0, fz_chance(&m->r, 50), 0, 0 }, size[] = { 2, 3, 9, 9 };
        out = FZ_ADD(m, 0,
                     ((fz_id[]){ x.at, x.values, x.shape, wide(m, 1, (size_t)rank, from),
                                 wide(m, 1, (size_t)rank, size) }),
                     "SparseSlice T=%%%s", type);
        if (out >= 0) x = (sparse){ out, out + 1, out + 2 };
        break;
    }
    case 2:
        out = FZ_ADD(m, 0, ((fz_id[]){ x.at, x.at, x.values, x.values, x.shape, x.shape }),
                     "SparseConcat concat_dim=%d N=2 T=%%%s", (int)fz_below(&m->r, (unsigned)rank), type);
        if (out >= 0) x = (sparse){ out, out + 1, out + 2 };
        break;
    default:
        break;
    }
    if (fz_chance(&m->r, 50)) {
        out = FZ_ADD(m, 0, ((fz_id[]){ x.at, x.values, x.shape }), "SparseReorder T=%%%s", type);
        if (out >= 0) x = (sparse){ out, out + 1, x.shape };
    }
    make_dense(m, x);
}

static void sparse_math(fz_maker *m)
{
    const sparse x = any_sparse(m, TD_DTYPE_BIT(TD_F32));
    const int64_t zero = 0;

    if (x.values < 0) return;
    const fz_id axis = fz_const_ints(m, 1, 1, &zero);
    switch (fz_below(&m->r, 4)) {
    case 0:
        (void)FZ_ADD(m, 6, ((fz_id[]){ x.at, x.values, x.shape }), "SparseSoftmax T=%%float");
        break;
    case 1:
        (void)FZ_ADD(m, 4, ((fz_id[]){ x.at, x.values, x.shape, axis }),
                     "SparseReduceSum T=%%float keep_dims=%s", fz_chance(&m->r, 50) ? "true" : "false");
        break;
    case 2: {
        const fz_id out =
            FZ_ADD(m, 2, ((fz_id[]){ x.at, x.values, x.shape, x.at, x.values, x.shape, fz_scalar(m, 0.0f) }),
                   "SparseAdd T=%%float Treal=%%float");
        if (out >= 0) make_dense(m, (sparse){ out, out + 1, out + 2 });
        break;
    }
    default: { /* times a dense matrix, by its columns */
        const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ x.at, x.values, x.shape, filler(m, x.values) }),
                                 "SparseToDense T=%%float Tindices=%%int64");
        if (out < 0 || fz_rank(m, out) != 2) return;
        td_shape s[FZ_FEEDS];
        for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
            const td_tensor *const t = &m->pool[out].data[feed][0];
            if (!t->dtype) return;
            s[feed] = (td_shape){ 2, { t->shape.dims[0], 3 } };
        }
        const fz_id b = fz_noise_arg(m, TD_F32, s);
        (void)FZ_ADD(m, 6, ((fz_id[]){ x.at, x.values, x.shape, b }),
                     "SparseTensorDenseMatMul T=%%float Tindices=%%int64 adjoint_a=true");
    }
    }
}

const fz_production fz_ragged[] = {
    { "to_tensor", 4, to_tensor },
    { "encode", 2, encode },
    { "lengths", 2, lengths },
    { "reduce_rows", 4, reduce_rows },
    { "count", 1, count },
    { "cross", 2, cross },
    { "fill_rows", 2, fill_rows },
    { "move_sparse", 4, move_sparse },
    { "sparse_math", 3, sparse_math },
    { 0 },
};
