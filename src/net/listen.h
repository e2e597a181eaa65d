/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h -- listening sockets of both protocols: opened with texts that say what to do when that fails, and
 * closed so that nobody who was let in is dropped. */
#ifndef TD_NET_LISTEN_H
#define TD_NET_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tensord/status.h"

typedef struct td_listener {
    int fd;       /* non-blocking; -1: closed */
    int port;     /* TCP, also where the system picked it; 0: a UNIX socket */
    char *path;   /* UNIX: owned; NULL: TCP */
    dev_t device; /* UNIX: of the socket file */
    ino_t inode;
} td_listener;

/* On [::] and 0.0.0.0, or on 0.0.0.0 alone where there is no IPv6. what: whose port, for texts ("gRPC"); flag:
 * what gives another. UNAVAILABLE: the port is taken. PERMISSION_DENIED: it is not for this user. */
TD_MUST_USE td_status td_listen_tcp(int port, const char *what, const char *flag, td_listener *out);
/* A socket file that nobody listens on is replaced. UNAVAILABLE: somebody does, or the path is no place for a
 * socket. INVALID_ARGUMENT: the path is too long. */
TD_MUST_USE td_status td_listen_unix(const char *path, td_listener *out);

/* From now on the kernel lets nobody else in, without a word: who knocks tries again, and hears that nobody
 * listens once it is closed. Those in the middle of the handshake still get in. */
void td_listener_refuse(td_listener *l);
/* Connections that stand in the queue are dropped: accept them first. */
void td_listener_close(td_listener *l);

/* Open connections of this process that came in by it. Reads every descriptor: not for each request. Whoever
 * owns fd may close it meanwhile. */
void td_listener_each(const td_listener *l, void (*see)(void *ctx, int fd), void *ctx);
size_t td_listener_connections(const td_listener *l); /* how many */

/* How many connections one protocol may have: wish, or what the limit of descriptors allows (wish 0 or less).
 * Something is always left to models, the other protocol and whatever else there is. */
size_t td_most_connections(int wish, const char *ssl_config /* NULL, "": they are not encrypted */);

#endif
