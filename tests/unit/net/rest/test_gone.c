/* SPDX-License-Identifier: Apache-2.0 */
/* test_gone.c -- clients that have closed their socket, and those that have only closed their side of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/rest/gone.h"

static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

typedef struct connection {
    int client, server;
    td_rest_watch watch;
} connection;

static void open_connection(connection *c, bool takes_interim)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    c->client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(c->client, (const struct sockaddr *)&at, sizeof at), 0);
    c->server = accept(listener, NULL, NULL);
    close(listener);
    td_rest_watch_begin(&c->watch, c->server, takes_interim);
}

/* Looks for as long as it takes, or that many milliseconds. */
static bool is_gone_within(connection *c, int ms)
{
    while (ms-- > 0 && !td_rest_is_gone(&c->watch))
        td_sleep_ns(1000000);
    return td_rest_is_gone(&c->watch);
}

static void test_who_waits(void **state)
{
    connection c;

    (void)state;
    open_connection(&c, true);
    assert_false(is_gone_within(&c, 50));
    assert_int_equal(recv(c.client, (char[1]){ 0 }, 1, MSG_DONTWAIT), -1);
    close(c.client);
    close(c.server);
}

static void test_who_has_closed_the_socket(void **state)
{
    connection c;

    (void)state;
    open_connection(&c, true);
    close(c.client);
    assert_true(is_gone_within(&c, 10000));
    close(c.server);
}

/* Is sent one reply to pass over, however often it is looked at. */
static void test_who_has_closed_one_side(void **state)
{
    char got[100];
    connection c;

    (void)state;
    open_connection(&c, true);
    assert_int_equal(shutdown(c.client, SHUT_WR), 0);
    assert_false(is_gone_within(&c, 50));
    assert_int_equal(recv(c.client, got, sizeof got, 0), strlen(interim));
    assert_memory_equal(got, interim, strlen(interim));
    close(c.client);
    close(c.server);
}

/* Such a client has to be believed until it is reset. */
static void test_old_clients(void **state)
{
    const struct linger hard = { .l_onoff = 1 };
    connection c;

    (void)state;
    open_connection(&c, false);
    assert_int_equal(shutdown(c.client, SHUT_WR), 0);
    assert_false(is_gone_within(&c, 50));
    assert_int_equal(recv(c.client, (char[1]){ 0 }, 1, MSG_DONTWAIT), -1);
    assert_int_equal(setsockopt(c.client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(c.client);
    assert_true(is_gone_within(&c, 10000));
    close(c.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_waits),
        cmocka_unit_test(test_who_has_closed_the_socket),
        cmocka_unit_test(test_who_has_closed_one_side),
        cmocka_unit_test(test_old_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
