/* program.h -- a function ready to be planned: steps in order, values by number.
 *
 * Made once per signature and region from a graph that the passes are done with. Immutable, but for its
 * plans, which a lock of their own guards: one plan per tuple of input shapes, the least recently used goes
 * when there are too many.
 */
#ifndef TD_EXEC_PROGRAM_H
#define TD_EXEC_PROGRAM_H

#include <pthread.h>

#include "ops/kernel.h"
#include "ops/op.h"
#include "passes/pass.h"

typedef struct td_program td_program;
typedef struct td_plan td_plan;

/* One op of a program; in and out are value numbers, out UINT32_MAX where an op skips what nobody uses. */
typedef struct td_step {
    const td_op *op;
    const td_kernel *kernel; /* NULL for an alias */
    const char *node;
    const void *attrs;
    uint32_t *in, *out;
    uint32_t n_in, n_out;
    uint64_t const_in;
    td_region **regions;
    uint32_t n_regions;
} td_step;

struct td_program {
    const char *name;
    td_env *env;
    size_t n_values;
    td_tensor
        *values; /* templates: dtype; constants have shape and data, others shape.rank = -1 and no data */
    bool *is_const;
    td_step *steps;
    size_t n_steps;
    uint32_t *args, *rets;
    size_t n_args, n_rets;
    bool has_switch;
    bool has_state; /* some step assigns or counts: not to be warmed up */

    pthread_mutex_t mu;
    td_plan **plans; /* most recently used first */
    size_t n_plans;
};

/* What a call takes from its step; the rest is cleared. */
td_call td_step_call(const td_step *s, td_env *env, td_tensor *values);

/* Compiles g: runs the passes from prune on (freezing and fusing when `serve`), builds the steps, and the
 * programs of its regions. Lives in p->arena but for what td_program_free gives back. */
TD_MUST_USE td_status td_program_make(td_pass *p, td_graph *g, bool serve, td_program **out);
void td_program_free(td_program *prog); /* NULL is fine */

/* The body of function `name` as a region. consts[i] (NULL: none) are arguments known to be constant. */
TD_MUST_USE td_status td_region_make(td_pass *p, const char *name, const td_tensor *const *consts,
                                     size_t n_consts, bool serve, td_region **out);
void td_region_free(td_region *r);
bool td_region_has_state(const td_region *r);
/* Do the body's argument and result types fit node n, whose inputs from `first` on are handed over? */
TD_MUST_USE td_status td_region_check_types(const td_region *r, const td_node *n, uint32_t first,
                                            bool is_cond);
/* The function's body, resolved, inlined, ready for td_program_make(). */
TD_MUST_USE td_status td_function_graph(td_pass *p, const char *name, td_graph **out);

#endif
