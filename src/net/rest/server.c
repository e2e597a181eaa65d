/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- the REST server's start and end, and the callbacks of libmicrohttpd. */
#include "net/rest/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "codec/json/info.h"
#include "obs/access_log.h"
#include "obs/log.h"
#include "tensor/print.h"

static const size_t default_max_body = (size_t)2 << 30, default_max_inflated = (size_t)100 << 20;

enum {
    MAX_EVENT_THREADS = 64,
    LOOK_NS = 1000000,
    LINGER_NS = 1000000000,
    NS = 1000000000,
    ENOUGH = 1 << 28,             /* connections: links.h counts them */
    CONNECTION_MEMORY = 16 << 10, /* libmicrohttpd clears all of it for each request; heads must fit */
};

/* ---- callbacks ---- */

static td_rest_link *add_link(td_rest_server *s, int fd)
{
    td_rest_link *const link = td_rest_links_add(s->links, fd);

    link->condenser.most = s->max_head;
    return link;
}

static void notify(void *cls, struct MHD_Connection *connection, void **link,
                   enum MHD_ConnectionNotificationCode what)
{
    td_rest_server *const s = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *link =
            add_link(s, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    else
        td_rest_links_drop(s->links, *link);
    if (what == MHD_CONNECTION_NOTIFY_STARTED && s->tokens)
        ((td_rest_link *)*link)->condenser.has_tokens = true;
}

static td_rest_link *link_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The first line of a request has come. */
static void *begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    td_rest_server *const s = cls;
    td_rest_request *const r = td_rest_request_take(s);

    atomic_fetch_add_explicit(&s->in_flight, 1, memory_order_relaxed);
    r->connection = connection;
    r->link = link_of(connection);
    td_rest_link_move(r->link, TD_REST_HEAD);
    r->path = td_arena_strdup(r->arena, uri);
    return r;
}

static void end(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode why)
{
    td_rest_server *const s = cls;
    td_rest_request *const r = *context;

    (void)connection;
    (void)why;
    td_condense_end(&r->link->condenser, r->head.bytes, r->head.size);
    td_rest_link_move(r->link, TD_REST_IDLE);
    td_rest_request_give(r);
    *context = NULL;
    atomic_fetch_sub_explicit(&s->in_flight, 1, memory_order_release);
}

static enum MHD_Result add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value);
}

static bool has_cors(const td_rest_request *r)
{
    return r->server->with_cors && r->route.verb != TD_REST_ELSEWHERE;
}

static void add_ids(struct MHD_Response *response, const td_request_ids *ids)
{
    if (*ids->request) add_header(response, "X-Request-Id", ids->request);
    if (*ids->parent) add_header(response, "traceparent", ids->parent);
}

/* Whole seconds, one at least. */
static void add_retry(struct MHD_Response *response, int64_t retry_ns)
{
    enum { MOST = 3600 };
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, TD_MIN(TD_MAX((retry_ns + NS - 1) / NS, 1), MOST));
    add_header(response, "Retry-After", text);
}

static void add_version(struct MHD_Response *response, int64_t version)
{
    char text[TD_PRINT_MAX + 1];

    *td_print_i64(text, version) = '\0';
    add_header(response, "X-Tensord-Version", text);
}

static enum MHD_Result queue_reply(td_rest_request *r)
{
    const td_rest_server *const s = r->server;
    struct MHD_Response *const response =
        MHD_create_response_from_buffer(r->reply.size, r->reply.data, MHD_RESPMEM_PERSISTENT);

    if (!response) return MHD_NO;
    add_header(response, "Content-Type", r->content_type ? r->content_type : "application/json");
    if (TD_UNLIKELY(r->varies)) add_header(response, "Vary", "Accept-Encoding");
    if (TD_UNLIKELY(r->is_packed)) add_header(response, "Content-Encoding", "gzip");
    if (TD_UNLIKELY(r->note != NULL)) add_header(response, "X-Tensord-Tensor", r->note);
    if (r->has_version) add_version(response, r->version);
    if (has_cors(r)) {
        add_header(response, "Access-Control-Allow-Origin", "*");
        add_header(response, "Access-Control-Allow-Methods", "POST, GET");
        add_header(response, "Access-Control-Allow-Headers", "Content-Type");
    }
    if (TD_UNLIKELY(r->code == MHD_HTTP_UNAUTHORIZED)) add_header(response, "WWW-Authenticate", "Bearer");
    if (TD_UNLIKELY(r->code == 429 || r->code == 503)) add_retry(response, r->retry_ns);
    if (r->ids) add_ids(response, r->ids);
    if (TD_UNLIKELY(r->flow.timing != NULL)) add_header(response, "Server-Timing", r->flow.timing);
    if (TD_UNLIKELY(r->must_close || atomic_load_explicit(&s->is_closing, memory_order_relaxed)))
        add_header(response, "Connection", "close");
    td_rest_link_move(r->link, TD_REST_REPLY);
    const enum MHD_Result result = MHD_queue_response(r->connection, r->code, response);

