/* log.h -- one event, one line, key=value, to standard error. Any thread. */
#ifndef TD_OBS_LOG_H
#define TD_OBS_LOG_H

#include <stdbool.h>

#include "base/macros.h"

typedef enum td_log_level { TD_LOG_DEBUG, TD_LOG_INFO, TD_LOG_WARNING, TD_LOG_ERROR } td_log_level;

void td_log_set_level(td_log_level level); /* lines below it are dropped; INFO at start */
bool td_log_is_on(td_log_level level);     /* for lines that are costly to put together */
/* Control characters become spaces: one event stays one line whatever a client sent. */
void td_log_write(td_log_level level, const char *room, const char *fmt, ...) TD_PRINTF(3, 4);

#define td_debug(...)   td_log_write(TD_LOG_DEBUG, __VA_ARGS__)
#define td_info(...)    td_log_write(TD_LOG_INFO, __VA_ARGS__)
#define td_warning(...) td_log_write(TD_LOG_WARNING, __VA_ARGS__)
#define td_error(...)   td_log_write(TD_LOG_ERROR, __VA_ARGS__)

#endif
