/* SPDX-License-Identifier: Apache-2.0 */
/* summary.h -- the first elements of a tensor as text,
 * as TensorFlow writes them in messages: "[1 2][3 4]...". */
#ifndef TD_TENSOR_SUMMARY_H
#define TD_TENSOR_SUMMARY_H

#include "tensord/tensor.h"

#include "base/strbuf.h"

/* At most `most` elements; -1: all. Elements must be known. */
void td_tensor_summary(const td_tensor *t, int64_t most, td_strbuf *out);

/* Element i alone. */
void td_tensor_summary_one(const td_tensor *t, int64_t i, td_strbuf *out);

#endif
