/* SPDX-License-Identifier: Apache-2.0 */
/* result.h -- what a run answered: its frame, kept as long as somebody reads from it. */
#ifndef TD_EXEC_RESULT_H
#define TD_EXEC_RESULT_H

#include "exec/frame.h"
#include "tensord/session.h"

/* Takes f, which has run, over. want[i] are indices of its program's rets. */
td_result *td_result_make(td_frame *f, const size_t *want, size_t n_want);

#endif
