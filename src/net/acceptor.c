/* SPDX-License-Identifier: Apache-2.0 */
/* acceptor.c -- poll, accept, hand over. */
#define _GNU_SOURCE /* accept4 */
#include "net/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "obs/log.h"

enum { MAX_LISTENERS = 2, PAUSE_NS = 20000000 };

struct td_acceptor {
    td_listener listeners[MAX_LISTENERS];
    size_t n;
    td_acceptor_take *take;
    void *ctx;
    int wake; /* an eventfd: look at is_ending */
    atomic_bool is_ending;
    pthread_t thread;
};

/* Without descriptors or memory the rest waits in the kernel's queue: better late than dropped. */
static void pause_for(int why)
{
    static td_log_limit limit = TD_LOG_LIMIT("connections that wait", 3);

    td_log_limited(&limit, TD_LOG_WARNING, "net", "event=cannot_accept error=\"%s\"", strerror(why));
    td_sleep_ns(PAUSE_NS);
}

/* Everything that waits in one queue. */
static void take_all(const td_acceptor *a, const td_listener *l)
{
    for (;;) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        const int fd = accept4(l->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            a->take(a->ctx, fd, (const struct sockaddr *)&address, size);
        } else if (errno != ECONNABORTED && errno != EINTR) { /* those: gone already, the next one */
            if (errno != EAGAIN && errno != EWOULDBLOCK) pause_for(errno);
            return;
        }
    }
}

static void *acceptor_main(void *arg)
{
    td_acceptor *const a = arg;
    struct pollfd polls[MAX_LISTENERS + 1] = { { .fd = a->wake, .events = POLLIN } };

    for (size_t i = 0; i < a->n; i++)
        polls[i + 1] = (struct pollfd){ .fd = a->listeners[i].fd, .events = POLLIN };
    while (!atomic_load_explicit(&a->is_ending, memory_order_acquire)) {
        (void)poll(polls, a->n + 1, -1);
        for (size_t i = 0; i < a->n; i++)
            take_all(a, &a->listeners[i]);
    }
    return NULL;
}

static void close_all(td_acceptor *a)
{
    for (size_t i = 0; i < a->n; i++)
        td_listener_close(&a->listeners[i]);
    if (a->wake >= 0) close(a->wake);
    td_free(a);
}

td_status td_acceptor_start(const char *name, const td_listener *listeners, size_t n, td_acceptor_take *take,
                            void *ctx, td_acceptor **out)
{
    td_acceptor *const a = TD_NEW(td_acceptor);

    TD_ASSERT(n <= MAX_LISTENERS);
    a->n = n;
    a->take = take;
    a->ctx = ctx;
    for (size_t i = 0; i < n; i++)
        a->listeners[i] = listeners[i];
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    td_status error = a->wake < 0 ? TD_ERR(RESOURCE_EXHAUSTED, "no descriptor for %s", name) : NULL;
    if (!error) error = td_thread_start(&a->thread, name, acceptor_main, a);
    if (error) {
        close_all(a);
        return error;
    }
    *out = a;
    return NULL;
}

void td_acceptor_refuse(td_acceptor *a)
{
    for (size_t i = 0; i < a->n; i++)
        td_listener_refuse(&a->listeners[i]);
}

void td_acceptor_free(td_acceptor *a)
{
    const uint64_t one = 1;

    if (!a) return;
    atomic_store_explicit(&a->is_ending, true, memory_order_release);
    const ssize_t done = write(a->wake, &one, sizeof one);
    TD_ASSERT(done == (ssize_t)sizeof one);
    pthread_join(a->thread, NULL);
    for (size_t i = 0; i < a->n; i++)
        take_all(a, &a->listeners[i]);
    close_all(a);
}

void td_acceptor_each(const td_acceptor *a, void (*see)(void *ctx, int fd), void *ctx)
{
    for (size_t i = 0; i < a->n; i++)
        td_listener_each(&a->listeners[i], see, ctx);
}

size_t td_acceptor_connections(const td_acceptor *a)
{
    size_t count = 0;

    for (size_t i = 0; i < a->n; i++)
        count += td_listener_connections(&a->listeners[i]);
    return count;
}
