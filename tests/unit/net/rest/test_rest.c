/* SPDX-License-Identifier: Apache-2.0 */
/* test_rest.c -- the REST server over real sockets, with a manager that obeys the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fake_manager.h"
#include "net/rest.h"

const char *td_state_name(td_state s)
{
    return s == TD_STATE_AVAILABLE ? "AVAILABLE" : "LOADING";
}

static td_rest_server *server;
static td_flows *flows;

/* ---------------------------------------------------------------- client */

static int connect_to(int port)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = 20 };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

typedef struct reply {
    int status;
    bool says_close;
    char body[4096];
} reply;

/* Reads one reply with a Content-Length. */
static reply read_reply(int fd)
{
    reply r = { 0 };
    char text[8192] = "";
    size_t size = 0, want = SIZE_MAX;
    char *body = NULL;

    while (size < want) {
        const ssize_t n = recv(fd, text + size, sizeof text - 1 - size, 0);

        if (n <= 0) return r;
        size += (size_t)n;
        text[size] = '\0';
        body = strstr(text, "\r\n\r\n");
        const char *const length = strstr(text, "Content-Length: ");
        if (body && length) want = (size_t)(body + 4 - text) + strtoul(length + 16, NULL, 10);
    }
    r.status = (int)strtol(text + 9, NULL, 10);
    r.says_close = strstr(text, "Connection: close") || strstr(text, "Connection: Close");
    snprintf(r.body, sizeof r.body, "%.4000s", body + 4);
    return r;
}

static void send_request(int fd, const char *method, const char *path, const char *body)
{
    char text[2048];
    const int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                           method, path, strlen(body), body);

    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

static reply ask(const char *method, const char *path, const char *body)
{
    const int fd = connect_to(td_rest_port(server));

    assert_true(fd >= 0);
    send_request(fd, method, path, body);
    const reply r = read_reply(fd);
    close(fd);
    return r;
}

static void assert_echo(const reply *r)
{
    assert_int_equal(r->status, 200);
    assert_non_null(strstr(r->body, "[1.5]"));
}

static const char one[] = "{\"inputs\": [1.5]}";

/* ---------------------------------------------------------------- fixture */

static int start(void **state)
{
    const td_net_options options = { .rest_api_port = TD_PORT_ANY, .rest_timeout_ms = 1500 };

    (void)state;
    fake_run = fake_take_time;
    atomic_store(&fake_is_loaded, false);
    if (!flows) flows = td_flows_make(NULL, 8);
    assert_null(td_rest_start(&options, flows, &server));
    assert_true(td_rest_port(server) > 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_true(td_rest_stop(server, td_now_ns() + INT64_C(20000000000)));
    server = NULL;
    assert_int_equal(atomic_load(&fake_servables), 0);
    return 0;
}

/* ---------------------------------------------------------------- tests */

static void test_predict(void **state)
{
    (void)state;
    const reply r = ask("POST", "/v1/models/quick:predict", one);

    assert_echo(&r);
    assert_false(r.says_close);
}

static void test_errors(void **state)
{
    (void)state;
    reply r = ask("POST", "/v1/models/nobody:predict", one);
    assert_int_equal(r.status, 404);
    assert_string_equal(r.body, "{\n    \"error\": \"Servable not found for request: Latest(nobody)\"\n}");

    r = ask("POST", "/v1/models/nobody:predict", "{");
    assert_int_equal(r.status, 400);
    assert_non_null(strstr(r.body, "JSON Parse error: Missing a name for object member. at offset: 1"));

    r = ask("POST", "/v1/models/quick:predict", "{\"inputs\": \"x\"}");
    assert_int_equal(r.status, 400);
    r = ask("GET", "/v1/models/nobody", "");
    assert_int_equal(r.status, 404);
    r = ask("GET", "/v1/nothing", "");
    assert_non_null(strstr(r.body, "Malformed request: GET /v1/nothing"));
    assert_int_equal(r.status, 400);
}

/* As TensorFlow Serving maps them. */
static void test_the_http_status_of_each_code(void **state)
{
    static const int statuses[] = {
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
        [TD_UNAUTHENTICATED + 1] = 500, /* no code */
        [1000] = 500,
    };

    (void)state;
    for (size_t code = 1; code < TD_COUNT(statuses); code++) {
        char path[64];

        if (!statuses[code] && code > TD_UNAUTHENTICATED) continue;
        snprintf(path, sizeof path, "/v1/models/error/versions/%zu", code);
        const reply r = ask("GET", path, "");
        print_message("%zu\n", code);
        assert_int_equal(r.status, statuses[code]);
        assert_non_null(strstr(r.body, code == TD_DEADLINE_EXCEEDED ? "Timed out waiting" : "as told"));
    }
}

static void test_status_and_metadata(void **state)
{
    (void)state;
    reply r = ask("GET", "/v1/models/quick", "");
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "\"version\": \"7\",\n   \"state\": \"AVAILABLE\""));
    r = ask("GET", "/v1/models/quick/metadata", "");
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "\"dtype\": \"DT_FLOAT\""));
}

