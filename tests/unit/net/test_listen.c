/* SPDX-License-Identifier: Apache-2.0 */
/* test_listen.c -- listening sockets: texts of those that cannot be opened, and an end that drops nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/acceptor.h"
#include "net/options.h"

static td_listener listener = { .fd = -1 };

static int fini(void **state)
{
    (void)state;
    td_listener_close(&listener);
    return 0;
}

static int connect_to(int port)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

static void test_a_taken_port(void **state)
{
    td_listener second;
    char text[64];

    (void)state;
    assert_ok(td_listen_tcp(TD_PORT_ANY, "gRPC", "port", &listener));
    assert_true(listener.port > 0);
    snprintf(text, sizeof text, "port %d is taken: another process listens there", listener.port);
    assert_status_like(td_listen_tcp(listener.port, "gRPC", "port", &second), TD_UNAVAILABLE, text);
    assert_says(td_listen_tcp(listener.port, "REST", "rest_api_port", &second), "--rest_api_port");
}

static void test_paths(void **state)
{
    char dir[] = "/tmp/tensord-listen-XXXXXX", path[64], longer[200];
    td_listener second = { .fd = -1 };
    struct stat there;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    assert_ok(td_listen_unix(path, &listener));
    assert_ok(td_listen_unix(path, &second)); /* who comes last has the path */
    td_listener_refuse(&listener);
    td_listener_close(&listener);
    assert_int_equal(lstat(path, &there), 0); /* it is the other's now */
    close(second.fd);                         /* as a process does that is killed: the file stays */
    td_free(second.path);
    assert_ok(td_listen_unix(path, &second));
    td_listener_refuse(&second);
    assert_int_equal(lstat(path, &there), -1);
    td_listener_close(&second);

    FILE *const file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_status_like(td_listen_unix(path, &second), TD_UNAVAILABLE, "no socket");
    unlink(path);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_status_like(td_listen_unix(longer, &second), TD_INVALID_ARGUMENT, "longer than 107 bytes");
    rmdir(dir);
}

static atomic_int taken;

static void take(void *ctx, int fd, const struct sockaddr *address, socklen_t size)
{
    int *const fds = ctx;

    (void)address;
    (void)size;
    fds[atomic_load(&taken)] = fd;
    atomic_fetch_add(&taken, 1);
}

/* Everybody who was let in by the kernel is handed over, also behind the end. */
static void test_nobody_is_dropped(void **state)
{
    enum { N = 40 };
    int there[N], here[N + 1];
    td_acceptor *a;

    (void)state;
    assert_ok(td_listen_tcp(TD_PORT_ANY, "gRPC", "port", &listener));
    const int port = listener.port;
    for (int i = 0; i < N / 2; i++)
        assert_true((there[i] = connect_to(port)) >= 0); /* they wait in the queue */
    assert_ok(td_acceptor_start("accept", &listener, 1, take, here, &a));
    listener.fd = -1;
    for (int i = N / 2; i < N; i++)
        assert_true((there[i] = connect_to(port)) >= 0);
    for (int i = 0; i < 1000 && td_acceptor_connections(a) < N; i++)
        td_sleep_ns(5000000);
    assert_int_equal(td_acceptor_connections(a), N);
    td_acceptor_refuse(a);
    td_acceptor_free(a);
    assert_int_equal(atomic_load(&taken), N);
    assert_int_equal(connect_to(port), -1);
    for (int i = 0; i < N; i++) {
        struct pollfd p = { .fd = there[i], .events = POLLIN };

        assert_int_equal(poll(&p, 1, 0), 0); /* no end, no reset */
        close(there[i]);
        close(here[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_taken_port, fini),
        cmocka_unit_test_teardown(test_paths, fini),
        cmocka_unit_test_teardown(test_nobody_is_dropped, fini),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
