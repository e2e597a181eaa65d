/* SPDX-License-Identifier: Apache-2.0 */
/* ragged.h -- ragged tensors as ops see them: the splits of each level, where rows begin and the last one ends, and the
 * values. */
#ifndef TD_OPS_RAGGED_H
#define TD_OPS_RAGGED_H

#include "ops/array/array.h"

static inline int64_t td_ragged_split(const td_tensor *splits, int64_t i)
{
    return td_tensor_int(splits, (size_t)i);
}

/* INVALID_ARGUMENT unless splits begin with 0, never fall, and end with the number of values below. */
TD_MUST_USE td_status td_ragged_check(const td_call *c, const td_tensor *splits, int64_t below);
/* The same of splits in inputs 0 .. levels - 1 and values in input `levels`. */
TD_MUST_USE td_status td_ragged_check_nested(const td_call *c, uint32_t levels);

/* Output i becomes the splits of so many rows, which are to be added in order. Nothing happens when nobody uses it. */
TD_MUST_USE td_status td_ragged_start(td_call *c, uint32_t i, int64_t rows);
/* Adds a row to output i, whose splits end with *end so far. They must fit their type. */
TD_MUST_USE td_status td_ragged_add_row(td_call *c, uint32_t i, int64_t row, int64_t length, int64_t *end);

#endif
