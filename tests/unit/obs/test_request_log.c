/* SPDX-License-Identifier: Apache-2.0 */
/* test_request_log.c -- which requests, which files, and what happens when there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "obs/request_log.h"
#include "temp_dir.h"

enum { FILE_BYTES = 10 };

static td_request_logs *all;
static td_request_log *l;
static char prefix[512];

static void begin(double rate)
{
    snprintf(prefix, sizeof prefix, "%s/m", temp_dir);
    all = td_request_logs_make(FILE_BYTES);
    l = td_request_log_make(all, "m");
    td_request_log_set(l, prefix, rate);
}

static void end(void)
{
    td_request_logs_end(all);
    td_request_log_free(l);
    td_request_logs_free(all);
}

static void put(const char *text)
{
    char *const room = td_request_log_reserve(l, strlen(text));

    assert_non_null(room);
    memcpy(room, text, strlen(text));
    td_request_log_put(l, room);
}

static void assert_file(const char *name, const char *want)
{
    char path[600], *text;
    size_t size;

    snprintf(path, sizeof path, "%s/%s", temp_dir, name);
    if (!want) {
        assert_int_not_equal(access(path, F_OK), 0);
        return;
    }
    assert_null(td_file_read(path, 1 << 20, &text, &size));
    assert_string_equal(text, want);
    td_free(text);
    unlink(path);
}

static void test_files(void **state)
{
    (void)state;
    begin(1);
    put("1234");
    put("123456"); /* just fits */
    put("1");
    put("a record that is larger");
    put("2");
    end();
    assert_file("m.1", "1234123456");
    assert_file("m.2", "1");
    assert_file("m.3", "a record that is larger");
    assert_file("m.4", "2");
    assert_file("m.5", NULL);
}

/* What came before a change goes to the old files; what comes when none are wanted any more goes nowhere. */
static void test_changes(void **state)
{
    char other[600];

    (void)state;
    begin(1);
    snprintf(other, sizeof other, "%s/other", temp_dir);
    put("one");
    td_request_log_set(l, other, 1);
    put("two");
    td_request_log_set(l, other, 0.5);
    put("three");
    td_request_log_set(l, "", 0);
    assert_false(td_request_log_wants(l));
    put("late"); /* reserved before, say */
    td_request_log_set(l, prefix, 1);
    put("four");
    end();
    assert_file("m.1", "one");
    assert_file("m.2", "four");
    assert_file("other.1", "twothree");
}

static int wanted(double rate, int n)
{
    int sum = 0;

    begin(rate);
    for (int i = 0; i < n; i++)
        sum += td_request_log_wants(l);
    end();
    return sum;
}

static void test_rates(void **state)
{
    (void)state;
    assert_false(td_request_log_wants(NULL));
    assert_int_equal(wanted(0, 100), 0);
    assert_int_equal(wanted(1, 100), 100);
    assert_in_range(wanted(0.5, 1000), 498, 502);
    assert_in_range(wanted(0.01, 10000), 98, 102);
    assert_in_range(wanted(0.999, 1000), 997, 1000);
}

static void test_no_room(void **state)
{
    const size_t half = 33 << 20;

    (void)state;
    begin(1);
    void *const first = td_request_log_reserve(l, half);
    assert_non_null(first);
    assert_null(td_request_log_reserve(l, half));
    assert_null(td_request_log_reserve(l, SIZE_MAX - 100));
    memset(first, 'x', half);
    td_request_log_put(l, first);
    end();
}

static void *put_many(void *text)
{
    for (int i = 0; i < 1000; i++)
        if (td_request_log_wants(l)) put(text);
    return NULL;
}

/* Every record is whole, and none is lost that found room. */
static void test_threads(void **state)
{
    static char names[][4] = { "aaa", "bbb", "ccc" };
    pthread_t threads[TD_COUNT(names)];
    size_t found = 0;

    (void)state;
    begin(1);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        pthread_create(&threads[i], NULL, put_many, names[i]);
    for (size_t i = 0; i < TD_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    end();
    for (int n = 1; n <= 1000; n++) {
        char path[600], *text;
        size_t size;

        snprintf(path, sizeof path, "%s.%d", prefix, n);
        assert_null(td_file_read(path, 100, &text, &size));
        for (size_t i = 0; i < size; i += 3, found++)
            assert_true(text[i] == text[i + 1] && text[i] == text[i + 2]);
        td_free(text);
        unlink(path);
    }
    assert_int_equal(found, 3000);
}

/* Nothing that comes later is written, or waits for ever. */
static void test_after_the_end(void **state)
{
    (void)state;
    begin(1);
    char *const room = td_request_log_reserve(l, 1);
    td_request_logs_end(all);
    *room = 'x';
    td_request_log_put(l, room);
    assert_null(td_request_log_reserve(l, 1));
    td_request_log_set(l, "", 0);
    end();
    assert_file("m.1", NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temp_dir_make, temp_dir_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_files),   CASE(test_changes), CASE(test_rates),
        CASE(test_no_room), CASE(test_threads), CASE(test_after_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
