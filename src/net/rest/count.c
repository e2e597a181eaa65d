/* SPDX-License-Identifier: Apache-2.0 */
/* count.c -- what a request that is no flow adds to the metrics. Probes, pages of metrics and paths that are nobody's are
 * left out. */
#include "base/clock.h"
#include "net/rest/server.h"

static bool is_counted(td_rest_verb verb, td_method *method)
{
    switch (verb) {
    case TD_REST_STATUS:
        *method = TD_METHOD_STATUS;
        return true;
    case TD_REST_OPTIONS:
    case TD_REST_MALFORMED:
    case TD_REST_NO_MODEL:
    case TD_REST_BAD_VERSION:
    case TD_REST_BAD_METHOD:
        *method = TD_METHOD_OTHER;
        return true;
    case TD_REST_PREDICT: /* flows */
    case TD_REST_CLASSIFY:
    case TD_REST_REGRESS:
    case TD_REST_METADATA:
    case TD_REST_HEALTHZ:
    case TD_REST_READYZ:
    case TD_REST_METRICS:
    case TD_REST_ELSEWHERE:
        break;
    }
    return false;
}

static td_request_series *series(const td_rest_request *r, td_method method)
{
    td_request_set *const set = method == TD_METHOD_OTHER
                                    ? td_requests_nobody()
                                    : td_manager_requests(r->server->manager, &r->route.model);

    return td_request_set_get(set, NULL, TD_PROTOCOL_REST, method);
}

void td_rest_count_begin(td_rest_request *r)
{
    td_method method;

    if (!is_counted(r->route.verb, &method)) return;
    r->arrived_ns = td_now_ns();
    td_request_begin(TD_PROTOCOL_REST);
}

static void count(const td_rest_request *r, td_method method, int64_t arrived_ns, td_code code)
{
    const td_request_record record = { .series = series(r, method),
                                       .protocol = TD_PROTOCOL_REST,
                                       .code = code,
                                       .times = { .arrived = arrived_ns, .written = td_now_ns() },
                                       .bytes_in = r->size,
                                       .bytes_out = r->reply.size,
                                       .ids = r->ids };

    td_request_done(&record);
}

void td_rest_count_end(td_rest_request *r, td_code code)
{
    td_method method;

    if (!r->arrived_ns || !is_counted(r->route.verb, &method)) return; /* or refused by its head */
    count(r, method, r->arrived_ns, code == TD_OK && r->code >= 400 ? TD_INVALID_ARGUMENT : code);
}

void td_rest_count_refusal(const td_rest_request *r, td_code code)
{
    td_request_begin(TD_PROTOCOL_REST);
    count(r, TD_METHOD_OTHER, td_now_ns(), code);
}