/* While long runs go on elsewhere, event threads answer others: two of them, three long runs. */
static void test_long_runs_block_nobody(void **state)
{
    int slow[3];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(slow); i++) {
        slow[i] = connect_to(td_rest_port(server));
        send_request(slow[i], "POST", "/v1/models/slow:predict", one);
    }
    for (int i = 0; i < 20; i++) {
        const reply r = ask("POST", "/v1/models/quick:predict", one);

        assert_echo(&r);
    }
    for (size_t i = 0; i < TD_COUNT(slow); i++) {
        const reply r = read_reply(slow[i]);

        assert_echo(&r);
        close(slow[i]);
    }
}

/* A client that has sent all it will send may say so, and still gets its answer: at once, from a pool thread, and
 * behind a model that is loading. */
static void test_clients_that_close_their_side(void **state)
{
    static const char *const models[] = { "quick", "slow", "loading" };
    int idle
        [8]; /* older ones, on every event thread: each is treated alike only when it is not alone there */

    (void)state;
    for (size_t i = 0; i < TD_COUNT(idle); i++)
        idle[i] = connect_to(td_rest_port(server));
    td_sleep_ns(20000000);
    for (size_t i = 0; i < TD_COUNT(models); i++) {
        char path[64];
        const int fd = connect_to(td_rest_port(server));

        snprintf(path, sizeof path, "/v1/models/%s:predict", models[i]);
        send_request(fd, "POST", path, one);
        shutdown(fd, SHUT_WR);
        td_sleep_ns(20000000);
        atomic_store(&fake_is_loaded, true);
        const reply r = read_reply(fd);
        assert_echo(&r);
        close(fd);
    }
    for (size_t i = 0; i < TD_COUNT(idle); i++)
        close(idle[i]);
}

static void test_a_first_version_is_awaited(void **state)
{
    const int fd = connect_to(td_rest_port(server));

    (void)state;
    send_request(fd, "POST", "/v1/models/loading:predict", one);
    td_sleep_ns(20000000);
    const reply other = ask("POST", "/v1/models/quick:predict", one);
    assert_echo(&other);
    atomic_store(&fake_is_loaded, true);
    const reply r = read_reply(fd);

    assert_echo(&r);
    close(fd);
}

/* Limits of the client's time are not for the time that we take. */
static void test_who_waits_for_us_is_not_late(void **state)
{
    const td_net_options options = { .rest_api_port = TD_PORT_ANY,
                                     .rest_idle_ms = 50,
                                     .rest_head_ms = 50,
                                     .rest_body_ms = 50,
                                     .rest_write_ms = 50 };
    td_rest_server *const usual = server;

    (void)state;
    assert_null(td_rest_start(&options, flows, &server));
    const int fd = connect_to(td_rest_port(server));
    send_request(fd, "POST", "/v1/models/loading:predict", one);
    td_sleep_ns(1000000000);
    atomic_store(&fake_is_loaded, true);
    const reply r = read_reply(fd);
    assert_echo(&r);
    assert_int_equal(read_reply(fd).status, 0); /* but idle it is, then */
    close(fd);
    assert_true(td_rest_stop(server, td_now_ns() + INT64_C(20000000000)));
    server = usual;
}

