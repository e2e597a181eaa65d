/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h -- whose memory it is: each session has an account (base/account.h). */
#ifndef TD_EXEC_MEMORY_H
#define TD_EXEC_MEMORY_H

#include "base/account.h"
#include "tensord/session.h"

/* What s has; whoever takes memory for a run of it charges it there. Lives as long as s. */
td_account *td_session_account(td_session *s);

/* What it takes, in bytes. */
typedef struct td_session_memory {
    size_t constants; /* and state: what the load made */
    size_t packed;    /* weights, in the form that kernels want */
    size_t plans;     /* and workspaces in use */
} td_session_memory;

td_session_memory td_session_memory_of(const td_session *s);

#endif
