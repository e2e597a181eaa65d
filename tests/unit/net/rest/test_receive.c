/* SPDX-License-Identifier: Apache-2.0 */
/* test_receive.c -- recv() on descriptors of connections, and on others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "net/rest/receive.h"

#define GET "GET / HTTP/1.1\r\n"

static int client;
static td_rest_link link_here;

static int start(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    client = pair[0];
    link_here = (td_rest_link){ .fd = pair[1] };
    td_rest_receive_begin(&link_here);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    td_rest_receive_end(&link_here);
    close(link_here.fd);
    if (client >= 0) close(client);
    return 0;
}

static void say(const char *text, size_t n)
{
    assert_int_equal(send(client, text, n, MSG_NOSIGNAL), n);
}

static void hear(size_t size, const char *want)
{
    char buf[256];

    assert_true(size <= sizeof buf);
    assert_int_equal(recv(link_here.fd, buf, size, 0), strlen(want));
    assert_memory_equal(buf, want, strlen(want));
}

static void hear_nothing(void)
{
    char buf[256];

    assert_int_equal(recv(link_here.fd, buf, sizeof buf, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

/* ---------------------------------------------------------------- tests */

static void test_heads_of_connections_only(void **state)
{
    static const char head[] = GET "X: 1\r\n\r\n";

    (void)state;
    say(head, strlen(head));
    hear(256, GET "\r\n");
    td_rest_link_move(&link_here, TD_REST_BODY);
    say(head, strlen(head));
    hear(256, head);
    td_rest_link_move(&link_here, TD_REST_REPLY);
    say(head, strlen(head));
    hear(256, head);
    td_rest_link_move(&link_here, TD_REST_IDLE);
    say(head, strlen(head));
    hear(256, GET "\r\n");
    td_rest_receive_end(&link_here);
    td_rest_link_move(&link_here, TD_REST_IDLE);
    say(head, strlen(head));
    hear(256, head);
}

static void test_flags_are_for_what_there_is(void **state)
{
    static const char head[] = GET "X: 1\r\n\r\n";
    char buf[256];

    (void)state;
    say(head, strlen(head));
    assert_int_equal(recv(link_here.fd, buf, sizeof buf, MSG_PEEK), strlen(head));
    assert_int_equal(recv(link_here.fd, buf, 0, 0), 0);
    hear(256, GET "\r\n");
}

static void test_bad_descriptors(void **state)
{
    char buf[8];

    (void)state;
    assert_int_equal(recv(-1, buf, sizeof buf, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(recv(INT32_MAX, buf, sizeof buf, 0), -1);
    assert_int_equal(errno, EBADF);
}

/* Zero would be the client's end. */
static void test_nothing_is_no_end(void **state)
{
    (void)state;
    hear_nothing();
    say(GET, strlen(GET));
    hear(256, GET);
    say("Cookie: 1\r", 10);
    hear_nothing();
    say("\nExp", 4);
    hear_nothing();
    say("ect: x", 6);
    hear(256, "Expect: x");
    say("\r\nCookie: 2", 11);
    hear(256, "\r\n");
    close(client);
    client = -1;
    hear(256, "");
}

/* What is short is the last for libmicrohttpd, so its buffer is filled while there is more. */
static void test_a_short_read_is_the_last(void **state)
{
    static const char fields[] = "Cookie: 1234567890\r\nOrigin: 1\r\nCookie: 2\r\nExpect: x\r\n\r\n",
                      want[] = "Origin: 1\r\nExpect: x\r\n\r\n",
                      more[] = "Origin: 1\r\nCookie: 2\r\nExpect: x\r\n\r\n";

    (void)state;
    for (size_t size = TD_HEAD_NAME + 1; size < 40; size++) {
        size_t n = 0;
        ssize_t got;
        char out[256] = "";

        td_rest_link_move(&link_here, TD_REST_IDLE);
        say(GET, strlen(GET));
        hear(256, GET);
        say(fields, strlen(fields));
        while ((got = recv(link_here.fd, out + n, size, 0)) == (ssize_t)size)
            n += size;
        assert_true(got > 0 || errno == EAGAIN);
        if (got > 0) n += (size_t)got;
        hear_nothing();
        out[n] = '\0';
        assert_true(!strcmp(out, want) || !strcmp(out, more)); /* test_little_room() */
        td_rest_link_move(&link_here, TD_REST_BODY);
    }
}

/* A buffer that cannot hold what is held back: the field passes, and nothing is lost. */
static void test_little_room(void **state)
{
    static const char fields[] = "Content-Type: x\r\nCookie: 2\r\nExpect: x\r\nConnection: y\r\n\r\nbody";

    (void)state;
    for (size_t size = 1; size <= TD_HEAD_NAME; size++) {
        size_t n = 0;
        ssize_t got;
        char out[256] = "";

        td_rest_link_move(&link_here, TD_REST_IDLE);
        say(GET, strlen(GET));
        hear(256, GET);
        say(fields, strlen(fields));
        while ((got = recv(link_here.fd, out + n, size, 0)) > 0)
            n += (size_t)got;
        out[n] = '\0';
        assert_non_null(strstr(out, "Expect: x\r\nC"));
        assert_non_null(strstr(out, "Connection: y\r\n\r\nbody"));
        assert_int_equal(link_here.condenser.verdict, TD_HEAD_FINE);
        td_rest_link_move(&link_here, TD_REST_BODY);
        say("\n", 1);
        hear(256, "\n");
    }
}

static void test_a_head_that_is_too_large(void **state)
{
    static char field[TD_HEAD_BYTES] = "Cookie: ";

    (void)state;
    memset(field + 8, 'x', sizeof field - 8);
    say(GET, strlen(GET));
    hear(256, GET);
    say(field, sizeof field);
    hear(256, "\n");
    assert_int_equal(link_here.condenser.verdict, TD_HEAD_LARGE);
    say(field, sizeof field);
    hear_nothing();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_heads_of_connections_only), TEST(test_flags_are_for_what_there_is),
        TEST(test_bad_descriptors),           TEST(test_nothing_is_no_end),
        TEST(test_a_short_read_is_the_last),  TEST(test_little_room),
        TEST(test_a_head_that_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
