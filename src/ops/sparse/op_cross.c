/* SPDX-License-Identifier: Apache-2.0 */
/* op_cross.c -- SparseCross, SparseCrossV2, SparseCrossHashed: all combinations of the features of each row, one of each
 * column, as joined texts or as hashes.
 *
 * Columns are sparse matrices, then dense ones; the last of them changes fastest. A feature is a string or an int64. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/hash/hash.h"
#include "ops/strings.h"

typedef struct cross_attrs {
    size_t n_sparse, n_dense;
    bool is_hashed;
    uint64_t buckets, key; /* SparseCross */
} cross_attrs;

/* Columns are strings or, unless only_strings, int64. */
static td_status types_parse(td_parse *p, const char *name, bool only_strings, size_t *n)
{
    const td_attr_value *types;

    *n = td_attr_list(p, name, &types);
    for (size_t i = 0; i < *n; i++)
        if (types[i].u.type != TD_STRING && (types[i].u.type != TD_I64 || only_strings))
            return TD_ERR(INVALID_ARGUMENT, "%s: a column of %s", p->node->name,
                          td_dtype_name(types[i].u.type));
    return NULL;
}

static td_status columns_parse_of(td_parse *p, bool only_strings)
{
    cross_attrs *const a = p->attrs;

    TD_TRY(types_parse(p, "sparse_types", only_strings, &a->n_sparse));
    if ((int64_t)a->n_sparse != td_attr_int(p, "N"))
        return TD_ERR(INVALID_ARGUMENT, "%s: sparse_types has %zu types", p->node->name, a->n_sparse);
    return types_parse(p, "dense_types", only_strings, &a->n_dense);
}

static td_status columns_parse(td_parse *p)
{
    return columns_parse_of(p, false);
}

