/* SPDX-License-Identifier: Apache-2.0 */
/* pow5.h -- powers of five (and so of ten:
 * 10^q = 5^q * 2^q) to 128 bits, for reading and printing numbers. */
#ifndef TD_TENSOR_POW5_H
#define TD_TENSOR_POW5_H

#include <stdint.h>

enum { TD_POW5_MIN = -342, TD_POW5_MAX = 324 };

/* The leading 128 bits of 5^q, the highest one set, cut off below. */
typedef struct td_pow5 {
    uint64_t hi, lo;
} td_pow5;

/* All powers from TD_POW5_MIN on; computed at the first call, from any thread. */
const td_pow5 *td_pow5_table(void);

#endif
