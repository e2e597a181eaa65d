/* SPDX-License-Identifier: Apache-2.0 */
/* health.c -- `tensord health`: is the server beside it ready? For where nothing else can ask: an image without a shell
 * has no curl.
 *
 * It takes the server's flags, of which only the ports count. Without any, and in a container that has tensord as its first
 * process, they are that process's: HEALTHCHECK needs no word then, whatever the user's flags are.
 */
#include "cli/cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/describe.h"
#include "cli/image.h"
#include "cli/serve_options.h"

enum { WAIT_SECONDS = 3, REPLY_LIMIT = 64 << 10, MAX_WORDS = 1024 };

/* ---------------------------------------------------------------- whose ports */

typedef struct command_line {
    int argc;
    char **argv;
    char *text, **words;  /* process 1's: its words one behind the other, and where each begins; or NULL */
    td_image_words image; /* where it is an image's entry point */
} command_line;

static bool is_same_file(const char *a, const char *b)
{
    struct stat st_a, st_b;

    return !stat(a, &st_a) && !stat(b, &st_b) && st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

/* Words with a NUL behind each, as /proc has them. NULL: not to be had. */
static char *read_words(const char *path, size_t *size)
{
    FILE *const f = fopen(path, "re");
    td_strbuf text = { 0 };
    char piece[4096];

    if (!f) return NULL;
    for (size_t n; (n = fread(piece, 1, sizeof piece, f));)
        td_strbuf_add(&text, piece, n);
    fclose(f);
    *size = text.size;
    return td_strbuf_take(&text);
}

static void take_from_first_process(command_line *c)
{
    size_t size = 0;

    if (!is_same_file("/proc/1/exe", "/proc/self/exe")) return;
    c->text = read_words("/proc/1/cmdline", &size);
    if (!size) return;
    c->words = c->argv = TD_NEW_N(char *, MAX_WORDS + 1);
    c->argc = 0;
    for (char *p = c->text; p < c->text + size && c->argc < MAX_WORDS; p += strlen(p) + 1)
        c->words[c->argc++] = p;
    if (!td_image_is_entry_point(c->words[0]) || !td_image_words_make(c->argc, c->words, &c->image)) return;
    c->argc = c->image.argc;
    c->argv = c->image.argv;
}

/* ---------------------------------------------------------------- asking */

static int connect_to(int family, const void *address, socklen_t size)
{
    const struct timeval wait = { .tv_sec = WAIT_SECONDS };
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait); /* connect()'s, too */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (!connect(fd, address, size)) return fd;
    const int why = errno;

    close(fd);
    errno = why == EINPROGRESS ? ETIMEDOUT : why;
    return -1;
}

static int connect_to_port(int port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    return connect_to(AF_INET, &address, sizeof address);
}

static int connect_to_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    return connect_to(AF_UNIX, &address, sizeof address);
}

