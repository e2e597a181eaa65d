/* SPDX-License-Identifier: Apache-2.0 */
/* random.h -- the fuzzer's dice: the same graphs for the same seed, everywhere. */
#ifndef TD_TESTS_GRAPHS_RANDOM_H
#define TD_TESTS_GRAPHS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fz_random {
    uint64_t state;
} fz_random;

fz_random fz_random_make(uint64_t seed);
uint64_t fz_bits(fz_random *r);
unsigned fz_below(fz_random *r, unsigned n);              /* [0, n), n > 0 */
int64_t fz_between(fz_random *r, int64_t lo, int64_t hi); /* both included */
bool fz_chance(fz_random *r, unsigned percent);
double fz_unit(fz_random *r); /* [0, 1) */

#endif