static td_status cross_parse(td_parse *p)
{
    cross_attrs *const a = p->attrs;
    const td_dtype out = td_attr_type(p, "out_type");

    TD_TRY(columns_parse_of(p, td_attr_type(p, "internal_type") == TD_STRING));
    a->buckets = (uint64_t)td_attr_int(p, "num_buckets");
    a->key = (uint64_t)td_attr_int(p, "hash_key");
    if (td_attr_int(p, "num_buckets") < 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: num_buckets must be at least 0", p->node->name);
    if (out != TD_I64 && out != TD_STRING)
        return TD_ERR(INVALID_ARGUMENT, "%s: an output of %s", p->node->name, td_dtype_name(out));
    a->is_hashed = out == TD_I64;
    return NULL;
}

static td_status hashed_parse(td_parse *p)
{
    ((cross_attrs *)p->attrs)->is_hashed = true;
    return columns_parse(p);
}

/* ---------------------------------------------------------------- columns */

/* Features of row r are values[starts[r] .. starts[r + 1]). */
typedef struct column {
    const td_tensor *values;
    int64_t *starts;
} column;

typedef struct cross {
    td_call *c;
    const cross_attrs *a;
    column *columns;
    size_t n;
    int64_t rows;
    td_string sep;
    bool has_first, is_strong; /* hashing starts with `first`; strings are hashed with the salt */
    uint64_t first, buckets, salt[2];
} cross;

static td_status check_sparse(const cross *x, uint32_t i)
{
    const uint32_t n = (uint32_t)x->a->n_sparse;
    const td_shape *const index = &td_in(x->c, i)->shape, *const values = &td_in(x->c, n + i)->shape,
                          *const shape = &td_in(x->c, 2 * n + i)->shape;

    if (index->rank != 2 || index->dims[1] != 2)
        return TD_ERR(INVALID_ARGUMENT, "Input indices should be a matrix of two columns");
    if (values->rank != 1 || values->dims[0] != index->dims[0])
        return TD_ERR(INVALID_ARGUMENT, "Expected size of values to be %" PRId64, index->dims[0]);
    if (shape->rank != 1 || shape->dims[0] != 2)
        return TD_ERR(INVALID_ARGUMENT, "Input shapes should be a vector of two elements");
    return NULL;
}

static int64_t rows_of(const cross *x, size_t i)
{
    const size_t n = x->a->n_sparse;

    return i < n ? *(const int64_t *)td_in(x->c, (uint32_t)(2 * n + i))->data
                 : td_in(x->c, (uint32_t)(2 * n + i))->shape.dims[0];
}

static td_status check_columns(cross *x)
{
    const size_t n = x->a->n_sparse;

    for (size_t i = 0; i < x->n; i++) {
        if (i < n) TD_TRY(check_sparse(x, (uint32_t)i));
        if (i >= n && td_in(x->c, (uint32_t)(2 * n + i))->shape.rank != 2)
            return TD_ERR(INVALID_ARGUMENT, "Dense inputs should be a matrix");
        if (i == 0) x->rows = rows_of(x, 0);
        if (rows_of(x, i) != x->rows)
            return TD_ERR(INVALID_ARGUMENT, "Expected batch size %" PRId64 " got %" PRId64 " at column %zu",
                          x->rows, rows_of(x, i), i);
    }
    if (x->rows < 0) return TD_ERR(INVALID_ARGUMENT, "a batch of %" PRId64, x->rows);
    return NULL;
}

/* Elements in the order of their rows; those that come too late are nobody's. */
static void sparse_starts(const td_tensor *index, int64_t rows, int64_t *starts)
{
    const int64_t n = index->shape.dims[0];
    const int64_t *const at = index->data;
    int64_t i = 0;

    for (int64_t r = 0; r < rows; r++) {
        starts[r] = i;
        while (i < n && at[2 * i] == r)
            i++;
    }
    starts[rows] = i;
}

static void dense_starts(int64_t width, int64_t rows, int64_t *starts)
{
    for (int64_t r = 0; r <= rows; r++)
        starts[r] = r * width;
}

static td_status make_columns(cross *x)
{
    const uint32_t n = (uint32_t)x->a->n_sparse;

    TD_TRY(check_columns(x));
    if (x->rows == INT64_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "too many rows");
    TD_TRY(td_text_rooms(x->c, x->n, sizeof *x->columns, &x->columns));
    for (uint32_t i = 0; i < x->n; i++) {
        const td_tensor *const values = td_in(x->c, i < n ? n + i : 2 * n + i);
        int64_t *starts;

        TD_TRY(td_text_rooms(x->c, (size_t)x->rows + 1, sizeof *starts, &starts));
        if (i < n)
            sparse_starts(td_in(x->c, i), x->rows, starts);
        else
            dense_starts(values->shape.dims[1], x->rows, starts);
        x->columns[i] = (column){ values, starts };
    }
    return NULL;
}

/* ---------------------------------------------------------------- one combination */

/* Bytes of a number that SparseCrossHashed looks at: TensorFlow takes the size of an enum. */
enum { INT_HASHED = 4 };

static uint64_t bytes_hash(const cross *x, const void *bytes, size_t size)
{
    return x->is_strong ? td_siphash(x->salt, bytes, size) : td_fingerprint(bytes, size);
}

static uint64_t feature_hash(const cross *x, const column *col, int64_t at)
{
    const td_tensor *const t = col->values;
    const bool is_plain = x->has_first || (t->shape.rank == 2 && !x->is_strong);

    if (t->dtype == TD_I64)
        return is_plain ? (uint64_t)((const int64_t *)t->data)[at]
                        : bytes_hash(x, (const int64_t *)t->data + at, INT_HASHED);
    const td_string s = ((const td_string *)t->data)[at];

    return bytes_hash(x, s.data, s.size);
}

static int64_t hash_of(const cross *x, const int64_t *places)
{
    uint64_t hash = x->first;

    for (size_t i = 0; i < x->n; i++) {
        const uint64_t next = feature_hash(x, &x->columns[i], places[i]);

        hash = i || x->has_first ? td_fingerprint_join(hash, next) : next;
    }
    return (int64_t)(hash % (x->buckets ? x->buckets : (uint64_t)INT64_MAX));
}

enum { INT_SIZE = 24 };

/* The text of a feature; numbers are written to buf. */
static td_string feature_text(const column *col, int64_t at, char buf[INT_SIZE])
{
    if (col->values->dtype == TD_STRING) return ((const td_string *)col->values->data)[at];
    const int n = snprintf(buf, INT_SIZE, "%" PRId64, ((const int64_t *)col->values->data)[at]);

    return (td_string){ buf, (size_t)n };
}

static td_status text_of(const cross *x, const int64_t *places, td_string *out)
{
    size_t size = 0, at = 0;
    char buf[INT_SIZE], *text;
    bool fits = true;

    for (size_t i = 0; i < x->n; i++)
        fits = fits && td_add_size(size, feature_text(&x->columns[i], places[i], buf).size, &size) &&
               td_add_size(size, i ? x->sep.size : 0, &size);
    if (!fits) return TD_ERR(RESOURCE_EXHAUSTED, "a crossed string is too long");
    TD_TRY(td_text_alloc(x->c, size, &text));
    for (size_t i = 0; i < x->n; i++) {
        const td_string s = feature_text(&x->columns[i], places[i], buf);

        if (i && x->sep.size) memcpy(text + at, x->sep.data, x->sep.size);
        at += i ? x->sep.size : 0;
        if (s.size) memcpy(text + at, s.data, s.size);
        at += s.size;
    }
    *out = (td_string){ text, size };
    return NULL;
}

/* ---------------------------------------------------------------- all combinations */

/* Of a row; false: too many. */
static bool count_row(const cross *x, int64_t row, int64_t *count)
{
    bool is_empty = x->n == 0;

    for (size_t i = 0; i < x->n; i++)
        is_empty = is_empty || x->columns[i].starts[row] == x->columns[i].starts[row + 1];
    *count = !is_empty;
    for (size_t i = 0; i < x->n && !is_empty; i++)
        if (!td_mul_i64(*count, x->columns[i].starts[row + 1] - x->columns[i].starts[row], count))
            return false;
    return true;
}

/* The next combination after places; the last column moves first. */
static void step(const cross *x, int64_t row, int64_t *places)
{
    for (size_t i = x->n; i-- > 0;) {
        if (++places[i] < x->columns[i].starts[row + 1]) return;
        places[i] = x->columns[i].starts[row];
    }
}

static td_status write_row(const cross *x, int64_t row, int64_t count, int64_t at, int64_t *places)
{
    int64_t *const index = td_out(x->c, 0)->data;
    td_tensor *const values = td_out(x->c, 1);

    for (size_t i = 0; i < x->n; i++)
        places[i] = x->columns[i].starts[row];
    for (int64_t k = 0; k < count; k++, step(x, row, places)) {
        index[2 * (at + k)] = row;
        index[2 * (at + k) + 1] = k;
        if (x->a->is_hashed)
            ((int64_t *)values->data)[at + k] = hash_of(x, places);
        else
            TD_TRY(text_of(x, places, (td_string *)values->data + at + k));
    }
    return NULL;
}

static td_status make_outputs(const cross *x)
{
    int64_t total = 0, longest = 0, count;

    for (int64_t r = 0; r < x->rows; r++) {
        if (!count_row(x, r, &count) || !td_add_i64(total, count, &total))
            return TD_ERR(RESOURCE_EXHAUSTED, "too many combinations");
        longest = TD_MAX(longest, count);
    }
    const td_shape s = { 2, { total, 2 } };
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(x->c, 0, &s));
    TD_TRY(td_out_make(x->c, 1, &(td_shape){ 1, { total } }));
    TD_TRY(td_out_make(x->c, 2, &(td_shape){ 1, { 2 } }));
    int64_t *const dims = td_out(x->c, 2)->data;
    dims[0] = x->rows;
    dims[1] = longest;
    return NULL;
}

