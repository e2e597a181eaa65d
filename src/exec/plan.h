/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h -- a program for one tuple of input shapes.
 *
 * A plan says for every step whether it is done already (its value was known while planning), static
 * (prepared, its outputs have a place in the workspace) or dynamic (everything is decided when it runs,
 * outputs come from the heap). Plans are immutable, but for what their cache keeps in them (cache.h).
 *
 * Invariants (asserts cite them):
 *   1. two values whose lives overlap never share workspace bytes, unless one is an alias of the other;
 *   2. a dynamic value's buffer is dropped after the last step that reads it or an alias of it;
 *   3. a frame that is given back holds no buffer references.
 */
#ifndef TD_EXEC_PLAN_H
#define TD_EXEC_PLAN_H

#include <stdatomic.h>

#include "exec/program.h"

/* What a run of a static step needs, beyond td_step. */
typedef enum td_mode { TD_MODE_STATIC, TD_MODE_ALIAS, TD_MODE_DYNAMIC } td_mode;

typedef struct td_plan_step {
    const td_step *step;
    td_mode mode;
    void *state;
    size_t scratch_size, scratch_offset;
    const char *body; /* as td_call has both */
    double work;
    uint32_t *dying; /* values whose buffers end with this step */
    uint32_t n_dying;
} td_plan_step;

/* Steps that a run goes through without a look at anything else: segment.h. */
typedef struct td_segment {
    uint32_t first, n; /* of the plan's steps */
    bool is_plain;
    bool asks; /* much was done since a run was last asked whether it is to stop */
} td_segment;

struct td_plan {
    td_program *prog;
    atomic_uint refs;
    atomic_llong expected_ns; /* what a run takes, by those that were (entry.c); 0: it never ran to its end */
    int64_t guess_ns;         /* the same by runs of other shapes, at most; 0: there were none */
    td_arena *arena;
    /* Templates: shape where known; data for constants and what was computed while planning. */
    td_tensor *values;
    size_t *offset; /* into the workspace; SIZE_MAX: not there */
    td_plan_step *steps;
    size_t n_steps;
    td_segment *segments;
    size_t n_segments;
    size_t workspace_size;
    size_t bytes; /* charged for it */
    /* Guarded by the cache's lock. */
    struct td_frame *idle;
    size_t n_idle, idle_bytes;
    bool was_used; /* since td_caches_tidy() last saw it */
};

static inline int64_t td_plan_expected(const td_plan *p)
{
    return atomic_load_explicit(&p->expected_ns, memory_order_relaxed);
}

/* in[i]: the shape of prog->args[i]. RESOURCE_EXHAUSTED beyond the process's limit of memory. */
TD_MUST_USE td_status td_plan_make(td_program *prog, const td_tensor *in, td_plan **out);
void td_plan_free(td_plan *p); /* nobody has a frame of it */

#endif
