/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h -- starting threads of our own: named, and deaf to signals, which main() handles; but
 * for SIGBUS, which bus.h does. */
#ifndef TD_BASE_THREAD_H
#define TD_BASE_THREAD_H

#include <pthread.h>

#include "tensord/status.h"

/* Starts fn(arg); the caller joins it with pthread_join(). name: at most 15 bytes are seen in top and gdb.
 * RESOURCE_EXHAUSTED when the system gives no thread. */
TD_MUST_USE td_status td_thread_start(pthread_t *out, const char *name, void *(*fn)(void *arg), void *arg);

#endif