    MHD_destroy_response(response);
    return result;
}

static void say_too_large(td_rest_request *r)
{
    char text[128];

    snprintf(text, sizeof text, "Request body is larger than %zu bytes (--rest_api_max_body_megabytes)",
             r->server->max_body);
    td_json_put_error(&r->reply, text);
    r->code = 413;
    td_rest_count_refusal(r, TD_RESOURCE_EXHAUSTED);
}

static enum MHD_Result refuse_size(td_rest_request *r)
{
    say_too_large(r);
    return queue_reply(r);
}

static enum MHD_Result refuse_large_head(td_rest_request *r)
{
    char text[128];

    snprintf(
        text, sizeof text,
        "Request head is larger than %u bytes (--rest_api_max_header_kilobytes), or has more than %d fields",
        r->server->max_head, TD_HEAD_FIELDS);
    td_json_put_error(&r->reply, text);
    r->code = 431;
    td_rest_count_refusal(r, TD_RESOURCE_EXHAUSTED);
    r->must_close = true;
    return queue_reply(r);
}

static enum MHD_Result refuse_head(td_rest_request *r, td_status why)
{
    const td_code code = td_status_code(why);

    r->must_close = true;
    td_rest_end(r, why);
    td_rest_count_refusal(r, code);
    return queue_reply(r);
}

/* Whoever watches over the server need not show anything. */
static bool is_for_all(td_rest_verb verb)
{
    return verb == TD_REST_HEALTHZ || verb == TD_REST_READYZ || verb == TD_REST_OPTIONS;
}

static td_status check_token(const td_rest_request *r)
{
    const char *const shown = r->head.authorization;

    if (TD_LIKELY(!r->server->tokens) || is_for_all(r->route.verb)) return NULL;
    return td_tokens_check(r->server->tokens, (td_string){ shown, shown ? strlen(shown) : 0 });
}

static td_string text(const char *s)
{
    return (td_string){ s, s ? strlen(s) : 0 };
}

static void take_ids(td_rest_request *r)
{
    td_request_ids *const ids = TD_ARENA_NEW(r->arena, td_request_ids);

    td_request_ids_take(ids, text(r->head.request_id), text(r->head.traceparent), td_access_log_is_on());
    r->ids = ids;
}

static bool runs_a_model(td_rest_verb verb)
{
    return verb == TD_REST_PREDICT || verb == TD_REST_CLASSIFY || verb == TD_REST_REGRESS;
}

static enum MHD_Result take_head(td_rest_request *r, const char *method, const char *version)
{
    r->has_head = true;
    r->method = method;
    td_rest_link_move(r->link, TD_REST_BODY);
    td_rest_route_find(method, r->path, r->arena, &r->route);
    if (td_rest_is_metrics(r)) r->route.verb = TD_REST_METRICS;
    if (TD_UNLIKELY(r->server->is_admin) && runs_a_model(r->route.verb)) r->route.verb = TD_REST_ELSEWHERE;
    if (r->link->condenser.verdict == TD_HEAD_LARGE) return refuse_large_head(r);
    td_status error = td_rest_head_read(r, version, &r->head);

    if (!error) error = check_token(r);
    if (error) return refuse_head(r, error);
    if (r->head.request_id || r->head.traceparent || td_access_log_is_on()) take_ids(r);
    if (r->head.size > r->server->max_body) return refuse_size(r);
    r->is_gzip = r->head.is_gzip;
    return td_rest_reserve_body(r, (size_t)r->head.size) ? MHD_YES : MHD_NO;
}

/* libmicrohttpd takes no reply in the middle of a body, so this one passes it by; chunks that still come are
 * dropped, since a connection that ends with bytes unread may end before the client has read the reply. The client
 * has the time that it has for any reply. */
static enum MHD_Result cut_body(td_rest_request *r)
{
    static const char cors[] = "Access-Control-Allow-Origin: *\r\n"
                               "Access-Control-Allow-Methods: POST, GET\r\n"
                               "Access-Control-Allow-Headers: Content-Type\r\n";
    const int fd = r->link->fd;
    char head[512];

