/* SPDX-License-Identifier: Apache-2.0 */
/* request_log.h -- where requests are recorded, with their answers, when a model's configuration asks for it.
 *
 * A record is bytes; whoever answers a request makes them and leaves them here, and a thread writes them to files:
 *
 *   PREFIX.1  PREFIX.2  ...     the next one begins when a record would make the last one too large; none is ever changed
 *                               that was there before
 *
 * Nobody waits: where that thread cannot keep up, records are left out. What became of each is counted by code: OK is
 * written, RESOURCE_EXHAUSTED found no room, others are what the disk said.
 */
#ifndef TD_OBS_REQUEST_LOG_H
#define TD_OBS_REQUEST_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "tensord/status.h"

typedef struct td_request_logs td_request_logs; /* the thread, and what it has yet to write */
typedef struct td_request_log td_request_log;   /* one model's; off at first */

/* file_bytes: of a file, at most, unless its only record is larger. */
td_request_logs *td_request_logs_make(size_t file_bytes);
/* Writes what is left, and nothing that comes later. Blocks as long as the disk does. NULL is fine. */
void td_request_logs_end(td_request_logs *all);
/* Behind its end, and that of its logs. NULL is fine. */
void td_request_logs_free(td_request_logs *all);

td_request_log *td_request_log_make(td_request_logs *all, const char *model);
void td_request_log_free(td_request_log *l); /* behind td_request_logs_end() */
/* From now on that part of all requests goes to these files; prefix "" or rate 0: none. By one thread at a time. */
void td_request_log_set(td_request_log *l, const char *prefix, double rate);

/* The rest: any thread. */

/* Is this request to be recorded? Asked once for each. NULL: no. */
bool td_request_log_wants(td_request_log *l);
double td_request_log_rate(const td_request_log *l);
/* Room for a record, to be filled and given to td_request_log_put(); NULL: there is none, and that is counted. */
void *td_request_log_reserve(td_request_log *l, size_t size);
void td_request_log_put(td_request_log *l, void *record);
/* There is no record, for that reason. Takes it. */
void td_request_log_fail(td_request_log *l, td_status why);

#endif
