/* SPDX-License-Identifier: Apache-2.0 */
/* locks.c -- see locks.h.
 *
 * They are Abseil's, and Debian compiles those without NDEBUG: each lock and unlock then looks for deadlocks, in one graph
 * of all mutexes that a spin lock guards. That is 3000 instructions of each call. Abseil has a switch for it, in C++ only: its
 * name is the one that a C++ compiler gives to
 *
 *     absl::debian3::SetMutexDeadlockDetectionMode(absl::debian3::OnDeadlockCycle)
 *
 * It lies in this program, where the core is linked from archives, or in a library that the core's brings.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "net/grpc/locks.h"

#include <dlfcn.h>
#include <string.h>

enum { IGNORE = 0 }; /* OnDeadlockCycle::kIgnore */

#define NAME "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE"

typedef void mode_setter(int mode);

extern mode_setter linked_setter __asm__(NAME) __attribute__((weak));

/* NULL: it is of no library that was loaded. */
static mode_setter *find_setter(void)
{
    void *const p = dlsym(RTLD_DEFAULT, NAME);
    mode_setter *found;

    memcpy(&found, &p, sizeof p); /* dlsym() gives an object pointer; ISO C wants it copied */
    return found;
}

bool td_grpc_locks_quicken(void)
{
    mode_setter *const set_mode = linked_setter ? linked_setter : find_setter();

    if (!set_mode) return false;
    set_mode(IGNORE);
    return true;
}