static void test_but_not_for_ever(void **state)
{
    (void)state;
    const reply r = ask("POST", "/v1/models/loading:predict", one);

    assert_int_equal(r.status, 503);
}

static void test_probes(void **state)
{
    (void)state;
    reply r = ask("GET", "/healthz", "");
    assert_int_equal(r.status, 200);
    r = ask("GET", "/readyz", "");
    assert_int_equal(r.status, 503);
    atomic_store(&fake_is_loaded, true);
    r = ask("GET", "/readyz", "");
    assert_int_equal(r.status, 200);
    td_rest_unready(server);
    r = ask("GET", "/readyz", "");
    assert_int_equal(r.status, 503);
    assert_false(r.says_close);
    assert_non_null(strstr(r.body, "\"draining\":\ttrue"));
    r = ask("POST", "/v1/models/quick:predict", one);
    assert_echo(&r);
}

/* Whether a connection that begins now is made within 50 ms. */
static bool gets_in(int port)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    assert_true(connect(fd, (const struct sockaddr *)&at, sizeof at) != 0);
    const bool is_in = poll(&p, 1, 50) == 1 && !(p.revents & (POLLERR | POLLHUP));
    close(fd);
    return is_in;
}

static void test_the_door(void **state)
{
    const int port = td_rest_port(server), fd = connect_to(port);

    (void)state;
    assert_true(gets_in(port));
    td_rest_refuse(server);
    assert_false(gets_in(port));
    send_request(fd, "POST", "/v1/models/quick:predict", one); /* it was in */
    const reply r = read_reply(fd);
    assert_echo(&r);
    assert_true(r.says_close);
    close(fd);
}

static bool comes_true(bool want, int64_t since_ns)
{
    for (int i = 0; i < 1000 && td_rest_has_clients(server, since_ns) != want; i++)
        td_sleep_ns(5000000);
    return td_rest_has_clients(server, since_ns) == want;
}

static void test_clients_are_known(void **state)
{
    const int64_t now = td_now_ns();
    const int fd = connect_to(td_rest_port(server));

    (void)state;
    assert_true(comes_true(true, now));
    close(fd);
    (void)ask("GET", "/readyz", "");
    assert_true(comes_true(false, now)); /* a probe is none, once it is gone */
    (void)ask("POST", "/v1/models/quick:predict", one);
    assert_true(comes_true(true, now));
    assert_true(comes_true(false, td_now_ns())); /* none since */
}

static void *stop_beside(void *arg)
{
    (void)arg;
    assert_true(td_rest_stop(server, td_now_ns() + INT64_C(20000000000)));
    return NULL;
}

static void test_stop_waits_for_runs(void **state)
{
    const int port = td_rest_port(server), fd = connect_to(port);
    pthread_t thread;

    (void)state;
    send_request(fd, "POST", "/v1/models/slow:predict", one);
    td_sleep_ns(20000000);
    assert_int_equal(pthread_create(&thread, NULL, stop_beside, NULL), 0);
    const reply r = read_reply(fd);

    assert_echo(&r);
    pthread_join(thread, NULL);
    close(fd);
    assert_int_equal(connect_to(port), -1);
    server = NULL; /* for the fixture */
}

static void test_a_taken_port(void **state)
{
    const td_net_options options = { .rest_api_port = td_rest_port(server) };
    td_rest_server *other = NULL;
    const td_status error = td_rest_start(&options, flows, &other);

    (void)state;
    assert_int_equal(td_status_code(error), TD_UNAVAILABLE);
    assert_null(other);
    td_status_free(error);
}

