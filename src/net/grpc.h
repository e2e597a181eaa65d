/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.h -- the gRPC server: TensorFlow Serving's services and grpc.health.v1 on a TCP port, a UNIX socket or
 * both.
 *
 * The event threads share a completion queue (decisions/event-threads.md). api/flow.h keeps it from standing still.
 */
#ifndef TD_NET_GRPC_H
#define TD_NET_GRPC_H

#include "net/options.h"
#include "api/flow.h"

typedef struct td_grpc_server td_grpc_server;

/* Listens and serves from now on. flows are borrowed until td_grpc_stop(); options only for the call (its
 * strings too). INVALID_ARGUMENT: bad --grpc_channel_arguments, or nothing to listen on. UNAVAILABLE: an
 * address is taken. PERMISSION_DENIED: it is not for this user. */
TD_MUST_USE td_status td_grpc_start(const td_net_options *options, td_flows *flows, td_grpc_server **out);
int td_grpc_port(const td_grpc_server *s); /* the TCP port; 0: none */
/* Open ones. Reads every descriptor. Any thread, until the end. */
size_t td_grpc_connections(const td_grpc_server *s);

/* Certificates and tokens, which may have changed: for later connections, and calls. NULL is fine. */
void td_grpc_look_at_files(td_grpc_server *s);

/* The steps of an end, in order, by one thread. NULL is fine for each. */

void td_grpc_unready(td_grpc_server *s); /* grpc.health.v1 says NOT_SERVING; all else goes on */
/* Whether somebody is connected, or has asked a model since since_ns (td_now_ns() time). */
bool td_grpc_has_clients(const td_grpc_server *s, int64_t since_ns);
/* Lets nobody else in; those who are in the door still get in. */
void td_grpc_refuse(td_grpc_server *s);
/* Tells clients to leave (GOAWAY), and takes the calls that they began before they heard it: a moment,
 * and not past deadline_ns (td_now_ns() time). */
void td_grpc_tell(td_grpc_server *s, int64_t deadline_ns);
/* Closes the port: from now on connections are refused, and new calls, too. Returns at once. */
void td_grpc_close(td_grpc_server *s);
/* Waits for calls in flight until deadline_ns (td_now_ns() time), cancels the rest, frees. False: some do not
 * end; the server is left as it is. */
TD_MUST_USE bool td_grpc_stop(td_grpc_server *s, int64_t deadline_ns);

#endif
