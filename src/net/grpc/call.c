/* SPDX-License-Identifier: Apache-2.0 */
/* call.c -- one call from its arrival to its recycling; see grpc_server.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/grpc/server.h"
#include "obs/access_log.h"
#include "obs/log.h"

const td_grpc_method td_grpc_methods[TD_GRPC_METHODS + 1] = {
#define TD_GRPC_METHOD(path, serve, ahead) { path, serve, ahead },
#include "net/grpc/methods.inc"
#undef TD_GRPC_METHOD
    { NULL, td_grpc_serve_unknown, 2 },
};

/* An arena that a call leaves behind with more than this is not kept for the next one. */
static const size_t max_spare_arena = (size_t)4 << 20;

enum { LARGE_REPLY = 32 << 10 }; /* may fill a socket */

/* ---- life ---- */

static td_grpc_call *make_call(td_grpc_thread *t)
{
    td_grpc_call *c = t->idle;

    if (c) {
        t->idle = c->next;
        t->n_idle--;
        return c;
    }
    c = TD_NEW(td_grpc_call);
    c->server = t->server;
    grpc_metadata_array_init(&c->metadata);
    grpc_call_details_init(&c->details);
    c->reply.type = GRPC_BB_RAW;
    grpc_slice_buffer_init(&c->reply.data.raw.slice_buffer);
    return c;
}

static void free_call(td_grpc_call *c)
{
    grpc_metadata_array_destroy(&c->metadata);
    grpc_call_details_destroy(&c->details);
    grpc_slice_buffer_destroy(&c->reply.data.raw.slice_buffer);
    td_free(c);
}

static void recycle(td_grpc_thread *t, td_grpc_call *c)
{
    td_grpc_message_close(c);
    if (c->call) grpc_call_unref(c->call);
    c->call = NULL;
    if (TD_UNLIKELY(c->method == TD_GRPC_METHODS)) {
        grpc_call_details_destroy(&c->details);
        grpc_call_details_init(&c->details);
    }
    c->metadata.count = 0;
    c->ids = NULL;
    c->is_traced = false;
    c->timing = NULL;
    c->flow = NULL;
    c->pushback_ms = 0;
    c->is_offloaded = false;
    c->is_served = false;
    if (t->n_idle == TD_GRPC_SPARE_CALLS) { /* others begin what this thread ends */
        free_call(c);
        return;
    }
    c->next = t->idle;
    t->idle = c;
    t->n_idle++;
}

void td_grpc_free_calls(td_grpc_thread *t)
{
    while (t->idle) {
        td_grpc_call *const c = t->idle;

        t->idle = c->next;
        free_call(c);
    }
    while (t->n_spare)
        td_arena_free(t->spare[--t->n_spare]);
}

/* Pairs with was_published(). */
static void publish(td_grpc_call *c)
{
    atomic_fetch_add_explicit(&c->begun, 1, memory_order_release);
}

/* Whatever the threads of earlier events left in c is to be seen from here on. */
static void was_published(td_grpc_call *c)
{
    (void)atomic_load_explicit(&c->begun, memory_order_acquire);
}

void td_grpc_ask(td_grpc_thread *t, size_t method)
{
    td_grpc_server *const s = t->server;
    td_grpc_call *const c = make_call(t);
    void *const tag = td_grpc_tag(c, TD_GRPC_NEW);

    c->method = method;
    publish(c);
    const grpc_call_error error =
        method < TD_GRPC_METHODS
            ? grpc_server_request_registered_call(s->core, s->handles[method], &c->call, &c->deadline,
                                                  &c->metadata, &c->payload, s->cq, s->cq, tag)
            : grpc_server_request_call(s->core, &c->call, &c->details, &c->metadata, s->cq, s->cq, tag);
    TD_ASSERT(error == GRPC_CALL_OK);
}

/* ---- arenas ---- */

static td_arena *take_arena(td_grpc_thread *t)
{
    return t->n_spare ? t->spare[--t->n_spare] : td_arena_make();
}

