/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c -- opening and closing listening sockets.
 *
 * Closing a TCP socket resets whoever stands in its queue, and between the last accept() and the close()
 * there is always room for one more. So a filter goes first that drops requests for a connection (SYN, without
 * ACK) and nothing else: the queue runs dry, and only then is the socket closed. Who knocked meanwhile tries
 * again a second later and is refused.
 */
#include "net/listen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "net/options.h"
#include "obs/log.h"

enum { BACKLOG = 4096, FIRST_FREE_PORT = 1024 };

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
} address;

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* Closes fd and keeps errno. */
static int give_up(int fd)
{
    const int why = errno;

    close(fd);
    errno = why;
    return -1;
}

static int open_socket(int family)
{
    const int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0) return -1;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return give_up(fd);
    return fd;
}

/* ---- TCP ---- */

/* Connections inherit TCP_NODELAY from it. */
static bool set_options(int fd, int family)
{
    return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           (family == AF_INET || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
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

/* 0: fd is no TCP socket. */
static int bound_port(int fd)
{
    address at;
    socklen_t size = sizeof at;

    if (getsockname(fd, &at.any, &size) != 0) return 0;
    if (at.any.sa_family == AF_INET) return ntohs(at.v4.sin_port);
    return at.any.sa_family == AF_INET6 ? ntohs(at.v6.sin6_port) : 0;
}

/* -1: errno says why not. */
static int listen_on(int family, int port)
{
    const int fd = open_socket(family);

    if (fd < 0) return -1;
    if (set_options(fd, family) && bind_to(fd, family, port) && listen(fd, BACKLOG) == 0) return fd;
    return give_up(fd);
}

static td_status cannot_listen(int port, const char *what, const char *flag, int why)
{
    if (why == EADDRINUSE)
        return TD_ERR(UNAVAILABLE,
                      "port %d is taken: another process listens there (`ss -ltnp sport = :%d` shows which). "
                      "%s needs one of its own: stop that process, or give another port with --%s",
                      port, port, what, flag);
    if (why == EACCES && port < FIRST_FREE_PORT)
        return TD_ERR(PERMISSION_DENIED,
                      "port %d is forbidden to this user: ports below %d need root or CAP_NET_BIND_SERVICE. "
                      "Give %s a port from %d on with --%s",
                      port, FIRST_FREE_PORT, what, FIRST_FREE_PORT, flag);
    return TD_ERR(UNAVAILABLE, "%s cannot listen on port %d: %s", what, port, strerror(why));
}

td_status td_listen_tcp(int port, const char *what, const char *flag, td_listener *out)
{
    int fd = listen_on(AF_INET6, port);

    if (fd < 0 && errno != EADDRINUSE) fd = listen_on(AF_INET, port); /* no IPv6 here */
    if (fd < 0) return cannot_listen(TD_MAX(port, 0), what, flag, errno);
    *out = (td_listener){ .fd = fd, .port = bound_port(fd) };
    return NULL;
}

/* ---- UNIX ---- */

static bool is_answered(const struct sockaddr_un *at)
{
    const int fd = open_socket(AF_UNIX);
    const bool is_taken =
        fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN);

    if (fd >= 0) close(fd);
    return is_taken;
}

/* A file in the way is no other than one that a process left behind, or that one still listens on. As with TensorFlow
 * Serving, who starts last has the path: the other keeps whom it has let in, and leaves our file alone at its end. */
static td_status make_room(const struct sockaddr_un *at)
{
    struct stat there;

    if (lstat(at->sun_path, &there) != 0) return NULL;
    if (!S_ISSOCK(there.st_mode))
        return TD_ERR(UNAVAILABLE, "gRPC cannot listen on %s: there is a file that is no socket",
                      at->sun_path);
    if (is_answered(at))
        td_warning("net", "event=socket_taken_over path=%s reason=\"another process listens there\"",
                   at->sun_path);
    (void)unlink(at->sun_path);
    return NULL;
}

td_status td_listen_unix(const char *path, td_listener *out)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct stat made = { 0 };

    if (strlen(path) >= sizeof at.sun_path)
        return TD_ERR(INVALID_ARGUMENT, "grpc_socket_path %s is longer than %zu bytes", path,
                      sizeof at.sun_path - 1);
    memcpy(at.sun_path, path, strlen(path) + 1);
    TD_TRY(make_room(&at));
    int fd = open_socket(AF_UNIX);
    if (fd >= 0 && (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0))
        fd = give_up(fd);
    if (fd < 0) return TD_ERR(UNAVAILABLE, "gRPC cannot listen on %s: %s", path, strerror(errno));
    (void)lstat(path, &made);
    *out = (td_listener){ .fd = fd, .path = td_strdup(path), .device = made.st_dev, .inode = made.st_ino };
    return NULL;
}

/* The file, unless another server has put its own in the place. */
static void remove_path(const td_listener *l)
{
    struct stat there;

    if (lstat(l->path, &there) == 0 && there.st_dev == l->device && there.st_ino == l->inode)
        (void)unlink(l->path);
}

/* ---- the end ---- */

void td_listener_refuse(td_listener *l)
{
    enum { FLAGS = 13, SYN = 2, ACK = 16 }; /* the byte of the TCP header, and its bits */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = { TD_COUNT(code), code };

    if (l->fd < 0) return;
    if (l->path)
        remove_path(l);
    else if (setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        td_debug("net", "event=no_filter port=%d error=\"%s\"", l->port, strerror(errno));
}

void td_listener_close(td_listener *l)
{
    if (l->fd < 0) return;
    if (l->path) remove_path(l);
    close(l->fd);
    td_free(l->path);
    *l = (td_listener){ .fd = -1 };
}

/* ---- who is there ---- */

static bool is_at_path(int fd, const char *path)
{
    address at = { 0 };
    socklen_t size = sizeof at;

    return getsockname(fd, &at.any, &size) == 0 && at.any.sa_family == AF_UNIX &&
           strncmp(at.path.sun_path, path, sizeof at.path.sun_path) == 0;
}

static bool is_listening(int fd)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

void td_listener_each(const td_listener *l, void (*see)(void *ctx, int fd), void *ctx)
{
    DIR *const dir = opendir("/proc/self/fd");

    for (const struct dirent *e; dir && (e = readdir(dir));) {
        const int fd = (int)strtol(e->d_name, NULL, 10); /* "." and "..": 0, which is no socket of ours */
        const bool is_ours = l->path ? is_at_path(fd, l->path) : bound_port(fd) == l->port;

        if (is_ours && !is_listening(fd)) see(ctx, fd);
    }
    if (dir) closedir(dir);
}

static void count(void *ctx, int fd)
{
    (void)fd;
    ++*(size_t *)ctx;
}

size_t td_listener_connections(const td_listener *l)
{
    size_t n = 0;

    td_listener_each(l, count, &n);
    return n;
}

/* A quarter of the descriptors is left alone: at least 64, 1024 at most. */
size_t td_most_connections(int wish, const char *ssl_config)
{
    enum { LEAST = 16, MOST = 1 << 16, DESCRIPTORS_OF_TLS = 3 /* its own and a pair within */ };
    struct rlimit limit;

    if (wish > 0) return (size_t)wish;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 2 * MOST) return MOST;
    const size_t all = (size_t)limit.rlim_cur, spared = TD_MIN(TD_MAX(all / 4, (size_t)64), (size_t)1024);

    const size_t each = ssl_config && *ssl_config ? DESCRIPTORS_OF_TLS : 1;

    return all < spared + LEAST * each ? LEAST : TD_MIN((all - spared) / each, (size_t)MOST);
}
