/* SPDX-License-Identifier: Apache-2.0 */
/* locks.c -- see locks.h.
 *
 * They are Abseil's, and Debian compiles those without NDEBUG: each lock and unlock then looks for deadlocks, in one graph
 * of all mutexes that a spin lock guards. That is 3000 instructions of each call. Abseil has a switch for it, in C++ only: its
 * name is the one that a C++ compiler gives to
 *
 *     absl::debian3::SetMutexDeadlockDetectionMode(absl::debian3::OnDeadlockCycle)
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "net/grpc/locks.h"

#include <dlfcn.h>
#include <string.h>

enum { IGNORE = 0 }; /* OnDeadlockCycle::kIgnore */

bool td_grpc_locks_quicken(void)
{
    static const char name[] = "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE";
    void *const p = dlsym(RTLD_DEFAULT, name);
    void (*set_mode)(int mode);

    if (!p) return false;
    memcpy(&set_mode, &p, sizeof p); /* dlsym() gives an object pointer; ISO C wants it copied */
    set_mode(IGNORE);
    return true;
}
