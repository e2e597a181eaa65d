/* SPDX-License-Identifier: Apache-2.0 */
/* mem_forbid.c -- a flag of each thread. */
#include "base/mem_forbid.h"

#include "base/macros.h"

#ifdef TD_DEBUG

static _Thread_local bool is_forbidden;

bool td_mem_forbid(bool on)
{
    const bool before = is_forbidden;

    is_forbidden = on;
    return before;
}

void td_mem_ask(void)
{
    /* kernel.h's td_call_run(): an op's run takes no memory, unless its flags say so */
    TD_ASSERT(!is_forbidden);
}

#endif
