/* SPDX-License-Identifier: Apache-2.0 */
/* request.c -- a request's memory, body and reply. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/json/info.h"
#include "net/inflate.h"
#include "net/rest/server.h"

enum {
    SPARE_BYTES = 32 << 20, /* of buffers, all spares together */
    SPARE_MOST = 4 << 20,   /* of one */
    LARGE_BODY = 1 << 20,
    BODY_FIRST = 1024,
    BODY_TRUST = 16 << 20, /* a Content-Length beyond this is believed as its bytes come */
};

/* ---- spares ---- */

td_rest_request *td_rest_request_take(td_rest_server *s)
{
    td_mutex_lock(&s->mu);
    td_rest_request *r = s->spare;

    if (r) {
        s->spare = r->next;
        s->spare_bytes -= r->spare_bytes;
    }
    td_mutex_unlock(&s->mu);
    if (r) return r;
    r = TD_NEW(td_rest_request);
    r->server = s;
    r->arena = td_arena_make();
    return r;
}

static void free_request(td_rest_request *r)
{
    td_arena_free(r->arena);
    td_free_grown(r->body, r->capacity);
    td_json_out_fini(&r->reply);
    td_free(r);
}

/* Forgets the request, keeps its memory. */
static void clear(td_rest_request *r)
{
    const td_rest_request kept = { .server = r->server,
                                   .arena = r->arena,
                                   .body = r->body,
                                   .capacity = r->capacity,
                                   .reply = { .data = r->reply.data, .capacity = r->reply.capacity } };

    td_flow_abandon(&r->flow); /* the client went away before it went on */
    td_arena_reset(r->arena);
    *r = kept;
}

void td_rest_request_give(td_rest_request *r)
{
    td_rest_server *const s = r->server;
    const size_t bytes = sizeof *r + r->capacity + r->reply.capacity + td_arena_used(r->arena);

    clear(r);
    td_mutex_lock(&s->mu);
    const bool is_kept = bytes <= SPARE_MOST && bytes <= SPARE_BYTES - s->spare_bytes;
    if (is_kept) {
        r->next = s->spare;
        r->spare_bytes = bytes;
        s->spare = r;
        s->spare_bytes += bytes;
    }
    td_mutex_unlock(&s->mu);
    if (!is_kept) free_request(r);
}

void td_rest_free_spares(td_rest_server *s)
{
    while (s->spare) {
        td_rest_request *const r = s->spare;

        s->spare = r->next;
        free_request(r);
    }
}

/* ---- body ---- */

bool td_rest_reserve_body(td_rest_request *r, size_t size)
{
    const size_t want = TD_MIN(size, (size_t)BODY_TRUST) + TD_JSON_PAD;

    if (want <= r->capacity) return true;
    char *const body = td_try_grow(r->body, r->capacity, want);

    if (!body) return false;
    r->body = body;
    r->capacity = want;
    return true;
}

bool td_rest_add_body(td_rest_request *r, const char *data, size_t size)
{
    if (r->size + size + TD_JSON_PAD > r->capacity) {
        const size_t want = TD_MAX(TD_MAX(r->capacity * 2, r->size + size + TD_JSON_PAD), (size_t)BODY_FIRST);
        char *const body = td_try_grow(r->body, r->capacity, want);

        if (!body) return false;
        r->body = body;
        r->capacity = want;
    }
    memcpy(r->body + r->size, data, size);
    r->size += size;
    return true;
}

/* What cannot be inflated is an empty body, as in TensorFlow Serving. */
static td_status inflate_body(td_rest_request *r)
{
    char *out;
    size_t size, capacity;
    const td_status error =
        td_inflate(r->body, r->size, r->server->max_inflated, TD_JSON_PAD, &out, &size, &capacity);

    td_free_grown(r->body, r->capacity);
    r->body = out;
    r->capacity = out ? capacity + TD_JSON_PAD : 0;
    r->size = error ? 0 : size;
    if (td_status_code(error) == TD_RESOURCE_EXHAUSTED) return error;
    td_status_free(error);
    return NULL;
}

td_status td_rest_end_body(td_rest_request *r)
{
    const bool is_gzip = r->is_gzip;

    r->is_gzip = false;
    if (is_gzip) TD_TRY(inflate_body(r));
    if (!td_rest_reserve_body(r, 0)) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a request");
    memset(r->body + r->size, 0, TD_JSON_PAD);
    return NULL;
}

void td_rest_drop_body(td_rest_request *r)
{
    if (r->capacity < LARGE_BODY) return;
    td_free_grown(r->body, r->capacity);
    r->body = NULL;
    r->size = r->capacity = 0;
}

