/* SPDX-License-Identifier: Apache-2.0 */
/* idle.c -- see idle.h. */
#include "exec/idle.h"

#include "base/account.h"
#include "base/spare.h"
#include "exec/cache.h"
#include "exec/workspace.h"

/* Workspaces are quickly got anew; plans take long to make. */
static bool give_up(int round)
{
    if (round == 0) {
        (void)td_spare_tidy(true);
        (void)td_workspaces_tidy(true);
    } else {
        (void)td_caches_tidy(true);
    }
    return round < 1;
}

void td_memory_set_limit(size_t bytes)
{
    td_accounts_limit(bytes, give_up);
}

bool td_idle_tidy(void)
{
    const bool frames = td_caches_tidy(false), spare = td_spare_tidy(false);

    return td_workspaces_tidy(false) || frames || spare;
}
