/* SPDX-License-Identifier: Apache-2.0 */
/* files.h -- are a session's weights still what they were when it was loaded?
 *
 * Weights are read where they are mapped, if they are not packed; a file that was changed in place makes
 * answers that look like any other. So every run asks before it answers, and every plan when it is made,
 * since weights are read again then. */
#ifndef TD_EXEC_FILES_H
#define TD_EXEC_FILES_H

#include "ops/op.h"

/* DATA_LOSS, naming the file, when a read of one of the session's files has failed, or when they were found
 * changed on disk. Costs two atomic loads while no file of any session is in trouble. Any thread. */
TD_MUST_USE td_status td_files_check(td_env *env);
/* The same, after a look at the files on disk: a few system calls. */
TD_MUST_USE td_status td_files_look(td_env *env);

#endif
