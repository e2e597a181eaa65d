/* SPDX-License-Identifier: Apache-2.0 */
/* pair.c -- a listener on loopback that takes one connection, which must be the one that was begun here. */
#define _GNU_SOURCE /* accept4 */
#include "net/tls/pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, STRANGERS = 16 };

static int open_end(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd >= 0) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Listens; where is set. */
static bool listen_once(int fd, struct sockaddr_in *where)
{
    socklen_t size = sizeof *where;

    *where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    return bind(fd, (struct sockaddr *)where, size) == 0 && listen(fd, STRANGERS) == 0 &&
           getsockname(fd, (struct sockaddr *)where, &size) == 0;
}

/* Anybody on this machine may knock: the connection is the one whose other end has that address. -1: it did not come. */
static int accept_from(int listener, const struct sockaddr_in *from)
{
    struct pollfd p = { .fd = listener, .events = POLLIN };

    for (int i = 0; i <= STRANGERS && poll(&p, 1, PATIENCE_MS) == 1; i++) {
        struct sockaddr_in peer = { 0 };
        socklen_t size = sizeof peer;
        const int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) return -1;
        if (peer.sin_port == from->sin_port && peer.sin_addr.s_addr == from->sin_addr.s_addr) return fd;
        close(fd);
    }
    return -1;
}

static bool connect_ends(int listener, int near, int *far)
{
    struct sockaddr_in where, from;
    socklen_t size = sizeof from;
    const int one = 1;

    if (!listen_once(listener, &where) || connect(near, (struct sockaddr *)&where, sizeof where) != 0 ||
        getsockname(near, (struct sockaddr *)&from, &size) != 0)
        return false;
    *far = accept_from(listener, &from);
    if (*far < 0) return false;
    (void)setsockopt(*far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fcntl(near, F_SETFL, O_NONBLOCK) == 0;
}

td_status td_tcp_pair(int ends[2])
{
    const int listener = open_end(), near = open_end();
    int far = -1;
    const bool is_good = listener >= 0 && near >= 0 && connect_ends(listener, near, &far);
    const int error = errno;

    if (listener >= 0) close(listener);
    if (!is_good) {
        if (near >= 0) close(near);
        if (far >= 0) close(far);
        return TD_ERR(UNAVAILABLE, "no connection within the process: %s", strerror(error));
    }
    ends[0] = near;
    ends[1] = far;
    return NULL;
}
