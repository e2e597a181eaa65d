/* SPDX-License-Identifier: Apache-2.0 */
/* info.c -- the small RPCs: metadata, status, and the polite refusals. */
#include "base/clock.h"
#include "codec/pb/info.h"
#include "net/grpc/run.h"

/* Ends the call with what b holds, or error. Takes both. */
static void answer(td_grpc_call *c, td_status error, td_strbuf *b)
{
    if (error)
        td_grpc_fail(c, error);
    else
        td_grpc_reply_bytes(c, b->data, b->size);
    td_strbuf_fini(b);
}

/* A call that is no flow, before it is answered. */
static void count(const td_grpc_call *c, td_request_series *series, int64_t arrived_ns, td_code code,
                  size_t bytes_out)
{
    const td_request_record record = { .series = series,
                                       .protocol = TD_PROTOCOL_GRPC,
                                       .code = code,
                                       .times = { .arrived = arrived_ns, .written = td_now_ns() },
                                       .bytes_in = c->size,
                                       .bytes_out = bytes_out,
                                       .ids = c->ids };

    td_request_done(&record);
}

/* ---- GetModelMetadata ---- */

static td_status metadata_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    td_grpc_spec *const spec = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_metadata_parse(j->call->bytes, j->call->size, spec));
    td_grpc_job_ask(j, spec);
    return NULL;
}

static td_status metadata_write(td_flow *f)
{
    td_strbuf b = { 0 };

    TD_TRY(td_grpc_metadata_put(f->predict.servable, &b));
    return td_grpc_job_put(f->request, &b);
}

void td_grpc_serve_metadata(td_grpc_call *c)
{
    static const td_flow_verb verb = {
        .method = TD_METHOD_METADATA, .asks = TD_FLOW_MODEL, .parse = metadata_parse, .write = metadata_write
    };

    td_grpc_run(c, &verb, sizeof(td_grpc_spec));
}

/* ---- GetModelStatus ---- */

static td_status make_status(td_grpc_call *c, td_grpc_spec *spec, td_strbuf *out)
{
    td_version_status *versions;
    size_t n;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(td_grpc_status_parse(c->bytes, c->size, spec));
    TD_TRY(td_manager_status(c->server->manager, &spec->model, &versions, &n));
    td_grpc_status_put(versions, n, out);
    td_manager_free_status(versions, n);
    return NULL;
}

void td_grpc_serve_status(td_grpc_call *c)
{
    const int64_t arrived = td_now_ns();
    td_grpc_spec spec = { 0 };
    td_strbuf b = { 0 };

    td_request_begin(TD_PROTOCOL_GRPC);
    const td_status error = make_status(c, &spec, &b);

    td_request_set *const set =
        spec.model.name.size ? td_manager_requests(c->server->manager, &spec.model) : td_requests_nobody();
    count(c, td_request_set_get(set, NULL, TD_PROTOCOL_GRPC, TD_METHOD_STATUS), arrived,
          td_status_code(error), b.size);
    answer(c, error, &b);
}

/* ---- refusals ---- */

void td_grpc_refuse_call(td_grpc_call *c, td_status why)
{
    td_request_begin(TD_PROTOCOL_GRPC);
    count(c, td_request_set_get(td_requests_nobody(), NULL, TD_PROTOCOL_GRPC, TD_METHOD_OTHER), td_now_ns(),
          td_status_code(why), 0);
    td_grpc_fail(c, why);
}

void td_grpc_serve_unknown(td_grpc_call *c)
{
    const size_t size = GRPC_SLICE_LENGTH(c->details.method);

    td_grpc_refuse_call(c, TD_ERR(UNIMPLEMENTED, "Unknown method %.*s", (int)(size < 512 ? size : 512),
                                  (const char *)GRPC_SLICE_START_PTR(c->details.method)));
}
