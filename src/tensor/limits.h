/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h -- how large a tensor of a client's may be, for the whole process. What reads one asks before it takes memory for
 * its elements; tensors of models and of runs are none of its business. */
#ifndef TD_TENSOR_LIMITS_H
#define TD_TENSOR_LIMITS_H

#include "tensord/tensor.h"

/* From now on; before any request. rank: 1 to TD_MAX_RANK, as at first; elements of 0 or less: any number, as at first. */
void td_limits_set(int rank, int64_t elements);

/* INVALID_ARGUMENT names the input, and the flag of what it is beyond. */
TD_MUST_USE td_status td_limits_check(const char *input, const td_shape *shape);

/* For who counts elements as they come: the most that there may be, and what to say of one more. */
int64_t td_limits_elements(void);
TD_MUST_USE td_status td_limits_too_many(void);

#endif
