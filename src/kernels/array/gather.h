/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h -- rows picked by index. */
#ifndef TD_KERNELS_ARRAY_GATHER_H
#define TD_KERNELS_ARRAY_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "tensord/dtype.h"

/* params is [batches, outer, limit, row bytes], index [batches, count],
 * out [batches, outer, count, row bytes]. */
typedef struct td_gather {
    int64_t batches, outer, limit, count;
    size_t row;
} td_gather;

/* The place in index of the first one outside [0, limit), or -1.
 * Nothing else looks at indices' values unchecked. */
int64_t td_gather_check(const void *index, td_dtype type, int64_t n, int64_t limit);

/* Gathers rows [begin, end) of the batches * outer * count rows of out.
 * Indices outside [0, limit) give zeros. */
void td_gather_rows(const td_gather *g, char *out, const char *params, const void *index, td_dtype type,
                    int64_t begin, int64_t end);

/* Element `at` of an index vector of type int16, int32, int64, uint8, int8 or uint16. */
static inline int64_t td_index_at(const void *index, td_dtype type, int64_t at)
{
    switch (type) {
    case TD_I32:
        return ((const int32_t *)index)[at];
    case TD_I64:
        return ((const int64_t *)index)[at];
    case TD_I16:
        return ((const int16_t *)index)[at];
    case TD_U16:
        return ((const uint16_t *)index)[at];
    case TD_I8:
        return ((const int8_t *)index)[at];
    default:
        return ((const uint8_t *)index)[at];
    }
}

#endif
