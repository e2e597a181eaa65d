/* SPDX-License-Identifier: Apache-2.0 */
/* sobol.h -- Sobol's sequence: points that fill a unit cube evenly. */
#ifndef TD_KERNELS_RANDOM_SOBOL_H
#define TD_KERNELS_RANDOM_SOBOL_H

#include <stddef.h>
#include <stdint.h>

enum { TD_SOBOL_MOST = 337, TD_SOBOL_BITS = 32 }; /* dimensions that there are numbers for */

/* The direction numbers of a dimension, as fractions of 2^32. Point n is the sum without carry of those that the bits of
 * n ^ n / 2 name. */
void td_sobol_directions(size_t dimension, uint32_t v[TD_SOBOL_BITS]);

#endif
