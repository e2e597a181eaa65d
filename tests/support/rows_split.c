/* SPDX-License-Identifier: Apache-2.0 */
/* rows_split.c -- see rows_split.h. */
#include "rows_split.h"

#include <string.h>

#include "base/macros.h"

td_tensor rows_take(td_arena *arena, const td_tensor *t, int axis, int64_t before, int64_t rows, int64_t at,
                    int64_t n)
{
    td_tensor out = { .dtype = t->dtype, .shape = t->shape };
    const size_t size = td_dtype_size(t->dtype);
    int64_t outer = before, inner = 1;

    TD_ASSERT(axis < t->shape.rank && t->shape.dims[axis] % (before * rows) == 0);
    out.shape.dims[axis] = t->shape.dims[axis] / rows * n;
    for (int d = 0; d < axis; d++)
        outer *= t->shape.dims[d];
    for (int d = axis + 1; d < t->shape.rank; d++)
        inner *= t->shape.dims[d];
    inner *= t->shape.dims[axis] / before / rows;
    out.data = td_arena_alloc(arena, td_tensor_bytes(&out) + 16);
    const size_t row = (size_t)inner * size;

    for (size_t o = 0; row && o < (size_t)outer; o++)
        memcpy((char *)out.data + o * (size_t)n * row,
               (const char *)t->data + (o * (size_t)rows + (size_t)at) * row, (size_t)n * row);
    return out;
}
