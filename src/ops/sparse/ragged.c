/* SPDX-License-Identifier: Apache-2.0 */
/* ragged.c -- see ragged.h. */
#include "ops/sparse/ragged.h"

#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"

td_status td_ragged_check(const td_call *c, const td_tensor *splits, int64_t below)
{
    const int64_t n = splits->shape.rank == 1 ? splits->shape.dims[0] : 0;

    if (n < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid ragged splits: there are none");
    if (td_ragged_split(splits, 0) != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Ragged splits must start with 0, but we got %" PRId64,
                         td_ragged_split(splits, 0));
    for (int64_t i = 1; i < n; i++)
        if (td_ragged_split(splits, i) < td_ragged_split(splits, i - 1))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Ragged splits should be non decreasing, but we got %" PRId64
                             " followed by %" PRId64,
                             td_ragged_split(splits, i - 1), td_ragged_split(splits, i));
    if (td_ragged_split(splits, n - 1) != below)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Final value of ragged splits must match the number of values below: %" PRId64
                         " vs. %" PRId64,
                         td_ragged_split(splits, n - 1), below);
    return NULL;
}

td_status td_ragged_check_nested(const td_call *c, uint32_t levels)
{
    if (levels < 1 || td_in(c, levels)->shape.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "a ragged tensor needs splits and values");
    for (uint32_t i = 0; i < levels; i++) {
        const td_shape *const below = &td_in(c, i + 1)->shape;

        if (below->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "ragged splits must be vectors");
        TD_TRY(td_ragged_check(c, td_in(c, i), below->dims[0] - (i + 1 < levels)));
    }
    return NULL;
}

td_status td_ragged_start(td_call *c, uint32_t i, int64_t rows)
{
    TD_TRY(td_out_make(c, i, &(td_shape){ 1, { rows + 1 } }));
    if (td_out_is_used(c, i)) td_tensor_set_int(td_out(c, i), 0, 0);
    return NULL;
}

td_status td_ragged_add_row(td_call *c, uint32_t splits, int64_t row, int64_t length, int64_t *end)
{
    const td_dtype dtype = td_out_is_used(c, splits) ? td_out(c, splits)->dtype : TD_I64;

    if (!td_add_i64(*end, length, end) || (dtype == TD_I32 && *end > INT32_MAX))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The total range size overflowed. Consider using int64 instead of int32 for "
                         "row_splits_dtype.");
    if (td_out_is_used(c, splits)) td_tensor_set_int(td_out(c, splits), (size_t)row + 1, *end);
    return NULL;
}
