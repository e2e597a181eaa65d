/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h -- whose memory it is: each session has an account (base/account.h). */
#ifndef TD_EXEC_MEMORY_H
#define TD_EXEC_MEMORY_H

#include "base/account.h"
#include "tensord/session.h"

/* What s has; whoever takes memory for a run of it charges it there. Lives as long as s. */
td_account *td_session_account(td_session *s);

#endif
