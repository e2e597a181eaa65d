/* SPDX-License-Identifier: Apache-2.0 */
/* einsum.h -- sums of products over labelled dims, by strides alone: the plain form of Einsum.
 *
 * out[o] = sum over s of a[o, s] b[o, s], o running over the output's labels and s over the others. A stride
 * is 0 where an operand lacks the label; a label that an operand repeats has the sum of its strides.
 */
#ifndef TD_KERNELS_MATMUL_EINSUM_H
#define TD_KERNELS_MATMUL_EINSUM_H

#include "tensord/dtype.h"

enum { TD_EINSUM_LABELS = 24 };

typedef struct td_einsum {
    int n_out, n; /* labels [0, n_out) make the output, outermost first; [n_out, n) are summed */
    size_t size[TD_EINSUM_LABELS], a[TD_EINSUM_LABELS], b[TD_EINSUM_LABELS], out[TD_EINSUM_LABELS];
} td_einsum;

/* float, double, complex and all integers. b may be NULL: one operand. */
void td_einsum_ref(const td_einsum *e, td_dtype type, void *out, const void *a, const void *b);

#endif