    say_too_large(r);
    r->is_cut = true;
    td_rest_link_move(r->link, TD_REST_REPLY);
    const int size = snprintf(head, sizeof head,
                              "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n"
                              "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                              has_cors(r) ? cors : "", r->reply.size);
    struct iovec parts[] = { { head, (size_t)size }, { r->reply.data, r->reply.size } };
    const struct msghdr message = { .msg_iov = parts, .msg_iovlen = TD_COUNT(parts) };

    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return MHD_NO;
    return shutdown(fd, SHUT_WR) ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_body(td_rest_request *r, const char *data, size_t *n)
{
    const size_t size = *n;

    *n = 0;
    if (r->is_cut) return MHD_YES;
    if (size > r->server->max_body - r->size) return cut_body(r);
    td_rest_link_move(r->link, TD_REST_BODY);
    return td_rest_add_body(r, data, size) ? MHD_YES : MHD_NO;
}

/* What another thread is to do waits for a second call, which comes at once: between the two libmicrohttpd
 * stops reading. A connection that was put to sleep while it read reads on when it wakes, before the reply is
 * queued, and a client that had closed its side by then would get none. */
static enum MHD_Result take_end(td_rest_request *r)
{
    if (r->is_done) return queue_reply(r);
    if (r->is_cut) return MHD_NO;
    if (r->wants_sleep && !r->is_suspended) {
        td_rest_sleep(r);
        return MHD_YES;
    }
    td_rest_link_move(r->link, TD_REST_RUN);
    td_rest_count_begin(r);
    td_rest_serve(r);
    return r->is_done ? queue_reply(r) : MHD_YES;
}

/* Called for the head, for each piece of the body, for its end, and then until there is a reply. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **context)
{
    td_rest_request *const r = *context;

    (void)cls;
    (void)connection;
    (void)url;
    if (!r->has_head) return take_head(r, method, version);
    if (*size) return take_body(r, data, size);
    return take_end(r);
}

/* Paths are decoded by the route, which needs them as they came. */
static size_t leave_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static void log_daemon(void *cls, const char *fmt, va_list args)
{
    char text[256];

    (void)cls;
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = '\0';
    td_debug("rest", "libmicrohttpd=\"%s\"", text);
}

/* ---- start ---- */

static int64_t to_ns(int64_t ms)
{
    return ms > 0 ? ms * 1000000 : 0;
}

static td_status make_links(td_rest_server *s, const td_net_options *o)
{
    const td_rest_patience patience = { .idle_ns = to_ns(o->rest_idle_ms),
                                        .head_ns = to_ns(o->rest_head_ms),
                                        .body_ns = to_ns(o->rest_body_ms),
                                        .write_ns = to_ns(o->rest_write_ms) };

    return td_rest_links_make(
        &patience, td_most_connections(o->rest_max_connections, o->rest_ssl_config_file), &s->links);
}

static td_status start_daemon(td_rest_server *s, const td_net_options *o)
{
    const int cores = td_cpu_cores();
    const int threads =
        o->rest_threads > 0 ? TD_MIN(o->rest_threads, (int)MAX_EVENT_THREADS) : TD_MAX(2, TD_MIN(cores, 8));
    const struct MHD_OptionItem pool[] = {
        { threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL },
        { MHD_OPTION_END, 0, NULL },
    };

    s->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
                                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG,
                                 0, NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
                                 MHD_OPTION_URI_LOG_CALLBACK, begin, s, MHD_OPTION_NOTIFY_COMPLETED, end, s,
                                 MHD_OPTION_NOTIFY_CONNECTION, notify, s, MHD_OPTION_UNESCAPE_CALLBACK,
                                 leave_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)ENOUGH,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    return s->daemon ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "libmicrohttpd does not start: %s", strerror(errno));
}

/* A connection without TLS, or whose TLS has been taken off. */
static void take_plain(void *ctx, int fd, const struct sockaddr *address, socklen_t size)
{
    const td_rest_server *const s = ctx;

    if (MHD_add_connection(s->daemon, fd, address, size) != MHD_YES) /* it has closed fd */
        td_debug("rest", "event=connection_refused error=\"%s\"", strerror(errno));
}

static void take_connection(void *ctx, int fd, const struct sockaddr *address, socklen_t size)
{
    td_rest_server *const s = ctx;

    td_connection_begin(TD_PROTOCOL_REST);
    td_rest_links_wait_for_room(s->links);
    if (s->relay)
        td_relay_add(s->relay, fd, address, size);
    else
        take_plain(s, fd, address, size);
}

static bool is_given(const char *path)
{
    return path && *path;
}

static td_status start_relay(td_rest_server *s, const char *config)
{
    if (!is_given(config)) return NULL;
    TD_TRY(td_tls_make(config, "http/1.1", &s->tls));
    return td_relay_start("rest-tls", s->tls, take_plain, s, &s->relay);
}

