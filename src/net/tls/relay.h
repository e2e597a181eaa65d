/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h -- TLS between the socket and a library that knows nothing of it.
 *
 *   client ==TLS== [net]  relay  [near]----TCP within the process----[far]  libmicrohttpd, the gRPC core
 *
 * The libraries get the far end as they get any connection, so all that is done to plain ones (limits, patience, leaving at the
 * end) is done to these, too, and certificates change without either of them. Bytes are carried by a few threads;
 * a side that does not read holds up the other, and nothing is kept but what one call took. What ends one side ends the other.
 */
#ifndef TD_NET_TLS_RELAY_H
#define TD_NET_TLS_RELAY_H

#include <sys/socket.h>

#include "net/tls/tls.h"

typedef struct td_relay td_relay;

/* Gets the far end of a connection whose client has shown what it had to: non-blocking, closed on exec. Owns fd. On one of
 * the relay's threads, which others must not wait for. */
typedef void td_relay_take(void *ctx, int fd, const struct sockaddr *address, socklen_t size);

/* tls is borrowed. RESOURCE_EXHAUSTED: no thread or descriptor. */
TD_MUST_USE td_status td_relay_start(const char *name, td_tls *tls, td_relay_take *take, void *ctx,
                                     td_relay **out);
/* Takes fd, a client's connection. Any thread. */
void td_relay_add(td_relay *r, int fd, const struct sockaddr *address, socklen_t size);
/* The far ends of connections that are open, by descriptors that are good for the call only. */
void td_relay_each(td_relay *r, void (*see)(void *ctx, int fd), void *ctx);
/* Waits a moment for handshakes that are under way; from then on nothing is given to take() any more. td_relay_add() is not
 * called any more. NULL is fine. */
void td_relay_close(td_relay *r);
/* Sends what is left of replies (a moment), closes all. NULL is fine. */
void td_relay_free(td_relay *r);

#endif
