/* SPDX-License-Identifier: Apache-2.0 */
/* mem_forbid.h -- "this allocates nothing", asserted: debug builds end the process when it does.
 *
 * Of one thread, and for the heap (mem.h). Arenas may grow: they are kept, and soon have what is needed. */
#ifndef TD_BASE_MEM_FORBID_H
#define TD_BASE_MEM_FORBID_H

#include <stdbool.h>

#ifdef TD_DEBUG
bool td_mem_forbid(bool on); /* from now on, by this thread; returns how it was before */
void td_mem_ask(void);       /* asserts that memory may be taken */
#else
static inline bool td_mem_forbid(bool on)
{
    return on;
}

static inline void td_mem_ask(void) {}
#endif

#endif
