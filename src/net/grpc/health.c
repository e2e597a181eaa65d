/* SPDX-License-Identifier: Apache-2.0 */
/* health.c -- grpc.health.v1.Health.Check, and what is true of a service. */
#include "net/grpc/health.h"

#include "base/macros.h"

static bool is_whole_server(td_string service)
{
    static const char *const names[] = { "", "ModelService", "PredictionService",
                                         "tensorflow.serving.ModelService",
                                         "tensorflow.serving.PredictionService" };

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (td_string_is(service, names[i])) return true;
    return false;
}

td_health td_grpc_health_of(const td_grpc_server *s, const td_model_health *health, size_t n,
                            td_string service)
{
    const bool is_whole = is_whole_server(service);
    bool is_known = is_whole, is_ready = !atomic_load_explicit(&s->is_draining, memory_order_relaxed);

    for (size_t i = 0; i < n; i++) {
        if (!is_whole && !td_string_is(service, health[i].name)) continue;
        is_known = true;
        is_ready &= health[i].is_ready;
    }
    if (!is_known) return TD_HEALTH_NO_SERVICE;
    return is_ready ? TD_HEALTH_SERVING : TD_HEALTH_NOT_SERVING;
}

static td_status check(td_grpc_call *c, td_health *out)
{
    td_string service;
    td_model_health *health;
    size_t n;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(td_grpc_health_parse(c->bytes, c->size, &service));
    td_manager_health(c->server->manager, &health, &n);
    *out = td_grpc_health_of(c->server, health, n, service);
    td_manager_free_health(health, n);
    if (*out != TD_HEALTH_NO_SERVICE) return NULL;
    return TD_ERR(NOT_FOUND, "unknown service %.*s", (int)(service.size < 256 ? service.size : 256),
                  service.data);
}

void td_grpc_serve_health(td_grpc_call *c)
{
    td_health health;
    td_strbuf b = { 0 };
    const td_status error = check(c, &health);

    if (error) {
        td_grpc_fail(c, error);
        return;
    }
    td_grpc_health_put(health, &b);
    td_grpc_reply_bytes(c, b.data, b.size);
    td_strbuf_fini(&b);
}
