/* SPDX-License-Identifier: Apache-2.0 */
/* account.h -- memory that models and their runs take: how much in all, under one limit, and for whom.
 *
 * Whoever takes what a model or a client decides the size of (workspaces, packed weights, plans) says so here first, and is
 * refused beyond the limit, when giving up what lies idle was not enough. What an account has is counted in the
 * process's sum; the sum also has what nobody uses just now. Any thread.
 */
#ifndef TD_BASE_ACCOUNT_H
#define TD_BASE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tensord/status.h"

/* All zeros at first; that again before it goes. NULL where one is asked for: nobody's. */
typedef struct td_account {
    atomic_size_t used;     /* bytes, with those of: */
    atomic_size_t reserved; /* taken ahead */
} td_account;

/* Of the process. SIZE_MAX: none, as at first. When it is reached, whoever asks for more calls free_idle(0), free_idle(1)
 * ..., each of which gives up what is dearer, until there is enough or the answer is false: there is nothing more. NULL:
 * there never is. */
void td_accounts_limit(size_t bytes, bool (*free_idle)(int round));
size_t td_accounts_used(void);
size_t td_accounts_limit_now(void);

/* Takes bytes, first from what a has reserved. RESOURCE_EXHAUSTED: "what needs ... bytes; ... of ... are in use". Hold no
 * lock. */
TD_MUST_USE td_status td_account_take(td_account *a, size_t bytes, const char *what);
void td_account_give(td_account *a, size_t bytes);

/* What a run makes as it goes is charged to nobody in particular. Nothing idle is given up for it, so locks may be held.
 * False: beyond the limit. */
bool td_account_try(size_t bytes);
/* Is this thread in a run, whose tensors are charged (tensor.c)? Returns what was. */
bool td_account_run_swap(bool on);
bool td_account_in_run(void);

/* From a to b: the process has as much as before. */
void td_account_move(td_account *a, td_account *b, size_t bytes);

/* Takes bytes ahead; td_account_take() uses them up. What is left of them goes back. */
TD_MUST_USE td_status td_account_reserve(td_account *a, size_t bytes, const char *what);
void td_account_unreserve(td_account *a);

#endif