/* A server whose bodies have at most 16 bytes, in place of the usual one. */
static td_rest_server *start_small(bool with_cors)
{
    const td_net_options options = { .rest_api_port = TD_PORT_ANY,
                                     .rest_max_body = 16,
                                     .rest_threads = 1,
                                     .rest_cors = with_cors,
                                     .rest_write_ms = 600 };
    td_rest_server *const usual = server;

    assert_null(td_rest_start(&options, flows, &server));
    return usual;
}

static void stop_small(td_rest_server *usual)
{
    assert_true(td_rest_stop(server, td_now_ns() + INT64_C(20000000000)));
    server = usual;
}

static void test_a_body_beyond_the_limit(void **state)
{
    td_rest_server *const usual = start_small(false);

    (void)state;
    const reply r = ask("POST", "/v1/models/quick:predict", one);
    assert_int_equal(r.status, 413);
    stop_small(usual);
}

static int send_chunks(const char *text)
{
    static const char head[] = "POST /v1/models/quick:predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    const int fd = connect_to(td_rest_port(server));

    assert_true(fd >= 0);
    assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

static void assert_cut(int fd)
{
    const reply r = read_reply(fd);

    assert_int_equal(r.status, 413);
    assert_true(r.says_close);
    assert_string_equal(
        r.body,
        "{\n    \"error\": \"Request body is larger than 16 bytes (--rest_api_max_body_megabytes)\"\n}");
}

static void assert_end(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

#define NINE "9\r\n123456789\r\n"

static void test_chunks_beyond_the_limit(void **state)
{
    td_rest_server *const usual = start_small(false);

    (void)state;
    /* the whole body, and what a client may have sent behind it */
    int fd = send_chunks(NINE NINE "0\r\n\r\n");
    assert_cut(fd);
    assert_end(fd);
    fd = send_chunks("11\r\n12345678901234567\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
    assert_cut(fd);
    assert_end(fd);

    /* the reply waits for no end, and none of it is lost to who sends on */
    fd = send_chunks(NINE NINE "9\r\n12");
    assert_cut(fd);
    assert_int_equal(send(fd, "3456789\r\n", 9, MSG_NOSIGNAL), 9);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send(fd, NINE, strlen(NINE), MSG_NOSIGNAL), strlen(NINE));
    assert_end(fd);

    /* just so much */
    fd = send_chunks("10\r\n{\"inputs\":[1.5]}\r\n0\r\n\r\n");
    const reply r = read_reply(fd);
    assert_echo(&r);
    close(fd);
    stop_small(usual);
}

/* Who does not end its body is cut off like who does not read its reply. */
static void test_chunks_without_an_end(void **state)
{
    td_rest_server *const usual = start_small(true);
    const int fd = send_chunks(NINE NINE);

    (void)state;
    assert_cut(fd);
    const int64_t until = td_now_ns() + INT64_C(20000000000);
    while (send(fd, NINE, strlen(NINE), MSG_NOSIGNAL) > 0 && td_now_ns() < until)
        td_sleep_ns(10000000);
    assert_true(td_now_ns() < until);
    close(fd);
    stop_small(usual);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_predict),
        TEST(test_errors),
        TEST(test_the_http_status_of_each_code),
        TEST(test_status_and_metadata),
        TEST(test_long_runs_block_nobody),
        TEST(test_clients_that_close_their_side),
        TEST(test_a_first_version_is_awaited),
        TEST(test_who_waits_for_us_is_not_late),
        TEST(test_but_not_for_ever),
        TEST(test_probes),
        TEST(test_the_door),
        TEST(test_clients_are_known),
        TEST(test_stop_waits_for_runs),
        TEST(test_a_taken_port),
        TEST(test_a_body_beyond_the_limit),
        TEST(test_chunks_beyond_the_limit),
        TEST(test_chunks_without_an_end),
    };

    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    td_flows_free(flows);
    return failed;
}
