/* SPDX-License-Identifier: Apache-2.0 */
/* info.c -- the small RPCs: metadata, status, and the polite refusals. */
#include "codec/pb/info.h"
#include "net/grpc/server.h"

/* Ends the call with what b holds, or error. Takes both. */
static void answer(td_grpc_call *c, td_status error, td_strbuf *b)
{
    if (error)
        td_grpc_fail(c, error);
    else
        td_grpc_reply_bytes(c, b->data, b->size);
    td_strbuf_fini(b);
}

/* ---- GetModelMetadata ---- */

typedef struct metadata_job {
    td_grpc_call *call;
    td_grpc_spec spec;
} metadata_job;

/* Takes servable. */
static void answer_metadata(td_grpc_call *c, td_servable *servable)
{
    td_strbuf b = { 0 };
    const td_status error = td_grpc_metadata_put(servable, &b);

    td_servable_release(servable);
    answer(c, error, &b);
}

static void wait_for_metadata(void *ctx)
{
    metadata_job *const j = ctx;
    td_grpc_call *const c = j->call;
    td_servable *servable;
    const td_status error =
        td_manager_acquire_wait(c->queue->server->manager, &j->spec.model, td_grpc_deadline(c), &servable);

    if (error)
        td_grpc_fail(c, error);
    else
        answer_metadata(c, servable);
}

static td_status start_metadata(metadata_job *j, td_servable **servable, bool *must_wait)
{
    td_grpc_call *const c = j->call;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(td_grpc_metadata_parse(c->bytes, c->size, &j->spec));
    return td_manager_acquire(c->queue->server->manager, &j->spec.model, servable, must_wait);
}

void td_grpc_serve_metadata(td_grpc_call *c)
{
    metadata_job *const j = TD_ARENA_NEW(c->arena, metadata_job);
    td_servable *servable = NULL;
    bool must_wait = false;

    j->call = c;

    const td_status error = start_metadata(j, &servable, &must_wait);
    if (error)
        td_grpc_fail(c, error);
    else if (!must_wait)
        answer_metadata(c, servable);
    else if (!td_grpc_offload(c, c->queue->server->waits, wait_for_metadata, j))
        td_grpc_fail(c, TD_ERR(RESOURCE_EXHAUSTED, "Too many requests are waiting"));
}

/* ---- GetModelStatus ---- */

static td_status make_status(td_grpc_call *c, td_strbuf *out)
{
    td_grpc_spec spec;
    td_version_status *versions;
    size_t n;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(td_grpc_status_parse(c->bytes, c->size, &spec));
    TD_TRY(td_manager_status(c->queue->server->manager, &spec.model, &versions, &n));
    td_grpc_status_put(versions, n, out);
    td_manager_free_status(versions, n);
    return NULL;
}

void td_grpc_serve_status(td_grpc_call *c)
{
    td_strbuf b = { 0 };
    const td_status error = make_status(c, &b);

    answer(c, error, &b);
}

/* ---- refusals ---- */

void td_grpc_serve_unimplemented(td_grpc_call *c)
{
    td_grpc_fail(c, TD_ERR(UNIMPLEMENTED, "%s: tensord does not serve this method yet",
                           td_grpc_methods[c->method].path));
}

void td_grpc_serve_unknown(td_grpc_call *c)
{
    const size_t size = GRPC_SLICE_LENGTH(c->details.method);

    td_grpc_fail(c, TD_ERR(UNIMPLEMENTED, "Unknown method %.*s", (int)(size < 512 ? size : 512),
                           (const char *)GRPC_SLICE_START_PTR(c->details.method)));
}
