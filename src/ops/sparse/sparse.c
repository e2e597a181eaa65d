/* SPDX-License-Identifier: Apache-2.0 */
/* sparse.c -- see sparse.h. */
#include "ops/sparse/sparse.h"

#include <inttypes.h>
#include <string.h>

td_status td_sparse_of(td_call *c, uint32_t index, uint32_t values, uint32_t shape, td_sparse *out)
{
    const td_tensor *const x = td_in(c, index), *const v = td_in(c, values);
    td_sparse s = { .values = v };
    size_t rank = 0;

    if (x->dtype != TD_I64 || x->shape.rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input indices should be a matrix but received rank %d",
                         (int)x->shape.rank);
    if (v->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input values should be a vector but received rank %d",
                         (int)v->shape.rank);
    s.index = x->data;
    s.n = x->shape.dims[0];
    s.rank = x->shape.dims[1];
    if (v->shape.dims[0] != s.n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Expected %" PRId64 " values, got %" PRId64, s.n,
                         v->shape.dims[0]);
    if (shape != UINT32_MAX) {
        td_shape dims;

        if (td_in(c, shape)->shape.rank != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input shape should be a vector but received rank %d",
                             (int)td_in(c, shape)->shape.rank);
        TD_TRY(td_need_shape(c, shape, false, &dims));
        rank = (size_t)dims.rank;
        memcpy(s.dims, dims.dims, sizeof s.dims);
        if ((int64_t)rank != s.rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "indices have %" PRId64 " columns, the shape has %zu dimensions", s.rank, rank);
    }
    if (s.rank > TD_MAX_RANK)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "sparse tensors have at most %d dimensions", TD_MAX_RANK);
    *out = s;
    return NULL;
}

td_status td_sparse_check(const td_call *c, const td_sparse *s)
{
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t k = 0; k < s->rank; k++) {
            const int64_t v = s->index[i * s->rank + k];

            if (v < 0 || v >= s->dims[k])
                return TD_OP_ERR(c, INVALID_ARGUMENT,
                                 "index (%" PRId64 ", %" PRId64 ") = %" PRId64
                                 " is out of bounds of %" PRId64,
                                 i, k, v, s->dims[k]);
        }
    return NULL;
}

int td_sparse_compare(const int64_t *a, const int64_t *b, int64_t k)
{
    for (int64_t i = 0; i < k; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* A merge sort from below: stable, no recursion. */
int64_t *td_sparse_order(td_call *c, const int64_t *index, int64_t n, int64_t rank)
{
    int64_t *from = td_arena_try_alloc(c->arena, (size_t)(n + 1) * sizeof *from, 16);
    int64_t *to = td_arena_try_alloc(c->arena, (size_t)(n + 1) * sizeof *to, 16);

    if (!from || !to) return NULL;
    for (int64_t i = 0; i < n; i++)
        from[i] = i;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t lo = 0; lo < n; lo += 2 * width) {
            const int64_t mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n;
            int64_t a = lo, b = mid;

            for (int64_t k = lo; k < hi; k++) {
                const bool take_a =
                    a < mid &&
                    (b >= hi || td_sparse_compare(index + from[a] * rank, index + from[b] * rank, rank) <= 0);
                to[k] = take_a ? from[a++] : from[b++];
            }
        }
        int64_t *const t = from;
        from = to;
        to = t;
    }
    return from;
}

td_status td_sparse_make(td_call *c, uint32_t i_index, uint32_t i_values, int64_t n, int64_t rank)
{
    TD_TRY(td_out_make(c, i_index, &(td_shape){ 2, { n, rank } }));
    return td_out_make(c, i_values, &(td_shape){ 1, { n } });
}

void td_sparse_put(td_call *c, uint32_t i_index, uint32_t i_values, int64_t at, const int64_t *index,
                   int64_t rank, const void *value)
{
    if (td_out_is_used(c, i_index) && rank)
        memcpy((int64_t *)td_out(c, i_index)->data + at * rank, index, (size_t)rank * sizeof *index);
    if (!td_out_is_used(c, i_values)) return;
    const size_t elem = td_dtype_size(td_out(c, i_values)->dtype);

    memcpy((char *)td_out(c, i_values)->data + (size_t)at * elem, value, elem);
}

td_status td_sparse_put_dims(td_call *c, uint32_t i, const int64_t *dims, int64_t rank)
{
    TD_TRY(td_out_make(c, i, &(td_shape){ 1, { rank } }));
    if (td_out_is_used(c, i) && rank) memcpy(td_out(c, i)->data, dims, (size_t)rank * sizeof *dims);
    return NULL;
}

void td_sparse_conjugate(td_dtype dtype, void *element)
{
    if (dtype == TD_C64) ((float *)element)[1] = -((float *)element)[1];
    if (dtype == TD_C128) ((double *)element)[1] = -((double *)element)[1];
}
