/* listen.c -- the listening socket of the REST server. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/rest/server.h"

enum { BACKLOG = 4096 };

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* Connections inherit TCP_NODELAY from it. */
static bool set_options(int fd, int family)
{
    return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           (family == AF_INET || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
           fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool bind_to(int fd, int family, int port)
{
    const in_port_t number = htons((uint16_t)(port == TD_PORT_ANY ? 0 : port));

    if (family == AF_INET) {
        const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = number };

        return bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    }
    const struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = number };

    return bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
}

static int bound_port(int fd)
{
    struct sockaddr_in6 at; /* the larger one; ports lie at the same place */
    socklen_t size = sizeof at;

    return getsockname(fd, (struct sockaddr *)&at, &size) == 0 ? ntohs(at.sin6_port) : 0;
}

/* -1: errno says why not. */
static int listen_on(int family, int port)
{
    const int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0) return -1;
    if (set_options(fd, family) && bind_to(fd, family, port) && listen(fd, BACKLOG) == 0) return fd;
    const int why = errno;

    close(fd);
    errno = why;
    return -1;
}

td_status td_rest_listen(int port, int *out, int *bound)
{
    int fd = listen_on(AF_INET6, port);

    if (fd < 0 && errno != EADDRINUSE) fd = listen_on(AF_INET, port); /* no IPv6 here */
    if (fd < 0)
        return TD_ERR(UNAVAILABLE, "REST cannot listen on port %d: %s", TD_MAX(port, 0), strerror(errno));
    *out = fd;
    *bound = bound_port(fd);
    return NULL;
}
