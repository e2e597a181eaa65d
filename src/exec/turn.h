/* SPDX-License-Identifier: Apache-2.0 */
/* turn.h -- one at a time: runs of a model that keeps a state, which each has to begin with what the one before left. */
#ifndef TD_EXEC_TURN_H
#define TD_EXEC_TURN_H

#include "tensord/session.h"

#include "base/mutex.h"

typedef struct td_turn {
    td_mutex mu; /* guards is_taken, and nothing is waited for under it but that */
    td_cond is_free;
    bool is_taken;
} td_turn;

void td_turn_init(td_turn *t);
void td_turn_fini(td_turn *t);
/* Waits as long as opts (may be NULL) allow: DEADLINE_EXCEEDED, CANCELLED. *out: it is the caller's, to be given back; else opts
 * say never to wait, and somebody has it. Any thread. */
TD_MUST_USE td_status td_turn_take(td_turn *t, const td_run_options *opts, bool *out);
void td_turn_give_back(td_turn *t);

#endif
