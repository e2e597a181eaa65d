/* SPDX-License-Identifier: Apache-2.0 */
/* scatter.h -- rows written or folded into places that indices name; for tensors and for variables.
 *
 * indices is [rows..., depth]: each row names a place in the first `depth` dims; updates has a slice for
 * each.
 */
#ifndef TD_OPS_SCATTER_H
#define TD_OPS_SCATTER_H

#include "kernels/array/combine.h"
#include "ops/op.h"

enum { TD_SCATTER_SET = -1 }; /* or a td_combine */

/* Do these shapes fit each other? INVALID_ARGUMENT as TensorFlow words it. */
TD_MUST_USE td_status td_scatter_check(const td_call *c, const td_shape *out, const td_shape *index,
                                       const td_shape *updates);

/* Scatters into out. All indices are looked at before anything is written, so that an error leaves nothing
 * half done; ignore: bad ones are passed over. */
TD_MUST_USE td_status td_scatter(td_call *c, td_tensor *out, const td_tensor *index, const td_tensor *updates,
                                 int mode, bool ignore);

#endif
