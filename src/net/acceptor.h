/* SPDX-License-Identifier: Apache-2.0 */
/* acceptor.h -- a thread that takes the connections of listening sockets and hands them to a protocol's
 * library.
 *
 * Neither library does it for itself: libmicrohttpd cannot give up a listening socket without a race of its
 * threads, the gRPC core stops listening for ever once it has run out of descriptors, and both drop whom the
 * kernel had let in when they stop.
 */
#ifndef TD_NET_ACCEPTOR_H
#define TD_NET_ACCEPTOR_H

#include <sys/socket.h>

#include "net/listen.h"

typedef struct td_acceptor td_acceptor;

/* Gets one connection: non-blocking, closed on exec. Owns fd. On the acceptor's thread. */
typedef void td_acceptor_take(void *ctx, int fd, const struct sockaddr *address, socklen_t size);

/* name: of the thread. Takes the n listeners, on failure, too. RESOURCE_EXHAUSTED. */
TD_MUST_USE td_status td_acceptor_start(const char *name, const td_listener *listeners, size_t n,
                                        td_acceptor_take *take, void *ctx, td_acceptor **out);
/* Lets nobody else in (td_listener_refuse()); those who are in the door are still taken. */
void td_acceptor_refuse(td_acceptor *a);
/* Takes what waits in the queues, closes the listeners, joins. NULL is fine. */
void td_acceptor_free(td_acceptor *a);

/* The open connections; see td_listener_each(). */
void td_acceptor_each(const td_acceptor *a, void (*see)(void *ctx, int fd), void *ctx);
size_t td_acceptor_connections(const td_acceptor *a);

#endif