static void give_arena(td_grpc_thread *t, td_grpc_call *c)
{
    td_arena *const a = c->arena;

    c->arena = NULL;
    if (!a) return;
    if (t->n_spare == TD_GRPC_SPARE_ARENAS || td_arena_used(a) > max_spare_arena) {
        td_arena_free(a);
        return;
    }
    td_arena_reset(a);
    t->spare[t->n_spare++] = a;
}

/* ---- events ---- */

/* Of the client's metadata, what is read; NULL data: not sent. */
typedef struct known_metadata {
    td_string request_id, parent, trace, authorization;
} known_metadata;

static void find_metadata(const td_grpc_call *c, known_metadata *out)
{
    *out = (known_metadata){ 0 };
    for (size_t i = 0; i < c->metadata.count; i++) {
        const grpc_metadata *const m = &c->metadata.metadata[i];
        const td_string value = { (const char *)GRPC_SLICE_START_PTR(m->value), GRPC_SLICE_LENGTH(m->value) };

        if (!grpc_slice_str_cmp(m->key, "x-request-id"))
            out->request_id = value;
        else if (!grpc_slice_str_cmp(m->key, "traceparent"))
            out->parent = value;
        else if (!grpc_slice_str_cmp(m->key, "x-tensord-trace"))
            out->trace = value;
        else if (!grpc_slice_str_cmp(m->key, "authorization"))
            out->authorization = value;
    }
}

static void take_metadata(td_grpc_call *c, const known_metadata *m)
{
    c->is_traced = m->trace.size == 1 && *m->trace.data == '1';
    if (!m->request_id.data && !m->parent.data && !td_access_log_is_on()) return;
    td_request_ids *const ids = TD_ARENA_NEW(c->arena, td_request_ids);

    td_request_ids_take(ids, m->request_id, m->parent, td_access_log_is_on());
    c->ids = ids;
}

/* Reads what the client says of itself and of the call; or may it not call? */
static td_status meet(td_grpc_call *c)
{
    const td_grpc_server *const s = c->server;
    const char *const path = td_grpc_methods[c->method].path;
    known_metadata m;

    find_metadata(c, &m);
    take_metadata(c, &m);
    if (TD_LIKELY(!s->tokens) || (path && !strncmp(path, TD_GRPC_HEALTH, sizeof TD_GRPC_HEALTH - 1)))
        return NULL;
    return td_tokens_check(s->tokens, m.authorization);
}

/* Of the thread's own. */
static void count(_Atomic(uint64_t) *n)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void drop(td_grpc_thread *t, td_grpc_call *c)
{
    if (atomic_fetch_sub_explicit(&c->holds, 1, memory_order_acq_rel) > 1) return;
    count(&t->ended);
    give_arena(t, c);
    recycle(t, c);
}

static void serve(td_grpc_thread *t, td_grpc_call *c)
{
    td_grpc_ask(t, c->method);
    count(&t->begun);
    atomic_store_explicit(&c->holds, 2, memory_order_relaxed); /* this one, and the last event's */
    c->thread = t;
    c->arena = take_arena(t);
    const td_status refusal =
        c->metadata.count || td_access_log_is_on() || c->server->tokens ? meet(c) : NULL;
    if (TD_LIKELY(!refusal))
        td_grpc_methods[c->method].serve(c);
    else
        td_grpc_refuse_call(c, refusal);
    /* Else a pool thread has it now with its arena, or it waits for those behind it. */
    if (!c->is_offloaded && c->is_served) give_arena(t, c);
    drop(t, c);
}

static void reply_is_out(td_grpc_call *c)
{
    if (c->is_large) atomic_fetch_sub_explicit(&c->server->large_replies, 1, memory_order_release);
    c->is_large = false;
}

static void call_is_off(td_grpc_call *c)
{
    atomic_store_explicit(&c->is_closed, true, memory_order_relaxed);
    if (c->flow) td_flow_hurry(c->flow); /* both events must have come before its arena goes */
}

