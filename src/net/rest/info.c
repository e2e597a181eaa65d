/* SPDX-License-Identifier: Apache-2.0 */
/* info.c -- every route that runs no model: status, metadata, readiness, and the polite refusals. */
#include "codec/json/info.h"
#include "codec/json/models.h"
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

static td_status metadata_write(td_flow *f)
{
    td_rest_request *const r = f->request;

    return td_json_put_metadata(&r->reply, f->predict.servable);
}

static void serve_metadata(td_rest_request *r)
{
    static const td_flow_verb verb = { .method = TD_METHOD_METADATA,
                                       .asks = TD_FLOW_MODEL,
                                       .write = metadata_write };

    td_rest_flow(r, &verb);
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
    const td_status error = td_json_put_health(&r->reply, health, n, is_draining, is_ready);
    td_manager_free_health(health, n);
    r->code = is_ready ? 200 : 503;
    td_rest_end(r, error);
}

/* ---- the list ---- */

static td_status put_models(td_rest_request *r)
{
    td_model_report *reports;
    size_t n;

    if (!r->server->lists_models) return TD_ERR(INVALID_ARGUMENT, "Missing model name in request.");
    td_manager_reports(r->server->manager, &reports, &n);
    const td_status error = td_json_put_models(&r->reply, reports, n);

    td_manager_free_reports(reports, n);
    return error;
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
        td_rest_end(r, put_models(r));
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
