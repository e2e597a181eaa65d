/* SPDX-License-Identifier: Apache-2.0 */
/* rest.h -- the REST server: TensorFlow Serving's HTTP/JSON API, /healthz and /readyz, on libmicrohttpd.
 *
 * A few event threads serve all connections. api/flow.h keeps them from standing still.
 */
#ifndef TD_NET_REST_H
#define TD_NET_REST_H

#include "net/options.h"
#include "api/flow.h"

typedef struct td_rest_server td_rest_server;

/* Listens and serves from now on: on IPv6 and IPv4, or IPv4 alone. flows are borrowed until td_rest_stop();
 * options only for the call. UNAVAILABLE: the port is taken.
 * PERMISSION_DENIED: it is not for this user. */
TD_MUST_USE td_status td_rest_start(const td_net_options *options, td_flows *flows, td_rest_server **out);
int td_rest_port(const td_rest_server *s);

/* Certificates and tokens, which may have changed: for later connections, and requests. NULL is fine. */
void td_rest_look_at_files(td_rest_server *s);

/* The steps of an end, in order. NULL is fine for each. */

void td_rest_unready(td_rest_server *s); /* /readyz says 503; all else goes on */
/* Whether somebody is connected, or has asked a model since since_ns (td_now_ns() time). */
bool td_rest_has_clients(const td_rest_server *s, int64_t since_ns);
/* Replies end their connections from now on. Lets nobody else in; those in the middle of it still get in. */
void td_rest_refuse(td_rest_server *s);
/* Closes the port: from now on connections are refused. Gives clients that are idle a moment to leave by
 * themselves, waits for requests in flight until deadline_ns (td_now_ns() time), frees. False: some did not
 * end; the server is left as it is. */
TD_MUST_USE bool td_rest_stop(td_rest_server *s, int64_t deadline_ns);

#endif
