/* SPDX-License-Identifier: Apache-2.0 */
/* goaway.c -- GOAWAY before the gRPC core's own.
 *
 * A core server that shuts down sends GOAWAY and from the same moment on cancels every new call, so that a
 * client which has just begun one on a connection that it keeps sees it fail. HTTP/2's way is to tell first,
 * and to go on serving until whoever did not know yet has been heard: so the first GOAWAY is written here,
 * and the core is shut down a little later.
 *
 * It may only be written between two frames of the core's. The socket's lock keeps send() whole; that the
 * core is in the middle of a frame is ruled out by what it is waiting for: such a frame fills the socket, and
 * only large replies do. Nothing is written while one is on its way out, or into a socket whose client has
 * not yet taken all that was sent. Who is left out hears of it by the core.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/grpc/server.h"

enum {
    AGAIN_NS = 1000000,
    MAX_TOLD = 4096, /* connections; the rest hears of it by the core */
};

/* Length 8, type 7, no flags, stream 0; last stream 2^31 - 1: all that are open or on their way; NO_ERROR. */
static const unsigned char goaway[] = { 0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0 };

typedef struct telling {
    td_grpc_server *server;
    uint64_t told[MAX_TOLD]; /* sockets' cookies: a descriptor may mean another one a moment later */
    size_t n;
    bool is_complete; /* nobody was left out in this round */
} telling;

static bool was_told(const telling *t, uint64_t cookie)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->told[i] == cookie) return true;
    return false;
}

/* The core has spoken (its SETTINGS must come first), and the client has taken all of it. */
static bool is_between_frames(const td_grpc_server *s, int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;
    int untaken = 0;

    return atomic_load_explicit(&s->large_replies, memory_order_acquire) == 0 &&
           getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_bytes_acked > sizeof goaway && ioctl(fd, SIOCOUTQ, &untaken) == 0 && untaken == 0;
}

static bool write_goaway(int fd)
{
    const ssize_t n = send(fd, goaway, sizeof goaway, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n > 0 && n != (ssize_t)sizeof goaway) (void)shutdown(fd, SHUT_RDWR); /* never half a frame */
    return n == (ssize_t)sizeof goaway;
}

static void tell(void *ctx, int fd)
{
    telling *const t = ctx;
    td_grpc_arrivals *const arrivals = t->server->arrivals;
    const uint64_t cookie = td_grpc_cookie(fd);

    if (t->n == MAX_TOLD || !cookie || was_told(t, cookie)) return;
    if (arrivals && !td_grpc_arrivals_is_young(arrivals, cookie)) return;
    if (is_between_frames(t->server, fd) && write_goaway(fd))
        t->told[t->n++] = cookie;
    else
        t->is_complete = false;
}

void td_grpc_tell_leaving(td_grpc_server *s, int64_t deadline_ns)
{
    telling *const t = TD_NEW(telling);

    t->server = s;
    do {
        t->is_complete = true;
        if (s->relay)
            td_relay_each(s->relay, tell, t);
        else
            td_acceptor_each(s->acceptor, tell, t);
        if (!t->is_complete) td_sleep_ns(AGAIN_NS);
    } while (!t->is_complete && td_now_ns() < deadline_ns);
    td_free(t);
}
