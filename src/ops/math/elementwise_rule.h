/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise_rule.h -- which shapes the operands of an elementwise op may have. Most broadcast; the others must
 * refuse what would broadcast, alone and as a link of a chain. */
#ifndef TD_OPS_ELEMENTWISE_RULE_H
#define TD_OPS_ELEMENTWISE_RULE_H

#include "tensord/status.h"
#include "tensord/tensor.h"

typedef enum td_elementwise_rule {
    TD_RULE_BROADCAST,
    TD_RULE_EQUAL, /* gradients: all have one shape */
    TD_RULE_BIAS,  /* the second is a vector along the last dimension of the first */
    TD_RULE_CLIP,  /* the bounds are scalars or have the first one's shape */
    TD_RULE_COUNT
} td_elementwise_rule;

/* The shape of the result of n (1 to 3) operands. INVALID_ARGUMENT with TensorFlow's texts, which name the node or
 * the op. */
TD_MUST_USE td_status td_elementwise_shape(td_elementwise_rule rule, td_string node, const char *op,
                                           const td_shape *const *in, unsigned n, td_shape *out);

/* TD_RULE_BIAS with channels elsewhere. */
TD_MUST_USE td_status td_bias_shape(const td_shape *value, const td_shape *bias, int channel_dim);

#endif
