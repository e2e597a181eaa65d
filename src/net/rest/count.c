/* SPDX-License-Identifier: Apache-2.0 */
/* count.c -- what a request adds to the metrics. Probes, pages of metrics and paths that are nobody's are left out. */
#include "base/clock.h"
#include "net/rest/server.h"

static bool is_counted(td_rest_verb verb, td_method *method)
{
    switch (verb) {
    case TD_REST_PREDICT:
        *method = TD_METHOD_PREDICT;
        return true;
    case TD_REST_CLASSIFY:
        *method = TD_METHOD_CLASSIFY;
        return true;
    case TD_REST_REGRESS:
        *method = TD_METHOD_REGRESS;
        return true;
    case TD_REST_STATUS:
        *method = TD_METHOD_STATUS;
        return true;
    case TD_REST_METADATA:
        *method = TD_METHOD_METADATA;
        return true;
    case TD_REST_OPTIONS:
    case TD_REST_MALFORMED:
    case TD_REST_NO_MODEL:
    case TD_REST_BAD_VERSION:
    case TD_REST_BAD_METHOD:
        *method = TD_METHOD_OTHER;
        return true;
    case TD_REST_HEALTHZ:
    case TD_REST_READYZ:
    case TD_REST_METRICS:
    case TD_REST_ELSEWHERE:
        break;
    }
    return false;
}

td_request_series *td_rest_series(const td_rest_request *r)
{
    td_method method = TD_METHOD_OTHER;
    td_request_set *set = td_requests_nobody();

    (void)is_counted(r->route.verb, &method);
    if (r->predict.servable)
        set = td_servable_requests(r->predict.servable);
    else if (method != TD_METHOD_OTHER)
        set = td_manager_requests(r->server->manager, &r->route.model);
    return td_request_set_get(set, r->predict.sig, TD_PROTOCOL_REST, method);
}

void td_rest_count_waiting(td_rest_request *r, bool is_waiting)
{
    if (is_waiting != r->is_waiting) td_request_queue(td_rest_series(r), is_waiting ? 1 : -1);
    r->is_waiting = is_waiting;
}

void td_rest_count_begin(td_rest_request *r)
{
    td_method method;

    if (!is_counted(r->route.verb, &method)) return;
    r->times.arrived = td_now_ns();
    r->bytes_in = r->size;
    td_request_begin(TD_PROTOCOL_REST);
}

void td_rest_count_end(td_rest_request *r, td_code code)
{
    if (!r->times.arrived) return; /* not counted, or refused by its head */
    if (code == TD_OK && r->code >= 400) code = TD_INVALID_ARGUMENT;
    td_rest_count_waiting(r, false); /* turned away */
    r->times.written = td_now_ns();
    const td_request_record record = { .series = td_rest_series(r),
                                       .protocol = TD_PROTOCOL_REST,
                                       .code = code,
                                       .times = r->times,
                                       .bytes_in = r->bytes_in,
                                       .bytes_out = r->reply.size,
                                       .rows = r->predict.servable ? td_predict_rows(&r->predict) : 0 };

    td_request_done(&record);
}
