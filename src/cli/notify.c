/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c -- see notify.h. */
#include "cli/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "obs/log.h"

/* A path, or an abstract name, which is written with "@" where it has a NUL. */
static socklen_t find_address(const char *name, struct sockaddr_un *out)
{
    const size_t size = strlen(name);

    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if ((name[0] != '/' && name[0] != '@') || size < 2 || size >= sizeof out->sun_path) return 0;
    memcpy(out->sun_path, name, size);
    if (name[0] == '@') out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

static int connect_to(const char *name)
{
    struct sockaddr_un address;
    const socklen_t size = find_address(name, &address);
    const int fd = size ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (!size) errno = EINVAL;
    if (fd < 0) return -1;
    if (!connect(fd, (const struct sockaddr *)&address, size)) return fd;
    const int why = errno;

    close(fd);
    errno = why;
    return -1;
}

/* WATCHDOG_PID is of whoever is to be watched, when it is there. */
static int64_t watchdog_period_ns(void)
{
    const char *const usec = getenv("WATCHDOG_USEC"), *const pid = getenv("WATCHDOG_PID");
    const int64_t longest = INT64_MAX / 1000, wait = usec ? strtoll(usec, NULL, 10) : 0;

    if (pid && strtoll(pid, NULL, 10) != getpid()) return 0;
    return wait > 0 && wait < longest ? wait * 1000 / 2 : 0;
}

void td_notify_open(td_notify *n)
{
    const char *const name = getenv("NOTIFY_SOCKET");

    *n = (td_notify){ .fd = -1 };
    if (!name || !name[0]) return;
    n->fd = connect_to(name);
    if (n->fd < 0)
        td_warning("serve", "event=no_notifications socket=%s error=\"%s\"", name, strerror(errno));
    else
        n->period_ns = watchdog_period_ns();
}

void td_notify_close(td_notify *n)
{
    if (n->fd >= 0) close(n->fd);
    n->fd = -1;
}

/* A manager that has gone, or is behind, is none of our business. */
static void tell(const td_notify *n, const char *state)
{
    if (n->fd >= 0) (void)send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

void td_notify_ready(const td_notify *n)
{
    tell(n, "READY=1\nSTATUS=Serving");
}

/* The time tells this reload from earlier ones. */
void td_notify_reloading(const td_notify *n)
{
    struct timespec t;
    char state[96];

    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reloading",
             (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    tell(n, state);
}

void td_notify_stopping(const td_notify *n)
{
    tell(n, "STOPPING=1\nSTATUS=Draining");
}

void td_notify_alive(const td_notify *n)
{
    tell(n, "WATCHDOG=1");
}
