/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c -- lines have one form, whatever is logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "obs/log.h"

static char captured[65536];

/* Runs fn with standard error in a file, and keeps what it wrote. */
static void capture(void (*fn)(void))
{
    FILE *const f = tmpfile();
    const int saved = dup(STDERR_FILENO);

    dup2(fileno(f), STDERR_FILENO);
    fn();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(f);
    captured[fread(captured, 1, sizeof captured - 1, f)] = 0;
    fclose(f);
}

static void log_forged(void)
{
    td_info("serve", "model=%s version=%d", "a\nb\x1b[0m", 3);
    td_debug("serve", "hidden=1");
}

static void test_line(void **state)
{
    (void)state;
    capture(log_forged);
    assert_memory_equal(captured, "time=20", 7);
    assert_non_null(strstr(captured, "Z level=info room=serve model=a b [0m version=3\n"));
    assert_ptr_equal(strchr(captured, '\n') + 1, captured + strlen(captured));
}

static void log_hard_texts(void)
{
    td_log_set_format(TD_LOG_JSON);
    td_warning("rest", "model=\"%s\"", "a\nb\\\xff\xc3\xa9");
    td_log_set_format(TD_LOG_TEXT);
}

static void test_json(void **state)
{
    (void)state;
    capture(log_hard_texts);
    assert_memory_equal(captured, "{\"time\":\"20", 11);
    assert_non_null(strstr(captured, "Z\",\"level\":\"warning\",\"room\":\"rest\",\"message\":"
                                     "\"model=\\\"a\\nb\\\\?\xc3\xa9\\\"\"}\n"));
}

static void log_long_json(void)
{
    char text[5000];

    memset(text, 1, sizeof text - 1);
    text[sizeof text - 1] = 0;
    td_log_set_format(TD_LOG_JSON);
    td_error("exec", "%s", text);
    td_log_set_format(TD_LOG_TEXT);
}

static void test_long_json_is_whole(void **state)
{
    (void)state;
    capture(log_long_json);
    assert_true(strlen(captured) > 6 * 4999);
    assert_string_equal(captured + strlen(captured) - 9, "\\u0001\"}\n");
}

static void log_long(void)
{
    char text[5000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    td_error("exec", "ops=%s", text);
}

static void test_long_lines_are_whole(void **state)
{
    (void)state;
    capture(log_long);
    assert_true(strlen(captured) > 5000);
    assert_string_equal(captured + strlen(captured) - 3, "xx\n");
}

static void test_level(void **state)
{
    (void)state;
    td_log_set_level(TD_LOG_ERROR);
    capture(log_forged);
    assert_string_equal(captured, "");
    assert_true(td_log_is_on(TD_LOG_ERROR));
    td_log_set_level(TD_LOG_INFO);
}

/* NULL: not set. */
static void assert_environment(const char *least, const char *verbose, td_log_level level)
{
    const char *const names[] = { "TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL" };
    const char *const values[] = { least, verbose };

    for (int i = 0; i < 2; i++)
        if (values[i])
            setenv(names[i], values[i], 1);
        else
            unsetenv(names[i]);
    assert_int_equal(td_log_level_from_environment(), level);
}

static void test_level_of_environment(void **state)
{
    (void)state;
    assert_environment(NULL, NULL, TD_LOG_INFO);
    assert_environment("0", NULL, TD_LOG_INFO);
    assert_environment("1", NULL, TD_LOG_WARNING);
    assert_environment("2", NULL, TD_LOG_ERROR);
    assert_environment("3", NULL, TD_LOG_SILENT);
    assert_environment("99999999999999999999", NULL, TD_LOG_SILENT);
    assert_environment("-1", NULL, TD_LOG_INFO);
    assert_environment("", "", TD_LOG_INFO);
    assert_environment("much", "more", TD_LOG_INFO);
    assert_environment(NULL, "0", TD_LOG_INFO);
    assert_environment(NULL, "1", TD_LOG_DEBUG);
    assert_environment("0", "3", TD_LOG_DEBUG);
    assert_environment("1", "3", TD_LOG_WARNING);
    assert_environment(NULL, "-1", TD_LOG_INFO);
}

static void test_silence(void **state)
{
    (void)state;
    td_log_set_level(TD_LOG_SILENT);
    assert_false(td_log_is_on(TD_LOG_ERROR));
    td_log_set_level(TD_LOG_INFO);
}

enum { TRIES = 1000, THREADS = 4 };

static td_log_limit limit = TD_LOG_LIMIT("tests", 10), other = TD_LOG_LIMIT("others", 10);

static void *log_many(void *arg)
{
    for (int i = 0; i < TRIES; i++)
        td_log_limited(arg, TD_LOG_WARNING, "serve", "event=%d", i);
    return NULL;
}

static void log_from_threads(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, log_many, &limit);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    td_log_limited(&other, TD_LOG_WARNING, "serve", "event=other");
}

static int count_lines(const char *part)
{
    int n = 0;

    for (const char *at = captured; (at = strstr(at, part)); at++)
        n++;
    return n;
}

/* A storm leaves its first lines and a count; another kind is not kept from speaking. */
static void test_limits(void **state)
{
    (void)state;
    capture(log_from_threads);
    assert_int_equal(count_lines("event="), 10 + 1);
    assert_int_equal(count_lines("event=other"), 1);
    capture(td_log_flush);
    assert_int_equal(count_lines("\n"), 1);
    assert_non_null(
        strstr(captured, "level=warning room=log event=lines_left_out kind=\"tests\" lines=3990\n"));
    capture(td_log_flush);
    assert_string_equal(captured, "");

    capture(log_from_threads); /* still the same ten seconds: nothing but the other kind */
    assert_int_equal(count_lines("\n"), 1);
    atomic_store(&limit.begin_ns, 1); /* they are over */
    capture(log_from_threads);
    assert_int_equal(count_lines("lines_left_out kind=\"tests\" lines=4000\n"), 1);
    assert_int_equal(count_lines("room=serve"), 10 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_long_json_is_whole),
        cmocka_unit_test(test_long_lines_are_whole),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_level_of_environment),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
