/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- may the rows of several callers be put together, run once, and split again? */
#ifndef TD_EXEC_ROWS_H
#define TD_EXEC_ROWS_H

#include "tensord/session.h"

#include "exec/program.h"

typedef struct td_rows_verdict {
    bool is_batchable;
    char *why_not; /* NULL when it is; for people; td_free() */
} td_rows_verdict;

/* Yes when row i of each output is made of row i of the inputs only, for any number of rows, and nothing else happens:
 * proved by the rules of ops/rows. prog is sig's. Load time only. */
td_rows_verdict td_rows_judge(td_program *prog, const td_signature *sig);

#endif