static td_status start_listening(td_rest_server *s, int port)
{
    td_listener listener;

    TD_TRY(td_listen_tcp(port, "REST", "rest_api_port", &listener));
    s->port = listener.port;
    return td_acceptor_start("rest-accept", &listener, 1, take_connection, s, &s->acceptor);
}

static void free_server(td_rest_server *s)
{
    td_rest_links_close(s->links);
    td_acceptor_free(s->acceptor);
    if (s->daemon) MHD_stop_daemon(s->daemon);
    td_relay_free(s->relay);
    td_tls_free(s->tls);
    td_tokens_free(s->tokens);
    td_rest_links_free(s->links);
    td_rest_free_spares(s);
    td_mutex_fini(&s->mu);
    td_free(s);
}

td_status td_rest_start(const td_net_options *options, td_flows *flows, td_rest_server **out)
{
    td_rest_server *const s = TD_NEW(td_rest_server);

    s->flows = flows;
    s->manager = td_flows_manager(flows);
    if (options->rest_role != TD_ROLE_DATA) s->metrics_path = options->metrics_path;
    if (options->rest_role != TD_ROLE_DATA) s->monitoring_path = options->monitoring_path;
    s->tell_metrics = options->tell_metrics;
    s->tell_ctx = options->tell_ctx;
    s->with_cors = options->rest_cors;
    s->is_admin = options->rest_role == TD_ROLE_ADMIN;
    s->lists_models = options->rest_lists_models;
    s->packs = options->rest_packs;
    s->as_content = options->serialize_as_tensor_content;
    s->timeout_ns = to_ns(options->rest_timeout_ms);
    s->max_body = options->rest_max_body ? options->rest_max_body : default_max_body;
    s->max_head = options->rest_max_head ? options->rest_max_head : TD_HEAD_BYTES;
    s->max_inflated = options->rest_max_inflated ? options->rest_max_inflated : default_max_inflated;
    td_mutex_init(&s->mu, TD_LOCK_leaf);

    td_status error = make_links(s, options);
    if (!error) error = start_daemon(s, options);
    if (!error) error = start_relay(s, options->rest_ssl_config_file);
    if (!error && is_given(options->token_file)) error = td_tokens_make(options->token_file, &s->tokens);
    if (!error) error = start_listening(s, options->rest_api_port);
    if (error) {
        free_server(s);
        return error;
    }
    *out = s;
    return NULL;
}

int td_rest_port(const td_rest_server *s)
{
    return s->port;
}

/* ---- end ---- */

void td_rest_look_at_files(td_rest_server *s)
{
    if (!s) return;
    td_tls_look(s->tls);
    td_tokens_look(s->tokens);
}

void td_rest_unready(td_rest_server *s)
{
    if (s) atomic_store(&s->is_draining, true);
}

bool td_rest_has_clients(const td_rest_server *s, int64_t since_ns)
{
    return s && (atomic_load_explicit(&s->last_run_ns, memory_order_relaxed) >= since_ns ||
                 td_acceptor_connections(s->acceptor) > 0);
}

void td_rest_refuse(td_rest_server *s)
{
    if (!s) return;
    td_rest_unready(s);
    atomic_store(&s->is_closing, true);
    td_rest_links_hurry(s->links);
    td_acceptor_refuse(s->acceptor);
}

static bool wait_for(atomic_int *count, int64_t deadline_ns)
{
    while (atomic_load_explicit(count, memory_order_acquire) > 0) {
        if (td_now_ns() >= deadline_ns) return false;
        td_sleep_ns(LOOK_NS);
    }
    return true;
}

/* Connections that have just come get time for their request, and those between two for the next one, which
 * is told to be the last. */
static void wait_for_leaving(const td_rest_server *s, int64_t deadline_ns)
{
    const td_listener port = { .fd = -1, .port = s->port };

    while (td_listener_connections(&port) > 0 && td_now_ns() < deadline_ns)
        td_sleep_ns(5 * LOOK_NS);
}

bool td_rest_stop(td_rest_server *s, int64_t deadline_ns)
{
    if (!s) return true;
    td_rest_refuse(s);
    td_rest_links_close(s->links);
    td_acceptor_free(s->acceptor);
    s->acceptor = NULL;
    td_relay_close(s->relay);
    wait_for_leaving(s, TD_MIN(deadline_ns, td_now_ns() + LINGER_NS));
    if (!wait_for(&s->in_flight, deadline_ns) || !wait_for(&s->offloaded, deadline_ns)) {
        td_warning("rest", "event=requests_cut_off requests=%d", atomic_load(&s->in_flight));
        return false;
    }
    free_server(s);
    return true;
}
