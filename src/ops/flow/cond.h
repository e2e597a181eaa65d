/* SPDX-License-Identifier: Apache-2.0 */
/* cond.h -- what TensorFlow takes for true, in If, While and Switch. */
#ifndef TD_OPS_FLOW_COND_H
#define TD_OPS_FLOW_COND_H

#include "tensord/tensor.h"

/* A scalar that is not zero or empty; any other tensor that has elements. Its elements must be there. */
bool td_cond_is_true(const td_tensor *t);

#endif
