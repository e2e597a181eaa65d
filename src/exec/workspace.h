/* SPDX-License-Identifier: Apache-2.0 */
/* workspace.h -- the memory that runs compute in, lent for a run and until its answer is read; and that of large requests.
 *
 * Pieces belong to nobody between runs: whichever plan comes next takes the one that fits it best. So what the
 * process has is what runs need at a time, not what all plans would need. As many as there are cores are kept for the
 * next runs, the largest; and those only while they are used.
 */
#ifndef TD_EXEC_WORKSPACE_H
#define TD_EXEC_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "tensord/status.h"

typedef struct td_workspace {
    void *data; /* 64-byte aligned */
    size_t size;
    size_t need; /* most that was asked of it since td_workspaces_tidy() last saw it */
    td_account *account;
    bool is_own; /* of the heap, and nobody else's before or after */
} td_workspace;

/* At least size bytes for `what`, not cleared, at a's expense (NULL: nobody's). RESOURCE_EXHAUSTED. Any thread, for all of
 * these. */
TD_MUST_USE td_status td_workspace_take(td_account *a, size_t size, const char *what, td_workspace *out);
/* Likewise, for what is not computed in: requests, replies, inputs of batches. Small ones come from the heap, and a large one is
 * none of those that only a larger run needs. */
TD_MUST_USE td_status td_workspace_take_other(td_account *a, size_t size, const char *what,
                                              td_workspace *out);
void td_workspace_give(td_workspace *w); /* clears it; a cleared struct is fine */

/* Gives those back to the system that lie idle and of which nobody has needed half since the last call; all: whatever lies
 * idle. True when there were any. */
bool td_workspaces_tidy(bool all);

#endif
