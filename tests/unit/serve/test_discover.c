/* SPDX-License-Identifier: Apache-2.0 */
/* test_discover.c -- what counts as a version, and which of them a policy takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macros.h"
#include "serve/policy.h"

static void test_version_names(void **state)
{
    static const struct {
        const char *name;
        bool is_version;
        int64_t version;
    } cases[] = {
        { "1", true, 1 },
        { "00000123", true, 123 },
        { "-5", true, -5 },
        { "+7", true, 7 },
        { " 8 ", true, 8 },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "1a", false, 0 },
        { "1.0", false, 0 },
        { "0x10", false, 0 },
        { "partial-1", false, 0 },
        { "..", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        int64_t version = 0;

        assert_int_equal(td_version_parse(cases[i].name, &version), cases[i].is_version);
        assert_true(version == cases[i].version);
    }
}

static void test_policies(void **state)
{
    const td_found found[] = { { .version = 1 }, { .version = 4 }, { .version = 9 } };
    int64_t listed[] = { 4, 7 };
    td_model_options model = { .policy = TD_POLICY_LATEST };
    bool wanted[3];

    (void)state;
    assert_int_equal(td_policy_choose(&model, found, 3, wanted), 1);
    assert_true(!wanted[0] && !wanted[1] && wanted[2]);
    model.latest = 2;
    assert_int_equal(td_policy_choose(&model, found, 3, wanted), 2);
    assert_true(!wanted[0] && wanted[1] && wanted[2]);
    model.policy = TD_POLICY_ALL;
    assert_int_equal(td_policy_choose(&model, found, 3, wanted), 3);
    model = (td_model_options){ .policy = TD_POLICY_SPECIFIC, .versions = listed, .n_versions = 2 };
    assert_int_equal(td_policy_choose(&model, found, 3, wanted), 1);
    assert_true(!wanted[0] && wanted[1] && !wanted[2]);
}

static void test_directories(void **state)
{
    td_found *found;
    size_t n;

    (void)state;
    assert_null(td_discover(TD_SOURCE_DIR "/models/half_plus_two", &found, &n));
    assert_int_equal(n, 2);
    assert_int_equal(found[0].version, 1);
    assert_string_equal(found[1].name, "2");
    td_found_free(found, n);

    const td_status error = td_discover(TD_SOURCE_DIR "/no/such/place", &found, &n);

    assert_int_equal(td_status_code(error), TD_NOT_FOUND);
    td_status_free(error);

    const td_print one = td_print_take(TD_SOURCE_DIR "/models/half_plus_two/1");
    const td_print again = td_print_take(TD_SOURCE_DIR "/models/half_plus_two/1");
    const td_print other = td_print_take(TD_SOURCE_DIR "/models/half_plus_two/2");

    assert_true(one.exists && one.newest_ns > 0);
    assert_true(one.hash == again.hash && one.hash != other.hash);
    assert_false(td_print_take(TD_SOURCE_DIR "/no/such/place").exists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_names),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_directories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
