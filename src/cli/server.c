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

#include "base/clock.h"
#include "cli/config_poll.h"
#include "exec/lane.h"
#include "net/grpc.h"
#include "net/rest.h"
#include "obs/log.h"

enum { ROUND_LOOK_NS = 20000000, EXIT_BY_SIGNAL = 128 };

typedef struct server {
    const td_server_options *options;
    td_manager *manager;
    td_grpc_server *grpc;
    bool has_leftovers;   /* threads still work: libraries must not be torn down beneath them */
    td_rest_server *rest; /* NULL: none */
} server;

/* ---------------------------------------------------------------- signals */

static void end_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

/* Before any thread starts: threads of libraries inherit the mask. */
static void block_signals(void)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t set;

    sigaction(SIGPIPE, &ignore, NULL);
    end_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The signal that came within that time, or 0. ns < 0: waits for one. */
static int take_signal(int64_t ns)
{
    const struct timespec wait = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
    sigset_t set;
    int got;

    end_signals(&set);
    do
        got = sigtimedwait(&set, NULL, ns < 0 ? NULL : &wait);
    while (got < 0 && errno == EINTR && ns < 0);
    return got < 0 ? 0 : got;
}

static void end_now(int number)
{
    _exit(EXIT_BY_SIGNAL + number);
}

static void arm_second_signal(void)
{
    const struct sigaction end = { .sa_handler = end_now };
    sigset_t set;

    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    end_signals(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ---------------------------------------------------------------- start */

/* A port that is taken does not stop the server, as in TensorFlow Serving. */
static void start_rest(server *s)
{
    const td_net_options *const net = &s->options->net;
    const td_status error =
        net->rest_api_port != TD_PORT_NONE ? td_rest_start(net, s->manager, &s->rest) : NULL;

    if (error)
        td_error("serve", "Failed to start HTTP Server at localhost:%d error=\"%s\"", net->rest_api_port,
                 td_status_text(error));
    td_status_free(error);
}

static td_status start(server *s)
{
    td_lanes_configure(s->options->serve.threads);
    TD_TRY(td_manager_start(&s->options->serve, &s->manager));
    TD_TRY(td_grpc_start(&s->options->net, s->manager, &s->grpc));
    start_rest(s);
    return NULL;
}

/* Scripts wait for these lines, and take them to mean that models are loaded. */
static void announce(const server *s)
{
    const td_net_options *const net = &s->options->net;

    if (net->grpc_port != TD_PORT_NONE)
        td_info("serve", "Running gRPC ModelServer at 0.0.0.0:%d ...", net->grpc_port);
    if (net->grpc_socket_path[0])
        td_info("serve", "Running gRPC ModelServer at UNIX socket %s ...", net->grpc_socket_path);
    if (s->rest) td_info("serve", "Exporting HTTP/REST API at:localhost:%d ...", td_rest_port(s->rest));
}

/* ---------------------------------------------------------------- end */

static void stop(server *s, int64_t deadline_ns)
{
    td_rest_drain(s->rest);
    if (s->grpc) td_grpc_drain(s->grpc);
    td_rest_stop(s->rest, deadline_ns);
    td_grpc_stop(s->grpc, deadline_ns);
    if (!td_manager_stop(s->manager, deadline_ns)) s->has_leftovers = true;
}

/* Looks at the configuration from time to time, if so told. */
static int wait_for_signal(const server *s)
{
    const td_server_options *const o = s->options;
    td_config_poll poll = { .path = o->config_file, .gap_ns = o->config_file[0] ? o->config_poll_ns : 0 };
    int got = 0;

    while (!got) {
        got = take_signal(poll.gap_ns ? poll.gap_ns : -1);
        if (!got && poll.gap_ns) td_config_poll_look(&poll, s->manager);
    }
    return got;
}

/* Waits for the first round of loads, then for a signal; either wait may end with the signal. */
static int serve_until_signal(const server *s)
{
    int got = 0;

    while (!got && !td_manager_wait_first_round(s->manager, td_now_ns() + ROUND_LOOK_NS))
        got = take_signal(0);
    if (got) return got;
    announce(s);
    return wait_for_signal(s);
}

td_status td_server_run(const td_server_options *options)
{
    server s = { .options = options };

    block_signals();
    const td_status error = start(&s);
    if (error) {
        stop(&s, td_now_ns());
        return error;
    }
    const int got = serve_until_signal(&s);

    td_info("serve", "event=draining signal=%d", got);
    arm_second_signal();
    stop(&s, td_now_ns() + options->drain_ns);
    td_info("serve", "event=stopped");
    if (s.has_leftovers) _exit(0);
    return NULL;
}
