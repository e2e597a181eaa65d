/* SPDX-License-Identifier: Apache-2.0 */
/* mem_fault.h -- memory that is out on purpose: tests have the n-th allocation that may fail do so.
 *
 * td_try_alloc(), td_try_realloc(), td_arena_try_alloc() and the making of a status ask td_mem_fault() first.
 * Only debug builds (presets dev, asan, tsan, fuzz) listen; elsewhere it is a constant, and no allocation is
 * ever counted. Each thread has its own count: what other threads allocate never fails. */
#ifndef TD_BASE_MEM_FAULT_H
#define TD_BASE_MEM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_mem_faults {
    bool is_on;      /* allocations count, and may fail */
    bool is_lasting; /* once one has failed, all do */
    uint64_t at;     /* the one that fails, from 1; 0: none */
    size_t most;     /* larger ones fail, too; 0: none is too large */
    uint64_t asked;  /* how many there were */
    uint64_t failed; /* how many of them failed */
} td_mem_faults;

td_mem_faults *td_mem_faults_here(void); /* of this thread; all zeros at first. Never NULL */

#ifdef TD_DEBUG
bool td_mem_fault(size_t size);
#else
static inline bool td_mem_fault(size_t size)
{
    (void)size;
    return false;
}
#endif

#endif
