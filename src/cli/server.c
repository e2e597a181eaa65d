/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- the life of the serving process.
 *
 * Signals are blocked in every thread and taken by this one between its waits; after the first one a handler
 * takes over, so that a second can end the process whatever it is doing.
 */
#include "cli/server.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "api/method.h"
#include "base/account.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cli/config_poll.h"
#include "cli/notify.h"
#include "exec/idle.h"
#include "exec/lane.h"
#include "net/grpc.h"
#include "net/rest.h"
#include "obs/access_log.h"
#include "obs/log.h"
#include "obs/process.h"
#include "serve/precision.h"
#include "tensor/limits.h"

enum {
    EXIT_BY_SIGNAL = 128,
    ROUND_LOOK_NS = 200000000, /* for signals, while models are awaited */
    DOOR_NS = 500000000,       /* for handshakes that are under way when nobody else gets in */
    SHORT_DOOR_NS = 20000000,  /* the same where nobody is to be expected */
    OVERTIME_NS = 300000000,   /* past the deadline, for the last words */
    LAST_LINES_NS = 100000000, /* the same for the access log's */
};
static const int64_t CHORES_NS = INT64_C(1000000000);
static const int64_t BUSY_NS = INT64_C(100000000);
static const int64_t RECENT_NS = INT64_C(10000000000);
static const int64_t DEFAULT_DELAY_NS = INT64_C(5000000000);

typedef struct server {
    const td_server_options *options;
    td_manager *manager;
    td_flows *flows;
    td_grpc_server *grpc, *admin_grpc; /* of the admin's: NULL: what is for him is on the other */
    td_rest_server *rest, *admin_rest; /* NULL: none */
    bool has_leftovers;                /* threads still work: libraries must not be torn down beneath them */
    td_notify notify;
} server;

/* ---------------------------------------------------------------- signals */

/* Those that this thread takes. SIGHUP, too: left alone it would end the process. */
static void our_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

/* Before any thread starts: threads of libraries inherit the mask. */
static void block_signals(void)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t set;

    sigaction(SIGPIPE, &ignore, NULL);
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The signal that came within that time, or 0. */
static int take_signal(int64_t ns)
{
    const struct timespec wait = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
    sigset_t set;
    int got;

    our_signals(&set);
    do
        got = sigtimedwait(&set, NULL, &wait);
    while (got < 0 && errno == EINTR); /* by a signal of another kind: rare, and no harm to wait again */
    if (got == SIGHUP) td_access_log_reopen();
    return got < 0 ? 0 : got;
}

static void end_now(int number)
{
    _exit(EXIT_BY_SIGNAL + number);
}

