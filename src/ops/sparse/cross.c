/* SPDX-License-Identifier: Apache-2.0 */
/* cross.c -- see cross.h. */
#include "ops/sparse/cross.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/hash/hash.h"
#include "ops/strings.h"

/* ---------------------------------------------------------------- columns */

td_status td_cross_make(td_cross *x)
{
    if (x->rows < 0) return TD_ERR(INVALID_ARGUMENT, "a batch of %" PRId64, x->rows);
    if (x->rows == INT64_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "too many rows");
    TD_TRY(td_text_rooms(x->c, x->n, sizeof *x->columns, &x->columns));
    TD_TRY(td_text_rooms(x->c, x->n, sizeof *x->places, &x->places));
    for (size_t i = 0; i < x->n; i++)
        TD_TRY(td_text_rooms(x->c, (size_t)x->rows + 1, sizeof(int64_t), &x->columns[i].starts));
    return NULL;
}

void td_cross_dense(const td_cross *x, size_t column, const td_tensor *values)
{
    x->columns[column].values = values;
    for (int64_t r = 0; r <= x->rows; r++)
        x->columns[column].starts[r] = r * values->shape.dims[1];
}

td_status td_cross_check_sparse(const td_tensor *index, const td_tensor *values, const td_tensor *shape)
{
    if (index->shape.rank != 2 || index->shape.dims[1] != 2)
        return TD_ERR(INVALID_ARGUMENT, "Input indices should be a matrix of two columns");
    if (values->shape.rank != 1 || values->shape.dims[0] != index->shape.dims[0])
        return TD_ERR(INVALID_ARGUMENT, "Expected size of values to be %" PRId64, index->shape.dims[0]);
    if (shape->shape.rank != 1 || shape->shape.dims[0] != 2)
        return TD_ERR(INVALID_ARGUMENT, "Input shapes should be a vector of two elements");
    return NULL;
}

/* ---------------------------------------------------------------- one combination */

/* Bytes of a number that SparseCrossHashed looks at: TensorFlow takes the size of an enum. */
enum { INT_HASHED = 4 };

static uint64_t bytes_hash(const td_cross *x, const void *bytes, size_t size)
{
    return x->is_strong ? td_siphash(x->salt, bytes, size) : td_fingerprint(bytes, size);
}

static uint64_t feature_hash(const td_cross *x, const td_cross_column *col, int64_t at)
{
    const td_tensor *const t = col->values;
    const bool is_plain = x->has_first || (t->shape.rank == 2 && !x->is_strong);

    if (t->dtype == TD_I64)
        return is_plain ? (uint64_t)((const int64_t *)t->data)[at]
                        : bytes_hash(x, (const int64_t *)t->data + at, INT_HASHED);
    const td_string s = ((const td_string *)t->data)[at];

    return bytes_hash(x, s.data, s.size);
}

static int64_t hash_of(const td_cross *x, const int64_t *places)
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
static td_string feature_text(const td_cross_column *col, int64_t at, char buf[INT_SIZE])
{
    if (col->values->dtype == TD_STRING) return ((const td_string *)col->values->data)[at];
    const int n = snprintf(buf, INT_SIZE, "%" PRId64, ((const int64_t *)col->values->data)[at]);

    return (td_string){ buf, (size_t)n };
}

static td_status text_of(const td_cross *x, const int64_t *places, td_string *out)
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

td_status td_cross_count(const td_cross *x, int64_t row, int64_t *count)
{
    bool is_empty = x->n == 0;

    for (size_t i = 0; i < x->n; i++)
        is_empty = is_empty || x->columns[i].starts[row] == x->columns[i].starts[row + 1];
    *count = !is_empty;
    for (size_t i = 0; i < x->n && !is_empty; i++)
        if (!td_mul_i64(*count, x->columns[i].starts[row + 1] - x->columns[i].starts[row], count))
            return TD_ERR(RESOURCE_EXHAUSTED, "too many combinations");
    return NULL;
}

/* The next combination after places; the last column moves first. */
static void step(const td_cross *x, int64_t row, int64_t *places)
{
    for (size_t i = x->n; i-- > 0;) {
        if (++places[i] < x->columns[i].starts[row + 1]) return;
        places[i] = x->columns[i].starts[row];
    }
}

td_status td_cross_put(const td_cross *x, int64_t row, int64_t count, td_tensor *out, int64_t at)
{
    int64_t *const places = x->places;

    for (size_t i = 0; i < x->n; i++)
        places[i] = x->columns[i].starts[row];
    for (int64_t k = 0; k < count; k++, step(x, row, places)) {
        if (x->is_hashed)
            ((int64_t *)out->data)[at + k] = hash_of(x, places);
        else
            TD_TRY(text_of(x, places, (td_string *)out->data + at + k));
    }
    return NULL;
}
