/* SPDX-License-Identifier: Apache-2.0 */
/* source.h -- where an op's random numbers come from: a Philox generator and a place in its sequence.
 *
 * Stateless ops name both by inputs, and answer the same each time. A stateful op has a generator of its own, which
 * starts at the seeds of its attributes (at any place when both are 0) and goes on from run to run; or it reads and
 * moves one that a variable holds. */
#ifndef TD_OPS_RANDOM_SOURCE_H
#define TD_OPS_RANDOM_SOURCE_H

#include "kernels/random/philox.h"
#include "ops/op.h"

typedef enum td_random_from {
    TD_FROM_SEED,     /* inputs at `first`: seed, two integers that are mixed */
    TD_FROM_KEY,      /* key, counter, alg */
    TD_FROM_NODE,     /* attributes seed and seed2 */
    TD_FROM_VARIABLE, /* resource, algorithm */
} td_random_from;

typedef struct td_generator td_generator;

typedef struct td_random_source {
    td_random_from from;
    uint32_t first;
    td_generator *own; /* TD_FROM_NODE */
} td_random_source;

/* parse: fills s; makes the generator of TD_FROM_NODE. */
TD_MUST_USE td_status td_random_source_parse(td_parse *p, td_random_from from, uint32_t first,
                                             td_random_source *s);
/* infer: the shapes of those inputs. */
TD_MUST_USE td_status td_random_source_check(td_call *c, const td_random_source *s);
/* run: a generator that nobody else uses for its next `blocks` blocks. */
TD_MUST_USE td_status td_random_source_take(td_call *c, const td_random_source *s, uint64_t blocks,
                                            td_philox *out);

/* Where the sequence of TD_FROM_NODE starts; nothing of it is taken. */
td_philox td_random_source_start(const td_random_source *s);

/* The generator of two seeds, as stateless ops mix them. */
td_philox td_random_of_seeds(const td_tensor *seed);
/* Philox is 1, any algorithm 3; there are no others. */
TD_MUST_USE td_status td_random_check_alg(td_call *c, int64_t alg);
/* run: moves the generator of a variable (input 0); *out is where it was. */
TD_MUST_USE td_status td_random_move_variable(td_call *c, uint64_t blocks, td_philox *out);

/* infer: the elements of input i as output 0's shape; a vector. */
TD_MUST_USE td_status td_random_shape(td_call *c, uint32_t i, td_shape *out);
/* Element i of a tensor of real numbers. */
double td_random_real(const td_tensor *t, size_t i);

/* 64 bits of the system. */
uint64_t td_random_system(void);

#endif
