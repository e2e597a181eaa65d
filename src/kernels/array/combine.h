/* SPDX-License-Identifier: Apache-2.0 */
/* combine.h -- rows of numbers folded into rows:
 * what scatters and segments do with what meets in one place. */
#ifndef TD_KERNELS_ARRAY_COMBINE_H
#define TD_KERNELS_ARRAY_COMBINE_H

#include <stddef.h>

#include "tensord/dtype.h"

typedef enum td_combine {
    TD_COMBINE_ADD, /* of booleans: or */
    TD_COMBINE_SUB,
    TD_COMBINE_MUL, /* of booleans: and */
    TD_COMBINE_DIV, /* integers: towards zero; by 0 gives 0 */
    TD_COMBINE_MIN, /* not of complex numbers */
    TD_COMBINE_MAX,
    TD_COMBINE_LEAST, /* as MIN and MAX, but what comes next to a NaN, or is one, takes its place */
    TD_COMBINE_GREATEST,
    TD_COMBINE_MINIMUM, /* as MIN and MAX, but a NaN stays one */
    TD_COMBINE_MAXIMUM,
} td_combine;

/* acc[i] = acc[i] OP in[i * step] for i < n; step 0: one number for all. */
typedef void td_combine_fn(void *acc, const void *in, size_t n, size_t step);

td_combine_fn *td_combine_find(td_combine op, td_dtype dtype); /* NULL: there is none */

/* The number v as an element of dtype, which is a number type or bool, in up to 16 bytes at out. */
void td_number_put(td_dtype dtype, double v, void *out);

/* The element that changes nothing: 0 or 1 for sums and products, the lowest for MAX, the highest for MIN. */
void td_combine_start(td_combine op, td_dtype dtype, void *out);

#endif
