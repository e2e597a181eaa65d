/* SPDX-License-Identifier: Apache-2.0 */
/* cross.h -- what crosses of sparse, of dense and of ragged columns share: all combinations of the features of each row, one
 * of each column, as joined texts or as hashes. The last column changes fastest. A feature is a string or an int64. */
#ifndef TD_OPS_CROSS_H
#define TD_OPS_CROSS_H

#include "ops/op.h"

/* Features of row r are values[starts[r] .. starts[r + 1]). */
typedef struct td_cross_column {
    const td_tensor *values;
    int64_t *starts;
} td_cross_column;

typedef struct td_cross {
    td_call *c;
    td_cross_column *columns;
    size_t n;
    int64_t rows;
    int64_t *places; /* of one combination */
    td_string sep;
    bool is_hashed;            /* the output is int64; else it is text */
    bool has_first, is_strong; /* hashing starts with `first`; strings are hashed with the salt */
    uint64_t first, buckets, salt[2];
} td_cross;

/* Room for x->n columns of x->rows rows, and all their starts. INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
TD_MUST_USE td_status td_cross_make(td_cross *x);

/* Starts of a dense column. */
void td_cross_dense(const td_cross *x, size_t column, const td_tensor *values);

/* INVALID_ARGUMENT unless indices, values and shape are those of a sparse matrix. */
TD_MUST_USE td_status td_cross_check_sparse(const td_tensor *index, const td_tensor *values,
                                            const td_tensor *shape);

/* Combinations of a row; RESOURCE_EXHAUSTED: too many. */
TD_MUST_USE td_status td_cross_count(const td_cross *x, int64_t row, int64_t *count);
/* Writes them to elements [at, at + count) of out. */
TD_MUST_USE td_status td_cross_put(const td_cross *x, int64_t row, int64_t count, td_tensor *out, int64_t at);

#endif
