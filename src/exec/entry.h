/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h -- one signature, ready to run: its program, and what its runs cost. */
#ifndef TD_EXEC_ENTRY_H
#define TD_EXEC_ENTRY_H

#include <stdatomic.h>

#include "tensord/session.h"

#include "exec/frame.h"

typedef struct td_entry {
    td_graph *graph;
    td_program *prog; /* NULL: `error` says why */
    td_status error;
    atomic_llong expected_ns; /* moving average of run times; 0 before the first */
} td_entry;

/* Is a run expected to take so long that another thread should do it? */
bool td_entry_is_long(const td_entry *e);

/* Runs f, a frame of e's program, with the cores it can get. */
TD_MUST_USE td_status td_entry_run(td_entry *e, td_frame *f, const td_run_options *opts);

#endif
