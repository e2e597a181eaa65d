/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- what body.inc leans on. */
#ifndef TD_KERNELS_REDUCE_BODY_H
#define TD_KERNELS_REDUCE_BODY_H

#include <complex.h>
#include <math.h>

#include "kernels/reduce/reduce.h"

/* TD_REDUCE_LANES, of each file that includes body.inc: partial results of a row, side by side. */
enum {
    TD_REDUCE_PART = 128,  /* elements of a partial result */
    TD_REDUCE_CHUNK = 256, /* the most columns at a time */
};

/* No real root: 0. */
#define TD_ROOT(a) ((a) < 0 ? 0 : sqrt(a))

/* Ends of an integer type T. */
#define TD_IS_SIGNED_T ((T)-1 < (T)1)
#define TD_HIGHEST     ((T)(TD_IS_SIGNED_T ? (UINT64_C(1) << (8 * sizeof(T) - 1)) - 1 : UINT64_MAX))
#define TD_LOWEST      ((T)(TD_IS_SIGNED_T ? -(int64_t)TD_HIGHEST - 1 : 0))

#endif
