/* SPDX-License-Identifier: Apache-2.0 */
/* server.h -- manager, gRPC and REST as one thing that starts, serves and drains. */
#ifndef TD_CLI_SERVER_H
#define TD_CLI_SERVER_H

#include "cli/serve_options.h"

/* Starts it, waits for SIGTERM or SIGINT, drains. Ports are open before models are loaded; a model that does
 * not load is logged and shows in /readyz, and the others are served. A second signal ends the process at
 * once. The status says why it could not start. */
TD_MUST_USE td_status td_server_run(const td_server_options *options);

#endif
