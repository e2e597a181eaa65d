/* SPDX-License-Identifier: Apache-2.0 */
/* draw.h -- numbers of distributions with parameters, one by one, by TensorFlow's algorithms: rejection, so how many
 * random numbers one takes is not known before. */
#ifndef TD_KERNELS_RANDOM_DRAW_H
#define TD_KERNELS_RANDOM_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/random/philox.h"
#include "tensord/dtype.h"

/* A generator, and what is left of its last block, taken from the end. */
typedef struct td_draws {
    td_philox gen;
    double uniform[2], normal[2];
    int n_uniform, n_normal;
} td_draws;

double td_draw_gamma(td_draws *d, double alpha);
double td_draw_poisson(td_draws *d, double rate);
/* 0 < prob <= 0.5; is_large: count * prob >= 10. */
double td_draw_binomial(td_draws *d, double count, double prob, bool is_large);

typedef struct td_truncated {
    double mean, stddev, low, high;
} td_truncated;

/* Can numbers be drawn with these parameters? */
bool td_truncated_is_valid(const td_truncated *t);
/* n numbers of type TD_F32 or TD_F64 to out[0], out[stride], ... False: none was accepted for too long. */
bool td_draw_truncated(td_philox *g, td_dtype dtype, const td_truncated *t, size_t n, void *out,
                       size_t stride);

/* Cumulated weights of the classes: exp(logits), of which the largest is 1; not finite ones have none. */
void td_class_weights(const double *logits, size_t n, double *cdf);
/* The first class whose cumulated weight is above u times the whole; n when there is none. */
size_t td_class_find(const double *cdf, size_t n, double u);

/* A permutation of n numbers, made by n - 1 swaps. */
void td_permute(td_philox *g, uint32_t *perm, size_t n);
/* Where index goes in a permutation of [0, most] that three keys pick; false: nowhere, as it is above most. */
bool td_shuffle_index(uint64_t index, const uint32_t key[3], uint64_t most, int rounds, uint64_t *out);

#endif
