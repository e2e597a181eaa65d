/* grpc.h -- the gRPC server: TensorFlow Serving's services and grpc.health.v1 on a TCP port, a UNIX socket or
 * both.
 *
 * Each event thread has a completion queue of its own. A call is served where it arrives when that is quick;
 * a run that takes long, or a wait for a model that is loading, goes to a pool thread, so that no queue ever
 * stands still.
 */
#ifndef TD_NET_GRPC_H
#define TD_NET_GRPC_H

#include "net/options.h"
#include "serve/manager.h"

typedef struct td_grpc_server td_grpc_server;

/* Listens and serves from now on. manager is borrowed until td_grpc_stop(); options only for the call (its
 * strings too). INVALID_ARGUMENT: bad --grpc_channel_arguments, or nothing to listen on. UNAVAILABLE: an
 * address is taken. */
TD_MUST_USE td_status td_grpc_start(const td_net_options *options, td_manager *manager, td_grpc_server **out);
int td_grpc_port(const td_grpc_server *s); /* the TCP port; 0: none */

/* Refuses new calls and connections, lets those in flight end. Returns at once; once is enough. */
void td_grpc_drain(td_grpc_server *s);
/* Drains, waits for calls in flight until deadline_ns (td_now_ns() time),
 * cancels the rest, frees. NULL is fine. */
void td_grpc_stop(td_grpc_server *s, int64_t deadline_ns);

#endif
