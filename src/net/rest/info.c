/* SPDX-License-Identifier: Apache-2.0 */
/* info.c -- every route that runs no model: status, metadata, readiness, and the polite refusals. */
#include "base/clock.h"
#include "codec/json/info.h"
#include "net/rest/server.h"

/* ---- status ---- */

static td_status put_status(td_rest_request *r)
{
    td_version_status *versions;
    size_t n;

    TD_TRY(td_manager_status(r->server->manager, &r->route.model, &versions, &n));
    td_json_put_status(&r->reply, versions, n);
    td_manager_free_status(versions, n);
    return td_json_out_check(&r->reply);
}

/* ---- metadata ---- */

/* Takes servable. */
static void answer_metadata(td_rest_request *r, td_servable *servable)
{
    const td_status error = td_json_put_metadata(&r->reply, servable);

    td_servable_release(servable);
    td_rest_end(r, error);
}

static void wait_for_metadata(void *request)
{
    td_rest_request *const r = request;
    td_servable *servable;
    const td_status error =
        td_manager_acquire_wait(r->server->manager, &r->route.model, r->deadline_ns, &servable);

    if (error)
        td_rest_end(r, error);
    else
        answer_metadata(r, servable);
}

static void serve_metadata(td_rest_request *r)
{
    td_rest_server *const s = r->server;
    td_servable *servable = NULL;
    bool must_wait = false;

    r->deadline_ns = s->timeout_ns ? td_now_ns() + s->timeout_ns : 0;
    const td_status error = td_manager_acquire(s->manager, &r->route.model, &servable, &must_wait);
    if (error)
        td_rest_end(r, error);
    else if (must_wait)
        td_rest_offload(r, s->waits, wait_for_metadata);
    else
        answer_metadata(r, servable);
}

/* ---- probes ---- */

static void serve_healthz(td_rest_request *r)
{
    TD_JSON_PUT(&r->reply, "{\"alive\": true}\n");
    td_rest_end(r, td_json_out_check(&r->reply));
}

static void serve_readyz(td_rest_request *r)
{
    const bool is_draining = atomic_load_explicit(&r->server->is_draining, memory_order_relaxed);
    bool is_ready = !is_draining;
    td_model_health *health;
    size_t n;

    td_manager_health(r->server->manager, &health, &n);
    for (size_t i = 0; i < n; i++)
        is_ready &= health[i].is_ready;
    td_json_put_health(&r->reply, health, n, is_draining, is_ready);
    td_manager_free_health(health, n);
    r->code = is_ready ? 200 : 503;
    td_rest_end(r, td_json_out_check(&r->reply));
}

/* ---- dispatch ---- */

static void end_empty(td_rest_request *r, unsigned code)
{
    r->code = code;
    td_rest_end(r, NULL);
}

static void refuse_elsewhere(td_rest_request *r)
{
    td_json_put_error(&r->reply, "Not Found");
    end_empty(r, 404);
}

void td_rest_serve(td_rest_request *r)
{
    switch (r->route.verb) {
    case TD_REST_PREDICT:
    case TD_REST_CLASSIFY:
    case TD_REST_REGRESS:
        td_rest_serve_predict(r);
        break;
    case TD_REST_STATUS:
        td_rest_end(r, put_status(r));
        break;
    case TD_REST_METADATA:
        serve_metadata(r);
        break;
    case TD_REST_HEALTHZ:
        serve_healthz(r);
        break;
    case TD_REST_READYZ:
        serve_readyz(r);
        break;
    case TD_REST_METRICS:
        td_rest_serve_metrics(r);
        break;
    case TD_REST_OPTIONS:
        end_empty(r, r->head.has_origin ? 200 : 400);
        break;
    case TD_REST_NO_MODEL:
        td_rest_end(r, TD_ERR(INVALID_ARGUMENT, "Missing model name in request."));
        break;
    case TD_REST_BAD_VERSION:
        end_empty(r, 400);
        break;
    case TD_REST_ELSEWHERE:
        refuse_elsewhere(r);
        break;
    case TD_REST_BAD_METHOD:
        td_rest_end(r, TD_ERR(UNIMPLEMENTED, "Method %.64s is not implemented", r->method));
        break;
    case TD_REST_MALFORMED:
        td_rest_end(r, TD_ERR(INVALID_ARGUMENT, "Malformed request: %.16s %.4096s", r->method, r->path));
        break;
    }
}
