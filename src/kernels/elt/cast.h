/* SPDX-License-Identifier: Apache-2.0 */
/* cast.h -- any number type to any other, as C++ casts on x86 do it in TensorFlow: floats round to nearest
 * even, integers wrap, what does not fit an integer becomes the most negative one; complex loses its
 * imaginary part. */
#ifndef TD_KERNELS_CAST_CAST_H
#define TD_KERNELS_CAST_CAST_H

#include "kernels/elt/elt.h"

/* Truncating casts drop mantissa bits instead of rounding (float or double to a narrower float).
 * False: no such cast. */
bool td_cast_find(td_dtype from, td_dtype to, bool truncate, td_cpu cpu, td_elt *out, td_elt_arg *arg);

#endif
