/* SPDX-License-Identifier: Apache-2.0 */
/* mem_fault.c -- the count of one thread. */
#include "base/mem_fault.h"

#include "base/macros.h"

static _Thread_local td_mem_faults faults;

td_mem_faults *td_mem_faults_here(void)
{
    return &faults;
}

#ifdef TD_DEBUG
bool td_mem_fault(size_t size)
{
    td_mem_faults *const f = &faults;

    if (TD_LIKELY(!f->is_on)) return false;
    f->asked++;
    const bool is_its_turn = f->at && (f->asked == f->at || (f->is_lasting && f->asked > f->at));
    const bool fails = is_its_turn || (f->most && size > f->most);

    f->failed += fails;
    return fails;
}
#endif
