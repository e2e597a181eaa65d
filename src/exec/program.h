/* SPDX-License-Identifier: Apache-2.0 */
/* program.h -- a function ready to be planned: steps in order, values by number.
 *
 * Made once per signature and region from a graph that the passes are done with. Immutable, but for its cache.
 */
#ifndef TD_EXEC_PROGRAM_H
#define TD_EXEC_PROGRAM_H

#include <string.h>

#include "base/mutex.h"
#include "ops/kernel.h"
#include "ops/op.h"

typedef struct td_program td_program;
typedef struct td_plan td_plan;

/* One op of a program; in and out are value numbers, out UINT32_MAX where an op skips what nobody uses. */
typedef struct td_step {
    const td_op *op;
    const td_kernel *kernel; /* NULL for an alias */
    const char *node;
    const td_node *source; /* what it was made of */
    const void *attrs;
    uint32_t *in, *out;
    uint32_t n_in, n_out;
    uint64_t const_in;
    td_region **regions;
    uint32_t n_regions;
} td_step;

static inline bool td_step_is(const td_step *s, const char *op)
{
    return strcmp(s->op->name, op) == 0;
}

/* See cache.h. */
typedef struct td_cache {
    td_mutex mu;
    td_plan **plans; /* most recently used first */
    size_t n_plans;
    struct td_cache *next, *before; /* in the list of all that have had plans */
    bool is_listed;
} td_cache;

struct td_program {
    const char *name;
    td_env *env;
    size_t n_values;
    /* Templates: dtype; constants have shape and data, others shape.rank = -1 and no data. */
    td_tensor *values;
    bool *is_const;
    td_step *steps;
    size_t n_steps;
    uint32_t *args, *rets;
    size_t n_args, n_rets;
    bool has_switch;
    bool *may_die;  /* by value: behind a Switch, so that a run may pass it over; NULL without one */
    bool is_broken; /* it needs ops that tensord lacks, which are noted: not to be run */
    bool has_state; /* some step assigns or counts: not to be warmed up */

    td_cache cache;
};

/* What a call takes from its step; the rest is cleared. */
td_call td_step_call(const td_step *s, td_env *env, td_tensor *values);

#endif