/* GET /readyz, and all that is answered; what does not come in time is not ready. */
static void ask(int fd, td_strbuf *reply)
{
    static const char request[] = "GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n";
    char piece[4096];

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1)) return;
    for (ssize_t n; reply->size < REPLY_LIMIT && (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        td_strbuf_add(reply, piece, (size_t)n);
}

/* What is answered. */
typedef struct answer {
    bool is_ready;
    td_strbuf why; /* not, or how it is known; empty: /readyz says so */
} answer;

static void take_unreachable(answer *a, const char *what)
{
    td_strbuf_printf(&a->why, "%s: %s", what, strerror(errno));
}

static void judge(answer *a, const char *reply, int port)
{
    const char *const body = strstr(reply, "\r\n\r\n");
    int code = 0;

    a->is_ready = sscanf(reply, "HTTP/1.%*d %d", &code) == 1 && code == 200;
    if (!code)
        td_strbuf_printf(&a->why, "port %d does not answer as HTTP", port);
    else if (!a->is_ready)
        td_strbuf_printf(&a->why, "port %d answers %d: %s", port, code, body ? body + 4 : "");
}

static void ask_rest(answer *a, int fd, int port)
{
    td_strbuf reply = { 0 };

    ask(fd, &reply);
    close(fd);
    judge(a, td_strbuf_text(&reply), port);
    td_strbuf_fini(&reply);
}

/* fd, which is closed: of a connection, that is all that is asked for. */
static void take_connection(answer *a, int fd, const char *what)
{
    close(fd);
    a->is_ready = true;
    td_strbuf_printf(&a->why, "%s takes connections", what);
}

static void ask_grpc(answer *a, const td_flags *f)
{
    const bool has_port = f->port != 0;
    const int fd = has_port ? connect_to_port(f->port) : connect_to_socket(f->grpc_socket_path);

    if (fd < 0)
        take_unreachable(a, has_port ? "gRPC's port" : f->grpc_socket_path);
    else
        take_connection(a, fd, "gRPC");
}

/* Who speaks TLS is asked no more than to take the connection. */
static void ask_port(answer *a, const td_flags *f, int port)
{
    const int fd = connect_to_port(port);

    if (fd < 0)
        take_unreachable(a, "REST's port");
    else if (f->rest_api_ssl_config_file[0])
        take_connection(a, fd, "REST");
    else
        ask_rest(a, fd, port);
}

/* Who has not said where REST is may have it in its usual place, or nowhere. */
static void ask_server(answer *a, const td_flags *f)
{
    if (f->rest_api_port) {
        ask_port(a, f, f->rest_api_port);
        return;
    }
    const int fd = f->is_said[TD_FLAG_rest_api_port] ? -1 : connect_to_port(TD_USUAL_REST_PORT);

    if (fd < 0)
        ask_grpc(a, f);
    else
        ask_rest(a, fd, TD_USUAL_REST_PORT);
}

/* ---------------------------------------------------------------- answering */

static td_status print_json(const answer *a)
{
    cJSON *const d = td_document_make();

    cJSON_AddBoolToObject(d, "ready", a->is_ready);
    if (a->why.size) td_document_text(d, "why", td_strbuf_text(&a->why));
    return td_describe_print(d, NULL);
}

static void print_text(const answer *a)
{
    printf("%s%s%s\n", a->is_ready ? "ready" : "not ready", a->why.size ? ": " : "", td_strbuf_text(&a->why));
}

static int check(const td_flags *f, bool is_json)
{
    answer a = { 0 };
    td_status error = NULL;

    ask_server(&a, f);
    if (is_json)
        error = print_json(&a);
    else
        print_text(&a);
    td_strbuf_fini(&a.why);
    if (error) return td_cli_end("health", error);
    return a.is_ready ? TD_EXIT_OK : TD_EXIT_FAILED;
}

/* The flags are wrong: what they are is on standard error. */
static int say_wrong(const td_flags_report *report)
{
    td_string argument, flag;

    fputs(td_strbuf_text(&report->errors), stderr);
    if (!report->wants_help) fputs(td_strbuf_text(&report->unknown), stderr);
    for (size_t at = 0; td_flags_next_meant(report, &at, &argument, &flag);)
        fprintf(stderr, "tensord health: what is \"%.*s\"?: did you mean \"%.*s\"?\n", (int)argument.size,
                argument.data, (int)flag.size, flag.data);
    fputs("`tensord help health` says what it takes.\n", stderr);
    return report->wants_help ? TD_EXIT_OK : TD_EXIT_USAGE;
}

/* Takes --json out of the words, wherever it is. */
static bool take_json(int *argc, char **argv)
{
    int n = 0;

    for (int i = 0; i < *argc; i++)
        if (strcmp(argv[i], "--json") != 0) argv[n++] = argv[i];
    const bool is_there = n < *argc;

    *argc = n;
    return is_there;
}

static int ask_health(int argc, char **argv)
{
    const bool is_json = take_json(&argc, argv);
    command_line c = { .argc = argc, .argv = argv };
    td_flags flags;
    td_flags_report report;

    if (argc < 2) take_from_first_process(&c);
    const bool is_good = td_flags_parse(&flags, c.argc, c.argv, &report);
    const bool is_wrong = !is_good || (argc > 1 && report.unknown.size);
    const int code = is_wrong ? say_wrong(&report) : check(&flags, is_json);

    td_flags_report_fini(&report);
    td_image_words_fini(&c.image);
    td_free(c.words);
    td_free(c.text);
    return code;
}

static const td_option health_options[] = {
    { "json", TD_OPTION_SWITCH, 0, NULL,
      "a document instead of text: {\"ready\": true or false, \"why\": ...}" },
};

const td_verb td_verb_health = {
    .name = "health",
    .summary = "ask the server on this machine whether it is ready",
    .words = "[--json] [FLAGS OF serve]",
    .about = "Asks the server on this machine whether it is ready: /readyz on --rest_api_port (8501), or,\n"
             "with TLS and without a REST port, whether connections are taken. Exit code 0: it is.\n"
             "Without flags, and in a container whose first process is tensord, the ports are its.\n",
    .options = health_options,
    .n_options = TD_COUNT(health_options),
    .takes_flags = true,
    .run = ask_health,
};
