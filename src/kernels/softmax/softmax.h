/* SPDX-License-Identifier: Apache-2.0 */
/* softmax.h -- softmax and its logarithm over rows of floats; in and out may be the same. */
#ifndef TD_KERNELS_SOFTMAX_SOFTMAX_H
#define TD_KERNELS_SOFTMAX_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/variant.h"

/* out[r][c] = exp(in[r][c] - max) / sum, or in - max - log(sum) */
typedef void td_softmax_fn(float *out, const float *in, size_t rows, size_t cols, bool is_log);

td_softmax_fn td_softmax_ref, td_softmax_avx2, td_softmax_avx512;
TD_VARIANTS(softmax, td_softmax_fn *);

void td_softmax_f64(double *out, const double *in, size_t rows, size_t cols, bool is_log);

#endif
