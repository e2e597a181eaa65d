/* SPDX-License-Identifier: Apache-2.0 */
/* test_status.c -- errors carry code, text and place, and nest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensord/status.h"

static td_status refuse(int x)
{
    return TD_ERR(INVALID_ARGUMENT, "x is %d", x);
}

static td_status pass_on(int x)
{
    TD_TRY(refuse(x));
    return NULL;
}

static void test_null_is_success(void **state)
{
    (void)state;
    assert_int_equal(td_status_code(NULL), TD_OK);
    assert_string_equal(td_status_text(NULL), "");
    assert_null(td_status_copy(NULL));
    assert_null(td_status_prefix(NULL, "never seen"));
    assert_null(td_status_suffix(NULL, "never seen"));
    td_status_free(NULL);
}

static void test_make_prefix_copy(void **state)
{
    int line;

    (void)state;
    td_status s = pass_on(7);
    assert_int_equal(td_status_code(s), TD_INVALID_ARGUMENT);
    assert_string_equal(td_status_text(s), "x is 7");
    s = td_status_prefix(s, "model %s: ", "m");
    assert_string_equal(td_status_text(s), "model m: x is 7");
    assert_int_equal(td_status_code(s), TD_INVALID_ARGUMENT);
    assert_non_null(strstr(td_status_place(s, &line), "test_status.c"));
    assert_true(line > 0);

    s = td_status_suffix(s, "; %s", "not 8");
    assert_string_equal(td_status_text(s), "model m: x is 7; not 8");

    const td_status copy = td_status_copy(s);
    td_status_free(s);
    assert_string_equal(td_status_text(copy), "model m: x is 7; not 8");
    td_status_free(copy);
}

static void test_overload(void **state)
{
    int64_t ns = -1;

    (void)state;
    assert_null(td_status_overload(NULL, 7));
    assert_false(td_status_is_overload(NULL, &ns));
    td_status s = refuse(7);
    assert_false(td_status_is_overload(s, &ns));
    assert_int_equal(ns, -1);
    s = td_status_suffix(td_status_prefix(td_status_overload(s, 5), "a"), "b");
    const td_status copy = td_status_copy(s);
    td_status_free(s);
    assert_true(td_status_is_overload(copy, &ns));
    assert_int_equal(ns, 5);
    assert_string_equal(td_status_text(copy), "ax is 7b");
    td_status_free(copy);
}

static void test_percent_in_prefixed_text(void **state)
{
    (void)state;
    td_status s = td_status_prefix(TD_ERR(INTERNAL, "%s", "100%s%n"), "a%%");
    assert_string_equal(td_status_text(s), "a%100%s%n");
    td_status_free(s);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(td_code_name(TD_OK), "OK");
    assert_string_equal(td_code_name(TD_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(td_code_name((td_code)99), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_is_success), cmocka_unit_test(test_make_prefix_copy),
        cmocka_unit_test(test_overload),        cmocka_unit_test(test_percent_in_prefixed_text),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