/* ---- reply ---- */

static unsigned http_code_of(td_code code)
{
    static const unsigned short codes[] = {
        [TD_OK] = 200,
        [TD_CANCELLED] = 499,
        [TD_UNKNOWN] = 500,
        [TD_INVALID_ARGUMENT] = 400,
        [TD_DEADLINE_EXCEEDED] = 504,
        [TD_NOT_FOUND] = 404,
        [TD_ALREADY_EXISTS] = 409,
        [TD_PERMISSION_DENIED] = 403,
        [TD_RESOURCE_EXHAUSTED] = 429,
        [TD_FAILED_PRECONDITION] = 400,
        [TD_ABORTED] = 409,
        [TD_OUT_OF_RANGE] = 400,
        [TD_UNIMPLEMENTED] = 501,
        [TD_INTERNAL] = 500,
        [TD_UNAVAILABLE] = 503,
        [TD_DATA_LOSS] = 500,
        [TD_UNAUTHENTICATED] = 401,
    };

    return (size_t)code < TD_COUNT(codes) && codes[code] ? codes[code] : 500;
}

/* The code and, for an error, the body. */
static void seal(td_rest_request *r, const td_status error)
{
    static const char late[] = "Timed out waiting for notification";
    const td_code code = td_status_code(error);

    if (error) {
        r->reply.size = 0;
        r->reply.is_broken = false;
        r->note = NULL;
        r->varies = r->is_packed = false;
        td_json_put_error(&r->reply, code == TD_DEADLINE_EXCEEDED ? late : td_status_text(error));
        r->code = http_code_of(code);
        (void)td_status_is_overload(error, &r->retry_ns);
    } else if (!r->code) {
        r->code = 200;
    }
}

void td_rest_end(td_rest_request *r, td_status error)
{
    if (!error) (void)td_rest_pack(r); /* or not, where that is not quickly done */
    seal(r, error);
    td_rest_count_end(r, td_status_code(error));
    td_status_free(error);
    r->is_done = true;
}

void td_rest_sleep(td_rest_request *r)
{
    r->is_suspended = true;
    td_rest_watch_begin(&r->watch, r->link->fd, r->head.takes_interim);
    atomic_fetch_add(&r->server->offloaded, 1);
    MHD_suspend_connection(r->connection); /* first: it may be over when go returns */
    td_flow_go(&r->flow);
}

/* ---- as the host of a flow ---- */

/* The event thread lets go when libmicrohttpd has stopped reading: server.c. */
static void suspend(td_flow *f)
{
    td_rest_request *const r = f->request;

    r->wants_sleep = true;
}

static bool is_unwanted(const td_flow *f)
{
    td_rest_request *const r = f->request;

    return td_rest_is_gone(&r->watch);
}

static void forget(td_flow *f)
{
    td_rest_drop_body(f->request);
}

static bool pack(td_flow *f)
{
    return td_rest_pack(f->request);
}

static size_t seal_reply(td_flow *f, const td_status error)
{
    td_rest_request *const r = f->request;

    r->has_version = f->predict.servable != NULL;
    if (r->has_version) r->version = td_servable_version(f->predict.servable);
    seal(r, error);
    return r->reply.size;
}

static void end(td_flow *f, td_status error)
{
    td_rest_request *const r = f->request;
    td_rest_server *const s = r->server;
    struct MHD_Connection *const connection = r->connection;
    const bool was_suspended = r->is_suspended;

    td_status_free(error);
    r->is_done = true;
    if (!was_suspended) return;
    atomic_fetch_sub(&s->offloaded, 1); /* before the resume: td_rest_stop() waits for in_flight, too */
    MHD_resume_connection(connection);  /* r is the event thread's again */
}

void td_rest_flow(td_rest_request *r, const td_flow_verb *verb)
{
    static const td_flow_host host = {
        TD_PROTOCOL_REST, suspend, is_unwanted, forget, pack, seal_reply, end
    };
    td_rest_server *const s = r->server;
    const int64_t now = td_now_ns();

    r->flow = (td_flow){ .shared = s->flows,
                         .host = &host,
                         .verb = verb,
                         .request = r,
                         .arena = r->arena,
                         .size = r->size,
                         .is_slow = r->is_gzip,
                         .deadline_ns = s->timeout_ns ? now + s->timeout_ns : 0,
                         .ids = r->ids,
                         .is_traced = r->head.is_traced,
                         .model = r->route.model };
    if (verb->asks != TD_FLOW_NOTHING) atomic_store_explicit(&s->last_run_ns, now, memory_order_relaxed);
    td_flow_start(&r->flow);
}