void td_grpc_handle(td_grpc_thread *t, td_grpc_call *c, td_grpc_event event, bool is_good)
{
    was_published(c);
    if (event == TD_GRPC_NEW) {
        if (TD_LIKELY(is_good))
            serve(t, c);
        else
            recycle(t, c); /* the server is going down */
    } else if (TD_UNLIKELY(c->watch != NULL)) {
        if (td_grpc_watch_event(c, event)) drop(t, c);
    } else if (TD_UNLIKELY(c->is_talk)) {
        if (td_grpc_talk_event(c, event)) drop(t, c);
    } else {
        if (event == TD_GRPC_DONE) reply_is_out(c);
        if (event == TD_GRPC_CLOSED && c->cancelled) call_is_off(c);
        drop(t, c);
    }
}

void td_grpc_begin(td_grpc_call *c, const grpc_op *ops, size_t n, td_grpc_event event)
{
    grpc_call *const call = c->call;

    publish(c);
    TD_ASSERT(grpc_call_start_batch(call, ops, n, td_grpc_tag(c, event), NULL) == GRPC_CALL_OK);
}

void td_grpc_let_go(td_grpc_call *c)
{
    const grpc_op close = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                            .data.recv_close_on_server.cancelled = &c->cancelled };

    atomic_store_explicit(&c->is_closed, false, memory_order_relaxed);
    c->is_offloaded = true;
    atomic_fetch_add_explicit(&c->holds, 1, memory_order_relaxed); /* CLOSED comes, too */
    atomic_fetch_add_explicit(&c->server->away, 1, memory_order_relaxed);
    td_grpc_begin(c, &close, 1, TD_GRPC_CLOSED);
}

/* ---- replies ---- */

typedef struct metadata {
    grpc_metadata items[2];
    size_t n;
} metadata;

static void add_metadata(metadata *m, const char *static_key, const char *value)
{
    if (!value || !*value) return;
    m->items[m->n++] = (grpc_metadata){ .key = grpc_slice_from_static_string(static_key),
                                        .value = grpc_slice_from_copied_string(value) };
}

static void free_metadata(metadata *m)
{
    while (m->n)
        grpc_slice_unref(m->items[--m->n].value);
}

static void fill_metadata(const td_grpc_call *c, metadata *initial, metadata *trailing)
{
    char ms[24];

    initial->n = trailing->n = 0;
    if (c->ids) {
        add_metadata(initial, "x-request-id", c->ids->request);
        add_metadata(initial, "traceparent", c->ids->parent);
    }
    add_metadata(trailing, "server-timing", c->timing);
    if (!c->pushback_ms) return;
    snprintf(ms, sizeof ms, "%" PRId64, c->pushback_ms);
    add_metadata(trailing, "grpc-retry-pushback-ms", ms);
}

/* One batch ends the call: head, message (if there is one), status, and the client's end of it. */
static void finish(td_grpc_call *c, bool has_body, grpc_status_code code, grpc_slice *details)
{
    metadata initial, trailing; /* core copies them */
    grpc_op ops[4];
    size_t n = 0;

    memset(ops, 0, sizeof ops);
    fill_metadata(c, &initial, &trailing);
    ops[n].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[n].data.send_initial_metadata.count = initial.n;
    ops[n++].data.send_initial_metadata.metadata = initial.items;
    if (has_body) {
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = &c->reply;
    }
    ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[n].data.send_status_from_server.status = code;
    ops[n].data.send_status_from_server.trailing_metadata_count = trailing.n;
    ops[n].data.send_status_from_server.trailing_metadata = trailing.items;
    ops[n++].data.send_status_from_server.status_details = details;
    if (!c->is_offloaded) {
        ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
        ops[n++].data.recv_close_on_server.cancelled = &c->cancelled;
    }
    td_grpc_server *const s = c->server;
    const bool was_away = c->is_offloaded;
    c->is_served = true;
    td_grpc_begin(c, ops, n, TD_GRPC_DONE);
    free_metadata(&initial);
    free_metadata(&trailing);
    if (was_away) atomic_fetch_sub_explicit(&s->away, 1, memory_order_release);
}

static void give_workspace(void *workspace)
{
    td_workspace_give(workspace);
    td_free(workspace);
}

