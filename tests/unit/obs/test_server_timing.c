/* SPDX-License-Identifier: Apache-2.0 */
/* test_server_timing.c -- the text that says where a request's time went, and how it stays short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "obs/server_timing.h"

static char text[TD_SERVER_TIMING];

static const td_request_times all = { 1000000, 1010000, 1020000, 1050000, 1060000, 2060000, 2100000 };

static void test_stages(void **state)
{
    const td_timing one = { .times = all, .batch = 1 };
    td_timing early = { .times = { .arrived = 1000000, .parsed = 1010000, .written = 1500000 } };

    (void)state;
    td_server_timing(&one, text);
    assert_string_equal(text, "total;dur=1.1000, parse;dur=0.0100, model;dur=0.0100, fill;dur=0.0300, "
                              "queue;dur=0.0100, run;dur=1.0000;desc=\"1 row\", write;dur=0.0400");
    td_server_timing(&early, text);
    assert_string_equal(text, "total;dur=0.5000, parse;dur=0.0100");
}

static void test_ops(void **state)
{
    td_trace *const t = td_trace_make();
    const td_timing timing = { .times = { .arrived = 1, .written = 1 }, .trace = t };
    int key[2];

    (void)state;
    t->plan_ns = 1000;
    td_trace_add_segment(t, 0, 2, 5000);
    td_trace_add_op(t, &(td_trace_op){ .key = &key[0], .op = "Quick", .node = "q" }, 100);
    td_trace_add_op(t, &(td_trace_op){ .key = &key[1], .op = "Slow", .node = "a\"b\\c\n\xc3\xa9" }, 200);
    td_trace_add_op(t, &(td_trace_op){ .key = &key[1], .op = "Slow", .node = "never seen" }, 300);
    td_server_timing(&timing, text);
    assert_string_equal(text, "total;dur=0.0000, plan;dur=0.0010, core;dur=0.0000, "
                              "segment1;dur=0.0050;desc=\"ops 1-2\", "
                              "op1;dur=0.0005;desc=\"Slow a?b?c???, 2 times\", "
                              "op2;dur=0.0001;desc=\"Quick q\"");
    td_trace_free(t);
}

/* The slowest are told, and the sum of the others; nothing is cut in the middle. */
static void test_bounds(void **state)
{
    enum { N = 1000 };
    static int keys[N];
    td_trace *const t = td_trace_make();
    const td_timing timing = { .times = all, .batch = SIZE_MAX, .trace = t };
    char name[300];

    (void)state;
    memset(name, 'n', sizeof name - 2);
    name[sizeof name - 2] = 'z';
    name[sizeof name - 1] = '\0';
    for (int64_t i = 0; i < N; i++) {
        td_trace_add_op(t, &(td_trace_op){ .key = &keys[i], .op = i % 2 ? name : "Op", .node = name },
                        (i * 7919 % N + 1) * 1000000);
        td_trace_add_segment(t, (size_t)i, 1, (i * 7919 % N + 1) * 1000000);
    }
    td_server_timing(&timing, text);
    assert_non_null(
        strstr(text, ", segments;dur=488566.0000;desc=\"988 others\", op1;dur=1000.0000;desc=\""));
    assert_non_null(strstr(text, "...nnn"));
    assert_non_null(strstr(text, "nnz\", op2;dur=999.0000;"));
    const char *const others = strstr(text, ", ops;dur=");
    assert_non_null(others);
    assert_non_null(strstr(others, " others\""));
    assert_true(strlen(text) < TD_SERVER_TIMING && strlen(text) > TD_SERVER_TIMING - 500);
    size_t segments = 0;
    for (const char *p = text; (p = strstr(p, "desc=\"ops ")) != NULL; p++)
        segments++;
    assert_int_equal(segments, 12);
    td_trace_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_ops),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
