/* SPDX-License-Identifier: Apache-2.0 */
/* health.h -- is a service, named as grpc.health.v1 names services, able to serve? */
#ifndef TD_NET_GRPC_HEALTH_H
#define TD_NET_GRPC_HEALTH_H

#include "codec/pb/info.h"
#include "net/grpc/server.h"

/* "" and the two services: every configured model has a version that serves. A model's name: that model has.
 * NO_SERVICE for anything else. health: td_manager_health()'s answer. */
td_health td_grpc_health_of(const td_grpc_server *s, const td_model_health *health, size_t n,
                            td_string service);

#endif
