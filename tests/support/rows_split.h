/* SPDX-License-Identifier: Apache-2.0 */
/* rows_split.h -- some rows of a value, wherever the proof says that they are. */
#ifndef TD_TESTS_SUPPORT_ROWS_SPLIT_H
#define TD_TESTS_SUPPORT_ROWS_SPLIT_H

#include "base/arena.h"
#include "tensord/tensor.h"

/* Rows [at, at + n) of t, whose dimension `axis` is [before, rows, after]; a copy in arena. */
td_tensor rows_take(td_arena *arena, const td_tensor *t, int axis, int64_t before, int64_t rows, int64_t at,
                    int64_t n);

#endif
