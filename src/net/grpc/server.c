/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- the gRPC server: sockets, queues, start and end; see grpc_server.h for a call's life. */
#include "net/grpc/server.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/grpc/args.h"
#include "net/grpc/locks.h"
#include "obs/log.h"

static const size_t default_max_inflated = (size_t)100 << 20;

enum {
    NS_PER_MS = 1000000,
    LAST_WORDS_NS = 100000000, /* for statuses of calls that were cut off */
    LOOK_NS = 5000000,
    AGAIN_NS = 20000000,   /* between two looks at the calls that are left */
    BUSY_NS = 300000,      /* without a pause: it is too much for one thread */
    PAUSE_NS = 5000,       /* to wait for less is none */
    COUNT_NS = 100000000,  /* between counts, which read every descriptor */
    TELL_NS = 250000000,   /* for finding each connection between two frames */
    HEARD_NS = 1000000000, /* for calls that were begun before a client heard it */
    QUIET_NS = 500000000,  /* without a call of ours, when the core waits for some */
};

static void *const drained_tag = (void *)TD_GRPC_DRAINED; /* a null call */

/* ---- threads ---- */

/* What is there now, or a time-out. */
static grpc_event look(td_grpc_thread *t)
{
    return grpc_completion_queue_next(t->server->cq, gpr_inf_past(GPR_CLOCK_MONOTONIC), NULL);
}

/* Whoever finds one event after the other for that long has another thread help. */
static void call_for_help(td_grpc_thread *t, int64_t now_ns)
{
    if (now_ns - t->paused_ns < BUSY_NS) return;
    t->paused_ns = now_ns;
    td_turns_call(&t->server->turns);
}

