/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h -- sleeping until a directory changes, a time is reached, or somebody wakes us.
 *
 * inotify where the system gives it to us; without it the sleeper just wakes by time, which is the fall-back
 * for remote and exotic file systems anyway. */
#ifndef TD_SERVE_WATCH_H
#define TD_SERVE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

typedef struct td_watch td_watch;

td_watch *td_watch_make(void);
void td_watch_free(td_watch *w); /* NULL is fine */

/* Watches the children of a directory from now on. Doing so again is free, and follows a path that has come
 * to mean another directory. The watcher's thread only. */
void td_watch_add(td_watch *w, const char *directory);
/* Returns true when a watched directory changed, false after deadline_ns (td_now_ns() time; 0: never) or a
 * wake-up. The watcher's thread only. */
bool td_watch_wait(td_watch *w, int64_t deadline_ns);
void td_watch_wake(td_watch *w); /* any thread */

#endif
