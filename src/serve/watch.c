/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c -- inotify and an eventfd under one poll(). */
#include "serve/watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "obs/log.h"

enum { WATCH_BUFFER = 4096, NS_PER_MS = 1000000 };

struct td_watch {
    int wake_fd;
    int notify_fd; /* -1: no inotify */
};

td_watch *td_watch_make(void)
{
    td_watch *const w = TD_NEW(td_watch);

    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TD_ASSERT(w->wake_fd >= 0);
    w->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->notify_fd < 0) td_info("serve", "event=no_inotify fallback=polling");
    return w;
}

void td_watch_free(td_watch *w)
{
    if (!w) return;
    close(w->wake_fd);
    if (w->notify_fd >= 0) close(w->notify_fd);
    td_free(w);
}

void td_watch_add(td_watch *w, const char *directory)
{
    const uint32_t what =
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

    /* where it fails (no directory yet, no watches left) polling finds the change later */
    if (w->notify_fd >= 0) (void)inotify_add_watch(w->notify_fd, directory, what);
}

/* Reads all there is. True when there was something. */
static bool drain(int fd)
{
    char buffer[WATCH_BUFFER];
    bool was_any = false;

    while (read(fd, buffer, sizeof buffer) > 0)
        was_any = true;
    return was_any;
}

static int timeout_ms(int64_t deadline_ns)
{
    if (!deadline_ns) return -1;
    const int64_t left = deadline_ns - td_now_ns();

    if (left <= 0) return 0;
    return (int)TD_MIN(left / NS_PER_MS + 1, (int64_t)INT_MAX);
}

bool td_watch_wait(td_watch *w, int64_t deadline_ns)
{
    struct pollfd fds[] = { { .fd = w->wake_fd, .events = POLLIN },
                            { .fd = w->notify_fd, .events = POLLIN } };

    if (poll(fds, TD_COUNT(fds), timeout_ms(deadline_ns)) <= 0) return false;
    if (fds[0].revents) drain(w->wake_fd);
    return fds[1].revents && drain(w->notify_fd);
}

void td_watch_wake(td_watch *w)
{
    const uint64_t one = 1;

    while (write(w->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}