uint8_t *td_grpc_reply_make(size_t size, grpc_slice *out)
{
    /* grpc_slice_malloc() ends the process when there is no memory: not for sizes that a client steers. */
    if (size <= (size_t)1 << 16) {
        *out = grpc_slice_malloc(size);
        return GRPC_SLICE_START_PTR(*out);
    }
    td_workspace *const w = TD_NEW(td_workspace);
    const td_status error = td_workspace_take_other(NULL, size, "a reply", w);

    if (error) {
        td_status_free(error);
        td_free(w);
        return NULL;
    }
    *out = grpc_slice_new_with_user_data(w->data, size, give_workspace, w);
    return GRPC_SLICE_START_PTR(*out);
}

void td_grpc_reply_add(td_grpc_call *c, grpc_slice piece)
{
    grpc_slice_buffer_add(&c->reply.data.raw.slice_buffer, piece);
}

size_t td_grpc_reply_size(const td_grpc_call *c)
{
    return c->reply.data.raw.slice_buffer.length;
}

void td_grpc_reply(td_grpc_call *c)
{
    c->is_large = td_grpc_reply_size(c) > LARGE_REPLY;
    if (c->is_large) atomic_fetch_add_explicit(&c->server->large_replies, 1, memory_order_relaxed);
    finish(c, true, GRPC_STATUS_OK, NULL);
}

void td_grpc_reply_bytes(td_grpc_call *c, const void *data, size_t size)
{
    grpc_slice body;
    uint8_t *const p = td_grpc_reply_make(size, &body);

    if (!p) {
        td_grpc_fail(c, TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply of %zu bytes", size));
        return;
    }
    if (size) memcpy(p, data, size);
    td_grpc_reply_add(c, body);
    td_grpc_reply(c);
}

/* What no client can have caused is worth a line. */
static void log_fault(const td_grpc_call *c, td_status error)
{
    const td_code code = td_status_code(error);
    const char *const path = td_grpc_methods[c->method].path;
    static td_log_limit limit = TD_LOG_LIMIT("failed calls", 10);

    if (code == TD_INTERNAL || code == TD_UNKNOWN || code == TD_DATA_LOSS)
        td_log_limited(&limit, TD_LOG_WARNING, "grpc", "method=%s code=%s text=\"%.300s\"",
                       path ? path : "unknown", td_code_name(code), td_status_text(error));
}

/* A client with a policy for retries waits that long, and not by its own guess. */
static int64_t pushback_of(const td_status error)
{
    enum { MS = 1000000, UNKNOWN = 1000, MOST = 3600000 };
    int64_t ns;

    if (!td_status_is_overload(error, &ns)) return 0;
    return ns > 0 ? TD_MIN((ns + MS - 1) / MS, MOST) : UNKNOWN;
}

void td_grpc_fail(td_grpc_call *c, td_status error)
{
    enum { LIMIT = 1024 }; /* as TensorFlow Serving: longer texts would not fit in a client's header list */
    const char *const text = td_status_text(error);
    char cut[LIMIT + sizeof "...TRUNCATED"];
    grpc_slice details;

    log_fault(c, error);
    grpc_slice_buffer_reset_and_unref(&c->reply.data.raw.slice_buffer); /* pieces of what failed then */
    c->pushback_ms = pushback_of(error);
    if (strlen(text) <= LIMIT) {
        details = grpc_slice_from_copied_string(text);
    } else {
        snprintf(cut, sizeof cut, "%.*s...TRUNCATED", LIMIT, text);
        details = grpc_slice_from_copied_string(cut);
    }
    finish(c, false, (grpc_status_code)td_status_code(error), &details);
    grpc_slice_unref(details);
    td_status_free(error);
}

int64_t td_grpc_deadline(const td_grpc_call *c)
{
    if (c->deadline.tv_sec > INT64_MAX / 1000000000 - 1) return 0;
    return c->deadline.tv_sec * 1000000000 +
           c->deadline.tv_nsec; /* core's monotonic clock is td_now_ns()'s */
}
