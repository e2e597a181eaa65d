/* SPDX-License-Identifier: Apache-2.0 */
/* sizes.h -- how many rows are worth a run together: learned from what runs have taken.
 *
 * Sizes are counted by powers of two, so that a model gets few plans. A larger one is tried once there are rows for
 * it, and kept while its time per row is lower than that of the smaller ones. What was given up is tried again now
 * and then: the machine may have been busy.
 *
 * Where a time is promised for a call, two runs fit into it: the one that a call has just missed, and its own. So
 * no run is to take more than half of it, but one in a hundred. Not locked: its owner's lock guards it.
 */
#ifndef TD_BATCH_SIZES_H
#define TD_BATCH_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TD_BATCH_SIZES = 11, TD_BATCH_MOST_ROWS = 1 << (TD_BATCH_SIZES - 1) };

typedef struct td_batch_sizes {
    double row_ns[TD_BATCH_SIZES];  /* time of a row in runs of 2^k to 2^(k+1) - 1; 0: not known */
    double slow_ns[TD_BATCH_SIZES]; /* what 99 of 100 of these runs do not exceed; 0: not known */
    bool is_warm[TD_BATCH_SIZES];   /* one was run: its plan is there */
    double slo_ns;                  /* set by the owner; 0: none */
    uint32_t asked;                 /* how often */
} td_batch_sizes;

/* The rows of the next run, which begins with a call of `least` rows, when so many wait in all: a power of two, or least,
 * and no more than `most` but for that call's own. More than wait where it pays to fill them up to a larger size that is
 * known. 1 <= least <= waiting. */
size_t td_batch_sizes_choose(td_batch_sizes *s, size_t least, size_t waiting, size_t most);
/* A run of so many rows took ns while others waited or ran: what one run alone takes, with all cores, says nothing. */
void td_batch_sizes_learn(td_batch_sizes *s, size_t rows, int64_t ns);
/* A run of so many rows was stopped after ns: it takes that long at least. */
void td_batch_sizes_learn_stopped(td_batch_sizes *s, size_t rows, int64_t ns);
/* What a row takes in the best known size; 0: not known. */
double td_batch_sizes_row_ns(const td_batch_sizes *s);
/* What a run of so many rows takes, as far as is known of those that are no larger; 0: nothing is. */
double td_batch_sizes_run_ns(const td_batch_sizes *s, size_t rows);

#endif
