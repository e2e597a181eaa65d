/* SPDX-License-Identifier: Apache-2.0 */
/* geometry.h -- what a window makes of shapes: the sizes of a convolution or a pool as kernels want them. */
#ifndef TD_OPS_GEOMETRY_H
#define TD_OPS_GEOMETRY_H

#include "kernels/conv/conv.h"
#include "kernels/pool/pool.h"
#include "ops/nn/window.h"

/* Image x under the filter f [kernel.., in / groups, out]. INVALID_ARGUMENT when they do not fit. */
TD_MUST_USE td_status td_conv_geometry(const td_call *c, const td_window *w, const td_shape *x,
                                       const td_shape *f, td_conv *out);
td_shape td_conv_output(const td_window *w, const td_conv *g);

/* A depthwise filter [height, width, channels, multiplier] as one of a group a channel:
 * [height, width, 1, channels * multiplier]. Other ranks stay. */
td_shape td_depthwise_filter(const td_shape *f);

/* Image x, whose rank was checked, under w's own kernel. */
TD_MUST_USE td_status td_pool_geometry(const td_call *c, const td_window *w, const td_shape *x,
                                       td_pool_shape *out);

#endif
