/* SPDX-License-Identifier: Apache-2.0 */
/* test_monitoring.c -- where the page is, if it is anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "assert_status.h"
#include "base/mem.h"
#include "config/monitoring.h"
#include "temp_dir.h"

static td_status read_text(const char *text, char **out)
{
    char path[300];

    temp_dir_write("m.config", text, strlen(text));
    snprintf(path, sizeof path, "%s/m.config", temp_dir);
    return td_monitoring_read(path, out);
}

static void expect(const char *text, const char *want)
{
    char *path;

    assert_null(read_text(text, &path));
    if (want)
        assert_string_equal(path, want);
    else
        assert_null(path);
    td_free(path);
}

static void test_paths(void **state)
{
    (void)state;
    expect("prometheus_config { enable: true path: \"/m\" }", "/m");
    expect("prometheus_config: { enable: true }", "/monitoring/prometheus/metrics");
    expect("prometheus_config { path: \"/m\" }", NULL);
    expect("", NULL);
}

static void test_mistakes(void **state)
{
    char *path;

    (void)state;
    assert_status_begins(read_text("prometheus_config { enabled: true }", &path), TD_INVALID_ARGUMENT,
                         "Invalid protobuf file: '");
    assert_status_begins(read_text("prometheus_config { enable: true path: \"m\" }", &path),
                         TD_INVALID_ARGUMENT, "prometheus_config.path is \"m\", which is no path of a URL");
    assert_status_begins(read_text("prometheus_config { enable: true path: \"/m?x\" }", &path),
                         TD_INVALID_ARGUMENT, "prometheus_config.path is \"/m?x\"");
    assert_status_begins(td_monitoring_read("/nowhere/m.config", &path), TD_NOT_FOUND, "/nowhere/m.config");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_paths), cmocka_unit_test(test_mistakes) };

    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
