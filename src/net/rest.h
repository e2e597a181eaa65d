/* rest.h -- the REST server: TensorFlow Serving's HTTP/JSON API, /healthz and /readyz, on libmicrohttpd.
 *
 * A few event threads serve all connections. A request is served where it arrives when that is quick; large
 * bodies, runs that take long, and waits for a model that is loading go to pool threads meanwhile, so that no
 * event thread ever stands still.
 */
#ifndef TD_NET_REST_H
#define TD_NET_REST_H

#include "net/options.h"
#include "serve/manager.h"

typedef struct td_rest_server td_rest_server;

/* Listens and serves from now on: on IPv6 and IPv4, or IPv4 alone. manager is borrowed until td_rest_stop();
 * options only for the call. UNAVAILABLE: the port is taken. */
TD_MUST_USE td_status td_rest_start(const td_net_options *options, td_manager *manager, td_rest_server **out);
int td_rest_port(const td_rest_server *s);

/* From now on not ready, and connections end with their next reply. Returns at once. NULL is fine. */
void td_rest_drain(td_rest_server *s);
/* Drains, closes new connections at once, waits for requests in flight until deadline_ns (td_now_ns() time),
 * frees. NULL is fine. */
void td_rest_stop(td_rest_server *s, int64_t deadline_ns);

#endif