static td_status cross_all(cross *x)
{
    int64_t *places, at = 0, count = 0;

    TD_TRY(make_columns(x));
    TD_TRY(make_outputs(x));
    TD_TRY(td_text_rooms(x->c, x->n, sizeof *places, &places));
    for (int64_t r = 0; r < x->rows; r++, at += count) {
        (void)count_row(x, r, &count);
        TD_TRY(write_row(x, r, count, at, places));
    }
    return NULL;
}

static cross start(td_call *c)
{
    const cross_attrs *const a = c->attrs;

    return (cross){ .c = c, .a = a, .n = a->n_sparse + a->n_dense, .sep = { "_X_", 3 } };
}

static td_status cross_run(td_call *c)
{
    cross x = start(c);

    x.has_first = true;
    x.first = x.a->key;
    x.buckets = x.a->buckets;
    return cross_all(&x);
}

static td_status cross_v2_run(td_call *c)
{
    cross x = start(c);

    TD_TRY(td_text_scalar(c, c->n_in - 1, "Input separator", &x.sep));
    return cross_all(&x);
}

static td_status hashed_run(td_call *c)
{
    const uint32_t at = c->n_in - 3;
    cross x = start(c);

    if (td_in(c, at)->shape.rank != 0 || td_in(c, at + 1)->shape.rank != 0 ||
        td_shape_count(&td_in(c, at + 2)->shape) != 2)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: num_buckets and strong_hash must be scalars, salt must be two numbers", c->node);
    const int64_t buckets = *(const int64_t *)td_in(c, at)->data;
    x.buckets = buckets > 0 ? (uint64_t)buckets : 0;
    x.is_strong = *(const uint8_t *)td_in(c, at + 1)->data != 0;
    memcpy(x.salt, td_in(c, at + 2)->data, sizeof x.salt);
    return cross_all(&x);
}

TD_RUN_KERNEL(cross_kernels, 0, cross_run);
TD_RUN_KERNEL(cross_v2_kernels, 0, cross_v2_run);
TD_RUN_KERNEL(hashed_kernels, 0, hashed_run);

#define COLUMNS "indices: N*int64, values: sparse_types, shapes: N*int64, dense_inputs: dense_types"

const td_op td_ops_cross[] = {
    { .name = "SparseCross",
      .sig = COLUMNS " -> output_indices: int64, output_values: out_type, output_shape: int64",
      .attrs = "N: int, hashed_output: bool, num_buckets: int, hash_key: int, sparse_types: list(type), "
               "dense_types: list(type), out_type: type, internal_type: type",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = cross_parse,
      .kernels = cross_kernels },
    { .name = "SparseCrossV2",
      .sig = COLUMNS ", sep: string -> output_indices: int64, output_values: string, output_shape: int64",
      .attrs = "N: int, sparse_types: list(type), dense_types: list(type)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = columns_parse,
      .kernels = cross_v2_kernels },
    { .name = "SparseCrossHashed",
      .sig = COLUMNS ", num_buckets: int64, strong_hash: bool, salt: int64 -> output_indices: int64, "
                     "output_values: int64, output_shape: int64",
      .attrs = "N: int, sparse_types: list(type), dense_types: list(type)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(cross_attrs),
      .parse = hashed_parse,
      .kernels = hashed_kernels },
    { 0 },
};
