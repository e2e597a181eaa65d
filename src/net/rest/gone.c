/* SPDX-License-Identifier: Apache-2.0 */
/* gone.c -- see gone.h. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "net/rest/gone.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { LOOK_NS = 5000000 };

void td_rest_watch_begin(td_rest_watch *w, int fd, bool takes_interim)
{
    w->fd = fd;
    w->takes_interim = takes_interim;
    atomic_init(&w->next_ns, td_now_ns() + LOOK_NS); /* most are over by then */
    atomic_init(&w->was_asked, false);
    atomic_init(&w->is_gone, false);
}

/* Nothing else is sent meanwhile: replies to earlier requests are out, this one's is not begun. */
static void ask(td_rest_watch *w)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (!w->takes_interim || atomic_exchange_explicit(&w->was_asked, true, memory_order_relaxed)) return;
    (void)send(w->fd, interim, strlen(interim), MSG_NOSIGNAL | MSG_DONTWAIT); /* the next look tells */
}

static void look(td_rest_watch *w)
{
    struct pollfd p = { .fd = w->fd, .events = POLLRDHUP };

    if (poll(&p, 1, 0) <= 0) return;
    if (p.revents & (POLLERR | POLLHUP | POLLNVAL))
        atomic_store_explicit(&w->is_gone, true, memory_order_relaxed);
    else
        ask(w);
}

/* relaxed: nothing is published but the times and the answer themselves */
bool td_rest_is_gone(td_rest_watch *w)
{
    const int64_t now = td_now_ns();
    int64_t next = atomic_load_explicit(&w->next_ns, memory_order_relaxed);

    if (now >= next && atomic_compare_exchange_strong_explicit(&w->next_ns, &next, now + LOOK_NS,
                                                               memory_order_relaxed, memory_order_relaxed))
        look(w);
    return atomic_load_explicit(&w->is_gone, memory_order_relaxed);
}
