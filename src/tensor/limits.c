/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c -- see limits.h. */
#include "tensor/limits.h"

#include <inttypes.h>

#include "base/macros.h"

static int most_dims = TD_MAX_RANK;
static int64_t most_elements = INT64_MAX;

void td_limits_set(int rank, int64_t elements)
{
    TD_ASSERT(rank >= 1 && rank <= TD_MAX_RANK);
    most_dims = rank;
    most_elements = elements > 0 ? elements : INT64_MAX;
}

td_status td_limits_check(const char *input, const td_shape *shape)
{
    if (shape->rank > most_dims)
        return TD_ERR(INVALID_ARGUMENT, "Input %s has %d dimensions; there may be %d (--max_tensor_rank)",
                      input, (int)shape->rank, most_dims);
    const int64_t n = td_shape_count(shape);

    if (n > most_elements)
        return TD_ERR(INVALID_ARGUMENT,
                      "Input %s has %" PRId64 " elements; there may be %" PRId64 " (--max_tensor_elements)",
                      input, n, most_elements);
    return NULL;
}

int64_t td_limits_elements(void)
{
    return most_elements;
}

td_status td_limits_too_many(void)
{
    return TD_ERR(INVALID_ARGUMENT,
                  "An input has more than %" PRId64 " elements, which there may be (--max_tensor_elements)",
                  most_elements);
}
