/* test_log.c -- lines have one form, whatever is logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "obs/log.h"

static char captured[8192];

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_long_lines_are_whole),
        cmocka_unit_test(test_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
