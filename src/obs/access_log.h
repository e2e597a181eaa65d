/* SPDX-License-Identifier: Apache-2.0 */
/* access_log.h -- where the access log's lines go.
 *
 * Who answers a request leaves its line in a buffer, and a thread of the log's own writes that, a fifth of a second later
 * at most. Where that thread cannot keep up, lines are left out and counted, and nobody waits.
 */
#ifndef TD_OBS_ACCESS_LOG_H
#define TD_OBS_ACCESS_LOG_H

#include <stdbool.h>

#include "obs/access_line.h"

/* path: a file that lines are added to; "": standard error. Before the first request. NOT_FOUND, PERMISSION_DENIED,
 * INTERNAL: it cannot be opened. RESOURCE_EXHAUSTED: no thread. TD_ACCESS_OFF does nothing. */
TD_MUST_USE td_status td_access_log_start(td_access_format format, const char *path);
/* Opens the file anew: somebody has moved it away. Where that fails, the old one goes on. By one thread. */
void td_access_log_reopen(void);
/* Writes what is left, at most until deadline_ns (td_now_ns() time); nothing is logged any more. */
void td_access_log_stop(int64_t deadline_ns);

bool td_access_log_is_on(void);
void td_access_log_put(const td_access *a); /* any thread */

#endif
