/* SPDX-License-Identifier: Apache-2.0 */
/* layer_norm.h -- rows of floats brought to mean 0 and variance 1, then scaled and shifted by column. */
#ifndef TD_KERNELS_NORM_LAYER_NORM_H
#define TD_KERNELS_NORM_LAYER_NORM_H

#include <stddef.h>

#include "base/variant.h"

/* out[r][c] = (in[r][c] - mean) / sqrt(variance + epsilon) * gamma[c] + beta[c]; cols > 0. The variance is
 * that of the differences, in a pass of its own, so a large mean costs no digits. out may be in. */
typedef void td_layer_norm_fn(float *out, const float *in, const float *gamma, const float *beta, size_t rows,
                              size_t cols, float epsilon);

td_layer_norm_fn td_layer_norm_ref, td_layer_norm_avx2, td_layer_norm_avx512;
TD_VARIANTS(layer_norm, td_layer_norm_fn *);

#endif
