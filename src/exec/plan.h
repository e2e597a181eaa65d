/* plan.h -- a program for one tuple of input shapes, and frames, the memory that one run of it needs.
 *
 * A plan says for every step whether it is done already (its value was known while planning), static
 * (prepared, its outputs have a place in the workspace) or dynamic (everything is decided when it runs,
 * outputs come from the heap). Plans are immutable. A frame belongs to one run at a time; a plan keeps those
 * that are not in use.
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
#include "tensord/session.h"

typedef struct td_frame td_frame;

/* What a run of a static step needs, beyond td_step. */
typedef enum td_mode { TD_MODE_STATIC, TD_MODE_ALIAS, TD_MODE_DYNAMIC } td_mode;

typedef struct td_plan_step {
    const td_step *step;
    td_mode mode;
    void *state;
    size_t scratch_size, scratch_offset;
    uint32_t *dying; /* values whose buffers end with this step */
    uint32_t n_dying;
} td_plan_step;

struct td_plan {
    td_program *prog;
    atomic_uint refs;
    td_arena *arena;
    td_tensor
        *values; /* templates: shape where known; data for constants and what was computed while planning */
    size_t *offset; /* into the workspace; SIZE_MAX: not there */
    td_plan_step *steps;
    size_t n_steps;
    size_t workspace_size;
    td_frame *idle; /* guarded by prog->mu */
    size_t n_idle;
};

struct td_frame {
    td_plan *plan;
    td_frame *next; /* in plan->idle */
    td_arena *memory;
    td_tensor *values;
    td_call *calls; /* one a plan step */
    td_memo *memos; /* of dynamic steps */
    uint8_t *dead;  /* NULL without Switch */
    unsigned char *workspace;
    td_arena *strings; /* string bytes of a whole request; regions use their caller's */
    td_arena *temp;    /* state and scratch of one dynamic step */
    td_tensor *out;    /* n_rets, for td_result */
    void *owner;       /* td_result's */
};

/* What a run has from its surroundings. */
typedef struct td_run_context {
    td_team *team;                 /* NULL: nobody to share work with */
    const td_run_options *options; /* NULL: no deadline */
    td_arena *strings;             /* NULL: the frame's own, valid until it is given back */
} td_run_context;

/* Finds or makes the plan for these input shapes and takes a frame for it. in[i] for prog->args[i]; dtypes
 * must agree. */
TD_MUST_USE td_status td_frame_enter(td_program *prog, const td_tensor *in, td_frame **out);
void td_frame_leave(td_frame *f);

void td_frame_free(td_frame *f); /* an idle one */

/* Frees the idle frames of all of prog's plans: memory of a signature that may never be asked for. No run may
 * be going on. */
void td_frames_trim(td_program *prog);

/* Runs all steps. Outputs: td_frame_ret(), until the frame is given back. */
TD_MUST_USE td_status td_frame_run(td_frame *f, const td_run_context *run);
static inline const td_tensor *td_frame_ret(const td_frame *f, size_t i)
{
    return &f->values[f->plan->prog->rets[i]];
}

TD_MUST_USE td_status td_plan_make(td_program *prog, const td_tensor *in, td_plan **out);
void td_plan_ref(td_plan *p);
void td_plan_unref(td_plan *p);

#endif
