/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h -- what one run of a plan needs beside its workspace: tensors and calls, bound to memory. It belongs to one run at
 * a time; cache.h keeps those that are not in use.
 *
 * A small workspace is part of it. A larger one (workspace.h) is there from td_frame_run() to td_frame_clear(): who waits for a
 * core has none. */
#ifndef TD_EXEC_FRAME_H
#define TD_EXEC_FRAME_H

#include "exec/plan.h"
#include "exec/workspace.h"
#include "obs/trace.h"

typedef struct td_frame td_frame;

struct td_frame {
    td_plan *plan;
    td_frame *next; /* in plan->idle */
    td_arena *memory;
    td_tensor *values;
    td_call *calls;     /* one a plan step */
    td_memo *memos;     /* of dynamic steps */
    uint8_t *dead;      /* NULL without Switch */
    unsigned char *own; /* the workspace, when it is small; NULL: it is lent */
    td_workspace lent;
    const unsigned char *bound; /* the workspace that values and calls point into */
    td_team *team;              /* those that calls were told of last */
    td_arena *calls_strings;
    size_t bytes;      /* charged for the frame itself */
    td_arena *strings; /* string bytes of a whole request; regions use their caller's */
    td_arena *temp;    /* state and scratch of one dynamic step */
};

/* What a run has from its surroundings. */
typedef struct td_run_context {
    td_team *team;     /* NULL: nobody to share work with */
    td_arena *strings; /* NULL: the frame's own, valid until it is given back. Another's: it is a body */
    td_trace *trace;   /* NULL: nobody asks where the time goes */
} td_run_context;

TD_MUST_USE td_status td_frame_make(td_plan *plan, td_frame **out);
void td_frame_free(td_frame *f);

/* Borrows in[i]'s elements as prog->args[i], and takes references of buffers. */
void td_frame_set_args(td_frame *f, const td_tensor *in);
/* Drops buffers, strings and workspace of a run (inv. 3). */
void td_frame_clear(td_frame *f);

/* Lets values and calls point into a workspace, which it takes if it has none. td_frame_run() does it. */
TD_MUST_USE td_status td_frame_bind(td_frame *f);
/* Runs all steps, unless this thread is asked to stop (device/stop.h). Outputs: td_frame_ret(), until the frame is given back. */
TD_MUST_USE td_status td_frame_run(td_frame *f, const td_run_context *run);
static inline const td_tensor *td_frame_ret(const td_frame *f, size_t i)
{
    return &f->values[f->plan->prog->rets[i]];
}

#endif
