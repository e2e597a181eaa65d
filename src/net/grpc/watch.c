/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c -- grpc.health.v1.Health.Watch: a stream that says when a service's health changes.
 *
 * One thread looks at the truth a few times a second while anybody watches, and starts a message on each
 * stream whose service changed. A stream with an operation under way is left alone until SENT has come (inv.
 * 1), so a stream that the thread has picked cannot be freed beneath it; it is freed when CLOSED has come and
 * nothing is under way.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/grpc/health.h"

static const int64_t period_ns = 200000000;

struct td_grpc_watch {
    td_grpc_call *call;
    char *service;
    size_t service_size;
    td_health sent;
    bool is_busy;     /* an operation is under way */
    bool is_closed;   /* the client is gone, or has got its status */
    bool is_ending;   /* the last operation was the status */
    bool has_started; /* initial metadata is out */
    td_grpc_watch *next, *turn;
};

struct td_grpc_watchers {
    td_grpc_server *server;
    td_mutex mu;
    td_cond changed;
    pthread_t thread;
    bool has_thread, is_ending; /* guarded by mu, as the list */
    td_grpc_watch *first;
};

td_grpc_watchers *td_grpc_watchers_make(td_grpc_server *s)
{
    td_grpc_watchers *const w = TD_NEW(td_grpc_watchers);

    w->server = s;
    td_mutex_init(&w->mu, TD_LOCK_net_connections);
    td_cond_init(&w->changed);
    return w;
}

void td_grpc_watchers_free(td_grpc_watchers *w)
{
    if (!w) return;
    if (w->has_thread) pthread_join(w->thread, NULL);
    td_cond_fini(&w->changed);
    td_mutex_fini(&w->mu);
    td_free(w);
}

/* Starts the stream's next operation: a health, or the end of the stream. */
static void start_operation(td_grpc_watch *watch)
{
    td_grpc_call *const c = watch->call;
    grpc_op ops[2];
    size_t n = 0;

    memset(ops, 0, sizeof ops);
    if (!watch->has_started) ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
    watch->has_started = true;
    if (watch->is_ending) {
        ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        ops[n++].data.send_status_from_server.status = GRPC_STATUS_UNAVAILABLE;
    } else {
        grpc_slice_buffer *const b = &c->reply.data.raw.slice_buffer;
        td_strbuf text = { 0 };

        td_grpc_health_put(watch->sent, &text);
        grpc_slice_buffer_reset_and_unref(b);
        grpc_slice_buffer_add(b, grpc_slice_from_copied_buffer(text.data, text.size));
        td_strbuf_fini(&text);
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = &c->reply;
    }
    td_grpc_begin(c, ops, n, TD_GRPC_SENT); /* from here on an event thread may free watch */
}

/* Picks the streams that have something to send, marks them busy, and returns them as a list. */
static td_grpc_watch *pick_locked(td_grpc_watchers *w, const td_model_health *health, size_t n)
    TD_REQUIRES(w->mu)
{
    td_grpc_watch *picked = NULL;

    for (td_grpc_watch *watch = w->first; watch; watch = watch->next) {
        const td_string service = { watch->service, watch->service_size };
        const td_health now = td_grpc_health_of(w->server, health, n, service);

        if (watch->is_busy || watch->is_closed || watch->is_ending) continue;
        if (now == watch->sent && !w->is_ending) continue;
        watch->is_ending = w->is_ending;
        watch->sent = now;
        watch->is_busy = true;
        watch->turn = picked;
        picked = watch;
    }
    return picked;
}

static void look(td_grpc_watchers *w)
{
    td_model_health *health;
    size_t n;

    td_manager_health(w->server->manager, &health, &n);
    td_mutex_lock(&w->mu);
    td_grpc_watch *picked = pick_locked(w, health, n);
    td_mutex_unlock(&w->mu);
    td_manager_free_health(health, n);

    while (picked) {
        td_grpc_watch *const next = picked->turn; /* the stream may be gone once its operation has ended */

        start_operation(picked);
        picked = next;
    }
}

static void *watch_main(void *arg)
{
    td_grpc_watchers *const w = arg;

    td_mutex_lock(&w->mu);
    while (w->first || !w->is_ending) {
        td_mutex_unlock(&w->mu);
        look(w);
        td_mutex_lock(&w->mu);
        if (w->first)
            td_cond_wait_until(&w->changed, &w->mu, td_now_ns() + period_ns);
        else if (!w->is_ending)
            td_cond_wait(&w->changed, &w->mu);
    }
    td_mutex_unlock(&w->mu);
    return NULL;
}

static td_status add_locked(td_grpc_watchers *w, td_grpc_watch *watch) TD_REQUIRES(w->mu)
{
    if (w->is_ending) return TD_ERR(UNAVAILABLE, "The server is going down");
    if (!w->has_thread) TD_TRY(td_thread_start(&w->thread, "grpc-watch", watch_main, w));
    w->has_thread = true;
    watch->next = w->first;
    w->first = watch;
    td_cond_signal(&w->changed);
    return NULL;
}

static td_status start(td_grpc_call *c)
{
    td_grpc_watchers *const w = c->server->watchers;
    const grpc_op close = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                            .data.recv_close_on_server.cancelled = &c->cancelled };
    td_string service;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(td_grpc_health_parse(c->bytes, c->size, &service));

    td_grpc_watch *const watch = TD_NEW(td_grpc_watch);
    watch->call = c;
    watch->service = td_strndup(service.data ? service.data : "", service.size);
    watch->service_size = service.size;
    watch->sent = TD_HEALTH_UNKNOWN; /* never true: the first look sends the truth */

    td_mutex_lock(&w->mu);
    const td_status error = add_locked(w, watch);
    if (!error) { /* under the lock: the close comes before anything that the thread starts */
        c->watch = watch;
        c->is_served = true;
        td_grpc_begin(c, &close, 1, TD_GRPC_CLOSED);
    }
    td_mutex_unlock(&w->mu);
    if (error) {
        td_free(watch->service);
        td_free(watch);
    }
    return error;
}

void td_grpc_serve_watch(td_grpc_call *c)
{
    const td_status error = start(c);

    if (error) td_grpc_fail(c, error);
}

static void remove_locked(td_grpc_watchers *w, td_grpc_watch *watch) TD_REQUIRES(w->mu)
{
    td_grpc_watch **at = &w->first;

    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    td_cond_signal(&w->changed);
}

bool td_grpc_watch_event(td_grpc_call *c, td_grpc_event event)
{
    td_grpc_watchers *const w = c->server->watchers;
    td_grpc_watch *const watch = c->watch;

    td_mutex_lock(&w->mu);
    if (event == TD_GRPC_CLOSED) watch->is_closed = true;
    if (event == TD_GRPC_SENT) watch->is_busy = false;
    const bool is_over = watch->is_closed && !watch->is_busy; /* inv. 1 */
    if (is_over) remove_locked(w, watch);
    td_mutex_unlock(&w->mu);

    if (is_over) {
        c->watch = NULL;
        td_free(watch->service);
        td_free(watch);
    }
    return is_over;
}

void td_grpc_watchers_look(td_grpc_watchers *w)
{
    td_mutex_lock(&w->mu);
    td_cond_signal(&w->changed);
    td_mutex_unlock(&w->mu);
}

void td_grpc_watchers_end(td_grpc_watchers *w)
{
    td_mutex_lock(&w->mu);
    w->is_ending = true;
    td_cond_signal(&w->changed);
    td_mutex_unlock(&w->mu);
}
