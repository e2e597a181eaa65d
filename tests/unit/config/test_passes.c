/* SPDX-License-Identifier: Apache-2.0 */
/* test_passes.c -- what TENSORD_PASSES may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assert_status.h"
#include "config/passes.h"

static td_status read_list(const char *text, uint32_t *off)
{
    assert_int_equal(text ? setenv("TENSORD_PASSES", text, 1) : unsetenv("TENSORD_PASSES"), 0);
    return td_passes_from_environment(off);
}

static void check(const char *text, uint32_t want)
{
    uint32_t off = 12345;

    assert_ok(read_list(text, &off));
    assert_int_equal(off, want);
}

static void test_lists(void **state)
{
    const uint32_t fold = TD_PASS_BIT(TD_PASS_fold), conv = TD_PASS_BIT(TD_PASS_fuse_conv);

    (void)state;
    check(NULL, 0);
    check("", 0);
    check("all", 0);
    check("none", TD_PASSES_ALL);
    check("-fold", fold);
    check("-fuse_conv,-fold", fold | conv);
    check("none,+fold", TD_PASSES_ALL & ~fold);
    check("none,fold,fuse_conv,-fold", TD_PASSES_ALL & ~conv);
    check("-fold,all", 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(td_pass_name(TD_PASS_freeze), "freeze");
    assert_string_equal(td_pass_name(TD_PASS_memo), "memo");
    assert_string_equal(td_pass_name(TD_PASS_COUNT), "unknown");
}

static void test_unknown_names(void **state)
{
    static const char *const bad[] = { "fuse", "-folds", "-", ",", "none,,fold", "-none", "fold -memo" };
    uint32_t off = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status_like(read_list(bad[i], &off), TD_INVALID_ARGUMENT, "is no pass; there are: all none ");
    assert_int_equal(off, 7);
    assert_status_like(read_list("fold,-foldd", &off), TD_INVALID_ARGUMENT,
                       "TENSORD_PASSES: '-foldd' is no pass");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