/* SIGHUP stays blocked: an end is not put off, and not hurried either. */
static void arm_second_signal(void)
{
    const struct sigaction end = { .sa_handler = end_now };
    sigset_t set;

    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    our_signals(&set);
    sigdelset(&set, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ---------------------------------------------------------------- start */

/* What the REST server's pages of metrics show of all the rest. It goes first at the end. */
static void tell_metrics(void *ctx, td_page *p)
{
    const server *const s = ctx;

    td_process_tell(p);
    td_manager_tell(s->manager, p);
    td_page_tell(p, TD_READING_memory, NULL, (double)td_accounts_used());
    td_page_tell(p, TD_READING_connections, (const char *const[]){ td_protocol_name(TD_PROTOCOL_GRPC) },
                 (double)td_grpc_connections(s->grpc));
}

/* A port that is taken does not stop the server, as in TensorFlow Serving; what its user got wrong does. */
static td_status start_rest(server *s, td_net_options net, td_rest_server **out)
{
    net.tell_metrics = tell_metrics;
    net.tell_ctx = s;
    const td_status error = net.rest_api_port != TD_PORT_NONE ? td_rest_start(&net, s->flows, out) : NULL;

    if (td_status_code(error) != TD_UNAVAILABLE && td_status_code(error) != TD_PERMISSION_DENIED)
        return error;
    td_error("serve", "Failed to start HTTP Server at localhost:%d error=\"%s\"", net.rest_api_port,
             td_status_text(error));
    td_status_free(error);
    return NULL;
}

/* Each protocol has a flag for the same threads. */
static int most_run_threads(const td_net_options *net)
{
    const int threads = net->grpc_max_threads > 0 ? net->grpc_max_threads : 4 * td_cpu_cores();

    return TD_MAX(threads, net->rest_threads);
}

/* What limits there are, for whoever wonders later. */
static void say_limits(const td_server_options *o)
{
    const double mib = 1 << 20;
    const bool is_bounded = o->max_memory != SIZE_MAX;

    td_info("serve", "event=limits cores=%d cpu=%s memory_mib=%.0f models_mib=%.0f", td_cpu_cores(),
            td_cpu_name(td_cpu_detect()).text, (double)td_memory_limit() / mib,
            is_bounded ? (double)o->max_memory / mib : -1.0);
}

static void say_precision(const char *type)
{
    if (*type && strcmp(type, "bfloat16") != 0)
        td_warning("serve", "event=mixed_precision type=\"%s\" why=\"there is bfloat16\"", type);
    else if (*type)
        td_precision_say(NULL, TD_PRECISION_BFLOAT16);
}

static td_status start(server *s)
{
    say_limits(s->options);
    say_precision(s->options->mixed_precision);
    if (s->options->serve.precision != TD_PRECISION_BFLOAT16 || !*s->options->mixed_precision)
        td_precision_say(NULL, s->options->serve.precision);
    TD_TRY(td_access_log_start(s->options->access_format, s->options->access_path));
    if (s->options->net.monitoring_path) td_metrics_count_tf();
    if (s->options->counts_methods) td_methods_count();
    td_limits_set(s->options->max_rank, s->options->max_elements);
    td_lanes_configure(s->options->serve.threads);
    td_memory_set_limit(s->options->max_memory);
    TD_TRY(td_manager_start(&s->options->serve, &s->manager));
    s->flows = td_flows_make(s->manager, most_run_threads(&s->options->net));
    td_flows_limit_runs(s->flows, s->options->max_requests);
    if (s->options->large_requests) td_flows_limit(s->flows, s->options->large_requests);
    TD_TRY(td_grpc_start(&s->options->net, s->flows, &s->grpc));
    if (s->options->admin.grpc_port != TD_PORT_NONE)
        TD_TRY(td_grpc_start(&s->options->admin, s->flows, &s->admin_grpc));
    TD_TRY(start_rest(s, s->options->net, &s->rest));
    return start_rest(s, s->options->admin, &s->admin_rest);
}

/* Scripts wait for these lines, and take them to mean that models are loaded. */
static void announce(const server *s)
{
    const td_net_options *const net = &s->options->net;

    if (net->grpc_port != TD_PORT_NONE)
        td_info("serve", "Running gRPC ModelServer at 0.0.0.0:%d ...", net->grpc_port);
    if (net->grpc_socket_path[0])
        td_info("serve", "Running gRPC ModelServer at UNIX socket %s ...", net->grpc_socket_path);
    if (s->admin_grpc) td_info("serve", "event=admin protocol=grpc port=%d", td_grpc_port(s->admin_grpc));
    if (s->admin_rest) td_info("serve", "event=admin protocol=rest port=%d", td_rest_port(s->admin_rest));
    if (s->rest) td_info("serve", "Exporting HTTP/REST API at:localhost:%d ...", td_rest_port(s->rest));
}

/* ---------------------------------------------------------------- serving */

typedef struct chores {
    int64_t work_seen,
        work_trimmed; /* CPU time when it was last looked at, and when memory was last given back */
} chores;

/* CPU time of the whole process. */
static int64_t work_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Gives back what a burst has freed, once it is quiet: trimming takes time and locks, and what is in use again a
 * moment later has to be got anew. */
static void trim_when_quiet(chores *c)
{
    const int64_t work = work_ns();
    const bool is_quiet = work - c->work_seen<CHORES_NS / 50, was_busy = work - c->work_trimmed> BUSY_NS;

    c->work_seen = work;
    if (!is_quiet || !was_busy) return;
    td_heap_trim();
    c->work_trimmed = work_ns();
}

/* What is done now and then while nothing else happens. */
static void do_chores(const server *s, chores *c)
{
    td_grpc_look_at_files(s->grpc);
    td_grpc_look_at_files(s->admin_grpc);
    td_rest_look_at_files(s->rest);
    td_rest_look_at_files(s->admin_rest);
    td_log_flush();
    (void)td_idle_tidy();
    trim_when_quiet(c);
}

static void reload(const server *s, td_config_poll *poll, bool is_ready)
{
    if (is_ready) td_notify_reloading(&s->notify);
    td_config_poll_force(poll, s->manager);
    if (is_ready) td_notify_ready(&s->notify);
}

/* The next signal; 0: none by that time, or, before the first round of loads is over, none at the moment. */
static int wait_a_while(const server *s, bool *is_ready, int64_t until_ns)
{
    const int64_t now = td_now_ns();

    if (*is_ready) return take_signal(TD_MAX(until_ns - now, 0));
    *is_ready = td_manager_wait_first_round(s->manager, TD_MIN(until_ns, now + ROUND_LOOK_NS));
    if (*is_ready) {
        announce(s);
        td_notify_ready(&s->notify);
    }
    return take_signal(0);
}

/* Looks at the configuration from time to time, if so told, and when SIGHUP asks for it: also while the models of the
 * first one do not come, as it may be what is wrong. */
static int serve_until_signal(const server *s)
{
    const td_server_options *const o = s->options;
    const bool polls = o->config_poll_ns > 0, is_watched = s->notify.period_ns > 0;
    td_config_poll poll = { .file = o->config_file, .directory = o->models_dir };
    chores c = { 0 };
    int64_t next_chores = td_now_ns() + CHORES_NS, next_look = td_now_ns() + o->config_poll_ns;
    int64_t next_sign = td_now_ns();
    bool is_ready = false;

    for (;;) {
        const int64_t next =
            TD_MIN(polls ? TD_MIN(next_look, next_chores) : next_chores, is_watched ? next_sign : INT64_MAX);
        const int got = wait_a_while(s, &is_ready, next);
        const int64_t now = td_now_ns();

        if (got && got != SIGHUP) return got;
        if (got) reload(s, &poll, is_ready);
        if (is_watched && now >= next_sign) {
            td_notify_alive(&s->notify);
            next_sign = now + s->notify.period_ns;
        }
        if (polls && now >= next_look) {
            td_config_poll_look(&poll, s->manager);
            next_look = now + o->config_poll_ns;
        }
        if (now >= next_chores) {
            do_chores(s, &c);
            next_chores = now + CHORES_NS;
        }
    }
}

/* ---------------------------------------------------------------- end */

static void stop(server *s, int64_t deadline_ns)
{
    td_manager_hurry(s->manager);
    td_grpc_close(s->grpc);
    td_grpc_close(s->admin_grpc);
    s->has_leftovers |= !td_rest_stop(s->rest, deadline_ns);
    s->has_leftovers |= !td_rest_stop(s->admin_rest, deadline_ns);
    s->has_leftovers |= !td_grpc_stop(s->grpc, deadline_ns);
    s->has_leftovers |= !td_grpc_stop(s->admin_grpc, deadline_ns);
    if (!s->has_leftovers) td_flows_free(s->flows);
    s->has_leftovers |= !td_manager_stop(s->manager, deadline_ns);
}

static bool has_clients(const server *s)
{
    const int64_t since_ns = td_now_ns() - RECENT_NS;

    return td_rest_has_clients(s->rest, since_ns) || td_grpc_has_clients(s->grpc, since_ns);
}

/* How long to go on as before, so that whoever sends clients here can learn that it is over. A terminal's
 * Ctrl-C waits for nobody. */
static int64_t shutdown_delay(const server *s, int signal, bool with_clients)
{
    const int64_t wish = s->options->shutdown_delay_ns;

    if (signal == SIGINT) return 0;
    return wish >= 0 ? wish : with_clients ? DEFAULT_DELAY_NS : 0;
}

/* The last resort: whatever hangs, the process ends. */
static void *end_at(void *deadline_ns)
{
    td_sleep_ns(*(const int64_t *)deadline_ns + OVERTIME_NS - td_now_ns());
    td_log_flush();
    td_warning("serve", "event=stopped cut_off=true");
    _exit(0);
}

static void watch_deadline(int64_t *deadline_ns)
{
    pthread_t thread;
    const td_status error = td_thread_start(&thread, "end", end_at, deadline_ns);

    if (!error) pthread_detach(thread);
    td_status_free(error); /* then it ends without a last resort */
}

/* 1. not ready  2. the delay  3. nobody else gets in, who is in is told to leave  4. ports closed, so that
 * the kernel refuses  5. what is in flight ends, until the deadline. gRPC clients are told last of all: those
 * that have just got in have been served by then. */
static void drain(server *s, int signal)
{
    const bool with_clients = has_clients(s);
    const int64_t drain_ns = s->options->drain_ns, now = td_now_ns();
    static int64_t deadline; /* for end_at(), whose thread outlives this */
    const int64_t delay = TD_MIN(shutdown_delay(s, signal, with_clients), drain_ns);

    deadline = now + drain_ns;
    td_info("serve", "event=draining signal=%d delay_s=%.3g timeout_s=%.3g", signal, (double)delay / 1e9,
            (double)drain_ns / 1e9);
    td_notify_stopping(&s->notify);
    watch_deadline(&deadline);
    td_rest_unready(s->rest);
    td_rest_unready(s->admin_rest);
    td_grpc_unready(s->grpc);
    td_grpc_unready(s->admin_grpc);
    td_sleep_ns(delay);
    td_rest_refuse(s->rest);
    td_rest_refuse(s->admin_rest);
    td_grpc_refuse(s->grpc);
    td_grpc_refuse(s->admin_grpc);
    td_info("serve", "event=closing");
    td_sleep_ns(TD_MIN(with_clients ? DOOR_NS : SHORT_DOOR_NS, TD_MAX(deadline - td_now_ns(), 0)));
    if (with_clients) td_grpc_tell(s->grpc, deadline);
    stop(s, deadline);
}

td_status td_server_run(const td_server_options *options)
{
    server s = { .options = options };

    block_signals();
    td_notify_open(&s.notify);
    const td_status error = start(&s);
    if (error) {
        stop(&s, td_now_ns());
        td_access_log_stop(td_now_ns() + LAST_LINES_NS);
        td_notify_close(&s.notify);
        return error;
    }
    const int got = serve_until_signal(&s);

    arm_second_signal();
    drain(&s, got);
    td_access_log_stop(td_now_ns() + LAST_LINES_NS);
    td_log_flush();
    td_info("serve", "event=stopped");
    td_notify_close(&s.notify);
    if (s.has_leftovers) _exit(0);
    return NULL;
}
