/* SPDX-License-Identifier: Apache-2.0 */
/* fill.h -- arrays of random numbers of one distribution, the same as TensorFlow's for the same generator. */
#ifndef TD_KERNELS_RANDOM_FILL_H
#define TD_KERNELS_RANDOM_FILL_H

#include <stddef.h>

#include "kernels/random/philox.h"
#include "tensord/dtype.h"

typedef enum td_random_kind {
    TD_RANDOM_UNIFORM, /* of [0, 1) */
    TD_RANDOM_NORMAL,
    TD_RANDOM_TRUNCATED, /* normal, within two standard deviations */
    TD_RANDOM_RANGE,     /* integers of [low, low + range) */
    TD_RANDOM_INTEGER,   /* any integer of the type */
} td_random_kind;

typedef struct td_random td_random;
/* Makes one group of numbers from the generator; advances it. */
typedef void td_random_group_fn(const td_random *r, td_philox *g, void *out);

struct td_random {
    td_random_group_fn *make;
    td_philox start;
    uint64_t low, range;
    size_t group, elem;       /* numbers that a group has, bytes of a number */
    uint64_t blocks_of_group; /* how far the generator is moved for each */
};

/* Chooses the body; start, low and range are for the caller to set. False: there is none. */
bool td_random_find(td_random_kind kind, td_dtype dtype, td_random *r);
/* Groups [begin, end) of an array of n numbers; the last group may be a part of one. */
void td_random_fill(const td_random *r, void *out, size_t n, size_t begin, size_t end);

#endif
