/* SPDX-License-Identifier: Apache-2.0 */
/* arg.h -- where along a dimension the largest or smallest element is. The first one wins; a NaN never does,
 * unless it comes first. */
#ifndef TD_KERNELS_REDUCE_ARG_H
#define TD_KERNELS_REDUCE_ARG_H

#include "kernels/elt/num.h"

enum { TD_ARG_CHUNK = 128 }; /* the most columns at a time */

/* in is [n, stride] seen from the first of `columns` columns; n > 0. Writes one index a column. */
typedef void td_arg_fn(int64_t *out, const void *in, size_t n, size_t stride, size_t columns);

td_arg_fn *td_arg_find(td_dtype dtype, bool want_max); /* NULL: none for this type */

#endif
