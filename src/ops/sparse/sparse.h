/* SPDX-License-Identifier: Apache-2.0 */
/* sparse.h -- sparse tensors as ops see them:
 * rows of indices, a value for each, and the shape of the whole. */
#ifndef TD_OPS_SPARSE_H
#define TD_OPS_SPARSE_H

#include "ops/array/array.h"

typedef struct td_sparse {
    const int64_t *index; /* [n, rank] */
    const td_tensor *values;
    int64_t n, rank;
    int64_t dims[TD_MAX_RANK];
} td_sparse;

/* Inputs index, values and shape of a sparse tensor (shape UINT32_MAX: none is read). INVALID_ARGUMENT when
 * they do not fit each other; whether indices lie within the shape is td_sparse_check()'s. */
TD_MUST_USE td_status td_sparse_of(td_call *c, uint32_t index, uint32_t values, uint32_t shape,
                                   td_sparse *out);
TD_MUST_USE td_status td_sparse_check(const td_call *c, const td_sparse *s);

/* Order of two index rows of k entries: <0, 0, >0. */
int td_sparse_compare(const int64_t *a, const int64_t *b, int64_t k);

/* Numbers 0..n-1 in the order of their index rows, in the call's arena; NULL without memory. Stable. */
int64_t *td_sparse_order(td_call *c, const int64_t *index, int64_t n, int64_t rank);

/* Makes outputs i and i + 1 for n elements of this rank, [n, rank] and [n]. Unused ones stay. */
TD_MUST_USE td_status td_sparse_make(td_call *c, uint32_t i_index, uint32_t i_values, int64_t n,
                                     int64_t rank);
/* Writes element `at` of the outputs made so. */
void td_sparse_put(td_call *c, uint32_t i_index, uint32_t i_values, int64_t at, const int64_t *index,
                   int64_t rank, const void *value);
/* Output i becomes the vector dims. */
TD_MUST_USE td_status td_sparse_put_dims(td_call *c, uint32_t i, const int64_t *dims, int64_t rank);

/* Of a complex element; others stay as they are. */
void td_sparse_conjugate(td_dtype dtype, void *element);

static inline const void *td_sparse_value(const td_sparse *s, int64_t i)
{
    return (const char *)s->values->data + (size_t)i * td_dtype_size(s->values->dtype);
}

#endif