static grpc_event wait_for_event(td_grpc_thread *t)
{
    const int64_t start_ns = td_now_ns();
    const grpc_event e = grpc_completion_queue_next(t->server->cq, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    const int64_t now_ns = td_now_ns();

    if (now_ns - start_ns > PAUSE_NS)
        t->paused_ns = now_ns;
    else
        call_for_help(t, now_ns);
    return e;
}

/* What waits for others to come right behind it runs as soon as nothing is there. */
static grpc_event next_event(td_grpc_thread *t)
{
    td_turns *const turns = &t->server->turns;

    for (;;) {
        const bool has_turn = !t->gather.n && td_turns_take(turns);
        const grpc_event e = has_turn ? wait_for_event(t) : look(t);

        if (has_turn) td_turns_leave(turns);
        if (e.type != GRPC_QUEUE_TIMEOUT) {
            if (td_gather_is_full(&t->gather)) td_gather_run(&t->gather);
            return e;
        }
        if (t->gather.n) {
            td_gather_run(&t->gather);
        } else {
            td_turns_rest(turns);
            t->paused_ns = td_now_ns();
        }
    }
}

static void *thread_main(void *arg)
{
    td_grpc_thread *const t = arg;

    for (;;) {
        const grpc_event e = next_event(t);
        const uintptr_t tag = (uintptr_t)e.tag;
        td_grpc_call *const call = (td_grpc_call *)(tag & ~(uintptr_t)TD_GRPC_EVENT_MASK);

        if (TD_UNLIKELY(e.type == GRPC_QUEUE_SHUTDOWN)) return NULL;
        if (TD_LIKELY(call != NULL)) {
            td_grpc_handle(t, call, (td_grpc_event)(tag & TD_GRPC_EVENT_MASK), e.success != 0);
            continue;
        }
        td_mutex_lock(&t->server->mu);
        t->server->is_drained = true;
        td_cond_broadcast(&t->server->drained);
        td_mutex_unlock(&t->server->mu);
    }
}

static void make_threads(td_grpc_server *s, int threads)
{
    const int cores = td_cpu_cores();

    /* At least two: where one stays away in a run, another takes new calls. */
    s->n_threads = (size_t)(threads > 0 ? threads : TD_MAX(2, TD_MIN(cores, 64)));
    s->threads = TD_NEW_N(td_grpc_thread, s->n_threads);
    for (size_t i = 0; i < s->n_threads; i++) {
        s->threads[i].server = s;
        td_gather_init(&s->threads[i].gather);
    }
    td_turns_init(&s->turns);
    s->cq = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(s->core, s->cq, NULL);
}

static void ask_ahead(td_grpc_thread *t)
{
    for (size_t m = 0; m <= TD_GRPC_METHODS; m++)
        for (int k = 0; k < td_grpc_methods[m].ahead; k++)
            if (m == TD_GRPC_METHODS || t->server->handles[m]) td_grpc_ask(t, m);
}

static td_status start_threads(td_grpc_server *s)
{
    for (size_t i = 0; i < s->n_threads; i++) {
        td_grpc_thread *const t = &s->threads[i];

        ask_ahead(t);
        TD_TRY(td_thread_start(&t->thread, "grpc", thread_main, t));
        t->has_thread = true;
    }
    return NULL;
}

/* ---- start ---- */

#define CORE_LIMIT  TD_LOG_LIMIT("gRPC core", 5)
#define CORE_LIMITS CORE_LIMIT, CORE_LIMIT, CORE_LIMIT, CORE_LIMIT

/* What core has to say, a kind for each of its lines of code, or nearly so. */
static void log_core(gpr_log_func_args *args)
{
    static td_log_limit limits[] = { CORE_LIMITS, CORE_LIMITS, CORE_LIMITS, CORE_LIMITS };
    const td_log_level level = args->severity == GPR_LOG_SEVERITY_ERROR ? TD_LOG_WARNING : TD_LOG_DEBUG;
    const size_t kind = ((uintptr_t)args->file / 16 + (unsigned)args->line) % TD_COUNT(limits);

    td_log_limited(&limits[kind], level, "grpc", "core=\"%.300s\"", args->message);
}

/* Opens what there is to listen on into to; *n counts what is open, on failure, too. */
static td_status open_listeners(const td_net_options *o, td_listener *to, size_t *n)
{
    const bool has_path = o->grpc_socket_path && *o->grpc_socket_path;

    *n = 0;
    if (o->grpc_port == TD_PORT_NONE && !has_path)
        return TD_ERR(INVALID_ARGUMENT, "gRPC has neither a port nor a socket path to listen on");
    if (o->grpc_port != TD_PORT_NONE) {
        TD_TRY(td_listen_tcp(o->grpc_port, "gRPC", "port", &to[*n]));
        ++*n;
    }
    if (has_path) {
        TD_TRY(td_listen_unix(o->grpc_socket_path, &to[*n]));
        ++*n;
    }
    return NULL;
}

/* The core tells nobody when a connection ends: those that came are counted up to the limit, and then those that
 * are open, fd among them. */
static bool has_room(td_grpc_server *s)
{
    const td_listener port = { .fd = -1, .port = s->port };

    if (!s->port || ++s->connections <= s->max_connections) return true;
    if (td_now_ns() - s->counted_ns < COUNT_NS) return false;
    s->connections = td_listener_connections(&port);
    s->counted_ns = td_now_ns();
    return s->connections <= s->max_connections;
}

static void refuse_connection(const td_grpc_server *s, int fd)
{
    static td_log_limit limit = TD_LOG_LIMIT("refused connections", 3);

    td_log_limited(&limit, TD_LOG_WARNING, "grpc",
                   "event=connection_refused most=%zu flag=grpc_max_connections", s->max_connections);
    close(fd);
}

/* A connection without TLS, or whose TLS has been taken off: to the core they are the same. */
static void take_plain(void *ctx, int fd, const struct sockaddr *address, socklen_t size)
{
    td_grpc_server *const s = ctx;

    (void)address;
    (void)size;
    if (s->arrivals) td_grpc_arrivals_add(s->arrivals, td_grpc_cookie(fd));
    grpc_server_add_channel_from_fd(s->core, fd, s->credentials);
}

static void take_connection(void *ctx, int fd, const struct sockaddr *address, socklen_t size)
{
    td_grpc_server *const s = ctx;

    td_connection_begin(TD_PROTOCOL_GRPC);
    if (!has_room(s))
        refuse_connection(s, fd);
    else if (s->relay)
        td_relay_add(s->relay, fd, address, size);
    else
        take_plain(s, fd, address, size);
}

static td_status start_relay(td_grpc_server *s, const char *config)
{
    if (!config || !*config) return NULL;
    TD_TRY(td_tls_make(config, "h2", &s->tls));
    return td_relay_start("grpc-tls", s->tls, take_plain, s, &s->relay);
}

static td_status start_listening(td_grpc_server *s, const td_net_options *o)
{
    td_listener listeners[2];
    size_t n;
    const td_status error = open_listeners(o, listeners, &n);

    if (!error && o->grpc_port != TD_PORT_NONE) s->port = listeners[0].port;
    if (!error && listeners[n - 1].path) s->socket_path = td_strdup(listeners[n - 1].path);
    if (!error) return td_acceptor_start("grpc-accept", listeners, n, take_connection, s, &s->acceptor);
    while (n)
        td_listener_close(&listeners[--n]);
    return error;
}

static bool begins_with(const char *path, const char *service)
{
    return strncmp(path, service, strlen(service)) == 0;
}

/* Services that have a flag, or a server of their own. */
static bool is_wanted(const td_net_options *o, const char *path)
{
    if (o->grpc_role == TD_ROLE_ADMIN && begins_with(path, TD_GRPC_SERVING) &&
        !begins_with(path, TD_GRPC_MODELS))
        return false;
    if (o->grpc_role == TD_ROLE_DATA && !strcmp(path, TD_GRPC_MODELS "HandleReloadConfigRequest"))
        return false;
    if (begins_with(path, TD_GRPC_HEALTH)) return o->grpc_health;
    if (begins_with(path, TD_GRPC_REFLECTION)) return o->grpc_reflection;
    if (begins_with(path, TD_GRPC_SESSIONS)) return o->grpc_session_run;
    return true;
}

static void register_methods(td_grpc_server *s, const td_net_options *o)
{
    for (size_t i = 0; i < TD_GRPC_METHODS; i++) {
        const char *const path = td_grpc_methods[i].path;

        if (!is_wanted(o, path)) continue;
        s->handles[i] =
            grpc_server_register_method(s->core, path, NULL, GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
        TD_ASSERT(s->handles[i]);
    }
}

static td_status make_core(td_grpc_server *s, const td_net_options *o)
{
    grpc_channel_args args;

    TD_TRY(td_grpc_args_init(o, &args));
    const int max_age_ms = td_grpc_args_int(&args, GRPC_ARG_MAX_CONNECTION_AGE_MS);
    if (max_age_ms > 0) s->arrivals = td_grpc_arrivals_make((int64_t)max_age_ms * NS_PER_MS);
    s->core = grpc_server_create(&args, NULL);
    td_grpc_args_fini(&args);
    TD_ASSERT(s->core);
    make_threads(s, o->grpc_threads);
    register_methods(s, o);
    return NULL;
}

static void free_server(td_grpc_server *s);

td_status td_grpc_start(const td_net_options *options, td_flows *flows, td_grpc_server **out)
{
    td_grpc_server *const s = TD_NEW(td_grpc_server);

    (void)td_grpc_locks_quicken();
    gpr_set_log_function(log_core);
    grpc_init();
    s->flows = flows;
    s->manager = td_flows_manager(flows);
    s->credentials = grpc_insecure_server_credentials_create();
    s->max_inflated = options->grpc_max_inflated ? options->grpc_max_inflated : default_max_inflated;
    s->max_connections = td_most_connections(options->grpc_max_connections, options->grpc_ssl_config_file);
    s->as_content = options->serialize_as_tensor_content;
    td_mutex_init(&s->mu, TD_LOCK_leaf);
    td_cond_init(&s->drained);
    s->watchers = td_grpc_watchers_make(s);
    s->talks = td_grpc_talks_make();

    td_status error =
        options->token_file && *options->token_file ? td_tokens_make(options->token_file, &s->tokens) : NULL;
    if (!error) error = make_core(s, options);
    if (!error) {
        grpc_server_start(s->core);
        error = start_threads(s);
    }
    if (!error) error = start_relay(s, options->grpc_ssl_config_file);
    if (!error) error = start_listening(s, options);
    if (error) {
        free_server(s);
        return error;
    }
    *out = s;
    return NULL;
}

int td_grpc_port(const td_grpc_server *s)
{
    return s->port;
}

/* Not the acceptor's: it goes before the last connection does. */
size_t td_grpc_connections(const td_grpc_server *s)
{
    const td_listener tcp = { .fd = -1, .port = s->port }, local = { .fd = -1, .path = s->socket_path };
    size_t n = 0;

    if (s->port) n += td_listener_connections(&tcp);
    if (s->socket_path) n += td_listener_connections(&local);
    return n;
}

/* ---- end ---- */

void td_grpc_look_at_files(td_grpc_server *s)
{
    if (!s) return;
    td_tls_look(s->tls);
    td_tokens_look(s->tokens);
}

void td_grpc_unready(td_grpc_server *s)
{
    if (!s) return;
    atomic_store(&s->is_draining, true);
    td_grpc_watchers_look(s->watchers);
}

bool td_grpc_has_clients(const td_grpc_server *s, int64_t since_ns)
{
    if (!s) return false;
    for (size_t i = 0; i < s->n_threads; i++)
        if (atomic_load_explicit(&s->threads[i].last_run_ns, memory_order_relaxed) >= since_ns) return true;
    return td_acceptor_connections(s->acceptor) > 0;
}

void td_grpc_refuse(td_grpc_server *s)
{
    if (!s) return;
    td_grpc_unready(s);
    td_acceptor_refuse(s->acceptor);
}

/* What has come of clients, as far as it is known. */
typedef struct receipt {
    size_t connections;
    uint64_t bytes, begun, ended; /* calls; bytes of connections that are open */
} receipt;

static void add_connection(void *ctx, int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;
    receipt *const r = ctx;

    r->connections++;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) r->bytes += info.tcpi_bytes_received;
}

static void count_calls(const td_grpc_server *s, receipt *r)
{
    for (size_t i = 0; i < s->n_threads; i++) {
        r->ended += atomic_load_explicit(&s->threads[i].ended, memory_order_relaxed);
        r->begun += atomic_load_explicit(&s->threads[i].begun, memory_order_relaxed);
    }
}

static receipt look_at_clients(const td_grpc_server *s)
{
    receipt r = { 0 };

    if (s->relay)
        td_relay_each(s->relay, add_connection, &r);
    else
        td_acceptor_each(s->acceptor, add_connection, &r);
    count_calls(s, &r);
    return r;
}

/* Whoever has heard it hangs up once its calls are over. A message that still comes is waited for: the core will take none
 * any more. Bytes of new calls are no reason to wait: who makes them does not mean to go. */
void td_grpc_tell(td_grpc_server *s, int64_t deadline_ns)
{
    if (!s) return;
    td_grpc_tell_leaving(s, TD_MIN(td_now_ns() + TELL_NS, deadline_ns));
    receipt last = look_at_clients(s);

    for (int64_t moved_ns = td_now_ns(), now = moved_ns;
         last.connections && now < deadline_ns && now - moved_ns < HEARD_NS; now = td_now_ns()) {
        td_sleep_ns(LOOK_NS);
        const receipt r = look_at_clients(s);
        if (r.bytes != last.bytes && r.begun == last.begun) moved_ns = td_now_ns();
        last = r;
    }
}

void td_grpc_close(td_grpc_server *s)
{
    if (!s || s->is_closed) return;
    s->is_closed = true;
    atomic_store(&s->is_draining, true);
    td_acceptor_free(s->acceptor);
    s->acceptor = NULL;
    td_relay_close(s->relay);
    td_grpc_watchers_end(s->watchers);
    td_grpc_talks_end(s->talks);
    grpc_server_shutdown_and_notify(s->core, s->cq, drained_tag);
}

static bool wait_drained(td_grpc_server *s, int64_t deadline_ns)
{
    td_mutex_lock(&s->mu);
    while (!s->is_drained && td_cond_wait_until(&s->drained, &s->mu, deadline_ns))
        continue;
    const bool is_drained = s->is_drained;
    td_mutex_unlock(&s->mu);
    return is_drained;
}

/* Of a server that has drained, or failed to start. */
static void free_server(td_grpc_server *s)
{
    if (s->core) td_grpc_close(s);
    td_grpc_watchers_free(s->watchers);
    if (s->cq) grpc_completion_queue_shutdown(s->cq);
    if (s->cq) td_turns_end(&s->turns);
    for (size_t i = 0; i < s->n_threads; i++)
        if (s->threads[i].has_thread)
            pthread_join(s->threads[i].thread, NULL);
        else
            (void)thread_main(&s->threads[i]); /* takes what is left */
    if (s->core) grpc_server_destroy(s->core);
    td_relay_free(s->relay);
    td_tls_free(s->tls);
    td_tokens_free(s->tokens);
    grpc_server_credentials_release(s->credentials);
    if (s->cq) grpc_completion_queue_destroy(s->cq);
    if (s->cq) td_turns_fini(&s->turns);
    for (size_t i = 0; i < s->n_threads; i++)
        td_grpc_free_calls(&s->threads[i]);
    td_grpc_talks_free(s->talks);
    td_grpc_arrivals_free(s->arrivals);
    td_free(s->threads);
    td_free(s->socket_path);
    td_cond_fini(&s->drained);
    td_mutex_fini(&s->mu);
    td_free(s);
    grpc_shutdown();
}

/* The core is done with a call that it has cancelled; the thread that works for it is not. */
static bool wait_for_away(const td_grpc_server *s, int64_t deadline_ns)
{
    while (atomic_load_explicit(&s->away, memory_order_acquire) > 0) {
        if (td_now_ns() >= deadline_ns) return false;
        td_sleep_ns(LOOK_NS);
    }
    return true;
}

static bool has_calls(const td_grpc_server *s)
{
    receipt r = { 0 };

    count_calls(s, &r);
    return r.begun != r.ended;
}

/* Until the core is done with all calls, or only has such as have not come as a whole, which it will not take any more.
 * False: there is something to be cut off. */
static bool wait_for_calls(td_grpc_server *s, int64_t deadline_ns)
{
    for (int64_t quiet_ns = td_now_ns(); !wait_drained(s, TD_MIN(td_now_ns() + AGAIN_NS, deadline_ns));) {
        const int64_t now = td_now_ns();

        if (has_calls(s)) quiet_ns = now;
        if (now >= deadline_ns || now - quiet_ns >= QUIET_NS) return false;
    }
    return true;
}

bool td_grpc_stop(td_grpc_server *s, int64_t deadline_ns)
{
    if (!s) return true;
    td_grpc_close(s);
    if (!wait_for_calls(s, deadline_ns)) {
        if (has_calls(s)) td_warning("grpc", "event=calls_cut_off");
        grpc_server_cancel_all_calls(s->core);
        if (!wait_drained(s, td_now_ns() + LAST_WORDS_NS)) return false;
    }
    if (!wait_for_away(s, TD_MAX(deadline_ns, td_now_ns() + LAST_WORDS_NS)))
        return false; /* a run does not end */
    free_server(s);
    return true;
}
