/* SPDX-License-Identifier: Apache-2.0 */
/* cumulative.h -- running sums, products and log-sum-exps along one dimension of [n, inner]. */
#ifndef TD_KERNELS_CUMULATIVE_CUMULATIVE_H
#define TD_KERNELS_CUMULATIVE_CUMULATIVE_H

#include "kernels/elt/num.h"

typedef enum td_cumulative_id {
    TD_CUMULATIVE_sum,
    TD_CUMULATIVE_prod,
    TD_CUMULATIVE_logsumexp
} td_cumulative_id;

enum { TD_CUMULATIVE_CHUNK = 128 }; /* the most columns at a time */

typedef struct td_cumulative_dims {
    size_t n, stride, columns;
    bool exclusive; /* an element's result leaves itself out */
    bool reverse;   /* from the end */
} td_cumulative_dims;

/* out may be in. */
typedef void td_cumulative_fn(void *out, const void *in, const td_cumulative_dims *d);

td_cumulative_fn *td_cumulative_find(td_cumulative_id id, td_dtype dtype); /* NULL: none for this type */

#endif
