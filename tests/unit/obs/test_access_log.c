/* SPDX-License-Identifier: Apache-2.0 */
/* test_access_log.c -- ids, the line, and where lines go when there are many, the file moves, or nobody reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "obs/access_log.h"
#include "obs/page.h"
#include "obs/request_ids.h"
#include "temp_dir.h"

static td_string text(const char *s)
{
    return (td_string){ s, s ? strlen(s) : 0 };
}

/* ---- ids ---- */

static void expect_trace(const char *traceparent, const char *want)
{
    td_request_ids ids;

    td_request_ids_take(&ids, text("x"), text(traceparent), true);
    assert_string_equal(ids.trace, want);
    assert_string_equal(ids.parent, *want ? traceparent : "");
}

static void test_traceparent(void **state)
{
    static const char id[] = "4bf92f3577b34da6a3ce929d0e0e4736";

    (void)state;
    expect_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", id);
    expect_trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", id);
    expect_trace(NULL, "");
    expect_trace("", "");
    expect_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", "");
    expect_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "");
    expect_trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", "");
    expect_trace("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
    expect_trace("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
    expect_trace("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", "");
    expect_trace("00-00000000000000000000000000000000-00f067aa0ba902b7-01", "");
    expect_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "");
    expect_trace("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
    expect_trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-m\nore", "");
}

static void test_a_long_traceparent(void **state)
{
    char parent[TD_TRACEPARENT_MOST + 2] = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-";

    (void)state;
    memset(parent + strlen(parent), 'x', sizeof parent - 1 - strlen(parent));
    expect_trace(parent, "");
    parent[TD_TRACEPARENT_MOST] = '\0';
    expect_trace(parent, "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void test_request_ids(void **state)
{
    td_request_ids a, b;
    char most[TD_REQUEST_ID_MOST + 2];

    (void)state;
    td_request_ids_take(&a, text("my-id.7"), text(NULL), true);
    assert_string_equal(a.request, "my-id.7");
    memset(most, 'x', sizeof most);
    td_request_ids_take(&a, (td_string){ most, TD_REQUEST_ID_MOST }, text(NULL), true);
    assert_int_equal(strlen(a.request), TD_REQUEST_ID_MOST);
    td_request_ids_take(&a, text(NULL), text(NULL), true);
    td_request_ids_take(&b, (td_string){ most, TD_REQUEST_ID_MOST + 1 }, text(NULL), true);
    assert_int_equal(strlen(a.request), 16);
    assert_int_equal(strlen(b.request), 16);
    assert_string_not_equal(a.request, b.request);
    td_request_ids_take(&a, text("two words"), text(NULL), true);
    assert_int_equal(strlen(a.request), 16);
    td_request_ids_take(&a, text("\xc3\xa9"), text(NULL), true);
    assert_int_equal(strlen(a.request), 16);
    td_request_ids_take(&a, text("two words"), text(NULL), false);
    assert_string_equal(a.request, "");
    td_request_ids_take(&a, text("my-id"), text(NULL), false);
    assert_string_equal(a.request, "my-id");
}

/* ---- lines ---- */

static td_access sample(void)
{
    return (td_access){ .now_ns = INT64_C(1769903999123456789),
                        .model = "m",
                        .version = "2",
                        .signature = "serving_default",
                        .protocol = "rest",
                        .method = "predict",
                        .code = "OK",
                        .request_id = "r1",
                        .trace_id = "",
                        .bytes_in = 30,
                        .bytes_out = 90,
                        .rows = 3,
                        .batch = 8,
                        .total_ns = 123456,
                        .stage_ns = { 1000, 2, 100000, 999 } };
}

static void expect_line(td_access_format format, const td_access *a, const char *want)
{
    char line[TD_ACCESS_LINE + 1];

    line[td_access_line(format, a, line)] = '\0';
    assert_string_equal(line, want);
}

static void test_line(void **state)
{
    td_access a = sample();

    (void)state;
    expect_line(TD_ACCESS_TEXT, &a,
                "time=2026-01-31T23:59:59.123456Z model=\"m\" version=2 signature=\"serving_default\" "
                "protocol=\"rest\" "
                "method=\"predict\" code=\"OK\" bytes_in=30 bytes_out=90 rows=3 batch=8 total_us=123.456 "
                "parse_us=1.000 "
                "queue_us=0.002 run_us=100.000 write_us=0.999 request_id=\"r1\"\n");
    a.model = "a\"b\\c\n\x7f\xff";
    a.version = a.signature = "";
    a.trace_id = "4bf9";
    expect_line(
        TD_ACCESS_JSON, &a,
        "{\"time\":\"2026-01-31T23:59:59.123456Z\",\"model\":\"a\\\"b\\\\c\\n\x7f?\",\"protocol\":"
        "\"rest\","
        "\"method\":\"predict\",\"code\":\"OK\",\"bytes_in\":30,\"bytes_out\":90,\"rows\":3,\"batch\":8,"
        "\"total_us\":123.456,\"parse_us\":1.000,\"queue_us\":0.002,\"run_us\":100.000,\"write_us\":0.999,"
        "\"request_id\":\"r1\",\"trace_id\":\"4bf9\"}\n");
}

static void test_the_longest_line(void **state)
{
    char line[TD_ACCESS_LINE], name[1000];
    td_access a = sample();

    (void)state;
    memset(name, 1, sizeof name);
    name[sizeof name - 1] = '\0';
    a.model = a.signature = a.protocol = a.method = a.code = a.request_id = a.trace_id = name;
    a.bytes_in = a.bytes_out = a.rows = a.batch = a.total_ns = UINT64_MAX;
    for (size_t i = 0; i < TD_STAGE_COUNT; i++)
        a.stage_ns[i] = UINT64_MAX;
    assert_true(td_access_line(TD_ACCESS_JSON, &a, line) > 7 * 128 * 6);
}

/* ---- the log ---- */

static char log_path[300];

static void start(const char *path)
{
    assert_null(td_access_log_start(TD_ACCESS_TEXT, path));
    assert_true(td_access_log_is_on());
}

static void stop(void)
{
    td_access_log_stop(td_now_ns() + INT64_C(20000000000));
    assert_false(td_access_log_is_on());
}

static size_t count_lines(const char *path)
{
    char *data;
    size_t size, n = 0;

    assert_ok(td_file_read(path, 1 << 30, &data, &size));
    for (const char *at = data; *at; n++) {
        assert_memory_equal(at, "time=", 5);
        at = strchr(at, '\n') + 1;
    }
    td_free(data);
    return n;
}

enum { THREADS = 4, LINES = 3000 };

static void *log_many(void *arg)
{
    const td_access a = sample();

    (void)arg;
    for (int i = 0; i < LINES; i++)
        td_access_log_put(&a);
    return NULL;
}

static uint64_t lost(void)
{
    td_page *const p = td_page_make(TD_PAGE_TENSORD);
    td_strbuf out = { 0 };

    td_page_write(p, &out);
    td_page_free(p);
    const char *const at = strstr(td_strbuf_text(&out), "\ntensord_access_log_lost_total ");
    const uint64_t n = at ? strtoull(strchr(at, ' '), NULL, 10) : 0;

    td_strbuf_fini(&out);
    return n;
}

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];
    const uint64_t before = lost();

    (void)state;
    snprintf(log_path, sizeof log_path, "%s/many", temp_dir);
    start(log_path);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    stop();
    assert_int_equal(count_lines(log_path) + lost() - before, THREADS * LINES);
    log_many(NULL); /* nobody takes them any more */
    assert_true(count_lines(log_path) <= THREADS * LINES);
}

static void await_lines(const char *path, size_t n)
{
    const int64_t end = td_now_ns() + INT64_C(20000000000);
    struct stat st;

    while (stat(path, &st) != 0 || count_lines(path) < n) {
        assert_true(td_now_ns() < end);
        td_sleep_ns(5000000);
    }
}

static void test_a_file_that_is_moved(void **state)
{
    char moved[320];
    const td_access a = sample();

    (void)state;
    snprintf(log_path, sizeof log_path, "%s/first", temp_dir);
    snprintf(moved, sizeof moved, "%s.1", log_path);
    start(log_path);
    td_access_log_put(&a);
    await_lines(log_path, 1); /* without a stop */
    assert_int_equal(rename(log_path, moved), 0);
    td_access_log_put(&a);
    await_lines(moved, 2);
    td_access_log_reopen();
    await_lines(log_path, 0);
    td_access_log_put(&a);
    stop();
    assert_int_equal(count_lines(log_path), 1);
    assert_int_equal(count_lines(moved), 2);
}

/* A pipe that nobody empties: lines are lost and counted, who logs does not wait, and neither does the end. */
static void test_nobody_reads(void **state)
{
    const uint64_t before = lost();
    int ends[2];
    char path[64];
    const td_access a = sample();

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    start(path);
    const int64_t end = td_now_ns() + INT64_C(20000000000);
    while (lost() == before) {
        assert_true(td_now_ns() < end);
        for (int i = 0; i < 1000; i++)
            td_access_log_put(&a);
    }
    const int64_t begin = td_now_ns();
    td_access_log_stop(td_now_ns() + 50000000);
    assert_true(td_now_ns() - begin < INT64_C(10000000000));
    close(ends[0]); /* the writer's write fails, and it ends */
    close(ends[1]);
}

static void test_a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    assert_status_like(td_access_log_start(TD_ACCESS_JSON, "/nowhere/log"), TD_NOT_FOUND, "/nowhere/log");
    assert_ok(td_access_log_start(TD_ACCESS_OFF, "/nowhere/log"));
    assert_false(td_access_log_is_on());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traceparent),      cmocka_unit_test(test_a_long_traceparent),
        cmocka_unit_test(test_request_ids),      cmocka_unit_test(test_line),
        cmocka_unit_test(test_the_longest_line), cmocka_unit_test(test_a_file_that_cannot_be_opened),
        cmocka_unit_test(test_many_threads),     cmocka_unit_test(test_a_file_that_is_moved),
        cmocka_unit_test(test_nobody_reads), /* last: its log never ends */
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
