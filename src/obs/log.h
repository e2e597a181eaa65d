/* SPDX-License-Identifier: Apache-2.0 */
/* log.h -- one event, one line, to standard error; as key=value, as a JSON document that has the same as its "message",
 * or for eyes at a terminal. Any thread. */
#ifndef TD_OBS_LOG_H
#define TD_OBS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

typedef enum td_log_level {
    TD_LOG_DEBUG,
    TD_LOG_INFO,
    TD_LOG_WARNING,
    TD_LOG_ERROR,
    TD_LOG_SILENT /* to set, not to write: no line at all */
} td_log_level;

typedef enum td_log_format { TD_LOG_TEXT, TD_LOG_JSON, TD_LOG_TERMINAL, TD_LOG_TERMINAL_PLAIN } td_log_format;

/* "text", "json", "terminal", or "auto": terminal where standard error is one, else text. Colours only where the
 * environment's NO_COLOR and TERM have nothing against them. False: there is no such format. */
bool td_log_format_named(const char *name, td_log_format *format);
void td_log_set_format(td_log_format format); /* TEXT at start */
void td_log_set_level(td_log_level level);    /* lines below it are dropped; INFO at start */
/* By TensorFlow's environment: TF_CPP_MIN_LOG_LEVEL 0 (INFO) to 3 (SILENT), and DEBUG where TF_CPP_MAX_VLOG_LEVEL is 1 or more
 * and the other is not. What is no number is 0. */
td_log_level td_log_level_from_environment(void);
bool td_log_is_on(td_log_level level); /* for lines that are costly to put together */
/* Control characters become spaces: one event stays one line whatever a client sent. */
void td_log_write(td_log_level level, const char *room, const char *fmt, ...) TD_PRINTF(3, 4);

#define td_debug(...)   td_log_write(TD_LOG_DEBUG, __VA_ARGS__)
#define td_info(...)    td_log_write(TD_LOG_INFO, __VA_ARGS__)
#define td_warning(...) td_log_write(TD_LOG_WARNING, __VA_ARGS__)
#define td_error(...)   td_log_write(TD_LOG_ERROR, __VA_ARGS__)

/* Lines whose rate a client sets: of each kind at most `lines` in ten seconds are written, the rest is counted,
 * and the count is written once a line of the kind may be written again, or by td_log_flush().
 *
 *     static td_log_limit limit = TD_LOG_LIMIT("calls", 10);
 *     td_log_limited(&limit, TD_LOG_WARNING, "grpc", "event=...", ...);
 */
typedef struct td_log_limit {
    const char *kind;
    unsigned lines;
    _Atomic(int64_t) begin_ns; /* of the ten seconds */
    atomic_uint count;         /* in them */
    atomic_ullong left_out;    /* not told yet */
    atomic_flag is_listed;
    struct td_log_limit *next; /* of those that have ever left out one */
} td_log_limit;

#define TD_LOG_LIMIT(name, n)                                                                                \
    {                                                                                                        \
        .kind = (name), .lines = (n), .is_listed = ATOMIC_FLAG_INIT                                          \
    }

/* limit lives as long as the process. */
void td_log_limited(td_log_limit *limit, td_log_level level, const char *room, const char *fmt, ...)
    TD_PRINTF(4, 5);
void td_log_flush(void); /* tells what was left out and is not told yet; for every ten seconds or so */

#endif
