/* SPDX-License-Identifier: Apache-2.0 */
/* act.h -- activations of float vectors in place, for the epilogues of convolutions and matrix products. */
#ifndef TD_KERNELS_ACT_ACT_H
#define TD_KERNELS_ACT_ACT_H

#include <stddef.h>

#include "base/variant.h"

/* name here, TensorFlow's name in fused_ops (or ours) */
#define TD_ACTS(X)                                                                                           \
    X(tanh, "Tanh")                                                                                          \
    X(sigmoid, "Sigmoid")                                                                                    \
    X(swish, "Swish")                                                                                        \
    X(gelu_erf, "GeluExact")                                                                                 \
    X(gelu_tanh, "GeluApproximate")                                                                          \
    X(elu, "Elu")                                                                                            \
    X(hard_sigmoid, "HardSigmoid") /* relu6(x + 3) / 6 */                                                    \
    X(hard_swish, "HardSwish")     /* x relu6(x + 3) / 6 */

typedef enum td_act {
    TD_ACT_NONE = 0,
#define X(name, text) TD_ACT_##name,
    TD_ACTS(X)
#undef X
        TD_ACT_COUNT
} td_act;

typedef void td_act_fn(float *x, size_t n);

/* By td_act; of TD_ACT_NONE NULL. */
extern td_act_fn *const td_acts_ref[TD_ACT_COUNT], *const td_acts_avx2[TD_ACT_COUNT],
                                                       *const td_acts_avx512[TD_ACT_COUNT];

TD_VARIANTS(act, td_act_fn *const *);

#endif
