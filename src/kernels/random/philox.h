/* SPDX-License-Identifier: Apache-2.0 */
/* philox.h -- Philox 4x32-10, the counter-based generator of TensorFlow: block i of four numbers depends on the key
 * and on start + i alone, so any part of a sequence can be made without the rest. (Salmon et al., Parallel random
 * numbers: as easy as 1, 2, 3.) */
#ifndef TD_KERNELS_RANDOM_PHILOX_H
#define TD_KERNELS_RANDOM_PHILOX_H

#include <stdint.h>

typedef struct td_philox {
    uint32_t counter[4]; /* little end first */
    uint32_t key[2];
} td_philox;

/* The generator of a key and of the 128 bits of a counter. */
td_philox td_philox_make(uint64_t key, uint64_t counter_low, uint64_t counter_high);
void td_philox_skip(td_philox *g, uint64_t blocks);
void td_philox_next(td_philox *g, uint32_t out[4]);

/* Numbers of [0, 1) from random bits. */
float td_uniform_f32(uint32_t x);
double td_uniform_f64(uint32_t high, uint32_t low);
/* Two numbers of the standard normal distribution from uniform ones (Box and Muller). */
void td_normal_f32(const uint32_t x[2], float out[2]);
void td_normal_f64(const uint32_t x[4], double out[2]);

#endif
