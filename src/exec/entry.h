/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h -- one signature, ready to run. */
#ifndef TD_EXEC_ENTRY_H
#define TD_EXEC_ENTRY_H

#include "tensord/session.h"

#include "exec/frame.h"
#include "exec/lane.h"
#include "exec/partial.h"
#include "exec/rows.h"

typedef struct td_entry {
    td_graph *graph;
    td_program *prog;     /* NULL: `error` says why */
    td_partials partials; /* of prog */
    td_status error;
    td_rows_verdict rows; /* of prog */
    /* The same under another name, whose program serves for this one, too; NULL: none. */
    struct td_entry *twin;
} td_entry;

/* Runs f, a frame of a signature's program, with the cores it can get, and learns what that took. *must_wait (false
 * before): opts says never to wait, and no core is free; nothing was done. opts may be NULL. */
TD_MUST_USE td_status td_entry_run(td_frame *f, td_share *share, const td_run_options *opts, bool *must_wait);

#endif
