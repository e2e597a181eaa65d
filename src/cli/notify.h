/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h -- what the process tells the service manager that started it (systemd's protocol of notifications): datagrams
 * to the socket that $NOTIFY_SOCKET names. Without one nothing is told, and that is no error. */
#ifndef TD_CLI_NOTIFY_H
#define TD_CLI_NOTIFY_H

#include <stdint.h>

typedef struct td_notify {
    int fd;            /* -1: nobody listens */
    int64_t period_ns; /* between two signs of life, half of what is waited for; 0: none are wanted */
} td_notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Before there are threads. */
void td_notify_open(td_notify *n);
void td_notify_close(td_notify *n);

/* Each of these returns at once, whether anybody hears it or not. */
void td_notify_ready(const td_notify *n); /* models are loaded; or loaded anew */
void td_notify_reloading(const td_notify *n);
void td_notify_stopping(const td_notify *n);
void td_notify_alive(const td_notify *n);

#endif
